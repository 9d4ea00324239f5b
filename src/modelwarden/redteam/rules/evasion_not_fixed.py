"""Rule: an evasion of an earlier campaign that still gets past."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.core.seen import Seen

_SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class NotFixed(Seen):
    """The evasions that still get past one target.

    Attributes:
        evasions: names of their folders. asked: evasions of this target in all.
    """

    evasions: tuple[str, ...]
    asked: int
    campaign: str


@rule(
    "evasion-not-fixed",
    title="An evasion that is known still gets past",
    severity=Severity.HIGH,
    reads=NotFixed,
    references=("MITRE-ATLAS:AML.T0015", "MITRE-ATLAS:AML.T0042"),
    weakness="evasion_black_box",
)
def evasion_not_fixed(seen: NotFixed) -> Iterator[Hit]:
    """Flag evasions of a campaign that are still answered as the attacker wants.

    The original is asked beside each: only where it is still answered right does it count.

    Why: the recipe is known and on disk. Whoever has seen one has a way past the model.

    Fix: begin with what the debrief names first, then ask again with the same command. When all are
    fixed, run the campaign anew with another seed: a fix that was learnt from these inputs alone
    may only know these.

    Blind spot: an evasion that is fixed says nothing of those that nobody has found yet.
    """
    if not seen.evasions:
        return
    yield Hit(
        f"{len(seen.evasions)} of {seen.asked} evasions of the campaign {seen.campaign!r} still "
        "get past",
        Evidence(
            facts={
                "evasions": list(seen.evasions[:_SHOWN]),
                "not_fixed": len(seen.evasions),
                "asked": seen.asked,
            },
            identity=(),
        ),
    )
