"""Abnormal inputs: what a model does with values that it should not get, and will."""
