"""CatBoost models: `.cbm` files, and the JSON that `save_model(format="json")` writes.

    CBM1 size(4) flatbuffer TModelCore | tables of the parts that it names

CatBoost verifies the flatbuffer and then trusts the numbers in it: where trees begin, which split
they use, and where the values of their leaves stand. All are held to their bounds here.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Sequence
from typing import TYPE_CHECKING

from modelwarden.core import GapKind
from modelwarden.core.values import dataclass
from modelwarden.formats.cursor import Cursor
from modelwarden.formats.described import Notes, PlainModel
from modelwarden.formats.flatbuffer import Flatbuffer, Table, Vector
from modelwarden.formats.identified.kind import producer
from modelwarden.formats.limits import LimitExceededError
from modelwarden.formats.nested import Counted, Each, Members, Node, feed_json
from modelwarden.formats.view import DamagedError

if TYPE_CHECKING:
    from modelwarden.core import Producer
    from modelwarden.formats.limits import Limits
    from modelwarden.formats.source import Source

_BEGIN = 8
_MOST = 1 << 22
_DEEPEST = 16
_BUCKET = 254  # borders of one feature that share a bin
_NO_LEAF = (1 << 32) - 1
_LONG = (1 << 32) - 1
_SHOWN = 1 << 14
_VERSION = re.compile(r"(?:tags/v|CatBoost release )(\d+(?:\.\d+)+)")

# Fields of TModelCore, of TModelTrees, and of the features in it.
_TREES, _INFO, _PARTS = 1, 2, 3
_DIMENSION, _SPLITS, _SIZES, _STARTS = range(4)
_FLOATS, _ONE_HOTS, _CTRS, _LEAVES = 5, 6, 7, 8
_STEPS, _NODE_LEAVES, _ESTIMATED, _REPACKED = 10, 11, 13, 17
_BORDERS = {_FLOATS: 3, _ONE_HOTS: 1, _CTRS: 1, _ESTIMATED: 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class CatboostModel(PlainModel):
    """One model.

    Attributes:
        trees: how many. splits: in all trees. symmetric: whether all nodes of a level split alike.
    """

    trees: int = 0
    splits: int = 0
    symmetric: bool = True


def sniff(source: Source) -> bool:
    """Tell whether the magic stands at the front."""
    return source.head.startswith(b"CBM1")


def read(source: Source, limits: Limits) -> CatboostModel:
    """Walk the core of a model, and the parts behind it."""
    walk = _Walk(source, limits)
    walk.notes.attempt(walk.run, "reference")
    return CatboostModel(
        source=source,
        format="catboost",
        producer=_producer(walk.version),
        gaps=tuple(walk.notes.gaps),
        children=tuple(walk.notes.children),
        metadata=tuple(walk.notes.metadata),
        faults=tuple(walk.notes.faults),
        trees=walk.trees,
        splits=walk.splits,
        symmetric=walk.symmetric,
    )


def _producer(version: str) -> Producer | None:
    found = _VERSION.search(version)
    return producer("catboost", found[1] if found else None)


class _Walk:
    """One walk over a file."""

    def __init__(self, source: Source, limits: Limits) -> None:
        self.source = source
        self.limits = limits
        self.notes = Notes(source)
        self.version = ""
        self.trees = self.splits = 0
        self.symmetric = True

    def run(self) -> None:
        """Walk all of it."""
        cursor = Cursor(self.source, 4)
        size = _size(cursor)
        if size > cursor.left:
            raise DamagedError(f"a core of {size} bytes, {cursor.left} left", 4)
        begin = cursor.at
        try:
            parts = self.core(Flatbuffer(self.source.part(begin, size), self.limits))
        except DamagedError as damage:
            raise DamagedError(damage.why, begin + (damage.offset or 0)) from None
        cursor.skip(size)
        for part in parts:
            if part != "static_provider_v1":
                why = f"the part {part[:80]!r} of the model is not examined yet"
                self.notes.note(why, GapKind.UNSUPPORTED, cursor.at)
                return
            self.counters(cursor)
        self.notes.behind(cursor.at)

    def core(self, flat: Flatbuffer) -> list[str]:
        """Walk the flatbuffer; return the names of the parts behind it."""
        root = flat.root()
        infos = flat.vector(root, _INFO, 4)
        for index in range(infos.length):
            pair = flat.item(infos, index)
            key, value = flat.string(pair, 0), flat.string(pair, 1, _SHOWN)
            self.notes.describe(key, value, _BEGIN + pair.at)
            if key == "catboost_version_info":
                self.version = value
        at = flat.target(root, _TREES)
        if at is not None:
            self.forest(flat, flat.table(at))
        names = flat.vector(root, _PARTS, 4)
        return [flat.text_at(names, index) for index in range(min(names.length, 16))]

    def forest(self, flat: Flatbuffer, table: Table) -> None:
        """Hold the trees to their bounds."""
        splits, sizes, starts = (
            self.numbers(flat, flat.vector(table, slot, 4)) for slot in (_SPLITS, _SIZES, _STARTS)
        )
        steps = flat.vector(table, _STEPS, 4)
        leaves = flat.vector(table, _LEAVES, 8).length
        dimension = flat.scalar(table, _DIMENSION, "<i")
        self.trees, self.splits, self.symmetric = len(sizes), len(splits), not steps.length
        at = _BEGIN + table.at
        if dimension < 1:
            return self.bad(f"an answer of {dimension} numbers", at)
        if len(starts) != len(sizes):
            return self.bad(f"{len(starts)} begins of {len(sizes)} trees", at)
        for tree, (start, size) in enumerate(zip(starts, sizes, strict=True)):
            if start < 0 or size < 0 or start + size > len(splits):
                why = f"tree {tree} has the splits {start} to {start + size} of {len(splits)}"
                return self.bad(why, at)
        self.features(flat, table, splits)
        if steps.length:
            return self.steps(flat, table, (sizes, starts), leaves, dimension)
        if deep := [size for size in sizes if size > _DEEPEST]:
            return self.bad(f"a tree of {deep[0]} levels", at)
        needed = sum(1 << size for size in sizes) * dimension
        if needed != leaves:
            self.bad(f"{leaves} values for {needed} leaves", at)
        return None

    def features(self, flat: Flatbuffer, table: Table, splits: Sequence[int]) -> None:
        """Hold the splits to the borders of features that there are."""
        bins = buckets = 0
        for slot, inner in _BORDERS.items():
            features = flat.vector(table, slot, 4)
            for index in range(features.length):
                borders = flat.vector(flat.item(features, index), inner, 4).length
                bins += borders
                buckets += -(-borders // _BUCKET)
        at = _BEGIN + table.at
        if len(splits) and (min(splits) < 0 or max(splits) >= max(bins, 1)):
            wrong = min(splits) if min(splits) < 0 else max(splits)
            self.bad(f"a tree uses the split {wrong} of {bins}", at)
        packed = flat.vector(table, _REPACKED, 4)
        if packed.length:
            found = [number & 0xFFFF for number in self.numbers(flat, packed)]
            if packed.length != len(splits):
                self.bad(f"{packed.length} packed splits of {len(splits)}", at)
            elif max(found) >= max(buckets, 1):
                self.bad(f"a tree uses the packed feature {max(found)} of {buckets}", at)

    def steps(
        self,
        flat: Flatbuffer,
        table: Table,
        trees: tuple[Sequence[int], Sequence[int]],
        leaves: int,
        dimension: int,
    ) -> None:
        """Hold the steps of trees that are not symmetric: each goes on within its tree."""
        steps = flat.vector(table, _STEPS, 4)
        ends = [n & _NO_LEAF for n in self.numbers(flat, flat.vector(table, _NODE_LEAVES, 4))]
        found = self.numbers(flat, steps)
        at = _BEGIN + table.at
        if len(ends) != len(found) or len(found) != self.splits:
            why = f"{len(found)} steps and {len(ends)} leaves for {self.splits} splits"
            return self.bad(why, at)
        for tree, (size, start) in enumerate(zip(*trees, strict=True)):
            for node in range(start, start + size):
                left, right = found[node] & 0xFFFF, found[node] >> 16 & 0xFFFF
                if max(left, right) >= start + size - node:
                    return self.bad(f"tree {tree} goes on behind its end", at)
                if not (left and right) and ends[node] > leaves - dimension:
                    return self.bad(f"tree {tree} ends in the value {ends[node]} of {leaves}", at)
        return None

    def numbers(self, flat: Flatbuffer, vector: Vector) -> Sequence[int]:
        """Return a vector of numbers."""
        if vector.length > _MOST:
            raise LimitExceededError("numbers of one vector", _MOST)
        return array("i", flat.integers(vector))

    def counters(self, cursor: Cursor) -> None:
        """Step over the tables of counters, each a flatbuffer behind its size."""
        count = cursor.u32()
        for _ in range(count):
            begin = cursor.at
            size = _size(cursor)
            if not size or size > cursor.left:
                raise DamagedError(f"a table of {size} bytes, {cursor.left} left", begin)
            flat = Flatbuffer(self.source.part(cursor.at, size), self.limits)
            table = flat.root()
            hashes, blob = flat.vector(table, 1, 1), flat.vector(table, 2, 1)
            if hashes.length % 16 or blob.length % 4:
                why = f"counters of {hashes.length} and {blob.length} bytes"
                self.notes.fault("invalid", "counters", why, begin)
            cursor.skip(size)

    def bad(self, why: str, at: int) -> None:
        """Note that the trees leave their bounds."""
        self.notes.fault("reference", "trees", why, at)


def _size(cursor: Cursor) -> int:
    size = cursor.u32()
    return cursor.u64() if size == _LONG else size


# --- JSON -----------------------------------------------------------------------------------------


class _Json:
    """The reader of models as JSON."""

    @staticmethod
    def read(source: Source, limits: Limits) -> CatboostModel:
        """Read a model; CatBoost looks up features and leaves by the numbers in it."""
        model = _Gathered(source)
        if model.notes.attempt(lambda: feed_json(source, Each(model.model), limits)):
            model.whole()
        return CatboostModel(
            source=source,
            format="catboost-json",
            producer=_producer(model.info.text("catboost_version_info")),
            gaps=tuple(model.notes.gaps),
            metadata=tuple(model.notes.metadata),
            faults=tuple(model.notes.faults),
            trees=model.trees,
            splits=model.splits,
            symmetric=model.symmetric,
        )


JSON = _Json()


class _Gathered:
    """What a model shows."""

    def __init__(self, source: Source) -> None:
        self.notes = Notes(source)
        self.info = Members()
        self.features = {name: Each(Members) for name in ("float_features", "categorical_features")}
        self.trees = self.splits = 0
        self.symmetric = True
        self.widest: dict[str, tuple[int, int]] = {}

    def model(self, at: int) -> Node:
        """Describe the model."""
        return Members(
            at,
            model_info=self.about,
            features_info=lambda at: Members(
                at, **{name: lambda _, each=each: each for name, each in self.features.items()}
            ),
            oblivious_trees=lambda _: Each(lambda at: _Oblivious(at, self)),
            trees=lambda _: Each(self.nested),
        )

    def about(self, at: int) -> Node:
        """Keep what the model says of itself."""
        self.info = Members(at)
        return self.info

    def nested(self, at: int) -> Node:
        """Describe a tree that is not symmetric."""
        self.trees += 1
        self.symmetric = False
        return self.node(at)

    def node(self, at: int) -> Node:
        """Describe one of its nodes."""
        return Members(at, left=self.node, right=self.node, split=self.split)

    def split(self, at: int) -> Node:
        """Describe a split."""
        self.splits += 1
        return _Split(at, self)

    def whole(self) -> None:
        """Hold the features that splits use to those that there are."""
        if not self.trees:
            self.notes.fault("invalid", "trees", "no trees", 0)
        for name, (index, at) in self.widest.items():
            count = self.features[name].count
            if not 0 <= index < count:
                why = f"a split uses the feature {index} of {count} {name}"
                self.notes.fault("reference", "trees", why, at)
        for key, value in self.info.values.items():
            if isinstance(value, str):
                self.notes.describe(key[:300], value[:_SHOWN], self.info.at)


class _Split(Members):
    """One split."""

    __slots__ = ("model",)
    _OF = (("float_feature_index", "float_features"), ("cat_feature_index", "categorical_features"))

    _KEYS = frozenset(key for key, _ in _OF) | {"ctr_target_border_idx", "estimated_feature_index"}

    def __init__(self, at: int, model: _Gathered) -> None:
        super().__init__(at)
        self.model = model

    def closed(self, at: int) -> None:
        if not self._KEYS & self.values.keys():
            self.model.notes.fault("invalid", "trees", "a split of nothing", self.at)
        for key, of in self._OF:
            index = self.number(key)
            if index is None:
                continue
            known = self.model.widest.get(of, (-1, 0))[0]
            if index < 0 or (known >= -1 and index > known):
                self.model.widest[of] = (index if index >= 0 else -2, self.at)


class _Oblivious(Members):
    """One symmetric tree."""

    __slots__ = ("leaves", "model", "named", "splits")

    def __init__(self, at: int, model: _Gathered) -> None:
        self.model = model
        self.leaves = Counted(at)
        self.splits = Each(model.split)
        self.named = False
        super().__init__(at, leaf_values=lambda _: self.leaves)

    def opened(self, name: str, at: int, *, array: bool) -> Node | None:
        if name != "splits":
            return super().opened(name, at, array=array)
        self.named = True
        return self.splits

    def closed(self, at: int) -> None:
        self.model.trees += 1
        levels = self.splits.count
        if not self.named and self.values.get("splits", "") is not None:
            self.model.notes.fault("invalid", "trees", "a tree without splits", self.at)
        if levels > _DEEPEST or self.leaves.count % (1 << levels) or not self.leaves.count:
            why = f"{self.leaves.count} values for the leaves of a tree of {levels} levels"
            self.model.notes.fault("reference", "trees", why, self.at)
