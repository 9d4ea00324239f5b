"""Configuration files (JSON, YAML) read scalar by scalar: templates, tags, commands, secrets."""
