"""TensorFlow.js: `model.json` and manifests of weights, with the files that they name.

    {format, modelTopology, weightsManifest: [{paths, weights: [{name, shape, dtype}]}]}

Layers are Keras configurations and read as such; the operations of a graph are read as those of
TensorFlow are, for converters build such a graph from them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from modelwarden.core import GapKind
from modelwarden.core.values import dataclass
from modelwarden.formats.described import Notes, PlainModel
from modelwarden.formats.identified.kind import plain, producer
from modelwarden.formats.nested import Each, Members, Node, Scalar, feed_json
from modelwarden.formats.view import Child

if TYPE_CHECKING:
    from modelwarden.core import Producer
    from modelwarden.formats.limits import Limits
    from modelwarden.formats.source import Source
    from modelwarden.formats.tensorflow.graph import Operation
    from modelwarden.formats.tensorflow.reader import TensorflowModel

_BYTES = {
    "float32": 4,
    "int32": 4,
    "complex64": 8,
    "float16": 2,
    "uint16": 2,
    "uint8": 1,
    "bool": 1,
    "string": 0,
}
_MOST = 1 << 46
_FILES = 1000
_LISTED = 10_000
_VERSION = re.compile(r"v?(\d+(?:\.\w+)+)")
# Kernels that only TensorFlow.js has; others that begin with `_` are known by that.
_OWN = frozenset({"FusedDepthwiseConv2dNative", "Prelu"})


@dataclass(frozen=True, slots=True, kw_only=True)
class TfjsModel(PlainModel):
    """One model, or one manifest of weights.

    Attributes:
        kind: `layers-model`, `graph-model`, or empty. weights: how many. size: their bytes.
        files: names of the files that hold them.
    """

    kind: str = ""
    weights: int = 0
    size: int = 0
    files: tuple[str, ...] = ()


def read(source: Source, limits: Limits) -> TfjsModel:
    """Read a model, or a manifest."""
    model = _Model(source)
    model.notes.attempt(lambda: feed_json(source, _Top(model), limits))
    children: tuple[Child, ...] = ()
    if model.graph:
        at, end = model.graph
        part = partial(source.part, at, end - at, "modelTopology", expect="tfjs-graph")
        children = (Child("modelTopology", part),)
    return TfjsModel(
        source=source,
        format="tfjs-model",
        producer=model.producer(),
        gaps=tuple(model.notes.gaps),
        children=children,
        metadata=tuple(model.notes.metadata),
        faults=tuple(model.notes.faults),
        places=tuple(model.notes.places),
        kind=model.top.text("format"),
        weights=model.weights,
        size=model.size,
        files=tuple(model.files),
    )


class _Manifest:
    """The reader of manifests that stand alone."""

    @staticmethod
    def read(source: Source, limits: Limits) -> TfjsModel:
        """Read a manifest."""
        return replace(read(source, limits), format="tfjs-weights-manifest")


MANIFEST = _Manifest()


class _Model:
    """What is gathered from one file."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.notes = Notes(source)
        self.top = Members()
        self.graph: tuple[int, int] | None = None  # where it lies
        self.weights = self.size = 0
        self.files: dict[str, None] = {}

    def described(self, at: int) -> Node:
        """Describe the object at the top."""
        self.top = Members(
            at,
            weightsManifest=lambda _: Each(self.group),
            modelTopology=lambda at: _Topology(at, self),
            userDefinedMetadata=lambda at: _Told(at, self.notes, "userDefinedMetadata"),
        )
        return self.top

    def group(self, at: int) -> Node:
        """Describe one group of weights."""
        return _Group(at, self)

    def producer(self) -> Producer | None:
        """Tell who wrote it."""
        found = _VERSION.search(plain(self.top.text("convertedBy")))
        return producer("tensorflowjs", found[1] if found else None)

    def wrong(self, why: str, at: int) -> None:
        """Note that the manifest contradicts itself, which TensorFlow.js refuses."""
        self.notes.fault("invalid", "weights", why, at)


