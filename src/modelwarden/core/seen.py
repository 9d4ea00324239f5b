"""From what a stage established to findings: one value, one rule, a location of the rule's own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from modelwarden.core.digests import fingerprint
from modelwarden.core.findings import Finding, Location
from modelwarden.core.rules import Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What every value has that a rule of a stage reads.

    Attributes:
        path: the file it is about, as the user wrote it: the model, the data.
        location: where, in the terms of the rule.
    """

    path: str | None = None
    location: Location = field(default_factory=Location)


def findings(rule: Rule[Any], seen: Seen, stage: str) -> Iterator[Finding]:
    """Yield what a rule sees in a value; the fingerprint rests on rule, path and identity."""
    for hit in rule.check(seen):
        facts = hit.evidence.facts
        identity = hit.evidence.identity
        yield Finding(
            rule=rule.id,
            severity=rule.severity,
            confidence=hit.confidence or rule.confidence,
            message=hit.message,
            location=seen.location,
            evidence=facts,
            references=rule.references,
            fingerprint=fingerprint(
                rule.id, seen.path, None, identity if identity is not None else ()
            ),
            stage=stage,
        )
