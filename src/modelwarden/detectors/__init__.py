"""Algorithms over a set or a stream: counts that can be merged, drift, duplicates, leakage.

They are given plain arrays and answer with plain values; what is a finding is decided by the rooms
above. They import numpy and `scipy.special`, neither torch nor pandas.
"""
