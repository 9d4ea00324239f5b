"""Rule: probabilities that do not come true."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from modelwarden.assess.rules._seen import Seen
from modelwarden.core import Evidence, Hit, Json, Severity, rule
from modelwarden.core.values import dataclass

SIGNIFICANT = 0.001


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibrated(Seen):
    """How far stated probabilities are from what happens.

    Attributes:
        error: expected calibration error; low, high: its interval.
        beyond_chance: what of it chance does not explain.
        p_value: that stated probabilities as these are right.
        margin: of `beyond_chance` that matters.
        sure: mean stated probability less how often it came true: above 0 is overconfident.
        group: of people, whose rows these are; None of all rows.
    """

    error: float
    low: float
    high: float
    beyond_chance: float
    p_value: float
    margin: float
    sure: float
    n: int
    group: Mapping[str, Json] | None = None


@rule(
    "miscalibrated",
    title="Stated probabilities that do not come true",
    severity=Severity.MEDIUM,
    reads=Calibrated,
    references=("MITRE-ATLAS:AML.M0008",),
)
def miscalibrated(seen: Calibrated) -> Iterator[Hit]:
    """Flag a model whose stated probabilities are clearly off: "80 % sure" is not right in 80 %.

    Why: thresholds, expected costs and the order of a queue are computed from these numbers. A
    model that is too sure of itself also hides the cases that a person should look at.

    Fix: calibrate on data that were not used for training (Platt scaling, isotonic regression,
    temperature scaling), then measure again. Do not read the scores as probabilities until then.

    Blind spot: the error is averaged over all rows. A group may be off while the average is not;
    those of protected columns are looked at by the stage `fairness`, others are not.
    """
    if seen.p_value > SIGNIFICANT or seen.beyond_chance < seen.margin:
        return
    way = "too sure" if seen.sure > 0 else "not sure enough"
    whose = "" if seen.group is None else f"{_told(seen.group)}: "
    yield Hit(
        f"{whose}stated probabilities are off by {seen.error:.3g} on average ({way} by "
        f"{abs(seen.sure):.3g} in the mean); chance explains {seen.error - seen.beyond_chance:.3g}",
        Evidence(
            facts={
                "expected_calibration_error": seen.error,
                "low": seen.low,
                "high": seen.high,
                "beyond_chance": seen.beyond_chance,
                "p_value": seen.p_value,
                "mean_overconfidence": seen.sure,
                "n": seen.n,
            },
            identity=("all",) if seen.group is None else ("group", _told(seen.group)),
        ),
    )


def _told(group: Mapping[str, Json]) -> str:
    return ", ".join(f"{name} {value}" for name, value in group.items())
