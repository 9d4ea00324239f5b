"""Rules of traffic as a whole, beside those of drift."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.core import Confidence, Hit, Severity, rule
from modelwarden.detectors.live._told import Told, told


@rule(
    "refusals",
    title="Many clients at once send what the model must not see",
    severity=Severity.MEDIUM,
    reads=Told,
    references=("MITRE-ATLAS:AML.M0008",),
)
def refusals(seen: Told) -> Iterator[Hit]:
    """Tell when 20 and 15 % of the last 200 requests fail the same check, and not from one client.

    Why: when a column is renamed or a unit changes, requests fail all at once. That is no
    attack, and waiting makes it worse.

    Fix: Find what was deployed at that time in front of the model. The alert names the check;
    the pages of `missing`, `range`, `category`, `type` and `abnormal` tell more. `drift =
    false` turns all watching of traffic off.

    Blind spot: Changes that leave every value in its range: see `feature-drift`.
    """
    yield from told(seen)


@rule(
    "performance-drop",
    title="The model is right less often than it was",
    severity=Severity.HIGH,
    reads=Told,
    references=("MITRE-ATLAS:AML.M0008",),
)
def performance_drop(seen: Told) -> Iterator[Hit]:
    """Tell when labels show lower accuracy, or larger errors, than before.

    It needs significance and an effect that matters.

    Why: this is what all the other signs of drift only hint at.

    Fix: Find out what moved (`feature-drift`, `label-drift` of the same time), and train the
    model anew. The last 300 are held against the first 300, or against `accuracy` of the
    configuration, at 99.9 % and five points at least; name `accuracy` to hold it against what
    you promised.

    Blind spot: What is not labelled, and groups that are small among all.
    """
    yield from told(seen)


@rule(
    "estimated-performance-drop",
    title="The model's own scores say that it is right less often",
    severity=Severity.MEDIUM,
    reads=Told,
    confidence=Confidence.LOW,
    references=("MITRE-ATLAS:AML.M0008",),
)
def estimated_performance_drop(seen: Told) -> Iterator[Hit]:
    """Tell when the mean score of answers falls against that of the first 300.

    Why: labels come late or never; scores are there at once.

    Fix: Take it for a hint: label some of the last rows, and look. It is right only while
    scores mean what they meant.

    Blind spot: A changed rule behind the labels: scores stay as they were, and the guess is
    wrong.
    """
    yield from told(seen)
