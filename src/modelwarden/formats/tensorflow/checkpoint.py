"""TensorFlow checkpoints: the index, and the shards with the tensors that it names.

Messages are `BundleHeaderProto` and `BundleEntryProto` of `tensor_bundle.proto`. Every tensor is
held to its shape and to the file that it lies in, and every byte of a shard to a tensor.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import field
from functools import partial
from typing import NamedTuple

from modelwarden.core import GapKind
from modelwarden.core.values import dataclass
from modelwarden.formats.cursor import Cursor
from modelwarden.formats.described import Checked, Described, Notes, Place
from modelwarden.formats.identified.companions import CHECKPOINT_DATA
from modelwarden.formats.identified.kind import plain, producer
from modelwarden.formats.identified.magic import CHECKPOINT
from modelwarden.formats.limits import LimitExceededError, Limits
from modelwarden.formats.protobuf import LEN, VARINT, fields, signed
from modelwarden.formats.source import Source
from modelwarden.formats.tensorflow.table import Entry, entries
from modelwarden.formats.view import Child, DamagedError

_WIDTHS = {1: 4, 2: 8, 3: 4, 4: 1, 5: 2, 6: 1, 8: 8, 9: 8, 10: 1, 11: 1, 12: 1, 13: 4, 14: 2}
_WIDTHS |= {15: 2, 16: 2, 17: 2, 18: 16, 19: 2, 22: 4, 23: 8, 24: 1, 25: 1, 29: 1, 30: 1}
_STRING = 7
_TYPES = range(1, 64)
_MOST = 1 << 62
_SHARDS = 10_000
_STRINGS = 1000
_NAMES = re.compile(r"(.+)\.data-(\d{5})-of-(\d{5})")
_STATE = re.compile(r'\s*(?:all_)?model_checkpoint_paths?\s*:\s*(?:"((?:[^"\\\n]|\\.)*)"|(\S+))')
_TEXT = 1 << 20


class Tensor(NamedTuple):
    """One tensor as the index describes it.

    Attributes:
        kind: number of its type. elements: how many.
        shard: number of the file that it lies in. at, size: where.
        record: offset of its entry in the index.
    """

    name: str
    kind: int
    elements: int
    shard: int
    at: int
    size: int
    record: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint(Checked):
    """The index of a checkpoint.

    Attributes:
        tensors: how many it names. shards: files that they lie in.
    """

    tensors: int = 0
    shards: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointState(Described):
    """The text that names the newest checkpoint of a folder.

    Attributes:
        places: the paths in it.
    """

    places: tuple[Place, ...] = ()


@dataclass(slots=True)
class _Index:
    """One walk over the entries of an index."""

    source: Source
    limits: Limits
    notes: Notes
    tensors: list[Tensor] = field(default_factory=list)
    shards: int = 0

    def run(self) -> None:
        """Walk all; damage and limits are gaps."""
        try:
            for place, entry in enumerate(entries(self.source, self.limits)):
                if place:
                    self._tensor(entry)
                else:
                    self._header(entry)
        except DamagedError as damage:
            self.notes.fault("layout", "", damage.why, damage.offset)
            self.notes.note(damage.why, at=damage.offset)
        except LimitExceededError as over:
            self.notes.note(str(over), GapKind.OVER_LIMIT)

    def _header(self, entry: Entry) -> None:
        found = {f.number: f.value for f in fields(self.source, entry.at, entry.end)}
        self.shards = found.get(1, 0)
        if entry.key or not 0 < self.shards <= _SHARDS:
            why = "the table is no index of a checkpoint of version 2"
            self.notes.note(why, GapKind.UNSUPPORTED, entry.at)
        if found.get(2, 0) > 1:
            self.notes.fault("order", "", "an unknown order of bytes", entry.at)

    def _tensor(self, entry: Entry) -> None:
        name = entry.key.decode("utf-8", "backslashreplace")
        told = {"kind": 0, "shard": 0, "at": 0, "size": 0}
        names = {1: "kind", 3: "shard", 4: "at", 5: "size"}
        count, sliced = 1, False
        for one in fields(self.source, entry.at, entry.end, self.limits):
            if one.number in names and one.wire == VARINT:
                told[names[one.number]] = one.value
            elif one.number == 2 and one.wire == LEN:
                count = self._count(one.at, one.end)
            sliced = sliced or one.number == 7
        tensor = Tensor(name, elements=count, record=entry.at, **told)
        self._hold(tensor, sliced=sliced)

    def _count(self, at: int, end: int) -> int:
        count = 1
        for dim in fields(self.source, at, end, self.limits):
            if dim.number != 2 or dim.wire != LEN:
                continue
            size = 0
            for one in fields(self.source, dim.at, dim.end):
                size = signed(one.value) if one.number == 1 else size
            count *= size
            if size < 0 or count > _MOST:
                return -1
        return count

    def _hold(self, tensor: Tensor, *, sliced: bool) -> None:
        """Hold a tensor to its own shape and to the number of shards."""
        shown = plain(tensor.name, 120)
        width = _WIDTHS.get(tensor.kind)
        if tensor.elements < 0 or tensor.kind not in _TYPES:
            self._bad(tensor, f"{shown}: a shape or type that no tensor has")
        elif width is not None and not sliced and width * tensor.elements != tensor.size:
            why = f"{shown}: needs {width * tensor.elements} bytes, has {tensor.size}"
            self._bad(tensor, why)
        elif tensor.shard >= max(self.shards, 1):
            self._bad(tensor, f"{shown}: lies in the shard {tensor.shard} of {self.shards}")
        elif not sliced:
            self.tensors.append(tensor)

    def _bad(self, tensor: Tensor, why: str) -> None:
        self.notes.fault("tensor", tensor.name, why, tensor.record)


@dataclass(frozen=True, slots=True)
class _IndexReader:
    """Reader of the index."""

    def sniff(self, source: Source) -> bool:
        """Tell whether the file is a table whose first key is empty."""
        return CHECKPOINT.sniff(source)

    def read(self, source: Source, limits: Limits) -> Checkpoint:
        """Hold every tensor against its shard beside the index."""
        notes = Notes(source)
        index = _Index(source, limits, notes)
        index.run()
        stem = source.name.rpartition("/")[2].removesuffix(".index")
        ends: dict[int, Tensor] = {}
        for tensor in index.tensors:
            known = ends.get(tensor.shard)
            if known is None or tensor.at + tensor.size > known.at + known.size:
                ends[tensor.shard] = tensor
        for shard, tensor in sorted(ends.items()):
            _look_beside(source, f"{stem}.data-{shard:05}-of-{index.shards:05}", tensor, notes)
        return Checkpoint(
            source=source,
            format="tensorflow-checkpoint",
            producer=producer("tensorflow"),
            gaps=tuple(notes.gaps),
            faults=tuple(notes.faults),
            tensors=len(index.tensors),
            shards=index.shards,
        )


def _look_beside(source: Source, name: str, last: Tensor, notes: Notes) -> None:
    beside = source.beside(name)
    if beside is None:
        notes.note(f"tensors lie in {name[:120]!r}, which is no file beside the index")
        return
    with beside:
        if last.at + last.size > beside.size:
            shown = plain(last.name, 120)
            why = f"{shown}: ends at byte {last.at + last.size} of {name}, which has {beside.size}"
            notes.fault("tensor", last.name, why, last.record)


@dataclass(frozen=True, slots=True)
class _DataReader:
    """Reader of a shard."""

    def sniff(self, source: Source) -> bool:
        """Tell whether an index beside the file names it."""
        return CHECKPOINT_DATA.sniff(source)

    def read(self, source: Source, limits: Limits) -> Checked:
        """Hold every byte to a tensor of the index, and look into texts."""
        notes = Notes(source)
        children: tuple[Child, ...] = ()
        found = _NAMES.fullmatch(source.name.rpartition("/")[2])
        beside = source.beside(f"{found[1]}.index") if found else None
        if found is None or beside is None:
            notes.note("the index beside it is gone")
        else:
            with beside:
                index = _Index(beside, limits, Notes(beside))
                index.run()
            if index.notes.gaps:
                notes.note("the index beside it cannot be read to its end")
            mine = [t for t in index.tensors if t.shard == int(found[2])]
            _covered(source, sorted(mine, key=lambda t: (t.at, t.size)), notes)
            children = tuple(_texts(source, mine, limits))
        return Checked(
            source=source,
            format="tensorflow-checkpoint-data",
            producer=producer("tensorflow"),
            gaps=tuple(notes.gaps),
            faults=tuple(notes.faults),
            children=(*children, *notes.children),
        )


def _covered(source: Source, tensors: list[Tensor], notes: Notes) -> None:
    """Tell bytes that belong to no tensor, and tensors that lie in one another."""
    at = 0
    for tensor in tensors:
        if tensor.at > at:
            _hidden(source, at, tensor.at, notes)
        elif tensor.at < at and tensor.size:
            why = f"{plain(tensor.name, 120)}: begins inside of another tensor"
            notes.fault("overlap", tensor.name, why, tensor.at)
        at = max(at, tensor.at + tensor.size)
    if source.size > at:
        _hidden(source, at, source.size, notes)


def _hidden(source: Source, at: int, end: int, notes: Notes) -> None:
    if source.read(at, min(end - at, 1 << 20)).strip(b"\0"):
        notes.behind(at, end, "that belong to no tensor")


def _texts(source: Source, tensors: list[Tensor], limits: Limits) -> Iterator[Child]:
    """Yield the texts of string tensors that some format claims."""
    from modelwarden.formats.identify import identify  # what identifies imports readers

    for tensor in tensors:
        if tensor.kind != _STRING:
            continue
        for at, size in _strings(source, tensor):
            limits.spend(operations=1)
            name = plain(tensor.name, 120)
            if _is_text(source, at, size) or not size:
                continue
            try:
                known = bool(identify(source.part(at, size, name)))
            except Exception:  # noqa: BLE001 -- whoever opens it says which reader failed
                known = True
            if known:
                yield Child(name, partial(source.part, at, size, name))


def _is_text(source: Source, at: int, size: int) -> bool:
    """Tell whether a string is the graph of objects, which names them and holds no code."""
    del size
    return source.read(at, 1) == b"\n" and source.read(at + 2, 1) in b"\n\x12\x1a"


def _strings(source: Source, tensor: Tensor) -> Iterator[tuple[int, int]]:
    """Yield where the strings of a tensor lie: lengths stand first, then a checksum."""
    cursor = Cursor(source, tensor.at, tensor.at + tensor.size)
    try:
        sizes = [cursor.varint() for _ in range(min(tensor.elements, _STRINGS))]
        if tensor.elements > _STRINGS:
            return
        cursor.skip(4)
        for size in sizes:
            at = cursor.at
            cursor.skip(size)
            yield at, size
    except DamagedError:
        return


@dataclass(frozen=True, slots=True)
class _StateReader:
    """Reader of the text `checkpoint`."""

    def sniff(self, source: Source) -> bool:
        """Tell whether the first line names a checkpoint."""
        return _STATE.match(source.head.decode("utf-8", "replace")) is not None

    def read(self, source: Source, limits: Limits) -> CheckpointState:
        """Collect the paths."""
        limits.check_time()
        notes = Notes(source)
        if source.size > _TEXT:
            notes.note("more text than a list of checkpoints has", GapKind.OVER_LIMIT)
        text = source.read(0, _TEXT).decode("utf-8", "replace")
        places = []
        for line in text.splitlines():
            if found := _STATE.match(line):
                path = found[1] if found[1] is not None else found[2]
                places.append(Place("a checkpoint", path, 0))
                notes.describe("path", path, 0)
        return CheckpointState(
            source=source,
            format="tensorflow-checkpoint-state",
            producer=producer("tensorflow"),
            gaps=tuple(notes.gaps),
            metadata=tuple(notes.metadata),
            places=tuple(places),
        )


INDEX = _IndexReader()
DATA = _DataReader()
STATE = _StateReader()
