"""Every operation of a graph: in the graph itself and in the functions of its library.

Field numbers are those of `saved_model.proto`, `meta_graph.proto`, `graph.proto`, `function.proto`
and `saved_object_graph.proto`. A message that occurs twice where one is meant is merged by the
common parsers, so every occurrence is walked.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from dataclasses import field
from itertools import islice
from typing import TYPE_CHECKING, TypeAlias

from modelwarden.core import Gap, GapKind
from modelwarden.core.values import dataclass
from modelwarden.formats.protobuf import LEN, Field, fields, text
from modelwarden.formats.tensorflow.paths import KEPT, OPENS, Wires
from modelwarden.formats.view import DamagedError, gap

if TYPE_CHECKING:
    from modelwarden.formats.limits import Limits
    from modelwarden.formats.source import Source

Handler: TypeAlias = "Callable[[Field, str], None]"

_NAME = 300
_GAPS = 50
_PRINT = "PrintV2"
_NODE = frozenset({1, 2, 5})  # name, operation, attributes
_LISTED = 100_000
_TEXTS = 20


@dataclass(slots=True)
class Operation:
    """One kind of operation.

    Attributes:
        name: of the operation.
        node: the first node of that kind. function: of the library that it is in, or empty.
        at: offset of that node. count: nodes of that kind in all.
        stream: the file that a node of that kind prints to; empty for none.
        paths: constants that name the files which nodes of that kind open.
    """

    name: str
    node: str
    function: str
    at: int
    count: int = 1
    stream: str = ""
    paths: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Layer:
    """The JSON that Keras left with one object of a SavedModel: where it lies in the file."""

    name: str
    at: int
    size: int


@dataclass(slots=True)
class Graphs:
    """One walk over a file; what it found stands in its attributes.

    Attributes:
        operations: by name, in the order in which they were met.
        functions: names of the library's functions.
        layers: Keras metadata. assets: names of files that the model brings.
        wires: by function, empty for the graph itself: nodes that lead to names of files.
        gaps: what could not be read.
    """

    source: Source
    limits: Limits
    operations: dict[str, Operation] = field(default_factory=dict)
    functions: dict[str, None] = field(default_factory=dict)
    layers: list[Layer] = field(default_factory=list)
    assets: list[str] = field(default_factory=list)
    wires: dict[str, Wires] = field(default_factory=dict)
    gaps: list[Gap] = field(default_factory=list)

    def saved_model(self, root: Field) -> None:
        """Walk a `SavedModel`."""
        self._each(root, {2: self.meta_graph})

    def meta_graph(self, message: Field, where: str = "") -> None:
        """Walk a `MetaGraphDef`: the graph, the assets and the objects."""
        handlers: dict[int, Handler] = {
            2: self.graph,
            6: self._asset,
            7: self._object_graph,
        }
        self._each(message, handlers, where)

    def graph(self, message: Field, where: str = "") -> None:
        """Walk a `GraphDef`: nodes, and the functions of the library."""
        self._each(message, {1: self._node, 2: self._library}, where)

    def keras_metadata(self, root: Field) -> None:
        """Walk a `SavedMetadata`: one node for each Keras object."""
        self._each(root, {1: self._metadata_node})

    def _library(self, message: Field, where: str) -> None:
        self._each(message, {1: self._function}, where)

    def _function(self, message: Field, where: str) -> None:
        name = where
        for signature in self._inside(message, 1):
            for named in self._inside(signature, 1):
                name = text(self.source, named, _NAME)
        if len(self.functions) < _LISTED:
            self.functions[name] = None
        self._each(message, {3: self._node}, name)

    def _node(self, message: Field, where: str) -> None:
        name, kinds, stream = "", list[str](), ""
        for inner in self._fields(message, _NODE):
            if inner.number == 1:
                name = text(self.source, inner, _NAME)
            elif inner.number == 2:
                kinds.append(text(self.source, inner, _NAME))
            elif inner.number == 5 and kinds[-1:] in ([], [_PRINT]):
                stream = self._stream(inner) or stream
        for kind in kinds:
            self._operation(kind, name, where, message.at)
            if stream and kind in self.operations:
                self.operations[kind].stream = stream
            if kind in KEPT or kind in OPENS:
                self.wires.setdefault(where, Wires()).keep(kind, name, message)

    def follow(self) -> None:
        """Find the constants that name the files which operations open."""
        for wires in self.wires.values():
            for kind, path in wires.paths(self._wired):
                known = self.operations.get(kind)
                if known is not None and path not in known.paths and len(known.paths) < _GAPS:
                    known.paths.append(path)

    def _wired(self, node: Field) -> tuple[str, list[str], list[str]]:
        """Return the operation of a node, its inputs, and the texts of its value."""
        kind, inputs, values = "", list[str](), list[str]()
        for inner in self._fields(node, (2, 3, 5)):
            if inner.number == 2:
                kind = text(self.source, inner, _NAME)
            elif inner.number == 3:
                inputs.append(text(self.source, inner, _NAME))
            elif inner.number == 5:
                values += self._texts(inner)
        return kind, inputs, values

    def _texts(self, attribute: Field) -> Iterator[str]:
        for value in self._inside(attribute, 2):
            for tensor in self._inside(value, 8):
                for string in islice(self._inside(tensor, 8), _TEXTS):
                    yield text(self.source, string, _NAME)

    def _stream(self, attribute: Field) -> str:
        """Return the file that an attribute of a printing node names."""
        key, value = "", ""
        for inner in self._fields(attribute, (1, 2)):
            if inner.number == 1:
                key = text(self.source, inner, _NAME)
            elif inner.number == 2:
                for string in self._inside(inner, 2):
                    value = text(self.source, string, _NAME)
        return value if key == "output_stream" and value.startswith("file://") else ""

    def _operation(self, kind: str, node: str, where: str, at: int) -> None:
        known = self.operations.get(kind)
        if known is not None:
            known.count += 1
        elif len(self.operations) < _LISTED:
            self.operations[kind] = Operation(kind, node, where, at)
        else:
            self.note("more kinds of operations than any graph has", GapKind.OVER_LIMIT)

    def _asset(self, message: Field, where: str) -> None:
        del where
        for name in self._inside(message, 2):
            if len(self.assets) < _LISTED:
                self.assets.append(text(self.source, name, _NAME))

    def _object_graph(self, message: Field, where: str) -> None:
        self._each(message, {1: self._saved_object}, where)

    def _saved_object(self, message: Field, where: str) -> None:
        self._each(message, {4: self._user_object}, where)

    def _user_object(self, message: Field, where: str) -> None:
        self._keras(message, 1, 3, where)

    def _metadata_node(self, message: Field, where: str) -> None:
        self._keras(message, 4, 5, where)

    def _keras(self, message: Field, identifier: int, metadata: int, where: str) -> None:
        del where
        kind = ""
        for inner in self._fields(message, (identifier, metadata)):
            if inner.number == identifier:
                kind = text(self.source, inner, 80)
            elif inner.number == metadata and inner.value and len(self.layers) < _LISTED:
                name = f"{kind or 'object'}[{len(self.layers)}]"
                self.layers.append(Layer(name, inner.at, inner.value))

    def _each(self, message: Field, handlers: dict[int, Handler], where: str = "") -> None:
        for inner in self._fields(message, handlers):
            handler = handlers.get(inner.number)
            if handler is not None:
                handler(inner, where)

    def _inside(self, message: Field, number: int) -> Iterator[Field]:
        return (inner for inner in self._fields(message, (number,)) if inner.number == number)

    def _fields(self, message: Field, wanted: Container[int]) -> Iterator[Field]:
        """Yield the LEN fields of a message, at least those wanted; damage ends it with a gap."""
        try:
            at, end = message.at, message.end
            for inner in fields(self.source, at, end, self.limits, wanted=wanted):
                if inner.wire == LEN:
                    yield inner
        except DamagedError as damage:
            self.note(damage.why, at=damage.offset)

    def note(self, why: str, kind: GapKind = GapKind.UNREADABLE, at: int | None = None) -> None:
        """Add a gap, up to fifty."""
        if len(self.gaps) < _GAPS:
            self.gaps.append(gap(self.source, why, kind, at))
