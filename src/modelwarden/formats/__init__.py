"""Readers: bytes in, a view out. Nothing that is read is ever run, imported or unpickled.

Standard library only, but for PyYAML's event parser, Jinja's parser and the codecs extra. To add
a format: a module with `sniff` and `read`, a line in `catalog.py`, and its samples in the tests.
"""

from modelwarden.formats.identify import identify, reader_of
from modelwarden.formats.limits import LimitExceededError, Limits
from modelwarden.formats.source import Source
from modelwarden.formats.view import Child, DamagedError, View, gap

__all__ = [
    "Child",
    "DamagedError",
    "LimitExceededError",
    "Limits",
    "Source",
    "View",
    "gap",
    "identify",
    "reader_of",
]
