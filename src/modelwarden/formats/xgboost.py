"""The binary files that XGBoost wrote before JSON: every tree, node and name held to its bounds.

    [binf] parameters(136) objective booster | trees or weights | attributes | metrics

XGBoost itself reads these without checks, so what leaves its bounds here leaves them there.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterator
from typing import TYPE_CHECKING

from modelwarden.core.values import dataclass
from modelwarden.formats.cursor import Cursor
from modelwarden.formats.described import Notes, PlainModel
from modelwarden.formats.identified.magic import XGBOOST
from modelwarden.formats.limits import LimitExceededError
from modelwarden.formats.view import DamagedError

if TYPE_CHECKING:
    from modelwarden.formats.limits import Limits
    from modelwarden.formats.source import Source

_TREE = 148
_NODE = struct.Struct("<iiiII")
_STATISTICS = 16
_LEAF = -1
_INDEX = (1 << 31) - 1
_DELETED = (1 << 32) - 1
_NODES = 8 << 20
_CHUNK = 4096  # nodes read at once
_NAME = 1 << 20
_SHOWN = 1 << 14


@dataclass(frozen=True, slots=True, kw_only=True)
class XgboostBinary(PlainModel):
    """One model.

    Attributes:
        objective, booster: names. trees: how many. nodes: in all trees.
        end: first byte behind the model.
    """

    objective: str = ""
    booster: str = ""
    trees: int = 0
    nodes: int = 0
    end: int = 0


def sniff(source: Source) -> bool:
    """Tell whether a block of parameters and the two names stand at the front."""
    return XGBOOST.sniff(source)


def read(source: Source, limits: Limits) -> XgboostBinary:
    """Walk the model; what breaks off is a fault and a gap."""
    walk = _Walk(source, limits, Notes(source), Cursor(source))
    if walk.notes.attempt(walk.run, "reference"):
        walk.notes.behind(walk.cursor.at)
    return XgboostBinary(
        source=source,
        format="xgboost-binary",
        producer=XGBOOST.produced(source),
        gaps=tuple(walk.notes.gaps),
        children=tuple(walk.notes.children),
        metadata=tuple(walk.notes.metadata),
        faults=tuple(walk.notes.faults),
        objective=walk.objective,
        booster=walk.booster,
        trees=walk.trees,
        nodes=walk.nodes,
        end=walk.cursor.at,
    )


@dataclass(slots=True)
class _Walk:
    """One walk over a file; what it found stands in its attributes."""

    source: Source
    limits: Limits
    notes: Notes
    cursor: Cursor
    features: int = 0
    outputs: int = 1
    objective: str = ""
    booster: str = ""
    trees: int = 0
    nodes: int = 0

    def run(self) -> None:
        """Walk all of it."""
        cursor = self.cursor
        if self.source.head.startswith(b"binf"):
            cursor.skip(4)
        _, self.features, classes, extra, metrics = cursor.unpack("<fIiii")
        _, _, targets = cursor.unpack("<III")
        self.outputs = max(1, classes, targets)
        cursor.skip(136 - 32)
        self.objective, self.booster = self._string(), self._string()
        if self.booster == "gblinear":
            self._linear()
        else:
            self._trees()
        if extra:
            self._attributes()
        # Releases from 1.0 on keep these two among the attributes, and leave the flag.
        if self.objective == "count:poisson" and cursor.left:
            self._string()
        if metrics and cursor.left:
            for _ in self._counted("metrics", 8):
                self._string()

    def _counted(self, what: str, least: int) -> Iterator[int]:
        """Return a range over a 64-bit count of things that take `least` bytes each."""
        at, count = self.cursor.at, self.cursor.u64()
        if count * least > self.cursor.left:
            raise DamagedError(f"{count} {what} announced, {self.cursor.left} bytes left", at)
        self.limits.spend(operations=count)
        return iter(range(count))

    def _string(self) -> str:
        at, size = self.cursor.at, self.cursor.u64()
        if size > min(_NAME, self.cursor.left):
            raise DamagedError(f"a text of {size} bytes, {self.cursor.left} left", at)
        return self.cursor.take(size)[:_SHOWN].decode("utf-8", "replace")

    def _floats(self, what: str) -> int:
        count = sum(1 for _ in self._counted(what, 4))
        self.cursor.skip(4 * count)
        return count

    def _linear(self) -> None:
        at = self.cursor.at
        features, groups = self.cursor.unpack("<II")
        self.cursor.skip(128)
        weights = self._floats("weights")
        # Releases from 1.0 on say it once for the whole model.
        features, groups = features or self.features, groups or self.outputs
        if weights != (features + 1) * groups:
            why = f"{weights} weights for {features} features and {groups} outputs"
            self.notes.fault("reference", "weights", why, at)

    def _trees(self) -> None:
        at = self.cursor.at
        count, _, features, _, buffered, groups, _ = self.cursor.unpack("<iiiiqii")
        self.cursor.skip(160 - 32)
        if count < 0 or count * (_TREE + _NODE.size) > self.cursor.left:
            raise DamagedError(f"{count} trees announced, {self.cursor.left} bytes left", at)
        if features < 0 or (self.features and features > self.features):
            why = f"its trees have {features} features, the model {self.features}"
            self.notes.fault("reference", "trees", why, at)
        if buffered:
            self.notes.note("predictions are kept with the model, which is not read", at=at)
        self.trees = count
        for index in range(count):
            self._tree(index)
        self._groups(count, max(groups, self.outputs))
        if self.booster == "dart" and count and self._floats("weights of trees") != count:
            self.notes.fault("reference", "weights", "not one weight for each tree", at)

    def _groups(self, count: int, groups: int) -> None:
        at = self.cursor.at
        for group in struct.unpack(f"<{count}i", self.cursor.take(4 * count)):
            if not 0 <= group < groups:
                why = f"a tree is of the output {group} of {groups}"
                self.notes.fault("reference", "trees", why, at)
                return

    def _tree(self, index: int) -> None:
        at = self.cursor.at
        _, nodes, _, _, features, leaf = self.cursor.unpack("<iiiiii")
        self.cursor.skip(_TREE - 24)
        if nodes < 1 or nodes * (_NODE.size + _STATISTICS) > self.cursor.left:
            raise DamagedError(f"{nodes} nodes announced, {self.cursor.left} bytes left", at)
        if nodes > _NODES:
            raise LimitExceededError("nodes of one tree", _NODES)
        self.limits.spend(operations=nodes)
        self.nodes += nodes
        most = max(features, self.features, 0)
        if self.features and features > self.features:
            why = f"tree {index} has {features} features, the model {self.features}"
            self.notes.fault("reference", f"tree {index}", why, at)
        self._shape(index, nodes, most)
        self.cursor.skip(_STATISTICS * nodes)
        if leaf:
            self._floats("leaf values")

    def _shape(self, index: int, nodes: int, features: int) -> None:
        """Hold the nodes of one tree against one another: each child knows its parent."""
        begin = self.cursor.at
        parents, expected = array("i"), array("i", [-1]) * nodes
        gone: list[int] = []  # deleted nodes with children, which nobody may go on to
        for first in range(0, nodes, _CHUNK):
            raw = self.cursor.take(_NODE.size * min(_CHUNK, nodes - first))
            for number, node in enumerate(_NODE.iter_unpack(raw), first):
                parent, left, right, split, _ = node
                parents.append(-1 if parent == -1 else parent & _INDEX)
                if left == _LEAF:
                    continue
                if split == _DELETED:
                    gone.append(number)
                    continue
                why = self._children(number, left, right, expected)
                if split & _INDEX >= features:
                    why = f"node {number} asks for the feature {split & _INDEX} of {features}"
                if why:
                    self._bad(index, why, begin + number * _NODE.size)
                    return self.cursor.skip(begin + nodes * _NODE.size - self.cursor.at)
        return self._parents(index, begin, (parents, expected), gone)

    def _parents(
        self, index: int, begin: int, known: tuple[array[int], array[int]], gone: list[int]
    ) -> None:
        """Hold each node to the one that goes on to it."""
        parents, expected = known
        for number in gone:
            if expected[number] != -1:
                why = f"node {expected[number]} goes on to node {number}, which is deleted"
                self._bad(index, why, begin + number * _NODE.size)
                break
        for number in range(len(expected)):
            if expected[number] not in (-1, parents[number]) or (not number and expected[0] != -1):
                why = f"node {number} is the child of {expected[number]}, and says otherwise"
                self._bad(index, why, begin + number * _NODE.size)
                break

    def _children(self, number: int, left: int, right: int, expected: array[int]) -> str:
        for child in (left, right):
            if not 0 < child < len(expected):
                return f"node {number} goes on to node {child} of {len(expected)}"
            if expected[child] != -1:
                return f"node {child} is the child of two nodes"
            expected[child] = number
        return ""

    def _bad(self, index: int, why: str, at: int) -> None:
        self.notes.fault("reference", f"tree {index}", f"tree {index}: {why}", at)

    def _attributes(self) -> None:
        for _ in self._counted("attributes", 16):
            key = self._string()
            at = self.cursor.at
            self.notes.describe(key[:300], self._string(), at)
