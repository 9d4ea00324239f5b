"""Git's own database inside a scanned folder: counted as a whole, not examined file by file.

Packs and objects hold the history of files that are checked out beside them, in a form that no
loader of models reads. Only what proves by its bytes to be git's is counted so: a hook, a model
kept by LFS or a file that was merely put below `.git` is examined like any other.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator

from modelwarden.core import Coverage, Status
from modelwarden.formats import Source, identify

_MAGICS = (b"DIRC", b"PACK", b"\xfftOc", b"RIDX", b"BITM", b"CGPH", b"MIDX")
_LOOSE = re.compile(rb"(blob|tree|commit|tag) \d+\0")
_ZIP_END = b"PK\x05\x06"
_HDF5 = b"\x89HDF\r\n\x1a\n"


class GitStores:
    """The stores that one walk met.

    Attributes:
        files: how many files were counted instead of examined.
    """

    def __init__(self) -> None:
        """Start with none."""
        self.files = 0
        self._sizes: dict[str, int] = {}

    def takes(self, path: str, name: str) -> bool:
        """Tell whether the file is part of git's database, and count it when it is."""
        if not name.startswith(".git/") and "/.git/" not in name:
            return False
        try:
            with Source.open(path, name) as source:
                ours = _is_git(source)
                size = source.size
        except OSError:
            return False
        if ours:
            self.files += 1
            store = name[: name.rindex(".git/") + len(".git")]
            self._sizes[store] = self._sizes.get(store, 0) + size
        return ours

    def coverage(self) -> Iterator[Coverage]:
        """Give one line for each store."""
        for store, size in sorted(self._sizes.items()):
            yield Coverage(path=store, format="git", status=Status.UNSUPPORTED, size=size)

    def notes(self) -> Iterator[str]:
        """Say what was counted only."""
        if self.files:
            what = "file" if self.files == 1 else "files"
            yield f"{self.files} {what} of git's own database were counted, not examined"


def _is_git(source: Source) -> bool:
    """Tell whether the bytes are git's and nothing else: a polyglot is a file like any other."""
    if source.head.startswith(_MAGICS):
        return not (_ZIP_END in source.tail or _holds_hdf5(source) or identify(source))
    try:
        opened = zlib.decompressobj().decompress(source.read(0, 256), 64)
    except zlib.error:
        return False
    return _LOOSE.match(opened) is not None


def _holds_hdf5(source: Source) -> bool:
    """Look where HDF5 may begin behind a block of the user's: at every power of two from 512."""
    places = (1 << exponent for exponent in range(9, source.size.bit_length()))
    return any(source.read(at, len(_HDF5)) == _HDF5 for at in places)
