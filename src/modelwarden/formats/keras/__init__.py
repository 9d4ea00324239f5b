"""Keras configurations: what a saved model names, from HDF5 attributes and `.keras` archives."""
