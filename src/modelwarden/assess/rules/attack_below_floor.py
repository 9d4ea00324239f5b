"""Rule: an attack that does worse than changing inputs at random."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from scipy import stats

from modelwarden.assess.rules._seen import Seen
from modelwarden.core import Evidence, Hit, Severity, rule

SIGNIFICANT = 0.01
# Of the inputs: fewer than so many more than the attack are of no practical matter.
NOTABLE = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class AgainstFloor(Seen):
    """An attack beside the random floor, on the same inputs with the same rows.

    Attributes:
        alone: inputs that the attack beat and the floor did not. floor_alone: the other way round.
        n: inputs.
    """

    attack: str
    floor: str
    alone: int
    floor_alone: int
    n: int


@rule(
    "attack-below-floor",
    title="An attack did worse than changing inputs at random",
    severity=Severity.LOW,
    reads=AgainstFloor,
    references=("MITRE-ATLAS:AML.T0043",),
)
def attack_below_floor(seen: AgainstFloor) -> Iterator[Hit]:
    """Flag an attack that beats clearly fewer inputs than the random floor.

    Why: such an attack learns nothing from this model, so its number says nothing about the
    model's robustness. The model may hide its scores or gradients, round them, or answer at random.
    The worst case over all attacks holds the floor's wins, and stays valid.

    Fix: read the worst case and not this attack's number; give it more queries; look whether the
    model's scores are what it decides by.

    Blind spot: that an attack beats the floor does not say that it is strong.
    """
    tried = seen.alone + seen.floor_alone
    if not tried or seen.floor_alone - seen.alone < max(NOTABLE * seen.n, 1):
        return
    p = float(stats.binomtest(seen.floor_alone, tried, 0.5, alternative="greater").pvalue)
    if p > SIGNIFICANT:
        return
    yield Hit(
        f"{seen.attack} missed {seen.floor_alone} of {seen.n} inputs that {seen.floor} beat, and "
        f"beat {seen.alone} that {seen.floor} missed",
        Evidence(
            facts={
                "attack": seen.attack,
                "alone": seen.alone,
                "floor_alone": seen.floor_alone,
                "n": seen.n,
                "p": p,
            },
            identity=(seen.attack,),
        ),
    )
