"""Rows that came lately, byte for byte: retries and hot items, which are no drift."""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy.typing as npt

from modelwarden.detectors.coding import Codes
from modelwarden.targets.frames import Floats

_REMEMBERED = 2000


class Retries:
    """Tells rows that came lately, byte for byte: retries and hot items."""

    def __init__(self) -> None:
        """Know of no row yet."""
        self._known: set[int] = set()
        self._order: deque[int] = deque()

    def fresh(self, numbers: Floats, codes: Codes) -> list[int]:
        """Return which rows are new."""
        found = []
        rows = zip(_bytes(numbers), _bytes(codes), strict=True)
        for i, row in enumerate(rows):
            key = hash(row)
            if key in self._known:
                continue
            found.append(i)
            self._known.add(key)
            self._order.append(key)
            if len(self._order) > _REMEMBERED:
                self._known.discard(self._order.popleft())
        return found


def _bytes(table: npt.NDArray[Any]) -> list[bytes]:
    data = table.tobytes()
    width = len(data) // max(1, len(table))
    return [data[i * width : (i + 1) * width] for i in range(len(table))]
