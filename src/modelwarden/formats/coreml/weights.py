"""The weights beside a Core ML program: blobs, each behind a record that says where it lies.

Layout: `MILBlob/Blob/StorageFormat.hpp` of coremltools 9. 64 bytes of header with the number of
blobs; each record of 64 bytes has a mark, a type, a size and an offset. Records follow each other
behind the blobs that they describe.
"""

from __future__ import annotations

from modelwarden.core import GapKind
from modelwarden.formats.cursor import Cursor
from modelwarden.formats.described import Checked, Notes
from modelwarden.formats.identified.magic import MLPACKAGE_WEIGHTS
from modelwarden.formats.limits import LimitExceededError, Limits
from modelwarden.formats.source import Source
from modelwarden.formats.view import DamagedError

_ALIGNED = 64
_MARK = 0xDEADBEEF
_TYPES = range(1, 21)
_PIECE = 1 << 16


def sniff(source: Source) -> bool:
    """Tell whether the header and the first record are there."""
    return MLPACKAGE_WEIGHTS.sniff(source)


def read(source: Source, limits: Limits) -> Checked:
    """Walk the records: every byte belongs to a record, to a blob, or is zero."""
    notes = Notes(source)
    cursor = Cursor(source)
    try:
        count, version = cursor.u32(), cursor.u32()
        if version != 2:
            notes.note(f"version {version} of the layout is not known", GapKind.UNSUPPORTED, 4)
        cursor.take(56)
        for _ in range(count):
            limits.spend(operations=1)
            _record(source, cursor, notes)
        _rest(source, cursor.at, notes)
    except DamagedError as damage:
        notes.fault("layout", "", damage.why, damage.offset)
        notes.note(damage.why, at=damage.offset)
    except LimitExceededError as over:
        notes.note(str(over), GapKind.OVER_LIMIT, cursor.at)
    return Checked(
        source=source,
        format="coreml-weights",
        producer=MLPACKAGE_WEIGHTS.produced(source),
        gaps=tuple(notes.gaps),
        faults=tuple(notes.faults),
        children=tuple(notes.children),
    )


def _record(source: Source, cursor: Cursor, notes: Notes) -> None:
    begin = -(-cursor.at // _ALIGNED) * _ALIGNED
    cursor.skip(begin - cursor.at)
    mark, kind = cursor.u32(), cursor.u32()
    size, offset = cursor.u64(), cursor.u64()
    if mark != _MARK:
        raise DamagedError("no record of a blob where one has to be", begin)
    cursor.take(40)
    if kind not in _TYPES:
        notes.fault("type", "", f"a blob of the type {kind}", begin)
    if offset < cursor.at or offset + size > source.size:
        why = f"a blob of {size} bytes at {offset}, of {source.size} in the file"
        raise DamagedError(why, begin)
    if offset - cursor.at >= _ALIGNED:
        raise DamagedError(f"{offset - cursor.at} bytes between a record and its blob", begin)
    cursor.at = offset
    cursor.skip(size)


def _rest(source: Source, at: int, notes: Notes) -> None:
    for offset in range(at, source.size, _PIECE):
        if source.read(offset, _PIECE).strip(b"\0"):
            return notes.behind(at, why="behind the last blob")
    return None
