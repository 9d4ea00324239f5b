"""Two models on the same samples: the difference is judged sample by sample."""

from __future__ import annotations

import base64
import io
from dataclasses import replace

import numpy as np
import pytest

from gate.checks import FakeTools, project
from gate.test_check import checked
from modelwarden.core import Change, Comparison, Measurement, Report, Run, Subject
from modelwarden.core.stages import Attachment
from modelwarden.gate.paired import paired
from modelwarden.metrics.intervals import paired as interval_of
from modelwarden.report import render


def file_of(index, success, queries=None):
    stream = io.BytesIO()
    queries = np.full(len(index), 9) if queries is None else np.asarray(queries)
    np.savez(stream, index=np.asarray(index), success=np.asarray(success, bool), queries=queries)
    return stream.getvalue()


def report(value=0.5, n=40, **conditions):
    robust = Measurement(
        name="robust_accuracy",
        value=value,
        low=value - 0.1,
        high=value + 0.1,
        n=n,
        higher_is_better=True,
        conditions={"eps": 0.1, **conditions},
        stage="robustness",
    )
    return Report(
        subject=Subject(kind="model", name="m"),
        run=Run(command="check"),
        measurements=(robust,),
        comparison=Comparison(name="m", digest="d", new=(), gone=(), changes=(), not_compared=()),
    )


def attached(data):
    return [Attachment(name="adversarial.npz", data=base64.b64encode(data).decode())]


def compared(tmp_path, now, before, **earlier):
    (tmp_path / "adversarial.npz").write_bytes(before)
    return paired(report(), attached(now), report(**earlier), tmp_path / "report.json")


def test_only_what_one_of_them_holds_counts(tmp_path):
    before = [False] * 30 + [True] * 10
    now = [True] * 8 + [False] * 24 + [True] * 8

    found = compared(tmp_path, file_of(range(40), now), file_of(range(40), before), value=0.75)

    change = found.measurements[-1]
    assert change.name == "robust_accuracy_change"
    assert change.value == pytest.approx((2 - 8) / 40)
    assert (change.low, change.high) == interval_of(2, 8, 40)
    assert (change.n, change.conditions["only_now"], change.conditions["only_before"]) == (40, 2, 8)


def test_samples_that_only_one_run_had_are_left_out_and_wrong_ones_were_not_held(tmp_path):
    now = file_of([5, 6, 7], [False, False, False], queries=[0, 9, 9])
    before = file_of([6, 5, 9], [True, False, False])

    change = compared(tmp_path, now, before, value=2 / 3, n=3).measurements[-1]

    assert change.n == 2
    assert change.value == 0.0
    assert (change.conditions["only_now"], change.conditions["only_before"]) == (1, 1)


@pytest.mark.parametrize(("how", "gaps"), [("unclear", 1), ("worse", 0), ("better", 0)])
def test_what_cannot_be_paired_is_a_gap_unless_the_two_intervals_tell(tmp_path, how, gaps):
    now = report()
    change = Change(name="robust_accuracy", stage="robustness", before=0.6, after=0.5, how=how)
    now = replace(now, comparison=replace(now.comparison, changes=(change,)))

    found = paired(now, attached(file_of([1], [True])), report(), tmp_path / "report.json")

    assert len(found.measurements) == 1
    told = [*(gap.why for gap in found.gaps), *found.run.notes]
    assert [text for text in told if "not paired" in text] == told
    assert (len(found.gaps), len(told)) == (gaps, 1)


def test_runs_without_a_sample_in_common_are_a_gap(tmp_path):
    now, before = file_of(range(40), [False] * 40), file_of(range(40, 80), [False] * 40)

    found = compared(tmp_path, now, before, value=1.0)

    assert len(found.measurements) == 1
    assert "no sample in common" in found.gaps[0].why


