"""Rule: a small request that makes an endpoint slow, or fail."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.core.seen import Seen
from modelwarden.metrics.intervals import of_share

TIMES, SECONDS = 20.0, 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Slow(Seen):
    """What one way of being odd did.

    Attributes:
        usual, now: median seconds of a request, as it is and changed.
        failed: of `n` requests, those that got no answer. was: as they are.
    """

    change: str
    usual: float
    now: float
    failed: int
    n: int
    was: int


@rule(
    "slow-input",
    title="Odd requests make the endpoint slow, or fail",
    severity=Severity.MEDIUM,
    reads=Slow,
    references=("MITRE-ATLAS:AML.T0029",),
    weakness="availability_attack",
)
def slow_input(seen: Slow) -> Iterator[Hit]:
    """Flag a change that costs a sender nothing and the endpoint much.

    Half of the requests take more than 20 times the usual and a second, or more than half get no
    answer at all, with confidence, where they had one before.

    Why: a few senders with such requests stop the service for everybody, and what fails in an
    accident is often let through.

    Fix: refuse inputs that are longer than yours are before the model sees them, with a limit on
    time and memory for each request; `modelwarden firewall` holds sizes against the reference.

    Blind spot: a few odd forms are tried, one request at a time. Floods are not.
    """
    slow = seen.now > max(TIMES * seen.usual, SECONDS)
    gone = of_share(seen.failed, seen.n).low > 0.5 and not seen.was
    if not slow and not gone:
        return
    told = (
        f"{seen.failed} of {seen.n} get no answer"
        if gone
        else f"half of them take {seen.now:.2g} s, where {seen.usual:.2g} s is usual"
    )
    yield Hit(
        f"requests changed to be {seen.change!r}: {told}",
        Evidence(facts={"change": seen.change, "n": seen.n}, identity=(seen.change,)),
    )