class _Top(Node):
    """A model is an object, a manifest an array of groups."""

    __slots__ = ("model",)

    def __init__(self, model: _Model) -> None:
        self.model = model

    def opened(self, name: str, at: int, *, array: bool) -> Node | None:
        return Each(self.model.group) if array else self.model.described(at)


class _Topology(Members):
    """The network: a graph has nodes, layers have none."""

    __slots__ = ("graph", "model")

    def __init__(self, at: int, model: _Model) -> None:
        super().__init__(at)
        self.model = model
        self.graph = False

    def opened(self, name: str, at: int, *, array: bool) -> Node | None:
        self.graph = self.graph or name in ("node", "library")
        return None

    def closed(self, at: int) -> None:
        if self.graph:
            self.model.graph = self.at, at


class _Told(Node):
    """Texts with which a model describes itself, however deep they stand."""

    __slots__ = ("name", "notes")

    def __init__(self, at: int, notes: Notes, name: str) -> None:
        self.notes, self.name = notes, name

    def opened(self, name: str, at: int, *, array: bool) -> Node | None:
        return _Told(at, self.notes, f"{self.name}.{name}"[:300] if name else self.name)

    def pairs(self, pairs: Sequence[tuple[str, Scalar]], at: int) -> None:
        for name, value in pairs:
            if isinstance(value, str):
                self.notes.describe(f"{self.name}.{name}"[:300], value[: 1 << 14], at)

    def items(self, items: Sequence[Scalar], at: int) -> None:
        for value in items:
            if isinstance(value, str):
                self.notes.describe(self.name, value[: 1 << 14], at)


class _Group(Members):
    """Weights that lie behind one another, in one file or several."""

    __slots__ = ("model", "paths", "size", "texts")

    def __init__(self, at: int, model: _Model) -> None:
        self.model = model
        self.paths = _Texts(at)
        self.size = 0
        self.texts = False  # whose bytes do not follow from their shape
        super().__init__(
            at, paths=lambda _: self.paths, weights=lambda _: Each(lambda at: _Weight(at, self))
        )

    def closed(self, at: int) -> None:
        model, begin = self.model, self.paths.at
        for path in self.paths.values:
            model.notes.place("weights", path, begin)
        model.size += self.size
        model.files.update(dict.fromkeys(self.paths.values[:_FILES]))
        if self.paths.more or len(model.files) > _FILES:
            why = "weights in more files than are looked for"
            return model.notes.note(why, GapKind.OVER_LIMIT, begin)
        if not self.paths.values:
            return model.wrong("a group of weights in no file", self.at)
        sizes = [self.beside(path) for path in self.paths.values]
        if not self.texts and None not in sizes and sum(size or 0 for size in sizes) != self.size:
            there = sum(size or 0 for size in sizes)
            model.wrong(f"{self.size} bytes of weights, {there} in their files", self.at)
        return None

    def beside(self, path: str) -> int | None:
        """Return the size of a file of weights, or None where it is not there."""
        found = self.model.source.beside(path.removeprefix("./"))
        if found is None:
            return None
        with found:
            return found.size


class _Texts(Node):
    """The texts of an array."""

    __slots__ = ("at", "more", "values")

    def __init__(self, at: int) -> None:
        self.at = at
        self.values: list[str] = []
        self.more = False

    def items(self, items: Sequence[Scalar], at: int) -> None:
        self.values += [item for item in items if isinstance(item, str)][: _FILES + 1]
        self.more = self.more or len(self.values) > _FILES
        del self.values[_FILES:]


