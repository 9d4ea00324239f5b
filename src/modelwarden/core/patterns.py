"""Regular expressions that are compiled when they are first used.

Most of a scan's rules and readers meet no file that they look into, and compiling what only they
need was a twentieth of the scan of many small files.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, AnyStr

_METHODS = ("search", "match", "fullmatch", "finditer", "findall", "sub", "subn", "split")

if TYPE_CHECKING:

    def lazily(text: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
        """Return a pattern; what is wrong with its text shows when it is first used."""

else:

    class lazily:  # noqa: N801 -- reads as `re.compile` does
        """Stands for a pattern and has its methods; the first that is asked for compiles it."""

        def __init__(self, text, flags=0):
            """Remember what `re.compile` is to be given."""
            self._given = text, flags

        def __getattr__(self, name):
            """Compile, and keep the methods, so that this is asked once."""
            compiled = re.compile(*self._given)
            for method in _METHODS:
                setattr(self, method, getattr(compiled, method))
            return getattr(compiled, name)


__all__ = ["lazily"]
