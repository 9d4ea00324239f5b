"""Reader of `.npy`: a header, then numbers, or a pickle where the array holds objects.

Layout: numpy's NEP 1 and its versions 2 and 3.
"""

from __future__ import annotations

import re
from functools import partial
from math import prod
from typing import TYPE_CHECKING

from modelwarden.core import GapKind
from modelwarden.core.values import dataclass
from modelwarden.formats.archive import Anomaly, ArchiveView, Oddity, printable
from modelwarden.formats.literal import Literal, parse
from modelwarden.formats.view import Child, DamagedError, gap

if TYPE_CHECKING:
    from modelwarden.core import Gap
    from modelwarden.core.findings import Json
    from modelwarden.formats.limits import Limits
    from modelwarden.formats.source import Source

_MARKED = frozenset(b"\x80" + bytes((protocol,)) for protocol in range(2, 6))
MAGIC = b"\x93NUMPY"
_HEADER = 1 << 20
_HEAD = 256  # first bytes of an array, or the letters of its first text
_TEXT = 16 << 20
_FIELDS = 10_000
_PLAIN = re.compile(r"[<>|=]?([?bBiufcSaUVmM])(\d{0,10})(\[\d{0,10}[a-zA-Zμ]{1,2}\])?")
_NAMES = {
    f"{kind}{bits}": bits // 8
    for kind, sizes in {
        "int": (8, 16, 32, 64),
        "uint": (8, 16, 32, 64),
        "float": (16, 32, 64),
        "complex": (64, 128),
        "bfloat": (16,),
    }.items()
    for bits in sizes
} | {"bool": 1}
_ONE = {"b": 1, "B": 1, "?": 1}


@dataclass(frozen=True, slots=True)
class Header:
    """What stands in front of the array.

    Attributes:
        dtype: as written.
        width: bytes of one element; None when the elements are objects, or not known.
        shape: of the array.
        objects: a pickle follows; also set when the type is not known, to be safe.
        known: the type is one that numpy itself writes.
        data: offset of the array.
    """

    dtype: str
    width: int | None
    shape: tuple[int, ...]
    objects: bool
    known: bool
    data: int

    @property
    def size(self) -> int | None:
        """Bytes of the array, or None when they do not follow from the header."""
        return None if self.width is None else self.width * prod(self.shape)


@dataclass(frozen=True, slots=True, kw_only=True)
class NpyArray(ArchiveView):
    """An array file; `header` is None when it could not be read."""

    header: Header | None = None


def sniff(source: Source) -> bool:
    """Tell whether `numpy.load` would take this for an array."""
    return source.head.startswith(MAGIC)


def read(source: Source, limits: Limits) -> NpyArray:  # noqa: ARG001 -- reads a header only
    """Return the array's header; an object array's pickle is a child."""
    try:
        header = header_of(source)
    except DamagedError as damage:
        rest = Child("(array)", partial(source.part, 8, source.size, "(array)", expect="pickle"))
        return NpyArray(
            source=source, format="npy", gaps=(gap(source, damage.why, at=0),), children=(rest,)
        )
    return _view(source, header)


def header_of(source: Source) -> Header:
    """Read the header of an array.

    Raises:
        DamagedError: numpy would not accept it, or it is over 1 MiB.
    """
    head = source.read(0, 12)
    if len(head) < 10 or not head.startswith(MAGIC):
        raise DamagedError("no numpy header", 0)
    wide = head[6] != 1
    if head[6] not in {1, 2, 3}:
        raise DamagedError(f"numpy format version {head[6]} is not known", 6)
    start = 12 if wide else 10
    length = int.from_bytes(head[8:start], "little")
    if length > _HEADER:
        raise DamagedError(f"a header of {length} bytes, over the limit of {_HEADER}", 8)
    text = source.read(start, length)
    if len(text) != length:
        raise DamagedError("the header is cut off", start)
    value = parse(text.decode("utf-8" if head[6] == 3 else "latin-1", "replace"))
    return _understood(value, start + length)


def _understood(value: Literal, data: int) -> Header:
    if not isinstance(value, dict) or set(value) != {"descr", "fortran_order", "shape"}:
        raise DamagedError("a header without descr, fortran_order and shape", 0)
    shape = value["shape"]
    if not isinstance(shape, tuple):
        raise DamagedError("a shape that is not a tuple", 0)
    sizes = tuple(n for n in shape if isinstance(n, int) and not isinstance(n, bool) and n >= 0)
    if len(sizes) != len(shape) or len(sizes) > 64:
        raise DamagedError("a shape that is not made of at most 64 sizes", 0)
    width, objects, known = _type(value["descr"])
    return Header(printable(str(value["descr"])), width, sizes, objects, known, data)


