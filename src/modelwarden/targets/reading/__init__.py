"""Data sets from files: readers give columns or one array, `read` makes a data set of them."""

from modelwarden.targets.reading.read import data_of_frame, read_data, read_file

__all__ = ["data_of_frame", "read_data", "read_file"]
