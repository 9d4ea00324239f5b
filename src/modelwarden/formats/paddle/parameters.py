"""PaddlePaddle parameters: tensors one behind another, each with its type, shape and numbers.

Layout: `SerializeToStream` in `lod_tensor.cc` and `tensor_util.cc` of Paddle 2.6. The names of the
tensors stand in the program, not here.
"""

from __future__ import annotations

from modelwarden.core import GapKind
from modelwarden.formats.cursor import Cursor
from modelwarden.formats.described import Checked, Notes
from modelwarden.formats.identified.magic import PADDLE_PARAMS
from modelwarden.formats.limits import LimitExceededError, Limits
from modelwarden.formats.network import made_by
from modelwarden.formats.protobuf import VARINT, fields, signed
from modelwarden.formats.source import Source
from modelwarden.formats.view import DamagedError

_WIDTHS = {0: 1, 1: 2, 2: 4, 3: 8, 4: 2, 5: 4, 6: 8, 19: 8, 20: 1, 21: 1, 22: 2, 23: 8, 24: 16}
_WIDTHS |= {32: 1, 33: 1}
_LEVELS = 64
_DESCRIPTION = 4096
_MOST = 1 << 62


def sniff(source: Source) -> bool:
    """Tell whether the first tensor begins like one."""
    return PADDLE_PARAMS.sniff(source)


def read(source: Source, limits: Limits) -> Checked:
    """Walk the tensors: every byte belongs to one of them."""
    notes = Notes(source)
    cursor = Cursor(source)
    begin = 0
    try:
        while cursor.left:
            limits.spend(operations=1)
            begin = cursor.at
            _tensor(source, cursor)
    except DamagedError as damage:
        why = f"the tensor at {begin}: {damage.why}"
        notes.fault("layout", "", why, damage.offset)
        notes.note(why, at=damage.offset)
    except LimitExceededError as over:
        notes.note(str(over), GapKind.OVER_LIMIT, cursor.at)
    by = PADDLE_PARAMS.produced(source)
    return Checked(
        source=source,
        format="paddle-parameters",
        producer=by,
        gaps=tuple(notes.gaps),
        inventory=made_by(source, by),
        faults=tuple(notes.faults),
    )


def _tensor(source: Source, cursor: Cursor) -> None:
    version, levels = cursor.u32(), cursor.u64()
    if version or levels > _LEVELS:
        raise DamagedError(f"version {version} with {levels} levels", cursor.at)
    for _ in range(levels):
        cursor.skip(cursor.u64())
    version, size = cursor.u32(), cursor.u32()
    if version or not 0 < size <= _DESCRIPTION:
        raise DamagedError(f"version {version} with a description of {size} bytes", cursor.at)
    begin = cursor.at
    cursor.skip(size)
    cursor.skip(_described(source, begin, begin + size))


def _described(source: Source, begin: int, end: int) -> int:
    """Return the bytes that the numbers take by the description of their type and shape."""
    kind, dims = -1, list[int]()
    for one in fields(source, begin, end):
        if one.number == 1 and one.wire == VARINT:
            kind = one.value
        elif one.number == 2 and one.wire == VARINT:
            dims.append(signed(one.value))
        elif one.number == 2:
            dims += _packed(source, one.at, one.end)
    width = _WIDTHS.get(kind)
    if width is None:
        raise DamagedError(f"numbers of the type {kind}", begin)
    for dim in dims:
        width *= dim
        if dim < 0 or width > _MOST:
            raise DamagedError(f"a shape of {dims[:8]}", begin)
    return width


def _packed(source: Source, at: int, end: int) -> list[int]:
    cursor = Cursor(source, at, end)
    found = []
    while cursor.left:
        found.append(signed(cursor.varint()))
    return found
