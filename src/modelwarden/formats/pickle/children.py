"""Constants of a pickle that are pickles themselves, as children of its view."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from modelwarden.core import GapKind
from modelwarden.formats.limits import Limits
from modelwarden.formats.pickle.meant import meant
from modelwarden.formats.pickle.nested import ARCHIVE, decoded, payload
from modelwarden.formats.pickle.streams import run_streams
from modelwarden.formats.pickle.values import Span
from modelwarden.formats.view import Child, gap

if TYPE_CHECKING:
    from modelwarden.core import Gap
    from modelwarden.formats.pickle.streams import Stream
    from modelwarden.formats.source import Source

SEEN = 1 << 16
_LONGER = re.compile(r"\d+ bytes announced, \d+ left")
# How a file of torch before 1.6 begins: the first of its five pickles is a number.
TORCH = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."


def nested_pickles(
    source: Source, streams: list[Stream]
) -> tuple[tuple[Child, ...], tuple[Gap, ...]]:
    """Return a child for each constant that is a pickle, also behind Base64 or hexadecimal."""
    children: list[Child] = []
    gaps: list[Gap] = []
    for stream in streams:
        for at, value in stream.suspects:
            if value is None:
                why = "more constants that may hold pickles than were looked into"
                gaps.append(gap(source, why, GapKind.OVER_LIMIT, at))
            elif (child := _child(source, at, value)) is not None:
                children.append(child)
    return tuple(children), tuple(gaps)


def _child(source: Source, at: int, value: object) -> Child | None:
    data = payload(source, value)
    for step, plain in decoded(data) if data is not None else ():
        if plain.startswith((ARCHIVE, TORCH)):
            name = f"constant@{at}" + (f".{step}" if step else "")
            return Child(name, partial(source.nested, plain, name))
        if is_pickle(source.nested(plain, "constant"), whole=not step and _is_text(value)):
            name = f"constant@{at}" + (f".{step}" if step else "")
            return Child(name, partial(source.nested, plain, name, expect="pickle"))
    return None


def coded(source: Source, text: bytes) -> bytes | None:
    """Return the pickle that a text is, in Base64 or likewise; None for all others."""
    for step, data in decoded(text)[1:]:
        if is_pickle(source.nested(data, step)):
            return data
    return None


def _is_text(value: object) -> bool:
    return isinstance(value, str) or (isinstance(value, Span) and value.latin)


def is_pickle(source: Source, *, whole: bool = False) -> bool:
    """Tell whether bytes that might be anything are a pickle and nothing else by accident.

    Args:
        source: the bytes.
        whole: they are a text that may only speak of pickles, as a note or an example does: then
            a pickle without a mark must be all of it.
    """
    if not source.size:
        return False
    part = source.part(0, SEEN)
    stream = run_streams(part, Limits(operations=SEEN * 4, seconds=5.0), count=1, search=False)[0]
    marked = source.head[:1] == b"\x80"
    if marked and source.size > SEEN and _LONGER.match(str(stream.damage or "")):
        return True  # it goes on behind what is looked at
    if whole and not marked and not (stream.finished and stream.end == part.size):
        return False
    if any(meant(use, sure=marked) for use in stream.uses):
        return True
    return stream.finished and marked and stream.end >= min(source.size, SEEN) - 2
