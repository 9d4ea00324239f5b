"""Rule: an endpoint whose answers are enough for a copy of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.core.seen import Seen
from modelwarden.metrics.intervals import of_share

ALIKE = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied(Seen):
    """How well a copy does.

    Attributes:
        agree: held-out seeds that it answers as the target does. n: held-out seeds.
        most: of them, those that the target answers with its most frequent answer.
        rows: answers that it learnt from.
    """

    agree: int
    n: int
    most: int
    rows: int
    seeds: str


@rule(
    "endpoint-copied",
    title="A copy of the model can be learnt from its answers",
    severity=Severity.MEDIUM,
    reads=Copied,
    references=("MITRE-ATLAS:AML.T0024.002", "MITRE-ATLAS:AML.T0005.001"),
    weakness="model_extraction",
)
def endpoint_copied(seen: Copied) -> Iterator[Hit]:
    """Flag an endpoint that a copy imitates on more than 80 % of inputs it never learnt from.

    With confidence, and better than always saying the most frequent answer does.

    Why: whoever has a copy attacks it at leisure, without a limit and without being seen, and
    brings what works to the endpoint. The work that went into the model is gone as well.

    Fix: limit how many rows a client may ask, watch for clients whose inputs are not like those
    of your users, give out decisions instead of scores, and round scores where they are needed.

    Blind spot: the copy is a plain learner. One that knows how the model was made copies better,
    so a low agreement is no protection that was shown.
    """
    low = of_share(seen.agree, seen.n).low
    if low <= ALIKE or low <= seen.most / seen.n:
        return
    yield Hit(
        f"a copy learnt from {seen.rows:,} answers agrees on {seen.agree} of {seen.n} held-out "
        f"seeds of {seen.seeds} ({seen.agree / seen.n:.0%})",
        Evidence(
            facts={
                "agree": seen.agree,
                "held_out": seen.n,
                "always_the_most_frequent": seen.most,
                "rows": seen.rows,
            },
            identity=(seen.seeds,),
        ),
    )