class _Weight(Members):
    """One weight: its bytes follow from its shape and the type in which it is stored."""

    __slots__ = ("group", "quantised", "shape")

    def __init__(self, at: int, group: _Group) -> None:
        self.group = group
        self.shape: list[Scalar] | None = None
        self.quantised: Members | None = None
        super().__init__(at, quantization=self.stored)

    def opened(self, name: str, at: int, *, array: bool) -> Node | None:
        if name != "shape":
            return super().opened(name, at, array=array)
        self.shape = []
        return _Shape(self.shape)

    def stored(self, at: int) -> Node:
        """Describe how the numbers are quantised."""
        self.quantised = Members(at)
        return self.quantised

    def closed(self, at: int) -> None:
        model = self.group.model
        model.weights += 1
        of = self.quantised if self.quantised is not None else self
        item = _BYTES.get(of.text("dtype"))
        shape = [n for n in self.shape or () if type(n) is int and n >= 0]
        if self.shape is None or len(shape) != len(self.shape) or len(shape) > 64:
            model.wrong(f"the weight {self.text('name')[:120]!r} has no shape", self.at)
        elif item is None:
            why = f"the weight {self.text('name')[:120]!r} is of the type {of.text('dtype')[:80]!r}"
            model.wrong(why, self.at)
        elif math.prod(shape) * item > _MOST:
            model.wrong(
                f"the weight {self.text('name')[:120]!r} has the shape {shape[:8]}", self.at
            )
        else:
            self.group.size += math.prod(shape) * item


class _Shape(Node):
    """Some numbers."""

    __slots__ = ("into",)

    def __init__(self, into: list[Scalar]) -> None:
        self.into = into

    def items(self, items: Sequence[Scalar], at: int) -> None:
        self.into += items[: 65 - min(len(self.into), 65)]


# --- graphs ---------------------------------------------------------------------------------------


class _Graph:
    """The reader of the graph in a model."""

    @staticmethod
    def read(source: Source, limits: Limits) -> TensorflowModel:
        """Collect the operations of nodes and functions."""
        from modelwarden.formats.tensorflow.reader import TensorflowModel

        graph = _Nodes()
        notes = Notes(source)
        notes.attempt(lambda: feed_json(source, Each(graph.topology), limits))
        return TensorflowModel(
            source=source,
            format="tfjs-graph",
            gaps=tuple(notes.gaps),
            operations=tuple(graph.operations.values()),
            functions=frozenset(graph.functions),
        )

    @staticmethod
    def sniff(source: Source) -> bool:
        """Answer that nothing is one: who reads the model says what is."""
        del source
        return False


GRAPH = _Graph()


class _Nodes:
    """What a graph shows."""

    def __init__(self) -> None:
        self.operations: dict[str, Operation] = {}
        self.functions: set[str] = set()

    def topology(self, at: int) -> Node:
        """Describe the graph."""
        return Members(at, node=lambda _: Each(self.node), library=self.library)

    def library(self, at: int) -> Node:
        """Describe the functions."""
        function = partial(Members, signature=self.signature)
        for key in ("nodeDef", "node_def", "node"):
            function = partial(function, **{key: lambda _: Each(self.node)})
        return Members(at, function=lambda _: Each(function))

    def signature(self, at: int) -> Node:
        """Describe the name of a function."""
        return _Kept(at, self.signed)

    def node(self, at: int) -> Node:
        """Describe one node."""
        return _Kept(at, self.noded)

    def signed(self, members: Members) -> None:
        """Keep the name of a function."""
        if len(self.functions) < _LISTED:
            self.functions.add(members.text("name")[:300])

    def noded(self, members: Members) -> None:
        """Keep the operation of a node."""
        from modelwarden.formats.tensorflow.graph import Operation

        name = members.text("op")[:300]
        if name in self.operations:
            self.operations[name].count += 1
        elif name not in _OWN and len(self.operations) < _LISTED:
            self.operations[name] = Operation(name, members.text("name")[:300], "", members.at)


class _Kept(Members):
    """An object of which somebody is told when it ends."""

    __slots__ = ("tell",)

    def __init__(self, at: int, tell: Callable[[Members], None]) -> None:
        super().__init__(at)
        self.tell = tell

    def closed(self, at: int) -> None:
        self.tell(self)
