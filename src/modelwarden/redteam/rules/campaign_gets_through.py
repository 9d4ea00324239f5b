"""Rule: a campaign, sent once more through a firewall, still gets through."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.core.seen import Seen

_SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class GotThrough(Seen):
    """The evasions that a firewall let through.

    Attributes:
        evasions: names of their folders. unseen: of them, before anything was refused.
        judged: evasions in all. refused: requests.
    """

    evasions: tuple[str, ...]
    unseen: int
    judged: int
    refused: int
    campaign: str


@rule(
    "campaign-gets-through",
    title="A known campaign gets through the firewall",
    severity=Severity.HIGH,
    reads=GotThrough,
    references=("MITRE-ATLAS:AML.T0015", "MITRE-ATLAS:AML.T0042"),
    weakness="evasion_black_box",
)
def campaign_gets_through(seen: GotThrough) -> Iterator[Hit]:
    """Flag evasions that arrive through a firewall with the answer that the attacker wants.

    The requests of the campaign are sent once more, in order, as one client. An evasion counts
    where its request is answered, and answered as it was in the campaign.

    Why: the firewall has the whole search before it, question by question, and lets its result
    pass. An attacker who begins anew has the advantage of changing what was refused.

    Fix: look into the firewall's alerts for what it saw. In observe and shadow nothing is
    refused: enforce the rules whose alerts name the campaign. Where there is no alert, mend the
    model; a firewall does not stop what looks like honest traffic.

    Blind spot: a replay does not adapt, and keeps neither the pauses of the campaign nor its
    number of clients. That a campaign is stopped says nothing of one that is slower, comes from
    many addresses, or goes round what was refused.
    """
    if not seen.evasions:
        return
    before = "before anything was refused" if seen.unseen else "after others were refused"
    count = f"{seen.unseen} of them {before}" if 0 < seen.unseen < len(seen.evasions) else before
    yield Hit(
        f"{len(seen.evasions)} of {seen.judged} evasions of the campaign {seen.campaign!r} arrive "
        f"with the same answer, {count}",
        Evidence(
            facts={
                "evasions": list(seen.evasions[:_SHOWN]),
                "arrived": len(seen.evasions),
                "before_any_refusal": seen.unseen,
                "judged": seen.judged,
                "requests_refused": seen.refused,
            },
            identity=(),
        ),
    )
