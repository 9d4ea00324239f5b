"""`metadata-personal-path`."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.artifacts.known.secrets import personal_path
from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.formats.described import Described

_MOST = 20


@rule(
    "metadata-personal-path",
    title="The metadata of a model names somebody's own folder",
    severity=Severity.LOW,
    reads=Described,
    references=("CWE-359",),
    weakness="secrets_in_artifact",
)
def metadata_personal_path(model: Described) -> Iterator[Hit]:
    """Flag paths through a home folder in what a model says of itself.

    Why: such a path tells who trained the model, where, and often for whom.

    Fix: export the model again from a neutral place, or strip its metadata.

    Blind spot: a folder outside of the usual home folders is not told apart.
    """
    told: set[str] = set()
    for one in model.metadata:
        path = personal_path(one.value)
        if path is not None and path not in told and len(told) < _MOST:
            told.add(path)
            facts = {"key": one.key[:200], "path": path[:200]}
            evidence = Evidence(at=one.at, facts=facts, identity=(path[:200],))
            yield Hit(f"{one.key[:60]!r} names {path[:120]!r}", evidence)
