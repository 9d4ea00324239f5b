"""Rule: attacks that worked, by the account of another tool."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from modelwarden.core import Confidence, Evidence, Hit, Severity, rule
from modelwarden.core.seen import Seen
from modelwarden.metrics.intervals import of_share


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported(Seen):
    """The tests of one kind in another tool's file.

    Attributes:
        about: what the tests have in common. failed: of n that were judged.
        examples: ids of failed ones in that file.
    """

    tool: str
    about: str
    failed: int
    n: int
    examples: tuple[str, ...]


@rule(
    "imported-failures",
    title="Another tool's attacks on a language model worked",
    severity=Severity.MEDIUM,
    reads=Imported,
    confidence=Confidence.MEDIUM,
    references=("MITRE-ATLAS:AML.T0051",),
    weakness="prompt_injection",
)
def imported_failures(seen: Imported) -> Iterator[Hit]:
    """Flag each group of tests of garak, promptfoo or Inspect in which at least one attack worked.

    Why: somebody who asks the same will get the same; the share says how often.

    Fix: look the named tests up in the tool's own file, mend the system prompt, the filter in
    front, or the model, and run the tool again.

    Blind spot: what counts as a failure was decided by that tool's detectors, which err in both
    directions; nothing was asked again here. Probes of our own with canaries: `goal = "probe"` of
    a campaign.
    """
    if not seen.failed:
        return
    ends = of_share(seen.failed, seen.n)
    yield Hit(
        f"{seen.tool}: {seen.failed} of {seen.n} tests failed ({seen.about}; 95 % interval "
        f"{ends.low:.0%} to {ends.high:.0%})",
        Evidence(
            facts={"failed": seen.failed, "n": seen.n, "examples": list(seen.examples)},
            identity=(seen.tool, seen.about),
        ),
    )
