"""HDF5, read by our own bounded reader: links, attributes, where raw data lies. No data is read."""