@pytest.mark.parametrize("data", [b"no archive", b"", file_of([1.5], [True])])
def test_a_file_that_is_broken_is_a_gap_and_not_the_same_as_none(tmp_path, data):
    (tmp_path / "adversarial.npz").write_bytes(data)

    found = paired(report(), attached(file_of([1], [True])), report(), tmp_path / "report.json")

    assert len(found.measurements) == 1
    assert [gap.what for gap in found.gaps] == ["adversarial.npz"]


def test_samples_that_the_earlier_run_left_out_are_told(tmp_path):
    now, before = file_of(range(40), [False] * 40), file_of(range(10), [False] * 8 + [True] * 2)

    found = compared(tmp_path, now, before, value=0.8, n=10)

    assert found.measurements[-1].n == 10
    assert any("paired on 10 of 40 samples" in note for note in found.run.notes)


@pytest.mark.parametrize(
    "before",
    [
        file_of(range(40), [False] * 21 + [True] * 19),
        file_of(range(39), [True] * 19 + [False] * 20),
    ],
)
def test_samples_of_another_run_are_not_taken_for_those_of_the_earlier_report(tmp_path, before):
    # 20 of 40 held, as its report says; the file beside it has other numbers.
    found = compared(tmp_path, file_of(range(40), [True] * 20 + [False] * 20), before)

    assert len(found.measurements) == 1
    assert "are of another run" in found.gaps[0].why


def test_other_settings_are_not_paired(tmp_path):
    data = file_of(range(4), [True] * 4)

    assert len(compared(tmp_path, data, data, queries=9).measurements) == 1


BOUND = '\n[policy.measure]\n"robust_accuracy" = {min = 0.01}\n'


def test_a_baseline_asks_for_all_samples_where_the_policy_needs_a_few(tmp_path):
    more = "[assess.robustness]\neps = 0.3\nlow = -5\nhigh = 5\nqueries = 10\nsequential = true\n"
    file = project(tmp_path / "p", more=more + BOUND)
    first = checked(file, stages=("robustness",)).report
    (tmp_path / "report.json").write_text(render(first, "json"))

    again = checked(file, stages=("robustness",), baseline=tmp_path / "report.json").report

    def robust(report):
        return next(m for m in report.measurements if m.name == "robust_accuracy" and not m.group)

    assert robust(first).n < robust(again).n
    assert "robust_accuracy" in [change.name for change in again.comparison.changes]


MORE = "[assess.robustness]\neps = {eps}\nlow = -5\nhigh = 5\nqueries = 20\nsamples = 150\n"


@pytest.mark.slow
def test_a_change_that_weakens_a_model_is_found_though_the_intervals_overlap(tmp_path):
    first = project(tmp_path / "p", more=MORE.format(eps=0.3))
    done = checked(first, stages=("robustness",))
    (tmp_path / "out").mkdir()
    (tmp_path / "out/report.json").write_text(render(done.report, "json"))
    for one in done.attachments:
        (tmp_path / "out" / one.name).write_bytes(base64.b64decode(one.data))
    weaker = project(tmp_path / "p", entry="worse", more=MORE.format(eps=0.3))

    found = checked(
        weaker,
        stages=("robustness",),
        baseline=tmp_path / "out/report.json",
        tools=FakeTools(),
    ).report

    robust = next(m for m in found.measurements if m.name == "robust_accuracy" and not m.group)
    before = next(
        m for m in done.report.measurements if m.name == "robust_accuracy" and not m.group
    )
    assert robust.high > before.low
    change = next(m for m in found.measurements if m.name == "robust_accuracy_change")
    assert change.high < 0
    worse = next(f for f in found.findings if f.location.terms == {"metric": "robust_accuracy"})
    assert worse.rule == "worse-than-baseline"
    assert f"{change.value:+.3f} ({change.low:+.3f} to {change.high:+.3f})" in worse.message
    told = (worse.evidence["paired"], worse.evidence["paired_high"])
    assert told == (change.value, change.high)
    assert found.verdict.outcome.value == "fail"
