"""Stage `slices`: kinds of rows on which a model errs more than it lets one expect."""
