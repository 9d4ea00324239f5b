"""R's own serialised data: `.rds` and `.RData`."""
