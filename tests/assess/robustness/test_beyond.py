"""Beside the worst case: pictures at a severity, one change for all, and examples to look at."""

from __future__ import annotations

import base64
import io
from dataclasses import replace

import numpy as np
import pytest

from assess.fakes import Scores, context, named, spec, vectors
from modelwarden.assess.config import AssessConfig, RobustnessConfig
from modelwarden.assess.robustness.beyond import FILE
from modelwarden.assess.robustness.stage import run
from modelwarden.core import GapKind, InputError
from modelwarden.targets.spec import Modality
from tests.attacks.images.victims import Weighing


def attacked(n=24, **config):
    victim = Weighing(n=n)
    settings = {"eps": 4.0, "queries": 120, "samples": n, "severity": 5.0, **config}
    made = context(
        Scores(spec(), lambda x: victim.scores(np.asarray(x))),
        vectors(victim.x.reshape(n, -1), victim.y),
        assess=AssessConfig(robustness=RobustnessConfig(**settings)),
    )
    made = replace(made, test=replace(made.test, inputs=victim.x))
    made = replace(made, project=replace(made.project, modality=Modality.IMAGE))
    return victim, run(made)


def of(result, name, attack):
    """Return the measurement of an attack."""
    return next(m for m in result.measurements if m.name == name and m.group == {"attack": attack})


def archive(result, name):
    file = next(a for a in result.attachments if a.name == name)
    return np.load(io.BytesIO(base64.b64decode(file.data)), allow_pickle=False)


def test_only_attacks_on_pictures_make_the_worst_case_one_of_pictures():
    victim, result = attacked(attacks=("spatial",))

    found = named(result)
    assert found["robust_accuracy"].value < 0.2
    assert found["robust_accuracy"].conditions["norm"] == "severity"
    assert found["robust_accuracy"].conditions["degrees"] == 30.0
    stored = archive(result, "adversarial.npz")
    won = stored["success"]
    assert (victim.scores(stored["x_adv"][won]).argmax(axis=1) != stored["y"][won]).all()
    assert stored["x_adv"].dtype == np.uint8


def test_beside_a_norm_pictures_are_groups_of_their_own():
    victim, result = attacked(attacks=("square", "spatial", "corruptions"))

    assert named(result)["robust_accuracy"].conditions["norm"] == "linf"
    assert named(result)["robust_accuracy"].value > 0.9
    assert of(result, "robust_accuracy", "spatial").value < 0.2
    assert of(result, "robust_accuracy", "spatial").conditions["norm"] == "severity"
    stored = archive(result, FILE)
    won = stored["success"]
    assert won.any()
    assert (victim.scores(stored["x_adv"][won]).argmax(axis=1) != stored["y"][won]).all()


def test_less_severity_leaves_more_standing():
    weak = attacked(attacks=("spatial",), severity=0.5)[1]
    strong = attacked(attacks=("spatial",), severity=5.0)[1]

    assert named(weak)["robust_accuracy"].value > named(strong)["robust_accuracy"].value


def test_one_change_for_all_is_reported_on_those_it_was_not_found_on():
    _, result = attacked(attacks=("universal",), eps=60.0)

    found = of(result, "attack_success_rate", "universal")
    assert found.n == 12
    assert found.conditions["found_on"] == found.conditions["confirmed_on"] == 12
    table = next(t for t in result.tables if t.name == "universal")
    assert [row[4] for row in table.rows] == [12, 12, 12]


def test_too_few_inputs_for_one_change_are_a_gap():
    _, result = attacked(n=10, attacks=("universal",))

    assert [g.kind for g in result.gaps] == [GapKind.NOT_ASSESSABLE]
    assert "16" in result.gaps[0].why


def test_rows_in_all_bound_what_runs_beside():
    n = 24
    _, result = attacked(attacks=("square", "spatial"), rows=n * 2 + 10)

    assert {g.kind for g in result.gaps} == {GapKind.BUDGET}
    assert not [m for m in result.measurements if m.group == {"attack": "spatial"}]


def test_vectors_are_no_pictures():
    victim = Weighing()
    made = context(
        Scores(spec(), lambda x: victim.scores(np.asarray(x))),
        vectors(victim.x.reshape(24, -1).astype(np.float32), victim.y),
        assess=AssessConfig(robustness=RobustnessConfig(eps=1.0, attacks=("corners", "spatial"))),
    )

    with pytest.raises(InputError, match="four axes"):
        run(made)


def test_examples_show_pictures_before_after_and_the_change_in_words_too():
    _, result = attacked(attacks=("spatial",))

    table = next(t for t in result.tables if t.name == "adversarial_examples")
    row, before, after, change, attack, asked = table.rows[0]
    for cell in (before, after, change):
        assert cell["picture"].startswith("data:image/png;base64,iVBORw0KGgo")
        assert f"row {row}" in cell["alt"]
    assert "of the pixels" in change["alt"]
    assert attack in {"spatial", "random-changes"}
    assert asked > 0
