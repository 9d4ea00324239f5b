"""MXNet: networks written as JSON, and the parameters beside them.

Layout of the parameters: `NDArray::Save` in `src/ndarray/ndarray.cc` of MXNet 1.9 and 2.0; of the
network: `nnvm`'s JSON, in which an operator can hold networks of its own.
"""

from __future__ import annotations

from modelwarden.core import GapKind
from modelwarden.core.values import dataclass
from modelwarden.formats.cursor import Cursor
from modelwarden.formats.described import Checked, Notes
from modelwarden.formats.identified.kind import producer
from modelwarden.formats.identified.magic import MXNET_PARAMS
from modelwarden.formats.jsontree import tree
from modelwarden.formats.limits import LimitExceededError, Limits
from modelwarden.formats.network import Network, NetworkNotes
from modelwarden.formats.source import Source
from modelwarden.formats.view import DamagedError

_V1, _V2, _V3 = 0xF993FAC8, 0xF993FAC9, 0xF993FACA
_WIDTHS = {0: 4, 1: 8, 2: 2, 3: 1, 4: 4, 5: 1, 6: 8, 7: 1, 8: 2, 9: 2, 10: 4, 11: 8, 12: 2}
_AUXILIARY = {-1: 0, 0: 0, 1: 1, 2: 2}
_DIMENSIONS = 64
_MOST = 1 << 60
_NAME = 1 << 16


@dataclass(frozen=True, slots=True)
class _SymbolReader:
    """Reader of a network."""

    def read(self, source: Source, limits: Limits) -> Network:
        """Collect the operators, those of nested networks among them."""
        notes = NetworkNotes(source)
        version = None
        try:
            network = tree(source, limits, "an MXNet network")
            version = _version(network)
            _walk(network, limits, notes)
        except DamagedError as damage:
            notes.note(damage.why, at=damage.offset)
        except LimitExceededError as over:
            notes.note(str(over), GapKind.OVER_LIMIT)
        return Network(
            source=source,
            format="mxnet-symbol",
            producer=producer("mxnet", version),
            gaps=tuple(notes.gaps),
            faults=tuple(notes.faults),
            operators=tuple(notes.kinds.values()),
        )


def _version(network: object) -> str | None:
    said = network.get("attrs") if isinstance(network, dict) else None
    number = said.get("mxnet_version") if isinstance(said, dict) else None
    number = number[1] if isinstance(number, list) and len(number) == 2 else number
    if not isinstance(number, int) or not 0 < number < 10_000_000:
        return None
    return f"{number // 10000}.{number // 100 % 100}.{number % 100}"


def _walk(network: object, limits: Limits, notes: NetworkNotes) -> None:
    pending = [network]
    while pending:
        current = pending.pop()
        nodes = current.get("nodes") if isinstance(current, dict) else None
        if not isinstance(nodes, list):
            notes.fault("nodes", "", "a network without nodes")
            continue
        for node in nodes:
            limits.spend(operations=1)
            if not isinstance(node, dict) or not isinstance(node.get("op"), str):
                notes.fault("node", "", "a node without an operator")
                continue
            name = node.get("name")
            notes.operator(node["op"], name if isinstance(name, str) else "", None)
            _references(node, len(nodes), notes)
            inner = node.get("subgraphs")
            pending += inner if isinstance(inner, list) else []


def _references(node: dict[str, object], count: int, notes: NetworkNotes) -> None:
    """Hold the inputs of a node to the nodes that there are."""
    inputs = node.get("inputs")
    for one in inputs if isinstance(inputs, list) else ():
        index = one[0] if isinstance(one, list) and one else one
        if not isinstance(index, int) or not 0 <= index < count:
            why = f"a node takes the output of node {str(index)[:40]} of {count}"
            notes.fault("node", str(node.get("name"))[:200], why)
            return


@dataclass(frozen=True, slots=True)
class _ParametersReader:
    """Reader of parameters."""

    def sniff(self, source: Source) -> bool:
        """Tell whether the list and its first array begin as they have to."""
        return MXNET_PARAMS.sniff(source)

    def read(self, source: Source, limits: Limits) -> Checked:
        """Walk the arrays and their names: every byte belongs to one of them."""
        notes = Notes(source)
        cursor = Cursor(source, 16)
        try:
            arrays = cursor.u64()
            for _ in range(arrays):
                limits.spend(operations=1)
                _array(cursor)
            names = cursor.u64()
            if names not in (0, arrays):
                notes.fault("names", "", f"{names} names for {arrays} arrays", cursor.at)
            for _ in range(names):
                limits.spend(operations=1)
                size = cursor.u64()
                if size > _NAME:
                    raise DamagedError(f"a name of {size} bytes", cursor.at)
                cursor.skip(size)
            notes.behind(cursor.at, why="behind the last name")
        except DamagedError as damage:
            notes.fault("layout", "", damage.why, damage.offset)
            notes.note(damage.why, at=damage.offset)
        except LimitExceededError as over:
            notes.note(str(over), GapKind.OVER_LIMIT, cursor.at)
        return Checked(
            source=source,
            format="mxnet-parameters",
            producer=MXNET_PARAMS.produced(source),
            gaps=tuple(notes.gaps),
            faults=tuple(notes.faults),
            children=tuple(notes.children),
        )


def _array(cursor: Cursor) -> None:
    """Step over one array: its shape, its device, its type and its numbers."""
    magic = cursor.u32()
    if magic not in (_V1, _V2, _V3):
        raise DamagedError(f"an array of the version {magic:#x}", cursor.at)
    sparse = 0
    stored: int | None = None
    if magic != _V1:
        (kind,) = cursor.unpack("<i")
        sparse = _AUXILIARY.get(kind, -1)
        if sparse < 0:
            raise DamagedError(f"an array that is stored in the way {kind}", cursor.at)
        stored = _shape(cursor) if sparse else None
    count = _shape(cursor)
    if count is None:
        return
    cursor.skip(8)  # the device
    width = _width(cursor)
    extra = 0
    for _ in range(sparse):
        unit = _width(cursor)
        extra += unit * (_shape(cursor) or 0)
    cursor.skip(width * ((stored or 0) if sparse else count) + extra)


def _shape(cursor: Cursor) -> int | None:
    """Return how many elements a shape has; None for that of no array."""
    (dimensions,) = cursor.unpack("<i")
    if dimensions in (0, -1):
        return None
    if not 0 < dimensions <= _DIMENSIONS:
        raise DamagedError(f"a shape of {dimensions} dimensions", cursor.at)
    count = 1
    for size in cursor.unpack(f"<{dimensions}q"):
        count *= size
        if size < 0 or count > _MOST:
            raise DamagedError("a shape that overflows", cursor.at)
    return count


def _width(cursor: Cursor) -> int:
    (kind,) = cursor.unpack("<i")
    if kind not in _WIDTHS:
        raise DamagedError(f"numbers of the type {kind}", cursor.at)
    return _WIDTHS[kind]


SYMBOL = _SymbolReader()
PARAMETERS = _ParametersReader()
