"""The edits, by what they work on; `catalog` lists them all."""
