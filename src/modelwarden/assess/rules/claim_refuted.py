"""Rule: a claim that the user's own data refute."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.assess.rules._claims import Judged, evidence, numbers
from modelwarden.core import Hit, Severity, rule


@rule(
    "claim-refuted",
    title="A claim about the model does not hold on your data",
    severity=Severity.HIGH,
    reads=Judged,
    references=("CWE-1357", "MITRE-ATLAS:AML.M0008"),
)
def claim_refuted(seen: Judged) -> Iterator[Hit]:
    """Flag a stated number that the model is shown to miss, on your data, by more than the margin.

    Why: whoever chose the model for this number does not get it here. Either it was measured on
    easier data, or in another way, or it never held.

    Fix: do not rely on the number. Ask on which data and how it was measured; if your data differ
    from those, judge the model by what it does on yours, with [policy.measure].

    Blind spot: it says that the number does not carry over to your data, not why. With several
    claims the chance that any honest one is flagged is kept at 5 %.
    """
    yield Hit(numbers(seen), evidence(seen))
