"""Rule: one edit that most evasions consist of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.core.seen import Seen
from modelwarden.metrics.intervals import of_share

HALF = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Concentrated(Seen):
    """The edit that is part of most evasions of the seeds of one file.

    Attributes:
        edit: its name. carries: evasions that it is part of. evasions: in all. kind: of the seeds.
    """

    edit: str
    carries: int
    evasions: int
    kind: str
    seeds: str


@rule(
    "concentrated-weakness",
    title="One edit does most of the evading",
    severity=Severity.MEDIUM,
    reads=Concentrated,
    references=("MITRE-ATLAS:AML.T0015",),
    weakness="evasion_black_box",
)
def concentrated_weakness(seen: Concentrated) -> Iterator[Hit]:
    """Flag an edit, or a feature, that with confidence is part of more than half of the evasions.

    Edits that were not needed had been taken back one by one before they were counted, as far as
    rows were left.

    Why: a decision that hangs on one thing is cheap to turn, and the recipe is the same for every
    input, so it spreads.

    Fix: check or normalise that one input before the model sees it (unseen characters, look-alike
    letters, a field that the sender fills in), take it from a source that nobody can alter, or
    train without it; then run the campaign again, as the next weakest edit will take its place.

    Blind spot: an edit is named by what it does, so two different recipes may share a name.
    """
    if not seen.evasions or of_share(seen.carries, seen.evasions).low <= HALF:
        return
    yield Hit(
        f"{seen.edit!r} is part of {seen.carries} of {seen.evasions} evasions of {seen.seeds}",
        Evidence(
            facts={"edit": seen.edit, "carries": seen.carries, "evasions": seen.evasions},
            identity=(seen.seeds, seen.edit),
        ),
    )
