"""Examples for people: a picture before, after and what was changed; texts and rows with marks.

Cells of such tables are objects that the page draws: `{"picture": "data:image/png;…", "alt": …}`
and `{"marks": [["same" | "out" | "in", text], …]}`. What a picture shows stands in its words, too.
"""

from __future__ import annotations

import base64
import re
import struct
import unicodedata
import zlib
from collections.abc import Iterable
from difflib import SequenceMatcher

import numpy as np
import numpy.typing as npt

from modelwarden.core import Json
from modelwarden.targets.frames import Floats, Frame

SHOWN, LONGEST = 6, 240
_SIDE = 96  # of a picture in pixels: larger ones are thinned out
_NUMBERS = 5
_WORD = re.compile(r"\s*\S+|\s+$")
_COMPARED = 200  # words of a text: the page shows no more
Marks = list[Json]


def png(x: npt.NDArray[np.uint8]) -> bytes:
    """Return a picture (H, W) or (H, W, 3) of bytes as a PNG file.

    Source: ISO/IEC 15948; one pass, no filter.
    """
    h, w = x.shape[:2]
    kind = 0 if x.ndim == 2 else 2
    lines = b"".join(b"\0" + np.ascontiguousarray(row).tobytes() for row in x)

    def chunk(name: bytes, data: bytes) -> bytes:
        check = zlib.crc32(name + data)
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", check)

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", w, h, 8, kind, 0, 0, 0))
    body = chunk(b"IDAT", zlib.compress(lines, 9))
    return b"\x89PNG\r\n\x1a\n" + head + body + chunk(b"IEND", b"")


def picture(x: Floats, low: float, high: float, alt: str) -> Json:
    """Return a cell of a picture (C, H, W): three channels in colour, else the first in grey."""
    thin = max(1, -(-max(x.shape[1:]) // _SIDE))
    shown = x[:, ::thin, ::thin]
    span = high - low if high > low else 1.0
    levels = np.rint(np.clip((shown - low) / span, 0, 1) * 255).astype(np.uint8)
    image = levels.transpose(1, 2, 0) if len(levels) == 3 else levels[0]
    data = base64.b64encode(png(image)).decode("ascii")
    return {"picture": f"data:image/png;base64,{data}", "alt": alt}


def pictures(
    before: npt.NDArray[np.generic],
    after: npt.NDArray[np.generic],
    low: float,
    high: float,
    name: str,
) -> tuple[Json, Json, Json]:
    """Return a picture before, after, and the change around grey, as cells.

    Args:
        before: (C, H, W) in the model's units.
        after: the same, changed.
        low: black.
        high: white.
        name: what they are called in words.
    """
    old, new = before.astype(np.float64), after.astype(np.float64)
    moved = new - old
    most = float(np.abs(moved).max(initial=0.0))
    share = float((np.abs(moved).max(axis=0) > 0).mean())
    told = f"{name}: the change, {share:.0%} of the pixels, {most:.3g} at most"
    return (
        picture(old, low, high, f"{name} as it is"),
        picture(new, low, high, f"{name} after the change"),
        picture(moved, -most, most, told),
    )


def numbers(before: Floats, after: Floats) -> tuple[Json, Json, Json]:
    """Return what changed most in a vector, as cells: before, after, how much in all."""
    moved = np.abs(after - before).ravel()
    order = [int(i) for i in np.argsort(-moved, kind="stable")[:_NUMBERS] if moved[i] > 0]
    old = _listed((f"x[{i}] = ", f"{before.ravel()[i]:.4g}", "out") for i in order)
    new = _listed((f"x[{i}] = ", f"{after.ravel()[i]:.4g}", "in") for i in order)
    return old, new, f"{int((moved > 0).sum())} of {len(moved)} numbers, {moved.max():.4g} at most"


def cells(before: Frame, after: Frame, i: int) -> tuple[Json, Json]:
    """Return the changed cells of a row of a table, before and after."""
    old, new = [], []
    for name, mine, theirs in zip(before.names, before.columns, after.columns, strict=True):
        a, b = mine[i], theirs[i]
        if a != b and not (a != a and b != b):
            old.append((f"{name} = ", _value(a), "out"))
            new.append((f"{name} = ", _value(b), "in"))
    return _listed(old), _listed(new)


def texts(before: str, after: str) -> tuple[Json, Json]:
    """Return a text before and after, with what is out and what is in marked, word by word."""
    a, b = _WORD.findall(before)[:_COMPARED], _WORD.findall(after)[:_COMPARED]
    old: list[list[str]] = []
    new: list[list[str]] = []
    for code, a0, a1, b0, b1 in SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        gone, come = "".join(a[a0:a1]), "".join(b[b0:b1])
        old.append(["same" if code == "equal" else "out", visible(gone)])
        new.append(["same" if code == "equal" else "in", visible(come)])
    return {"marks": _cut(old)}, {"marks": _cut(new)}


def _listed(parts: Iterable[tuple[str, str, str]]) -> Json:
    marks: list[list[str]] = []
    for name, value, kind in parts:
        if marks:
            marks.append(["same", ", "])
        marks += [["same", visible(name)], [kind, visible(value)]]
    return {"marks": _cut(marks)}


def _cut(marks: list[list[str]]) -> Marks:
    """Return marks of at most `LONGEST` characters; long equal stretches lose their middle."""
    out: Marks = []
    left = LONGEST
    for kind, whole in marks:
        text = whole
        if kind == "same" and len(text) > 60:
            text = f"{text[:28]} … {text[-28:]}"
        if not text:
            continue
        if left <= 0:
            return [*out, ["same", "…"]]
        out.append([kind, text[:left]])
        left -= len(text)
    return out


def _value(value: object) -> str:
    return f"{float(value):.6g}" if isinstance(value, float | np.floating) else str(value)


def visible(text: str) -> str:
    """Return a text in which characters that nobody sees are written out."""
    return "".join(
        f"\\u{ord(c):04x}" if unicodedata.category(c) in ("Cf", "Cc", "Cs", "Co") else c
        for c in text
    )
