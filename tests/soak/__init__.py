"""Random and mutated bytes through every reader: `python -m soak` with `tests` on the path."""
