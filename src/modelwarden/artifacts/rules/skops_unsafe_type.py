"""`skops-unsafe-type`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from modelwarden.artifacts.known import Judgement
from modelwarden.artifacts.rules._skops import HITS, evidence, is_plain, judged, shown
from modelwarden.core import Hit, Severity, rule
from modelwarden.formats.skops import SkopsArchive


@rule(
    "skops-unsafe-type",
    title="A skops file uses a type that can run commands",
    severity=Severity.CRITICAL,
    reads=SkopsArchive,
    references=("CWE-502", "MITRE-ATLAS:AML.T0011"),
    weakness="unsafe_deserialization",
)
def skops_unsafe_type(archive: SkopsArchive) -> Iterator[Hit]:
    """Flag functions and classes that run programs, evaluate text, open files or connect.

    Why: skops refuses types that are not trusted, and many programs trust whatever a file asks
    for (`trusted=get_untrusted_types(file=…)`). Then loading imports the module and uses the type
    as the node says. No estimator needs such a type.

    Fix: do not load the file, and never pass on the list that a file asks for unread.

    Blind spot: names on no list are `skops-unknown-type`'s.
    """
    found = (
        node
        for node in archive.nodes
        if not is_plain(node) and judged(node).judgement is Judgement.DANGEROUS
    )
    for node in islice(found, HITS):
        yield Hit(f"{shown(node)}, which {judged(node).reason}", evidence(node))
