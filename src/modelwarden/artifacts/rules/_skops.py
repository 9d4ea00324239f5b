"""What the rules on skops files share: each type judged as the pickle rules judge it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwarden.artifacts.known.judgement import Ruling, ruling
from modelwarden.core import Evidence, UseKind

if TYPE_CHECKING:
    from modelwarden.core.findings import Json
    from modelwarden.formats.skops import SkopsNode

HITS = 100
# Made by skops itself of what the file holds; the types that it trusts without being told.
_PLAIN = {
    "builtins": {"dict", "list", "set", "tuple", "str", "int", "float", "bool", "map", "complex"},
    "collections": {"OrderedDict", "defaultdict"},
    "operator": {"attrgetter", "itemgetter"},
    "numpy.random": {"MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64"},
}


def is_plain(node: SkopsNode) -> bool:
    """Tell whether the node is a container or a value that runs nothing."""
    return node.name in _PLAIN.get(node.module, ())


def judged(node: SkopsNode) -> Ruling:
    """Judge the type of a node by what its loader does with it."""
    return ruling(node.module, node.name, node.use or UseKind.CALLED)


def evidence(node: SkopsNode) -> Evidence:
    """Return the facts about a node."""
    facts: dict[str, Json] = {
        "global": f"{node.module}.{node.name}",
        "loader": node.loader,
        "use": (node.use or UseKind.CALLED).value,
        "in": node.path[:300],
        "count": node.count,
    }
    return Evidence(facts=facts, identity=(node.loader, node.module, node.name, node.disguise))


def shown(node: SkopsNode) -> str:
    """Return what loading does with the type, in words."""
    verb = {
        UseKind.CALLED: "calls",
        UseKind.CONSTRUCTED: "makes an instance of",
        UseKind.REFERENCED: "hands out",
    }
    return f"{verb[node.use or UseKind.CALLED]} {node.module}.{node.name}"
