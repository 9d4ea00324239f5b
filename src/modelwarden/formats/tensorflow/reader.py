"""TensorFlow models: which operations they run, and what Keras left in them."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import islice

from modelwarden.core import GapKind, InventoryItem, ItemKind
from modelwarden.core.values import dataclass
from modelwarden.formats.identified import protobuf as told
from modelwarden.formats.identified.kind import Kind
from modelwarden.formats.limits import LimitExceededError, Limits
from modelwarden.formats.protobuf import LEN, Field, fields, text
from modelwarden.formats.source import Source
from modelwarden.formats.tensorflow.graph import Graphs, Layer, Operation
from modelwarden.formats.view import Child, DamagedError, View

_JSON = (b"{", b"[", b" ")
_MODEL = "saved_model.pb"
_OPERATION = re.compile(r"[A-Za-z_][\w.>/:\\-]{0,300}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorflowModel(View):
    """One SavedModel, MetaGraph or GraphDef.

    Attributes:
        operations: each kind once, those of the function library among them.
        functions: names of the functions in the library: they are called like operations.
        assets: names of files that the model brings and reads.
    """

    operations: tuple[Operation, ...] = ()
    functions: frozenset[str] = frozenset()
    assets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TensorflowFormat:
    """One of the messages that TensorFlow writes into files of their own.

    Attributes:
        walk: the method of `Graphs` for the outermost message.
        file: the name under which it is loaded, when that is the only one.
    """

    kind: Kind
    walk: Callable[[Graphs, Field], None]
    file: str = ""

    def sniff(self, source: Source) -> bool:
        """Tell whether the outer messages have the shape of this one.

        A file that has the one name under which it is loaded needs only to be a message: a
        loader does not ask for the parts that an honest writer adds.
        """
        if self.file and source.name.rpartition("/")[2] == self.file:
            return bool(told.outer(source))
        return self.kind.sniff(source) or (self.file == _MODEL and _is_bare(source))

    def read(self, source: Source, limits: Limits) -> TensorflowModel:
        """Walk the whole message; what cannot be read is a gap, the rest is kept."""
        graphs = Graphs(source, limits)
        try:
            self.walk(graphs, Field(0, LEN, source.size, 0, source.size))
            graphs.follow()
        except LimitExceededError as over:
            graphs.note(str(over), GapKind.OVER_LIMIT)
        try:
            producer = self.kind.produced(source)
        except DamagedError:  # the walk has noted it
            producer = None
        inventory: tuple[InventoryItem, ...] = ()
        if producer is not None:
            item = InventoryItem(
                kind=ItemKind.PRODUCER,
                name=producer.name,
                version=producer.version,
                path=source.name,
                member=source.member,
            )
            inventory = (item,)
        return TensorflowModel(
            source=source,
            format=self.kind.id,
            producer=producer,
            gaps=tuple(graphs.gaps),
            children=tuple(_child(source, layer) for layer in graphs.layers),
            inventory=inventory,
            operations=tuple(graphs.operations.values()),
            functions=frozenset(graphs.functions),
            assets=tuple(graphs.assets),
        )


def _is_bare(source: Source) -> bool:
    """Tell whether this is a SavedModel that holds nodes and nothing that describes them."""
    message = tuple(f for f in told.outer(source) if f.wire == LEN)
    for number in (2, 2, 1):
        found = next((f for f in message if f.number == number), None)
        if found is None:
            return False
        try:
            message = tuple(islice(fields(source, found.at, found.end), 16))
        except DamagedError:
            return False
    names = [text(source, f) for f in message if f.wire == LEN and f.number in {1, 2}]
    return len(names) >= 2 and all(_OPERATION.fullmatch(name) for name in names[:2])


def _child(source: Source, layer: Layer) -> Child:
    expect = "keras-layer" if source.read(layer.at, 1) in _JSON else None
    return Child(layer.name, lambda: source.part(layer.at, layer.size, layer.name, expect=expect))


SAVED_MODEL = TensorflowFormat(told.SAVED_MODEL, Graphs.saved_model, _MODEL)
META_GRAPH = TensorflowFormat(told.META_GRAPH, Graphs.meta_graph)
GRAPH_DEF = TensorflowFormat(told.GRAPH_DEF, Graphs.graph)
KERAS_METADATA = TensorflowFormat(told.KERAS_METADATA, Graphs.keras_metadata, "keras_metadata.pb")
