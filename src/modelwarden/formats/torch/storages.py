"""Storages: the raw numbers that a torch pickle refers to by persistent ids."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwarden.core.values import dataclass
from modelwarden.formats.pickle.values import Global

if TYPE_CHECKING:
    from collections.abc import Iterable

    from modelwarden.formats.pickle.values import Persistent

# Bytes of one element for each storage class of torch/__init__.py and torch/storage.py (2.13).
WIDTHS = {
    "DoubleStorage": 8,
    "FloatStorage": 4,
    "HalfStorage": 2,
    "BFloat16Storage": 2,
    "LongStorage": 8,
    "IntStorage": 4,
    "ShortStorage": 2,
    "CharStorage": 1,
    "ByteStorage": 1,
    "BoolStorage": 1,
    "ComplexDoubleStorage": 16,
    "ComplexFloatStorage": 8,
    "QInt8Storage": 1,
    "QUInt8Storage": 1,
    "QInt32Storage": 4,
    "QUInt4x2Storage": 1,
    "QUInt2x4Storage": 1,
    "UntypedStorage": 1,
}
_MODULES = {"torch", "torch.storage", "torch.cuda"}


@dataclass(frozen=True, slots=True)
class Storage:
    """A storage that a pickle refers to.

    Attributes:
        key: names the record that holds its bytes.
        count: elements. width: bytes of one.
    """

    key: str
    count: int
    width: int

    @property
    def size(self) -> int:
        """Bytes."""
        return self.count * self.width


def storages(persistent: Iterable[Persistent]) -> dict[str, Storage]:
    """Return the storages that persistent ids of the form of torch name, by key.

    An id of another form, of an unknown storage class, or one that contradicts an earlier one
    about the same key, proves nothing: its key is left out.
    """
    found: dict[str, Storage] = {}
    doubted: set[str] = set()
    for one in persistent:
        storage = _storage(one.pid)
        if storage is None:
            continue
        if found.setdefault(storage.key, storage).size != storage.size:
            doubted.add(storage.key)
    return {key: storage for key, storage in found.items() if key not in doubted}


def width_of(kind: object) -> int | None:
    """Return the bytes of an element of a storage class, or None when it is not torch's."""
    if not isinstance(kind, Global) or kind.module not in _MODULES:
        return None
    return WIDTHS.get(kind.name)


def _storage(pid: object) -> Storage | None:
    if not isinstance(pid, tuple) or len(pid) < 5 or pid[0] not in ("storage", b"storage"):
        return None
    width, key, count = width_of(pid[1]), pid[2], pid[4]
    if isinstance(key, int):
        key = str(key)
    if width is None or not isinstance(key, str) or not isinstance(count, int) or count < 0:
        return None
    return Storage(key, count, width)
