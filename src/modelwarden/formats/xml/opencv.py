"""OpenCV's storage: matrices, and the trees of cascades, which are followed without a check."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from modelwarden.core import GapKind
from modelwarden.formats.limits import LimitExceededError

if TYPE_CHECKING:
    from modelwarden.formats.described import Notes

_TYPES = re.compile(r'"?((?:[0-9]{0,4}[ucwsifdh])+)"?')
_ITEM = re.compile(r"([0-9]{0,4})[ucwsifdh]")
_WHOLE = re.compile(r"-?[0-9]{1,10}")
_LONG = 1 << 22  # characters of the numbers of one tree
_CELLS = 1 << 31
_FEATURES = 1 << 20
_NOT_READ = ("dtree", "rtrees", "boost", "ertrees", "gbt", "ml_dtree", "ml_rtrees", "ml_boost")
_KEPT = frozenset(
    "rows cols dt sizes data width height internalNodes leafValues rect featureType".split()
)

_MATRICES = ("opencv-matrix", "opencv-nd-matrix")


class Opencv:
    """Follows matrices and cascades."""

    def __init__(self, notes: Notes) -> None:
        """Write what is wrong to `notes`."""
        self.notes = notes
        self.open: list[tuple[str, str]] = []
        self.parts: list[str] = []
        self.length = 0
        self.count = 0
        self.torn = ""
        self.matrix: dict[str, str] = {}
        self.cascade: dict[str, str] = {}
        self.trees: list[tuple[list[int], int, int]] = []
        self.nodes = ""
        self.features = 0
        self.rects: list[str] = []

    def start(self, name: str, attributes: Mapping[str, str], at: int) -> None:
        """Take an element."""
        above = self.open[-1][0] if self.open else ""
        kind = attributes.get("type_id", "")
        self.open.append((name, kind))
        self.parts, self.length, self.count, self.torn = [], 0, 0, ""
        if kind in _MATRICES:
            if self.matrix:
                self.notes.fault("reference", "matrix", "a matrix stands within another", at)
            self.matrix = {"at": str(at), "kind": kind}
        elif name == "data" and self.matrix:
            self.matrix["data"] = kind
        old = kind == "opencv-haar-classifier"
        if len(self.open) == 2 and (old or name.removeprefix("opencv_") in _NOT_READ):
            why = f"the trees of {name[:80]!r} are not examined yet"
            self.notes.note(why, GapKind.UNSUPPORTED, at)
        if above == "features" and name == "_":
            self.features += 1
            if self.features > _FEATURES:
                raise LimitExceededError("features of a cascade", _FEATURES)

    def text(self, text: str) -> None:
        """Take text: of the numbers of a matrix, only how many there are."""
        name = self.open[-1][0] if self.open else ""
        if name == "data" and self.matrix:
            words = (self.torn + text).split()
            whole = text[-1:].isspace()
            self.torn = "" if whole or not words else words.pop()[-64:]
            self.count += len(words)
        elif name in _KEPT or name == "_":
            self.length += len(text)
            if self.length > _LONG:
                raise LimitExceededError("characters of one element", _LONG)
            self.parts.append(text)

    def end(self, name: str) -> None:
        """Take the end of an element."""
        _, kind = self.open.pop()
        text = "".join(self.parts).strip()
        self.parts = []
        if name == "data" and self.matrix:
            self.count += bool(self.torn)
            self.torn = ""
            self.matrix["count"] = str(self.count)
        elif self.matrix and name in ("rows", "cols", "dt", "sizes"):
            self.matrix[name] = text
        elif kind in _MATRICES:
            if self.matrix:  # else it stood around another one
                self.cells()
            self.matrix = {}
        else:
            self.part(name, text)

    def part(self, name: str, text: str) -> None:
        """Take a part of a cascade."""
        path = [one for one, _ in self.open]
        if name in ("width", "height", "featureType") and len(path) == 2:
            self.cascade[name] = text
        elif name == "internalNodes":
            self.nodes = text
        elif name == "leafValues":
            self.tree(text)
        elif text and name in ("rect", "_") and "features" in path and path[-1] in ("rects", "_"):
            self.rects.append(text)

    # --- matrices -----------------------------------------------------------------------------

    def cells(self) -> None:
        """Hold the numbers of a matrix to its rows and columns."""
        at = int(self.matrix["at"])
        shape: tuple[str, ...] = (self.matrix.get("rows", ""), self.matrix.get("cols", ""))
        if self.matrix["kind"] == "opencv-nd-matrix":
            shape = tuple(self.matrix.get("sizes", "").split())
        types = _TYPES.fullmatch(self.matrix.get("dt", ""))
        if not shape or types is None or not all(_WHOLE.fullmatch(one) for one in shape):
            why = f"a matrix of {str(shape)[:80]} of {self.matrix.get('dt', '')[:80]!r}"
            return self.notes.fault("reference", "matrix", why, at)
        items = sum(int(many or 1) for many in _ITEM.findall(types[1]))
        cells = items
        for one in shape:
            cells *= int(one)
        packed = self.matrix.get("data") == "binary"
        count = cells if packed else int(self.matrix.get("count", "0"))
        if min(map(int, shape)) < 0 or cells >= _CELLS or cells != count:
            why = f"a matrix of {' × '.join(shape)[:80]} of {items} has {count} numbers"
            self.notes.fault("reference", "matrix", why, at)
        return None

    # --- cascades -----------------------------------------------------------------------------

    def tree(self, leaves: str) -> None:
        """Keep one tree: its nodes, and how many leaves it has."""
        numbers = self.nodes.split()
        step = 11 if self.cascade.get("featureType") == "LBP" else 4
        nodes = []
        for begin in range(0, len(numbers), step):
            node = numbers[begin : begin + 3]
            if len(numbers) - begin < step or not all(_WHOLE.fullmatch(one) for one in node):
                return self.bad(f"tree {len(self.trees)} has a node that is none")
            nodes += [int(one) for one in node]
        self.trees.append((nodes, len(leaves.split()), len(self.trees)))
        if len(self.trees) > _FEATURES:
            raise LimitExceededError("trees of a cascade", _FEATURES)
        return None

    def whole(self) -> None:
        """Hold the trees to their nodes and leaves, and features to the window."""
        for nodes, leaves, index in self.trees:
            if why := self.shape(nodes, leaves):
                return self.bad(f"tree {index}: {why}")
        width, height = (
            int(text) if _WHOLE.fullmatch(text := self.cascade.get(name, "")) else 0
            for name in ("width", "height")
        )
        cells = 3 if self.cascade.get("featureType") == "LBP" else 1
        for index, text in enumerate(self.rects):
            found = [int(one) for one in text.split()[:4] if _WHOLE.fullmatch(one)]
            if len(found) == 4 and min(found) >= 0:
                x, y, wide, high = found
                if x + cells * wide <= width and y + cells * high <= height:
                    continue
            return self.bad(f"the rectangle {index} leaves the window: {text[:60]!r}")
        return None

    def shape(self, nodes: list[int], leaves: int) -> str:
        """Return what is wrong with a tree: each step is on to a later node, or to a leaf."""
        count = len(nodes) // 3
        for node in range(count):
            for child in nodes[3 * node : 3 * node + 2]:
                if not (node < child < count or -leaves < child <= 0):
                    return f"node {node} goes on to {child}, of {count} nodes and {leaves} leaves"
            if not 0 <= nodes[3 * node + 2] < self.features:
                return f"node {node} asks for the feature {nodes[3 * node + 2]} of {self.features}"
        return ""

    def bad(self, why: str) -> None:
        """Note that a cascade leaves its bounds."""
        self.notes.fault("reference", "cascade", why, 0)
