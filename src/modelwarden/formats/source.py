"""Named bytes that can be read at any offset: a file, a member of an archive, or a part of either.

Files are read with `pread`, not mapped: a mapped file that shrinks while it is scanned kills the
process with SIGBUS, a short read is a value that readers already handle.
"""

from __future__ import annotations

import itertools
import os
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Protocol

from modelwarden.core import is_hollow
from modelwarden.core.values import dataclass

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType
    from typing import Self

HEAD = 4096
SMALL = 1 << 18
SHORT = 1 << 12
NEAR = 1 << 14
LISTED = 20_000
_SERIALS = itertools.count()
TAIL = 65_557 + 20  # the longest zip comment, its end record and a zip64 locator


class Store(Protocol):
    """Where bytes come from."""

    def read_at(self, offset: int, size: int) -> bytes:
        """Return up to `size` bytes from `offset`; fewer at the end, none past it."""

    def close(self) -> None:
        """Give back what the store holds open."""


@dataclass(slots=True)
class Memory:
    """Bytes already at hand."""

    data: bytes | memoryview

    def read_at(self, offset: int, size: int) -> bytes:
        """Slice."""
        return bytes(self.data[offset : offset + size])

    def close(self) -> None:
        """Nothing to give back."""


@dataclass(slots=True)
class File:
    """An open file descriptor, owned by the store.

    Attributes:
        small: bytes of a file of up to `SMALL`, which is read at once and kept; 0 of others.
    """

    descriptor: int
    small: int = 0
    _whole: bytes | None = None
    _near: bytes = b""
    _near_at: int = 0

    def read_at(self, offset: int, size: int) -> bytes:
        """Return what is there: up to `size` bytes, fewer at the end."""
        if not self.small:
            return self._read(offset, size) if size > SHORT else self._short(offset, size)
        if self._whole is None:
            self._whole = self._read(0, self.small)
        return self._whole[offset : offset + size]

    def _short(self, offset: int, size: int) -> bytes:
        """Read with what follows: short reads come one after the other."""
        at = offset - self._near_at
        if at < 0 or at + size > len(self._near):
            self._near, self._near_at, at = self._read(offset, NEAR), offset, 0
        return self._near[at : at + size]

    def _read(self, offset: int, size: int) -> bytes:
        """`pread` until `size` bytes or the end."""
        parts: list[bytes] = []
        while size > 0 and (part := os.pread(self.descriptor, min(size, 1 << 26), offset)):
            parts.append(part)
            offset += len(part)
            size -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def close(self) -> None:
        """Close the descriptor."""
        os.close(self.descriptor)


