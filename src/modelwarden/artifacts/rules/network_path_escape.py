"""`network-path-escape`."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.formats.network import Network, leads_out

_MOST = 100


@rule(
    "network-path-escape",
    title="A model names a file outside of its own folder",
    severity=Severity.HIGH,
    reads=Network,
    references=("CWE-22", "CWE-200"),
    weakness="archive_path_escape",
)
def network_path_escape(network: Network) -> Iterator[Hit]:
    """Flag weights, linked models and items of a package with an absolute path or a way up.

    Why: loading reads whatever file that is: a key file becomes weights and leaves with the next
    copy of the model; unpacking or saving can write to the same place.

    Fix: do not load the model; ask for one whose files lie beside it.

    Blind spot: whether a plain name is a symbolic link is seen where the folder is scanned.
    """
    told = 0
    for place in network.places:
        why = leads_out(place.path)
        if why and told < _MOST:
            told += 1
            facts = {"what": place.what, "path": place.path[:200], "why": why}
            message = f"{place.what[:80]}: {place.path[:120]!r} {why}"
            yield Hit(message, Evidence(at=place.at, facts=facts, identity=(place.path[:500],)))
