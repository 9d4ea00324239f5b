"""Every operator and every tensor of an ONNX model, wherever it stands, without recursion.

Graphs stand in the model, in training information, in attributes of operators and in functions;
tensors in all of these. Graphs that are met are put on a list and walked in turn, so nesting costs
no stack. A message that occurs twice where one is meant is merged by the common parsers, so every
occurrence is walked.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import field
from typing import TYPE_CHECKING, NamedTuple

from modelwarden.core import GapKind
from modelwarden.core.values import dataclass
from modelwarden.formats.described import Notes
from modelwarden.formats.onnx.tensors import External, Tensor, externals, faults_of, pair, tensor_of
from modelwarden.formats.protobuf import LEN, VARINT, Field, fields, text
from modelwarden.formats.view import DamagedError

if TYPE_CHECKING:
    from modelwarden.formats.limits import Limits

_NAME = 300
_DOC = 1 << 14
_LISTED = 100_000
_DEPTH = 200
_BYTES = 10_000
# Fields of each message in `onnx.proto`; what stands in another one is not looked into by loaders.
_MODEL = {*range(1, 9), 14, 20, 25, 26}
_GRAPH = {1, 2, 5, *range(10, 17)}
_NODE = set(range(1, 11))
_ATTRIBUTE = {*range(1, 12), 13, 14, 15, 20, 21, 22, 23}
_FUNCTION = set(range(1, 15))
# Those that hold numbers; of any other kind they would be unknown fields to a loader.
_NUMBERS = {
    "model": {1, 5},
    "attribute": {2, 3, 7, 8, 20},
    "function": {2, 3},
    "operator set": {2},
    "sparse tensor": {3},
}


@dataclass(slots=True)
class Operator:
    """One kind of operator.

    Attributes:
        domain: of the operator; empty for ONNX's own. name: of the operator.
        node: the first node of that kind. where: the graph or function that it is in.
        at: offset of that node. count: nodes of that kind in all.
    """

    domain: str
    name: str
    node: str
    where: str
    at: int
    count: int = 1


class Bytes(NamedTuple):
    """Bytes in the model that may be a file of their own."""

    name: str
    at: int
    size: int


class _Graph(NamedTuple):
    message: Field
    where: str
    depth: int


@dataclass(slots=True)
class Walk:
    """One walk over a model; what it found stands in its attributes.

    Attributes:
        operators: by domain and name, in the order in which they were met.
        functions: domain and name of the functions that the model brings, with their offset.
        opsets: domains that the model imports, each with the version.
        places: where tensors lie that are not in the model. bytes: strings and raw bytes.
    """

    notes: Notes
    limits: Limits
    operators: dict[tuple[str, str], Operator] = field(default_factory=dict)
    functions: dict[tuple[str, str], int] = field(default_factory=dict)
    opsets: dict[str, int] = field(default_factory=dict)
    places: list[External] = field(default_factory=list)
    bytes: list[Bytes] = field(default_factory=list)
    _queue: deque[_Graph] = field(default_factory=deque)

    def model(self, root: Field) -> None:
        """Walk a `ModelProto` and every graph below it."""
        for one in self._fields(root, _MODEL, "model"):
            if one.number == 7:
                self._later(one, "graph", 0)
            elif one.number == 8:
                self._opset(one)
            elif one.number == 6:
                self._doc(one, "model")
            elif one.number == 14:
                self._metadata(one, "")
            elif one.number == 20:
                self._training(one)
            elif one.number == 25:
                self._function(one)
            self._drain()

    def _drain(self) -> None:
        while self._queue:
            graph = self._queue.popleft()
            self._graph(graph)

    def _later(self, message: Field, where: str, depth: int) -> None:
        if depth > _DEPTH or len(self._queue) >= _LISTED:
            why = f"graphs nested deeper than {_DEPTH}, or more of them than any model has"
            self.notes.note(why, GapKind.OVER_LIMIT, message.at)
        else:
            self._queue.append(_Graph(message, where, depth))

    def _graph(self, graph: _Graph) -> None:
        for one in self._fields(graph.message, _GRAPH, "graph"):
            if one.number == 1:
                self._node(one, graph.where, graph.depth)
            elif one.number == 5:
                self._tensor(one, graph.where)
            elif one.number == 15:
                self._sparse(one, graph.where)
            elif one.number == 10:
                self._doc(one, graph.where)
            elif one.number == 16:
                self._metadata(one, graph.where)

    def _training(self, message: Field) -> None:
        for one in self._fields(message, {1, 2, 3, 4}, "training information"):
            if one.number in (1, 2):
                self._later(one, "training", 0)

    def _function(self, message: Field) -> None:
        name = domain = ""
        for one in self._fields(message, _FUNCTION, "function"):
            if one.number == 1:
                name = text(self.notes.source, one, _NAME)
            elif one.number == 10:
                domain = text(self.notes.source, one, _NAME)
        if len(self.functions) < _LISTED:
            self.functions.setdefault((domain, name), message.at)
        for one in self._fields(message):
            self._body(one, f"function {name}")

    def _body(self, one: Field, where: str) -> None:
        if one.number == 7:
            self._node(one, where, 0)
        elif one.number == 9:
            self._opset(one)
        elif one.number == 11:
            self._attribute(one, where, 0)
        elif one.number == 8:
            self._doc(one, where)
        elif one.number == 14:
            self._metadata(one, where)

    def _node(self, message: Field, where: str, depth: int) -> None:
        node = ""
        kinds, domains = list[str](), list[str]()
        for one in self._fields(message, _NODE, "node"):
            if one.number == 3:
                node = text(self.notes.source, one, _NAME)
            elif one.number == 4:
                kinds.append(text(self.notes.source, one, _NAME))
            elif one.number == 7:
                domains.append(text(self.notes.source, one, _NAME))
            elif one.number == 5:
                self._attribute(one, f"{where}/{node}"[-_NAME:], depth)
            elif one.number == 9:
                self._metadata(one, where)
        # The last of several wins in common parsers, but not in all.
        for domain in domains or [""]:
            for kind in kinds or [""]:
                self._operator(domain, kind, node, where, message.at)

    def _operator(self, domain: str, kind: str, node: str, where: str, at: int) -> None:
        known = self.operators.get((domain, kind))
        if known is not None:
            known.count += 1
        elif len(self.operators) < _LISTED:
            self.operators[domain, kind] = Operator(domain, kind, node, where, at)
        else:
            self.notes.note("more kinds of operators than any graph has", GapKind.OVER_LIMIT, at)

    def _attribute(self, message: Field, where: str, depth: int) -> None:
        name = ""
        for one in self._fields(message, _ATTRIBUTE, "attribute"):
            if one.number == 1:
                name = text(self.notes.source, one, _NAME)
            elif one.number in (5, 10):
                self._tensor(one, where)
            elif one.number in (6, 11):
                self._later(one, f"{where}.{name}"[-_NAME:], depth + 1)
            elif one.number in (22, 23):
                self._sparse(one, where)
            elif one.number in (4, 9):
                self._keep(f"{where}.{name}"[-_NAME:], one)

    def _sparse(self, message: Field, where: str) -> None:
        for one in self._fields(message, {1, 2}, "sparse tensor", {3}):
            if one.number in (1, 2):
                self._tensor(one, where)

    def _tensor(self, message: Field, where: str) -> None:
        made = tensor_of(self.notes.source, message, self.limits)
        named = made.name or f"a tensor of {where}"
        for kind, why in faults_of(made):
            self.notes.fault(kind, made.name, f"{named[:120]}: {why}", made.at)
        for place in externals(made):
            if len(self.places) < _LISTED:
                self.places.append(place._replace(tensor=named))
            else:
                why = "more tensors outside of the model than any has"
                self.notes.note(why, GapKind.OVER_LIMIT, made.at)
        for one in made.metadata:
            self._metadata(one, named)
        self._parts(made, named)

    def _parts(self, made: Tensor, named: str) -> None:
        for one in made.unknown:
            self._unknown(one, "tensor")
        for one in made.strings:
            self._keep(named, one)
        if made.raw is not None:
            self._keep(named, made.raw)

    def _keep(self, name: str, one: Field) -> None:
        if one.wire != LEN or one.value < 4 or not _like_file(self.notes.source.read(one.at, 16)):
            return
        if len(self.bytes) < _BYTES:
            self.bytes.append(Bytes(name, one.at, one.value))
        else:
            why = "more strings that may be files than are looked into"
            self.notes.note(why, GapKind.OVER_LIMIT, one.at)

    def _opset(self, message: Field) -> None:
        domain, version = "", 0
        for one in self._fields(message, {1}, "operator set", {2}):
            if one.number == 1 and one.wire == LEN:
                domain = text(self.notes.source, one, _NAME)
            elif one.number == 2 and one.wire == VARINT:
                version = one.value
        if len(self.opsets) < _LISTED:
            self.opsets.setdefault(domain, version)

    def _doc(self, message: Field, where: str) -> None:
        self.notes.describe(
            f"doc_string of {where}", text(self.notes.source, message, _DOC), message.at
        )

    def _metadata(self, message: Field, where: str) -> None:
        try:
            key, value = pair(self.notes.source, message, self.limits)
        except DamagedError as damage:
            self.notes.note(damage.why, at=damage.offset)
            return
        key = f"{where}: {key}" if where else key
        self.notes.describe(key[:_NAME], value, message.at)
        for one in self._fields(message):
            if one.number == 2:
                self._keep(key[:_NAME], one)

    def _fields(
        self,
        message: Field,
        named: set[int] | None = None,
        what: str = "",
        numbers: set[int] | None = None,
    ) -> Iterator[Field]:
        """Yield the fields of a message that are messages or strings; damage ends it with a gap.

        Args:
            message: to be walked; one that is no LEN has none.
            named: fields that the message has; any other is noted.
            what: the message, for notes.
            numbers: fields that are named, and yielded whatever they hold.
        """
        if message.wire != LEN:
            return
        numbers = numbers or set()
        try:
            for one in fields(self.notes.source, message.at, message.end, self.limits):
                if named is not None and one.number not in named and one.number not in numbers:
                    self._unknown(one, what)
                elif one.wire == LEN or one.number in numbers:
                    yield one
                elif what and one.number not in _NUMBERS.get(what, ()):
                    self.notes.note(f"field {one.number} of a {what} is no message", at=one.at)
        except DamagedError as damage:
            self.notes.note(damage.why, at=damage.offset)

    def _unknown(self, one: Field, what: str) -> None:
        """Say that bytes stand in a field that the specification does not name."""
        if one.wire == LEN and one.value:
            why = f"{one.value} bytes in field {one.number} of a {what}, which ONNX does not name"
            self.notes.note(why, at=one.at)


def _like_file(head: bytes) -> bool:
    """Tell whether bytes begin like a pickle, an archive or a program."""
    if head[:1] == b"\x80":
        return head[1:2] <= b"\x05"
    if head.startswith((b"PK\x03\x04", b"\x7fELF", b"MZ", b"\x1f\x8b\x08", b"BZh", b"\xfd7zXZ")):
        return True
    return head[:1] in b"(]}c" and (b"\n" in head or head.startswith((b"(d", b"(l", b"]q", b"}q")))