def _type(descr: Literal) -> tuple[int | None, bool, bool]:
    """Return (bytes of an element, holds objects, is known) for a type description.

    As `numpy.lib.format.descr_to_dtype` reads it: a string, a pair of type and shape, or a list
    of fields, each a name, a type and maybe a shape.
    """
    total, objects, known = 0, False, True
    todo: list[tuple[Literal, int]] = [(descr, 1)]
    for _ in range(_FIELDS):
        if not todo:
            return (total if known and not objects else None), objects or not known, known
        part, times = todo.pop()
        if isinstance(part, str):
            width = _width(part)
            objects |= _is_object(part)
            known &= width is not None or _is_object(part)
            total += (width or 0) * times
        elif isinstance(part, tuple) and len(part) == 2:
            todo.append((part[0], times * _repeats(part[1])))
        elif isinstance(part, list) and all(_is_field(field) for field in part):
            todo += [_field(field, times) for field in part]
        else:
            known = False
    return None, True, False


def _is_field(field: Literal) -> bool:
    return isinstance(field, tuple) and len(field) in {2, 3}


def _field(field: Literal, times: int) -> tuple[Literal, int]:
    if not isinstance(field, tuple):
        return None, times
    return field[1], times * (_repeats(field[2]) if len(field) == 3 else 1)


def _repeats(shape: Literal) -> int:
    inner = shape if isinstance(shape, tuple) else (shape,)
    return prod(n for n in inner if isinstance(n, int) and n >= 0)


def _is_object(descr: str) -> bool:
    return descr.lstrip("<>|=") in {"O", "O4", "O8", "object", "object_"}


def _width(descr: str) -> int | None:
    if descr in _NAMES:
        return _NAMES[descr]
    match = _PLAIN.fullmatch(descr)
    if match is None:
        return None
    kind, digits = match[1], match[2]
    if not digits:
        return _ONE.get(kind, {"m": 8, "M": 8, "V": 0, "S": 0, "U": 0, "a": 0}.get(kind))
    return int(digits) * (4 if kind == "U" else 1)


def _view(source: Source, header: Header) -> NpyArray:
    gaps: list[Gap] = []
    children: list[Child] = []
    anomalies: list[Anomaly] = []
    rest = source.size - header.data
    if header.objects:
        name = "(objects)"
        opener = partial(source.part, header.data, rest, name, expect="pickle")
        children.append(Child(name, opener))
        if not header.known:
            why = f"its element type is not known: {header.dtype}"
            gaps.append(gap(source, why, GapKind.UNSUPPORTED, 0))
    elif (size := header.size) is not None and size > rest:
        gaps.append(gap(source, f"{size} bytes announced, {rest} left", at=header.data))
    elif size is not None and size < rest:
        children.append(_behind(source, header.data + size, anomalies))
    if header.width and not header.objects:
        head = source.read(header.data, _HEAD)
        if head[:2] in _MARKED:
            children += _pickle(source, header.data, rest)
        elif (child := _payload(source, header, head)) is not None:
            children.append(child)
    return NpyArray(
        source=source,
        format="npy",
        header=header,
        gaps=tuple(gaps),
        children=tuple(children),
        anomalies=tuple(anomalies),
    )


def holds(header: Header, head: bytes) -> bool:
    """Tell whether an array is worth opening: its first bytes may be a pickle or a program."""
    from modelwarden.formats import payloads

    raw = header.width == 1
    return (
        head[:2] in _MARKED
        or payloads.begins(head, raw=raw)
        or (_is_text(header) and payloads.CODED.match(_letters(header, head)) is not None)
    )


def _is_text(header: Header) -> bool:
    return header.dtype.lstrip("<>|=")[:1] in ("U", "S", "a")


def _letters(header: Header, data: bytes) -> bytes:
    """Return the text of the first element, as bytes."""
    data = data[: header.width]
    return data[3 if header.dtype[:1] == ">" else 0 :: 4] if "U" in header.dtype[:2] else data


def _payload(source: Source, header: Header, head: bytes) -> Child | None:
    """Return what an array is that holds no numbers: a program, or a pickle as letters."""
    from modelwarden.formats import payloads

    name, size = "(bytes)", min(header.size or 0, source.size - header.data)
    if not _is_text(header):
        return payloads.of(source, name, header.data, size, head, raw=header.width == 1)
    if header.width and payloads.CODED.match(_letters(header, head)):
        from modelwarden.formats.pickle.children import coded

        whole = source.read(header.data, min(header.width, _TEXT))
        data = coded(source, _letters(header, whole).rstrip(b"\0"))
        if data is not None:
            return Child(name, partial(source.nested, data, name, expect="pickle"))
    return None


def _pickle(source: Source, at: int, size: int) -> tuple[Child, ...]:
    """Return the pickle that an array of bytes is, as some programs keep one."""
    from modelwarden.formats.pickle.children import is_pickle

    name = "(bytes)"
    if not is_pickle(source.part(at, size, name)):
        return ()
    return (Child(name, partial(source.part, at, size, name, expect="pickle")),)


def _behind(source: Source, at: int, anomalies: list[Anomaly]) -> Child:
    """Return what follows the array; a further array is how `numpy.save` appends."""
    if source.read(at, len(MAGIC)) != MAGIC:
        size = source.size - at
        text = f"{size} bytes stand behind the array"
        facts: dict[str, Json] = {"size": size, "begins": source.read(at, 16).hex()}
        anomalies.append(Anomaly(Oddity.APPENDED, text, at=at, facts=facts))
    name = f"(bytes from {at})"
    return Child(name, partial(source.part, at, source.size - at, name))
