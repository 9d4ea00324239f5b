from __future__ import annotations

from dataclasses import replace

from modelwarden.core import Gap, GapKind, Severity
from modelwarden.report.stages import own_conditions, shared_conditions, stages_of

from . import samples


def test_stages_stand_in_the_order_in_which_they_run_and_unknown_ones_last():
    report = replace(samples.assessed(), stages=("cost", "zeta", "performance", "artifacts"))

    assert [s.name for s in stages_of(report)] == ["artifacts", "performance", "cost", "zeta"]


def test_a_stage_holds_what_belongs_to_it():
    performance = stages_of(samples.assessed())[1]

    assert [f.rule for f in performance.findings] == ["weak-class"]
    assert [m.name for m in performance.overall] == ["accuracy", "log_loss", "matthews_corrcoef"]
    assert [m.name for m in performance.grouped] == ["recall", "recall"]
    assert len(performance.tables) == 5
    assert performance.failing == {"accuracy"}


def test_a_stage_that_did_not_run_to_the_end_never_looks_well():
    report = replace(
        samples.clean(),
        gaps=(Gap(what="robustness", why="no budget", kind=GapKind.BUDGET, stage="robustness"),),
        stages=("artifacts",),
    )

    artifacts, robustness = stages_of(report)

    assert (artifacts.loudest, artifacts.outcome) == ("pass", "nothing found")
    assert robustness.loudest == "gap"
    assert robustness.outcome == "1 gap; did not run to the end"


def test_the_worst_finding_speaks_and_waived_ones_do_not():
    low = samples.finding(1, severity=Severity.LOW)
    waived = samples.finding(2, waived=True)
    report = replace(samples.clean(), findings=(low, waived))

    (stage,) = stages_of(report)

    assert stage.loudest == "low"
    assert stage.outcome == "1 low finding"


def test_conditions_that_all_have_alike_are_said_once():
    these = [
        samples.measurement(conditions={"seed": 0, "data": "d", "interval": "a"}),
        samples.measurement(conditions={"seed": 0, "data": "d", "interval": "b"}),
        samples.measurement(conditions={"seed": 0, "data": "d"}),
    ]

    shared = shared_conditions(these)

    assert shared == {"seed": 0, "data": "d"}
    assert [own_conditions(one, shared) for one in these] == [
        {"interval": "a"},
        {"interval": "b"},
        {},
    ]
    assert shared_conditions(these[:1]) == {}
