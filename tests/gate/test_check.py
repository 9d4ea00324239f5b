"""`check` from the file to the verdict, with models of this process."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cli.command import HARMFUL, HARMLESS
from gate.checks import FakeTools, project
from modelwarden.assess import catalog
from modelwarden.assess.stage import Stage
from modelwarden.core import (
    Confidence,
    ConfigError,
    Finding,
    GapKind,
    InputError,
    Location,
    MissingExtraError,
    Outcome,
    Severity,
    UnknownNameError,
    encode,
)
from modelwarden.gate.check import CheckHow, check
from modelwarden.gate.labels import check_labels
from modelwarden.gate.project import load
from modelwarden.gate.stages import built
from modelwarden.targets import snapshot
from modelwarden.targets.data import DataSet
from modelwarden.targets.frames import Frame

WROTE = Finding(
    rule="sandbox-attempt",
    severity=Severity.CRITICAL,
    confidence=Confidence.HIGH,
    message="wrote",
    location=Location(path="model"),
)
PLAIN = ("performance", "cost")  # where it does not matter which stages run


def checked(file, **more):
    tools = more.pop("tools", None) or FakeTools()
    return check(file, how=CheckHow(tools=tools, state=more.pop("state", None)), **more)


def steady(report):
    """The report without what time does to it."""
    kept = tuple(m for m in report.measurements if m.stage != "cost")
    run = replace(report.run, started="", elapsed=0.0, hashing=None)
    return encode(replace(report, run=run, measurements=kept))


def test_an_honest_model_passes_and_the_report_says_what_was_done(tmp_path):
    report = checked(project(tmp_path)).report

    assert report.verdict.outcome is Outcome.PASS, report.verdict.reasons
    assert report.run.command == "check"
    assert {"artifacts", "performance", "cost"} <= set(report.stages)
    assert "claims" not in report.stages
    assert report.isolation == "full"
    assert report.subject.name == "fake"
    assert report.subject.digest.startswith("sha256:")
    assert [line.path for line in report.coverage] == ["model/weights.pkl"]
    assert any("your own code" in note for note in report.run.notes)
    names = {m.name for m in report.measurements}
    assert {"accuracy", "roc_auc", "latency", "throughput", "peak_memory"} <= names
    assert {info.name for info in report.measures} == names
    assert {"weak-class", "needs-code"} <= {rule.id for rule in report.rules}


def test_two_runs_give_the_same_report_but_for_times(tmp_path):
    file = project(tmp_path)

    assert steady(checked(file).report) == steady(checked(file).report)
    assert steady(checked(file).report) != steady(checked(file, seed=1).report)


def test_a_bad_model_fails(tmp_path):
    report = checked(project(tmp_path, entry="turned"), stages=PLAIN).report

    assert report.verdict.outcome is Outcome.FAIL
    assert "worse-than-trivial" in [r.rule for r in report.verdict.reasons]


def test_a_hostile_model_is_not_opened_and_every_stage_says_so(tmp_path):
    tools = FakeTools()
    file = project(tmp_path, weights=HARMFUL)
    (tmp_path / "model" / "conf.yaml").write_bytes(HARMFUL)

    report = checked(file, tools=tools).report

    assert tools.opened == []
    assert report.verdict.outcome is Outcome.FAIL
    assert {g.stage for g in report.gaps if "was not opened" in g.why} == {
        stage.name for stage in catalog.STAGES
    }
    assert report.isolation is None
    assert report.measurements == ()
    assert "performance" not in report.stages


def test_that_a_model_is_not_opened_is_said_before_what_needs_none_is_worked_out(tmp_path):
    said: list[str] = []
    how = CheckHow(unopened=said.append, progress=lambda stage, *_: said.append(stage))

    check(project(tmp_path, weights=HARMFUL), how=how)

    assert said[:1] == ["artifacts"]
    assert said[1].startswith("model/: the model was not opened")
    assert said[2:] == ["data"]


def test_what_the_models_code_reads_besides_is_scanned_and_part_of_its_digest(tmp_path):
    file = project(tmp_path, model='files = ["words.pkl"]')
    (tmp_path / "words.pkl").write_bytes(HARMLESS)
    harmless, plain = checked(file).report, checked(project(tmp_path / "plain")).report
    (tmp_path / "words.pkl").write_bytes(HARMFUL)
    tools = FakeTools()

    hostile = checked(file, tools=tools).report

    assert [line.path for line in harmless.coverage] == ["model/weights.pkl", "words.pkl"]
    assert harmless.subject.digest != plain.subject.digest
    assert tools.opened == []
    assert hostile.verdict.outcome is Outcome.FAIL
    assert {f.location.path for f in hostile.findings if f.stage == "artifacts"} == {"words.pkl"}


def test_rows_that_were_not_read_are_a_condition_and_a_gap_of_the_stage_that_looks_for_them(
    tmp_path,
):
    class Part(FakeTools):
        def read_data(self, *given):
            return replace(super().read_data(*given), part="1 row of every 2 of 800")

    report = checked(project(tmp_path), tools=Part(), stages=["performance"]).report
    whole = checked(project(tmp_path), tools=Part(), stages=["data", "performance"]).report

    measured = [m for m in report.measurements if m.stage == "performance"]
    assert {m.conditions["part"] for m in measured} == {"1 row of every 2 of 800"}
    assert report.gaps == ()
    assert [g.what for g in whole.gaps if g.kind == "over-limit"] == ["test.npz", "train.npz"]
    assert whole.verdict.outcome is Outcome.INCOMPLETE


def test_a_waived_finding_opens_the_model_again(tmp_path):
    file = project(tmp_path, weights=HARMFUL)
    first = checked(file, stages=PLAIN).report
    waivers = "".join(
        f"[[policy.waiver]]\nfingerprint = '{f.fingerprint}'\nreason = 'r'\nowner = 'o'\n"
        "expires = 2100-01-01\n"
        for f in first.findings
    )
    tools = FakeTools()

    file = project(tmp_path, weights=HARMFUL, more=waivers)
    report = checked(file, tools=tools, stages=PLAIN).report

    assert len(tools.opened) == 1
    assert all(f.waived for f in report.findings)
    assert report.suppressed == len(report.findings)
    assert "performance" in report.stages


def test_the_model_is_opened_with_the_digest_that_was_scanned(tmp_path):
    tools = FakeTools()

    report = checked(project(tmp_path), tools=tools, stages=PLAIN).report

    assert tools.opened == [("model/", report.subject.digest)]


def test_a_model_beside_the_folder_is_named_as_the_file_names_it(tmp_path):
    file = project(tmp_path / "p")
    (tmp_path / "p" / "model").rename(tmp_path / "elsewhere")
    file.write_text(file.read_text().replace('"model/"', '"../elsewhere/"'))

    report = checked(file, stages=PLAIN).report

    assert [line.path for line in report.coverage] == ["../elsewhere/weights.pkl"]
    assert report.verdict.outcome is Outcome.PASS


def test_a_model_that_changes_while_it_is_scanned_is_not_opened(tmp_path, monkeypatch):
    file = project(tmp_path)
    tools = FakeTools()
    real = snapshot.files_of

    def changing(place):
        found = real(place)
        (tmp_path / "model" / "weights.pkl").write_bytes(b"{}")
        return found

    monkeypatch.setattr("modelwarden.targets.snapshot.files_of", changing)

    report = checked(file, tools=tools, stages=PLAIN).report

    assert tools.opened == []
    assert report.verdict.outcome is Outcome.INCOMPLETE
    assert any("changed while it was scanned" in g.why for g in report.gaps)


def test_a_model_in_a_clone_is_opened_though_git_is_not_scanned(tmp_path):
    file = project(tmp_path)
    tools = FakeTools()
    (tmp_path / "model" / ".git").mkdir()
    (tmp_path / "model" / ".git" / "index").write_bytes(b"DIRC" + b"\0" * 60)

    report = checked(file, tools=tools, stages=PLAIN).report

    assert len(tools.opened) == 1
    assert "performance" in report.stages


def test_a_policy_is_judged_at_the_pessimistic_end_and_names_the_rows_needed(tmp_path):
    first = checked(project(tmp_path), stages=PLAIN).report
    value = next(m.value for m in first.measurements if m.name == "accuracy")
    more = f'[policy]\n[policy.measure]\n"accuracy" = {{min = {value - 0.01}}}\n'

    report = checked(project(tmp_path, more=more), stages=PLAIN).report

    assert report.verdict.outcome is Outcome.FAIL
    assert "would settle it" in report.verdict.reasons[0].detail


def test_a_threshold_may_speak_of_one_class(tmp_path):
    more = '[policy.measure]\n"recall" = {min = 0.99, where = {class = 0}}\n'

    report = checked(project(tmp_path, more=more), stages=PLAIN).report

    assert report.verdict.outcome is Outcome.FAIL
    assert report.verdict.reasons[0].name == "recall"


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("nan", "NaN"),
        ("shape", "answered"),
        ("missing", "needs the package nonesuch"),
        ("crash", "division by zero"),
    ],
)
def test_a_model_that_cannot_be_asked_is_a_gap_in_every_stage_that_needs_it(tmp_path, entry, words):
    report = checked(project(tmp_path, entry=entry)).report

    assert report.verdict.outcome is Outcome.INCOMPLETE
    assert words in next(g.why for g in report.gaps if g.stage == "performance")
    assert "performance" not in report.stages


@pytest.mark.parametrize("reference", ["missing", "slip"])
def test_what_the_sandbox_saw_stands_where_the_reference_cannot_be_opened(tmp_path, reference):
    file = with_reference(tmp_path, "honest", reference)
    tools = FakeTools()
    tools.tried = (WROTE,)

    report = checked(file, tools=tools).report

    assert [f.message for f in report.findings if f.rule == "sandbox-attempt"] == ["wrote"]
    assert report.isolation == "full"
    assert report.verdict.outcome is Outcome.FAIL


def test_an_error_of_ours_while_opening_leaves_what_the_scan_found(tmp_path):
    clean = checked(project(tmp_path)).report

    report = checked(project(tmp_path, entry="slip")).report

    assert report.coverage == clean.coverage
    assert report.stages[0] == "artifacts"
    gaps = {g.stage: g for g in report.gaps}
    assert "ZeroDivisionError: a slip of ours" in gaps["performance"].why
    assert gaps["performance"].kind is GapKind.FAILED
    assert report.verdict.outcome is Outcome.INCOMPLETE


def test_an_error_of_ours_between_the_stages_leaves_what_the_sandbox_saw(tmp_path, monkeypatch):
    def broken(*args, **more):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("modelwarden.gate.state.state_for", broken)
    tools = FakeTools()
    tools.tried = (WROTE,)

    report = checked(project(tmp_path), tools=tools).report

    assert [f.message for f in report.findings if f.rule == "sandbox-attempt"] == ["wrote"]
    assert "No space left" in next(g.why for g in report.gaps if g.stage == "performance")


# Stages.


def test_stages_are_chosen_by_name_and_the_scan_always_comes_first(tmp_path):
    report = checked(project(tmp_path), stages=["cost"]).report

    assert report.stages == ("artifacts", "cost")
    assert report.coverage != ()
    assert {m.stage for m in report.measurements} == {"cost"}


def test_a_stage_that_is_not_built_is_incomplete_and_never_looks_as_if_it_had_run(tmp_path):
    asked = checked(project(tmp_path), stages=["performance", "backdoor"]).report
    more = '[policy]\nrequire = ["privacy"]\n'
    required = checked(project(tmp_path, more=more)).report

    assert asked.verdict.outcome is Outcome.INCOMPLETE
    assert [(g.what, g.kind) for g in asked.gaps] == [("backdoor", GapKind.UNSUPPORTED)]
    assert required.verdict.outcome is Outcome.INCOMPLETE
    assert [r.name for r in required.verdict.reasons] == ["privacy"]


def test_claims_that_are_required_and_not_stated_are_incomplete(tmp_path):
    more = '[policy]\nrequire = ["claims"]\n'
    report = checked(project(tmp_path, more=more), stages=[*PLAIN, "claims"]).report

    assert report.verdict.outcome is Outcome.INCOMPLETE


def test_an_unknown_stage_names_the_nearest(tmp_path):
    with pytest.raises(UnknownNameError) as raised:
        checked(project(tmp_path), stages=["performence"])

    assert raised.value.nearest == "performance"


def test_a_stage_that_fails_is_a_gap_and_the_others_go_on(tmp_path, monkeypatch):
    broken = Stage("fairness", "gate.no_such_module")
    monkeypatch.setattr(catalog, "STAGES", (broken, *catalog.STAGES))

    report = checked(project(tmp_path)).report

    failed = [g for g in report.gaps if g.kind is GapKind.FAILED]
    assert [g.stage for g in failed] == ["fairness"]
    assert "performance" in report.stages
    assert report.verdict.outcome is Outcome.INCOMPLETE


def test_only_the_scan_needs_neither_data_nor_numpy(tmp_path, monkeypatch):
    file = project(tmp_path)
    (tmp_path / "test.npz").write_bytes(b"no archive")
    monkeypatch.setattr("modelwarden.metrics.find_spec", lambda name: None)

    assert checked(file, stages=["artifacts"]).report.stages == ("artifacts",)
    with pytest.raises(MissingExtraError, match="numpy is not installed"):
        checked(file)


def test_progress_is_told_before_each_stage(tmp_path):
    told = []
    how = CheckHow(tools=FakeTools(), progress=lambda *step: told.append(step))

    check(project(tmp_path), how=how)

    names = ["artifacts", *(stage.name for stage in built())]
    assert told == [(name, at, len(names)) for at, name in enumerate(names)]


# Two models.

REFERENCE = """
[model.reference]
path = "old/"
adapter = "callable"
entry = "predict.py:{}"
"""


def with_reference(folder, entry, reference):
    (folder / "old").mkdir(parents=True)
    (folder / "old" / "w.bin").write_bytes(b"{}")
    return project(folder, entry=entry, model=REFERENCE.format(reference), n=3000)


def test_a_model_that_got_worse_than_its_reference_fails(tmp_path):
    tools = FakeTools()

    file = with_reference(tmp_path, "worse", "honest")
    report = checked(file, tools=tools, stages=PLAIN).report

    assert report.verdict.outcome is Outcome.FAIL
    assert "worse-than-reference" in [r.rule for r in report.verdict.reasons]
    assert [path for path, _ in tools.opened] == ["model/", "old/"]
    assert {c.path for c in report.coverage} == {"model/weights.pkl", "old/w.bin"}


# What the data may be.


def saved(folder, x, y, name="test"):
    np.savez(folder / f"{name}.npz", x=x, y=y)


def test_labels_that_do_not_go_with_the_task_are_refused_in_one_line(tmp_path):
    x = np.zeros((30, 3))
    words = np.array(["a", "b", "c"] * 10)
    for task, y, expected in (
        ("regression", words, "a regression needs numbers"),
        ("binary", words, "have 3 values"),
    ):
        file = project(tmp_path, task=task, entry="numbers")
        saved(tmp_path, x, y)
        saved(tmp_path, x, y, "train")
        with pytest.raises(InputError, match=expected):
            checked(file)


def test_a_class_that_only_test_rows_have_is_no_reason_to_refuse_a_binary_task(tmp_path):
    file = load(project(tmp_path))
    two, three = (labelled(np.array(y)) for y in ([0, 1], [0, 1, 7]))

    check_labels(file, three, two)

    for train in (None, three):
        with pytest.raises(ConfigError, match="have 3 values"):
            check_labels(file, three, train)


def labelled(y):
    return DataSet("test", np.zeros((len(y), 3)), y, Frame((), ()))


def test_a_positive_class_that_no_row_has_names_the_nearest(tmp_path):
    with pytest.raises(ConfigError, match="which no label is"):
        checked(project(tmp_path, data='positive = "yes"'))


@pytest.mark.parametrize("n", [0, 1, 2])
def test_hardly_any_rows_are_incomplete(tmp_path, n):
    file = project(tmp_path)
    rng = np.random.default_rng(0)
    saved(tmp_path, rng.normal(size=(n, 3)), np.zeros(n, np.int64))

    report = checked(file).report

    assert report.verdict.outcome is Outcome.INCOMPLETE


def test_rows_without_labels_are_a_gap(tmp_path):
    file = project(tmp_path)
    np.savez(tmp_path / "test.npz", x=np.zeros((20, 3)))

    report = checked(file).report

    assert "has no labels" in next(g.why for g in report.gaps if g.stage == "performance")
    assert "cost" in report.stages


def test_without_a_test_set_the_key_is_named(tmp_path):
    file = project(tmp_path)
    file.write_text(file.read_text().replace('test = "test.npz"\n', ""))

    with pytest.raises(ConfigError, match=r"data\.test is missing"):
        checked(file)


# Resuming.


def test_an_interrupted_check_is_taken_up_and_gives_the_same_report(tmp_path, monkeypatch):
    file = project(tmp_path / "p", n=1200)
    plain = checked(file).report
    asked = []

    class Counting(FakeTools):
        def open_model(self, *given, **more):
            opening = super().open_model(*given, **more)

            class Opened:
                def __enter__(self):
                    self.inner = opening.__enter__()
                    asked.append(self.inner.target)
                    return self.inner

                def __exit__(self, *error):
                    return opening.__exit__(*error)

            return Opened()

    def interrupted(context):
        raise KeyboardInterrupt

    monkeypatch.setattr("modelwarden.assess.cost.run", interrupted)
    with pytest.raises(KeyboardInterrupt):
        checked(file, state=tmp_path / "state", tools=Counting())
    monkeypatch.undo()
    resumed = checked(file, state=tmp_path / "state", tools=Counting()).report

    assert asked[0].rows > 1200
    assert asked[1].rows == 0
    assert any("taken up" in note for note in resumed.run.notes)
    assert not (tmp_path / "state").exists()
    ours, theirs = steady(resumed), steady(plain)
    ours["run"]["notes"] = [n for n in ours["run"]["notes"] if "taken up" not in n]
    ours["run"]["notes"] = [n for n in ours["run"]["notes"] if "no cost" not in n]
    ours["stages"] = [*ours["stages"], "cost"]
    ours["measures"] = theirs["measures"]
    assert ours == theirs


@pytest.mark.parametrize(
    "changed", ["test.npz", "predict.py", "model/weights.pkl", "toml", "card.md", "environment"]
)
def test_nothing_is_taken_up_when_anything_changed(tmp_path, monkeypatch, changed):
    (tmp_path / "p").mkdir()
    (tmp_path / "p/card.md").write_text("| Metric | Value |\n|---|---|\n| accuracy | 0.9 |\n")
    file = project(tmp_path / "p", model='card = "card.md"')

    def interrupted(context):
        raise KeyboardInterrupt

    monkeypatch.setattr("modelwarden.assess.claims.verify.run", interrupted)
    with pytest.raises(KeyboardInterrupt):
        checked(file, state=tmp_path / "state", stages=["performance", "claims"])
    monkeypatch.undo()
    if changed == "environment":
        monkeypatch.setenv("MODELWARDEN_TEST_FAKE", "2")
    elif changed == "card.md":
        (tmp_path / "p/card.md").write_text("nothing")
    elif changed == "test.npz":
        with np.load(tmp_path / "p/test.npz") as arrays:
            saved(tmp_path / "p", arrays["x"], 1 - arrays["y"])
    elif changed == "predict.py":
        (tmp_path / "p/predict.py").write_text("# another one\n")
    elif changed == "toml":
        file.write_text(file.read_text() + "\n# a remark\n")
    else:
        (tmp_path / "p" / changed).write_bytes(b"{}")

    report = checked(file, state=tmp_path / "state", stages=["performance", "claims"]).report

    assert not any("taken up" in note for note in report.run.notes)


@pytest.mark.parametrize(
    ("model", "why"),
    [
        ('card = "card.md"', "the card card.md is larger than"),
        ('python = "/no/such/python"', "does not run"),
    ],
)
def test_what_the_user_got_wrong_is_told_before_anything_is_scanned(
    tmp_path, monkeypatch, model, why
):
    file = project(tmp_path / "p", model=model)
    (tmp_path / "p" / "card.md").write_bytes(bytes((16 << 20) + 1))
    monkeypatch.setattr("modelwarden.gate.work.scan_models", lambda *_, **__: pytest.fail("late"))

    with pytest.raises(InputError, match=why):
        check(file, how=CheckHow(tools=FakeTools()))


def test_an_input_error_after_the_scan_does_not_cost_what_the_scan_found(tmp_path):
    class Late(FakeTools):
        def open_model(self, *given, **more):
            raise InputError("m holds no MLmodel file", hint="Name the folder.")

    file = project(tmp_path / "p")
    report = check(file, how=CheckHow(tools=Late())).report

    assert report.verdict.outcome is Outcome.INCOMPLETE
    assert report.coverage
    assert {g.why for g in report.gaps} == {"m holds no MLmodel file. Name the folder."}
