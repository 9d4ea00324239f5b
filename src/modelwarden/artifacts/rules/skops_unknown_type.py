"""`skops-unknown-type`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from modelwarden.artifacts.known import Judgement
from modelwarden.artifacts.rules._skops import HITS, evidence, is_plain, judged, shown
from modelwarden.core import Hit, Severity, UseKind, rule
from modelwarden.formats.skops import SkopsArchive, SkopsNode


@rule(
    "skops-unknown-type",
    title="A skops file calls what nobody has looked at",
    severity=Severity.MEDIUM,
    reads=SkopsArchive,
    references=("CWE-502", "MITRE-ATLAS:AML.T0011"),
    weakness="unsafe_deserialization",
)
def skops_unknown_type(archive: SkopsArchive) -> Iterator[Hit]:
    """Flag calls of functions and classes on no list, and loaders that skops does not have.

    Why: once its name is trusted, the type is called with arguments of the file's choosing. What
    it does with them was not examined, so the file cannot be called clean.

    Fix: read the function in the library that it belongs to, and trust it by name if it is
    harmless.

    Blind spot: what a class of a known library does inside is taken from its allow-list.
    """
    for node in islice((n for n in archive.nodes if _unknown(n)), HITS):
        name = f"{node.module}.{node.name}"
        if node.use is None:
            message = f"the loader {node.loader[:80]!r} is none of skops, for {name}"
        else:
            message = f"{shown(node)}, which is on no list"
        why = f"what {name[:120]} does when it is loaded so was not examined"
        yield Hit(message, evidence(node), unexamined=why)


def _unknown(node: SkopsNode) -> bool:
    if node.use is None:
        return True
    if is_plain(node) or node.use is not UseKind.CALLED:
        return False
    return judged(node).judgement is Judgement.UNKNOWN
