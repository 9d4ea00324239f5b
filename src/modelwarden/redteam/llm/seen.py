"""What the rules of chat endpoints read: the count of one family, and how a hit is told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from modelwarden.core import Evidence, Hit
from modelwarden.core.seen import Seen
from modelwarden.metrics.intervals import of_share


@dataclass(frozen=True, slots=True, kw_only=True)
class Probed(Seen):
    """How often an endpoint did what one family of probes tries.

    Attributes:
        target: its name. family: of the probes.
        broke: answers that did, of n that were judged. probes: names of those that got one.
        asked, said: an example, cut.
    """

    target: str
    family: str
    broke: int
    n: int
    probes: tuple[str, ...]
    asked: str
    said: str


def hits(seen: Probed, what: str) -> Iterator[Hit]:
    """Yield a hit where anything broke; `what` completes "n of m answers …"."""
    if not seen.broke:
        return
    ends = of_share(seen.broke, seen.n)
    yield Hit(
        f"{seen.target}: {seen.broke} of {seen.n} answers {what} (95 % interval "
        f"{ends.low:.0%} to {ends.high:.0%})",
        Evidence(
            facts={
                "broke": seen.broke,
                "n": seen.n,
                "probes": list(seen.probes),
                "asked": seen.asked,
                "said": seen.said,
            },
            identity=(seen.target, seen.family),
        ),
    )
