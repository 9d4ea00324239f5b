"""Constant names of files in a graph: from the operations that open them back to a constant."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import field
from typing import TYPE_CHECKING, TypeAlias

from modelwarden.core.values import dataclass

if TYPE_CHECKING:
    from modelwarden.formats.protobuf import Field

# Which input names the file.
OPENS = {
    "InitializeTableFromTextFile": 1,
    "InitializeTableFromTextFileV2": 1,
    "MergeV2Checkpoints": 1,
    "Restore": 0,
    "RestoreSlice": 0,
    "RestoreV2": 0,
    "Save": 0,
    "SaveSlices": 0,
    "SaveV2": 0,
}
# Operations that hand a text on, and which inputs it may come from; None is any of them.
_CARRIES: dict[str, int | None] = {
    **dict.fromkeys(("ConcatV2", "Pack", "Select", "SelectV2", "Switch", "Merge")),
    **dict.fromkeys(("ExpandDims", "Identity", "IdentityN", "PlaceholderWithDefault"), 0),
    **dict.fromkeys(("Reshape", "ShardedFilename", "ShardedFilespec", "Squeeze"), 0),
    **dict.fromkeys(("StringJoin", "StringLower", "StringStrip", "StringUpper", "Tile"), 0),
    "Fill": 1,
}
KEPT = frozenset(("Const", *_CARRIES))
"""Operations of which a graph must be able to find a node again."""
SIZE = 1 << 12
"""Bytes of a node beyond which it holds numbers and no name of a file."""
_STEPS = 64
_SAME_NAME = 4
_PATHS = 20

# Of a node: its operation, its inputs, and the texts of its value.
Reading: TypeAlias = "Callable[[Field], tuple[str, list[str], list[str]]]"


@dataclass(slots=True)
class Wires:
    """What the nodes of a graph, or of one of its functions, are connected with."""

    nodes: dict[str, list[Field]] = field(default_factory=dict)
    opening: list[Field] = field(default_factory=list)

    def keep(self, kind: str, name: str, node: Field) -> None:
        """Remember a node that may lead from an operation to the name of its file."""
        if kind in OPENS:
            self.opening.append(node)
        elif node.value <= SIZE:
            same = self.nodes.setdefault(name, [])
            if len(same) < _SAME_NAME:
                same.append(node)

    def paths(self, read: Reading) -> Iterator[tuple[str, str]]:
        """Yield each opening operation with the constant that names its file."""
        for node in self.opening:
            kind, inputs, _ = read(node)
            place = OPENS.get(kind, 0)
            begin = inputs[place : place + 1]
            found = dict.fromkeys(self._constants(begin, read))
            yield from ((kind, path) for path in list(found)[:_PATHS])

    def _constants(self, names: list[str], read: Reading) -> Iterator[str]:
        waiting, seen = list(names), set[str]()
        while waiting and len(seen) < _STEPS:
            name = waiting.pop().partition(":")[0]
            if name in seen:
                continue
            seen.add(name)
            for node in self.nodes.get(name, ()):
                kind, inputs, values = read(node)
                yield from values[:1]
                place = _CARRIES.get(kind)
                waiting += inputs if place is None else inputs[place : place + 1]
