"""Rules of robustness: each speaks on its bad sample and is silent on its good one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from modelwarden.assess import catalog
from modelwarden.assess.rules.attack_below_floor import AgainstFloor
from modelwarden.assess.rules.masked_gradients import Masked
from modelwarden.assess.rules.not_robust import Beaten

BEATEN = Beaten(
    right=100,
    fell=80,
    samples=110,
    strongest="square",
    budget="changes in linf of at most 0.1",
    queries=500,
)
BELOW = AgainstFloor(attack="square", floor="corners", alone=2, floor_alone=20, n=100)
MASKED = Masked(n=100, white=5, only_black=40, only_white=0)

SAMPLES = {
    "not-robust": [
        (BEATEN, True),
        (replace(BEATEN, fell=55), False),
        (replace(BEATEN, fell=0), False),
        (replace(BEATEN, right=0, fell=0), False),
    ],
    "attack-below-floor": [
        (BELOW, True),
        (replace(BELOW, alone=15), False),
        (replace(BELOW, floor_alone=3), False),
        (replace(BELOW, alone=0, floor_alone=0), False),
    ],
    "masked-gradients": [
        (MASKED, True),
        (replace(MASKED, only_black=3), False),
        (replace(MASKED, only_black=20, only_white=40), False),
        (replace(MASKED, only_black=0, signs={"saturated_loss": 0.9}), True),
        (replace(MASKED, only_black=0, signs={"zero_gradients": 0.02}), False),
        (replace(MASKED, only_black=0, refused=30), True),
        (replace(MASKED, only_black=0, unsteady=("repeat",)), True),
    ],
}


@pytest.mark.parametrize(
    ("name", "seen", "speaks"),
    [(name, seen, speaks) for name, cases in SAMPLES.items() for seen, speaks in cases],
)
def test_a_rule_speaks_where_it_should(name, seen, speaks):
    hits = list(catalog.rule_of(name).check(seen))

    assert bool(hits) is speaks


def test_every_rule_of_the_stage_has_samples():
    stage = next(stage for stage in catalog.STAGES if stage.name == "robustness")

    assert set(stage.rules) == SAMPLES.keys()


def test_messages_say_what_was_seen():
    first = next(iter(catalog.rule_of("not-robust").check(BEATEN)))
    masked = next(
        iter(
            catalog.rule_of("masked-gradients").check(
                replace(MASKED, signs={"saturated_loss": 0.9}, unsteady=("repeat", "batch"))
            )
        )
    )

    assert first.message == (
        "80 of 100 right answers (80%) fall to changes in linf of at most 0.1, more of them first "
        "to square than to others: robust accuracy 0.182"
    )
    assert "saturated" in masked.message
    assert "40 of 100 inputs fall to attacks without gradients" in masked.message
    assert "answers change with repeat, batch" in masked.message
