"""Cells of tables that are more than a value: small pictures, and texts with marks.

`{"picture": "data:image/png;base64,…", "alt": …}` and `{"marks": [[kind, text], …]}` with the kinds
`same`, `out` and `in`. A report may come from anywhere, so nothing but a PNG of bounded size is
drawn, and whatever is not as it should be is shown as the value that it is.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from modelwarden.core.values import dataclass
from modelwarden.report.escape import shown

if TYPE_CHECKING:
    from modelwarden.core import Json

_PNG = re.compile(r"data:image/png;base64,iVBORw0KGgo[A-Za-z0-9+/]*={0,2}")
_LARGEST, _LONGEST, _MOST = 200_000, 1_000, 200
KINDS = ("same", "out", "in")


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """What stands in a cell.

    Attributes:
        source: address of a picture; empty where there is none. alt: the picture in words.
        marks: pieces of a text with their kinds.
    """

    source: str = ""
    alt: str = ""
    marks: tuple[tuple[str, str], ...] = ()


def drawn(cell: Json) -> Drawn | None:
    """Return what a cell draws; None where it is a plain value."""
    if not isinstance(cell, dict):
        return None
    source, alt, marks = cell.get("picture"), cell.get("alt"), cell.get("marks")
    if isinstance(source, str) and isinstance(alt, str):
        if len(source) <= _LARGEST and _PNG.fullmatch(source):
            return Drawn(source=source, alt=shown(alt, _LONGEST))
        return None
    if isinstance(marks, list | tuple):
        pieces = [_piece(mark) for mark in list(marks)[:_MOST]]
        if all(pieces):
            return Drawn(marks=tuple(piece for piece in pieces if piece))
    return None


def _piece(mark: Json) -> tuple[str, str] | None:
    if not isinstance(mark, list | tuple) or len(mark) != 2:
        return None
    kind, text = mark
    if kind not in KINDS or not isinstance(text, str):
        return None
    return str(kind), shown(text, _LONGEST)
