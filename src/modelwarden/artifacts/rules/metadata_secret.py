"""`metadata-secret`."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.artifacts.known.secrets import secrets_in, shown
from modelwarden.core import Confidence, Evidence, Hit, Severity, rule
from modelwarden.formats.described import Described


@rule(
    "metadata-secret",
    title="The metadata of a model holds a secret",
    severity=Severity.MEDIUM,
    reads=Described,
    confidence=Confidence.MEDIUM,
    references=("CWE-798", "CWE-312"),
    weakness="secrets_in_artifact",
)
def metadata_secret(model: Described) -> Iterator[Hit]:
    """Flag keys, tokens and passwords in what a model says of itself.

    Why: everyone who gets the model gets the secret with it, and it stays in every copy.

    Fix: revoke it first, then export the model again without it.

    Blind spot: a secret of unknown form under an innocent name looks like any other text.
    """
    for one in model.metadata:
        name = one.key.rpartition(": ")[2].rpartition(".")[2]
        for kind, value in secrets_in(name, one.value):
            facts = {"key": one.key[:200], "value": shown(value, kind)}
            yield Hit(f"{one.key[:60]!r} holds {kind}", Evidence(at=one.at, facts=facts))
