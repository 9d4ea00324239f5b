"""The memo: what PUT stores and GET brings back, in eight bytes for each string.

A string or bytes constant is stored as the offset of its opcode and read again when it is asked
for, so that a million memoised words cost eight megabytes. Everything else is stored as the
complement of its place in `values`.
"""

from __future__ import annotations

from array import array
from typing import Final

from modelwarden.formats.limits import LimitExceededError
from modelwarden.formats.pickle.values import (
    ANY_DICT,
    ANY_FROZENSET,
    ANY_LIST,
    ANY_SET,
    ANY_TUPLE,
    MISSING,
    Call,
    Global,
    Items,
    Summary,
)

HOLE: Final = ~0
TUPLE_CODE: Final = ~1
LIST_CODE: Final = ~2
DICT_CODE: Final = ~3
CONTAINERS = 1 << 14
OBJECTS = 1 << 17
SPARSE = 1 << 18
_GAP = 1 << 16


class Memo:
    """Codes by index.

    Attributes:
        codes: one code for each index from 0 on; `HOLE` where nothing was stored.
        values: what the codes below zero stand for.
        holes: how many of `codes` are holes.
        sparse: codes at indices far beyond the others.
    """

    __slots__ = ("_by_callee", "codes", "holes", "sparse", "values")

    def __init__(self) -> None:
        self.codes = array("q")
        self.values: list[object] = [MISSING, ANY_TUPLE, ANY_LIST, ANY_DICT, ANY_SET, ANY_FROZENSET]
        self.holes = 0
        self.sparse: dict[int, int] = {}
        self._by_callee: dict[int, int] = {}

    @property
    def plain(self) -> bool:
        """Whether MEMOIZE stores at the end of `codes`."""
        return not self.holes and not self.sparse

    @property
    def count(self) -> int:
        """How many indices hold something: where MEMOIZE stores next."""
        return len(self.codes) - self.holes + len(self.sparse)

    def put(self, index: int, code: int) -> None:
        """Store a code.

        Raises:
            LimitExceededError: too many indices that are far apart.
        """
        codes = self.codes
        if index < len(codes):
            if codes[index] == HOLE:
                self.holes -= 1
            codes[index] = code
        elif index <= len(codes) + _GAP and not self.sparse:
            self.holes += index - len(codes)
            codes.extend([HOLE] * (index - len(codes)))
            codes.append(code)
        elif index in self.sparse or len(self.sparse) < SPARSE:
            self.sparse[index] = code
        else:
            raise LimitExceededError("scattered memo entries", SPARSE)

    def get(self, index: int) -> int:
        """Return the code at an index, or `HOLE`."""
        if 0 <= index < len(self.codes):
            return self.codes[index]
        return self.sparse.get(index, HOLE)

    def code_of(self, value: object) -> int:
        """Return a code for a value that cannot be read again from the file."""
        if isinstance(value, Global | Summary) or len(self.values) < CONTAINERS:
            return self._store(value)
        if isinstance(value, tuple):
            return TUPLE_CODE
        if isinstance(value, list):
            return LIST_CODE
        if isinstance(value, dict):
            return DICT_CODE
        if isinstance(value, Call) and len(self.values) >= OBJECTS:
            return self._shared(value)
        if isinstance(value, Items) and len(self.values) >= OBJECTS:
            return self._store(Items(value.kind, []))
        return self._store(value)

    def _store(self, value: object) -> int:
        if len(self.values) >= OBJECTS * 8:
            raise LimitExceededError("memoised objects", OBJECTS * 8)
        self.values.append(value)
        return ~(len(self.values) - 1)

    def _shared(self, value: Call) -> int:
        """Return one code for all later results of the same callee; their arguments are lost."""
        key = id(value.root)
        if key not in self._by_callee:
            general = Call(value.root, ANY_TUPLE, value.at, new=value.new)
            general.built = True  # some of them may be
            self._by_callee[key] = self._store(general)
        return self._by_callee[key]
