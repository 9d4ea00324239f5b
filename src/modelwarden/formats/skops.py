"""Reader of skops files: a zip with `schema.json`, a tree of nodes, each with the type it makes.

A node names a loader (how), a module and a class (what). skops checks the types of nodes against a
list before it makes anything; what a loader does with its type is the same with and without that
check. Source: `skops/io/` of skops 0.16, and `skops/io/old/` for files of older protocols.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field
from typing import TYPE_CHECKING

from modelwarden.core import GapKind, InventoryItem, ItemKind, UseKind
from modelwarden.core.values import dataclass
from modelwarden.formats.archive import ArchiveView, printable
from modelwarden.formats.identified.kind import producer
from modelwarden.formats.jsontree import tree
from modelwarden.formats.limits import LimitExceededError
from modelwarden.formats.view import DamagedError, gap

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelwarden.core import Gap
    from modelwarden.formats.limits import Limits
    from modelwarden.formats.source import Source
    from modelwarden.formats.zip import Archive

SCHEMA = "schema.json"
_PROTOCOL = 2
_NODES = 100_000
_FILE = re.compile(r"[\w.-]{1,200}")
# How a loader uses the type of its node.
_CALLS = (
    "DictNode ListNode SetNode TupleNode ConstructorFromReduceNode TreeNode LossNode NdArrayNode "
    "RandomStateNode SparseMatrixNode OperatorFuncNode ReduceNode"
)
_MAKES = "ObjectNode QuantileForestNode"
_NAMES = "FunctionNode TypeNode MethodNode"
_USES = {
    **dict.fromkeys(_CALLS.split(), UseKind.CALLED),
    **dict.fromkeys(_MAKES.split(), UseKind.CONSTRUCTED),
    **dict.fromkeys(_NAMES.split(), UseKind.REFERENCED),
}
# Loaders that make what they always make, whatever the node names.
_FIXED = frozenset(
    "BytesNode BytearrayNode SliceNode PartialNode JsonNode DefaultDictNode MaskedArrayNode "
    "DTypeNode RandomGeneratorNode CachedNode _DictWithDeprecatedKeysNode".split()
)


@dataclass(slots=True)
class SkopsNode:
    """One type that loading uses in one way.

    Attributes:
        loader: as written. module, name: of the type; a method has its class before it.
        use: what the loader does with it; None for loaders that are not known.
        path: of the first such node in the tree. count: how many there are.
        disguise: what the node says of itself that its parts contradict, or empty.
    """

    loader: str
    module: str
    name: str
    use: UseKind | None
    path: str
    count: int = 1
    disguise: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SkopsArchive(ArchiveView):
    """A skops file.

    Attributes:
        nodes: each use of a type once, in the order of the tree.
    """

    nodes: tuple[SkopsNode, ...] = ()


@dataclass(slots=True)
class _Tree:
    """One walk over the nodes."""

    limits: Limits
    found: dict[tuple[str, str, str, str], SkopsNode] = field(default_factory=dict)
    raw: set[str] = field(default_factory=set)
    files: set[str] = field(default_factory=set)

    def walk(self, root: object) -> None:
        """Look at every node, wherever it stands."""
        pending: list[tuple[str, object]] = [("", root)]
        while pending:
            path, value = pending.pop()
            self.limits.spend(operations=1)
            inner: list[tuple[str, object]] = []
            if isinstance(value, dict):
                if "__loader__" in value:
                    self._node(path, value)
                inner = [(f"{path[-400:]}.{str(k)[:60]}", part) for k, part in value.items()]
            elif isinstance(value, list):
                inner = [(f"{path[-400:]}[{n}]", part) for n, part in enumerate(value)]
            pending += [i for i in reversed(inner) if isinstance(i[1], dict | list)]

    def _node(self, path: str, node: Mapping[str, object]) -> None:
        loader = str(node["__loader__"])[:200]
        module, name = _word(node.get("__module__")), _word(node.get("__class__"))
        file = node.get("file")
        if isinstance(file, str):
            (self.raw if loader.startswith("Byte") else self.files).add(file)
        if loader in _FIXED:
            if loader == "RandomGeneratorNode":
                self._generator(path, node)
            return
        use, disguise = _USES.get(loader), ""
        if loader == "OperatorFuncNode":
            if module != "operator":
                disguise = f"says that it is of {module!r}, and is made of the module operator"
            module = "operator"
        elif loader == "MethodNode":
            module, name, disguise = _method(node, module, name)
        elif loader == "FunctionNode" and isinstance(node.get("content"), dict):
            self._function(path, node, f"{module}.{name}")
            if name == "function":  # the type that files of protocol 0 say; newer ones import it
                return
        elif loader == "NdArrayNode" and (module, name) == ("numpy", "ndarray"):
            return
        self._add(SkopsNode(loader, module, name, use, path, disguise=disguise))

    def _function(self, path: str, node: Mapping[str, object], said: str) -> None:
        """Files of protocol 0 name a function in the content of its node, and import that one."""
        content = node["content"]
        module = _word(content.get("module_path")) if isinstance(content, dict) else ""
        name = _word(content.get("function")) if isinstance(content, dict) else ""
        disguise = "" if said.startswith(f"{module}.") else f"says {said}, and is {module}.{name}"
        use = _USES.get("FunctionNode")
        self._add(SkopsNode("FunctionNode", module, name, use, path, disguise=disguise))

    def _generator(self, path: str, node: Mapping[str, object]) -> None:
        """A generator names the class of its bits in its state."""
        kind = node.get("content")
        for _ in range(4):  # a dict in older files, a node with a dict in it in newer ones
            if isinstance(kind, dict):
                kind = kind.get("bit_generator", kind.get("content"))
        if isinstance(kind, str):
            kind = kind.strip('"')
            called = UseKind.CALLED
            self._add(SkopsNode("RandomGeneratorNode", "numpy.random", kind[:200], called, path))

    def _add(self, node: SkopsNode) -> None:
        key = node.loader, node.module, node.name, node.disguise
        if key in self.found:
            self.found[key].count += 1
        elif len(self.found) < _NODES:
            self.found[key] = node
        else:
            raise LimitExceededError("types in a skops file", _NODES)


def is_skops(names: list[str]) -> bool:
    """Tell whether the members may be those of a skops file."""
    return SCHEMA in names


def read_archive(archive: Archive) -> ArchiveView:
    """Return the view of a skops file; of a plain archive when its schema is another one."""
    gaps: list[Gap] = []
    seen = _Tree(archive.limits)
    schema: object = None
    source = archive.source
    try:
        schema = _schema(archive)
        seen.walk(schema)
    except DamagedError as damage:
        gaps.append(gap(source, f"{SCHEMA}: {damage.why}"))
    except LimitExceededError as over:
        gaps.append(gap(source, f"{SCHEMA}: {over}", GapKind.OVER_LIMIT))
    known = isinstance(schema, dict) and ("__loader__" in schema or "_skops_version" in schema)
    if not known and not gaps:
        parts = archive.parts()
        return ArchiveView(
            source=source,
            format="zip",
            gaps=parts.gaps,
            children=parts.children,
            entries=parts.entries,
            anomalies=parts.anomalies,
        )
    version = None
    if isinstance(schema, dict):
        version = str(schema["_skops_version"]) if "_skops_version" in schema else None
        protocol = schema.get("protocol", 0)
        if not isinstance(protocol, int) or not 0 <= protocol <= _PROTOCOL:
            why = f"protocol {str(protocol)[:40]!r} is not known"
            gaps.append(gap(source, why, GapKind.UNSUPPORTED))
    parts = archive.parts(data=_bytes(archive, seen.raw), read={SCHEMA} if known else ())
    gaps += _missing(archive, seen)
    nodes = tuple(seen.found.values())
    return SkopsArchive(
        source=source,
        format="skops",
        producer=producer("skops", version),
        gaps=(*parts.gaps, *gaps),
        children=parts.children,
        inventory=tuple(_inventory(source, nodes)),
        entries=parts.entries,
        anomalies=parts.anomalies,
        nodes=nodes,
    )


def _schema(archive: Archive) -> object:
    member = archive.named(SCHEMA)
    if member is None:
        raise DamagedError("it is gone")
    with archive.open(member) as source:
        return tree(source, archive.limits, "a schema of skops")


def _method(node: Mapping[str, object], module: str, name: str) -> tuple[str, str, str]:
    """Return the method that is taken, and whether the object is another than the node says."""
    content = node.get("content")
    inner = content.get("obj") if isinstance(content, dict) else None
    function = _word(content.get("func")) if isinstance(content, dict) else ""
    disguise = ""
    if isinstance(inner, dict):
        real = _word(inner.get("__module__")), _word(inner.get("__class__"))
        if real != (module, name):
            disguise = f"says {module}.{name}, and takes the method of {'.'.join(real)}"
        module, name = real
    return module, f"{name}.{function}", disguise


def _word(value: object) -> str:
    return printable(value, 200) if isinstance(value, str) else ""


def _bytes(archive: Archive, names: set[str]) -> set[str]:
    """Return the members that are plain bytes of a node and that no format claims."""
    from modelwarden.formats.identify import identify  # what identifies imports readers

    plain: set[str] = set()
    for name in names:
        member = archive.named(name) if _FILE.fullmatch(name) else None
        if member is None:
            continue
        try:
            with archive.open(member) as source:
                claimed = bool(identify(source))
        except Exception:  # noqa: BLE001 -- whoever opens it says what is wrong
            claimed = True
        if not claimed:
            plain.add(name)
    return plain


def _missing(archive: Archive, seen: _Tree) -> Iterator[Gap]:
    names = {member.name for member in archive.members}
    for name in sorted((seen.raw | seen.files) - names)[:20]:
        yield gap(archive.source, f"{SCHEMA} names {printable(name, 100)!r}, which is no member")


def _inventory(source: Source, nodes: tuple[SkopsNode, ...]) -> Iterator[InventoryItem]:
    for node in nodes:
        if node.module and node.module != "builtins":
            yield InventoryItem(
                kind=ItemKind.IMPORT,
                name=f"{node.module}.{node.name}",
                path=source.name,
                member=source.member,
                use=node.use,
            )