class Source:
    """Named bytes: what a reader reads.

    Attributes:
        name: path of the file, relative to the scanned root.
        member: where inside the file, members of nested containers joined with `!`; None for
            the file itself.
        size: bytes.
        depth: containers around it; 0 for a file.
        expect: format that whoever refers to this member will read it as (`pickle` for
            `data.pkl` of a torch archive), whatever it looks like; None otherwise.
        memo: what was found out about these bytes, keyed by the module that did, so that the
            sniffers of one family and its reader look only once.
        near: an offset and the bytes there, as they were read last by what reads in windows and
            may be asked for again at once.
    """

    __slots__ = (
        "_folder",
        "_head",
        "_origin",
        "_owns",
        "_serial",
        "_stamp",
        "_store",
        "_tail",
        "depth",
        "expect",
        "member",
        "memo",
        "name",
        "near",
        "size",
    )

    def __init__(
        self,
        name: str,
        data: bytes | memoryview | Store,
        *,
        size: int | None = None,
        member: str | None = None,
        depth: int = 0,
        expect: str | None = None,
        origin: int = 0,
        owns: bool = True,
    ) -> None:
        """Name `data`; of a store, `size` bytes from `origin` on, closed with us if `owns`."""
        if isinstance(data, bytes | memoryview):
            size = len(data) if size is None else size
            self._store: Store = Memory(data)
        else:
            self._store = data
        if size is None:
            raise TypeError("a source over a store needs its size")
        self.name = name
        self.member = member
        self.size = size
        self.depth = depth
        self.expect = expect
        self._origin = origin
        self._owns = owns
        self._serial = next(_SERIALS)
        self._folder: str | None = None
        self._stamp: tuple[int, ...] = (self._serial,)
        self._head: bytes | None = None
        self._tail: bytes | None = None
        self.memo: dict[str, object] = {}
        self.near: tuple[int, bytes] = (0, b"")

    @classmethod
    def open(cls, path: Path | str, name: str | None = None) -> Source:
        """Open a regular file; never follows a symbolic link in the last part of `path`.

        Raises:
            OSError: it cannot be opened, or is not a regular file.
        """
        import stat

        # O_NONBLOCK: opening a pipe that nobody writes to must not hang.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise OSError(f"{path} is not a regular file")
        except BaseException:
            os.close(descriptor)
            raise
        store = File(descriptor, status.st_size if status.st_size <= SMALL else 0)
        source = cls(str(path) if name is None else name, store, size=status.st_size)
        source._stamp = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
        source._folder = os.path.dirname(path)  # noqa: PTH120 -- pathlib costs start-up time
        return source

    @property
    def hollow(self) -> bool:
        """Tell whether it is a file with more holes than anybody should read."""
        return isinstance(self._store, File) and is_hollow(self._store.descriptor)

    @property
    def label(self) -> str:
        """`path!member`, for gaps and messages."""
        return self.name if self.member is None else f"{self.name}!{self.member}"

    @property
    def place(self) -> tuple[int, int, int]:
        """Which bytes these are: equal for two parts of one store that are the same bytes."""
        return self._serial, self._origin, self.size

    @property
    def stamp(self) -> tuple[int, ...]:
        """What tells a file that has not changed since it was met; of others, no two are equal."""
        return self._stamp

    @property
    def head(self) -> bytes:
        """The first bytes, kept: enough for every signature that stands at the front."""
        if self._head is None:
            self._head = self.read(0, HEAD)
        return self._head

    @property
    def tail(self) -> bytes:
        """The last bytes, kept: enough to find the end record of a zip with the longest comment."""
        if self._tail is None:
            self._tail = self.read(max(0, self.size - TAIL), TAIL)
        return self._tail

    def read(self, offset: int, size: int) -> bytes:
        """Return up to `size` bytes from `offset`; fewer at the end, none past it.

        Short reads inside `size` happen when a file shrinks while it is read.
        """
        if offset < 0 or size <= 0 or offset >= self.size:
            return b""
        return self._store.read_at(self._origin + offset, min(size, self.size - offset))

    def part(
        self, offset: int, size: int, member: str | None = None, *, expect: str | None = None
    ) -> Source:
        """Return a window on this source without copying; with `member` it is one level deeper."""
        offset = max(0, min(offset, self.size))
        part = Source(
            self.name,
            self._store,
            size=max(0, min(size, self.size - offset)),
            member=self.member if member is None else self.inside(member),
            depth=self.depth + (member is not None),
            expect=expect,
            origin=self._origin + offset,
            owns=False,
        )
        part._serial = self._serial
        return part

    def inside(self, member: str) -> str:
        """Return the member path of something inside this source."""
        return member if self.member is None else f"{self.member}!{member}"

    def nested(
        self,
        data: bytes | Store,
        member: str,
        *,
        size: int | None = None,
        expect: str | None = None,
    ) -> Source:
        """Return other bytes (decompressed, decoded) as a member of this source."""
        return Source(
            self.name,
            data,
            size=size,
            member=self.inside(member),
            depth=self.depth + 1,
            expect=expect,
        )

    def beside(self, name: str) -> Source | None:
        """Open the regular file `name` in the folder that this file stands in.

        Raw tensors have no marks of their own: the file beside them says what they are.

        Returns:
            The file, to be closed by the caller; None when there is none, or when this source is
            not a file itself.
        """
        if self._folder is None or "/" in name or "\0" in name or name in ("", ".", ".."):
            return None
        label = "/".join([*self.name.split("/")[:-1], name])
        try:
            return Source.open(os.path.join(self._folder, name), label)  # noqa: PTH118 -- as above
        except (OSError, ValueError):
            return None

    def neighbours(self, ending: str, most: int) -> list[str]:
        """Return names in the folder of this file that end so, in order, `most` at the utmost."""
        if self._folder is None:
            return []
        try:
            changed = os.stat(self._folder).st_mtime_ns  # noqa: PTH116 -- as above
        except OSError:
            return []
        return list(_names(self._folder, changed, ending)[:most])

    def close(self) -> None:
        """Give back the store if it is ours; windows on it are of no use afterwards."""
        if self._owns:
            self._store.close()

    def __enter__(self) -> Self:
        """Use as a context manager."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close."""
        self.close()

    def __repr__(self) -> str:
        """Name and size, never the bytes."""
        return f"Source({self.label!r}, {self.size} bytes)"


@lru_cache(maxsize=16)
def _names(folder: str, changed: int, ending: str) -> tuple[str, ...]:
    """Return the names in a folder that end so; `changed` tells when to look again."""
    del changed
    try:
        with os.scandir(folder) as entries:
            first = (entry.name for entry in islice(entries, LISTED))
            return tuple(sorted(name for name in first if name.endswith(ending)))
    except OSError:
        return ()
