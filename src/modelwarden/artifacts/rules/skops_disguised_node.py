"""`skops-disguised-node`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from modelwarden.artifacts.rules._skops import HITS, evidence, shown
from modelwarden.core import Hit, Severity, rule
from modelwarden.formats.skops import SkopsArchive


@rule(
    "skops-disguised-node",
    title="A skops file says one type and uses another",
    severity=Severity.CRITICAL,
    reads=SkopsArchive,
    references=("CWE-502", "CVE-2025-54412", "CVE-2025-54413"),
    weakness="unsafe_deserialization",
)
def skops_disguised_node(archive: SkopsArchive) -> Iterator[Hit]:
    """Flag nodes whose loader takes another type than the one that the user is asked to trust.

    Why: skops shows the user the names in the file and loads when they are trusted. Before
    version 0.12 two loaders showed one name and used another, so that a file asks to trust a
    harmless class and gets any function of the module `operator`, or any method, called. skops
    never writes such a node.

    Fix: do not load the file; it was made to deceive.

    Blind spot: none known.
    """
    for node in islice((n for n in archive.nodes if n.disguise), HITS):
        yield Hit(f"{node.loader} {node.disguise}; loading {shown(node)}", evidence(node))
