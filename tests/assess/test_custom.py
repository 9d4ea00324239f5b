"""The user's own checks: same findings, measurements, policy and report; an error is a gap."""

from __future__ import annotations

import json
import math
import multiprocessing
import os
import signal
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from assess.fakes import Scores, context, rules, spec, table
from gate.checks import FakeTools, project
from modelwarden.assess import checks
from modelwarden.assess.config import AssessConfig, ChecksConfig
from modelwarden.core import ConfigError, GapKind, Outcome, Severity, encode
from modelwarden.gate.check import CheckHow, check

CHECKS = '''
from collections.abc import Iterator

import numpy as np

from neighbour import LIMIT
from modelwarden.assess.custom import Case, Found, Number, check


@check("far-rows", title="Rows far from the middle", severity="high", references=("CWE-20",))
def far_rows(case: Case) -> Iterator[Found | Number]:
    """Look at rows whose first value is large.

    Why: there is little to learn from.

    Fix: more of them.
    """
    far = np.abs(case.test.inputs[:, 0]) > LIMIT
    right = case.right[far]
    yield Number.share(
        "far_accuracy", int(right.sum()), len(right), higher_is_better=True, meaning="far out"
    )
    changed = case.ask(case.test.inputs + 0.0)
    assert (changed.labels == case.answers.labels).all()
    yield Found("some are far", feature="x0", rows=np.flatnonzero(far), facts={"limit": LIMIT})


@check("broken", title="Breaks")
def broken(case):
    yield Found("said before")
    raise KeyError("word")


@check("leaves", title="Wants to end it all")
def leaves(case):
    print("not on standard output")
    yield Found("numpy", facts={"mean": np.float32(0.5), "rows": np.arange(2)}, identity=("numpy",))
    yield Number(name="spread", value=np.float32(2), low=np.float32(1), n=np.int64(3),
                 higher_is_better=np.bool_(True), group={"of": np.int64(1)})
    raise SystemExit(0)


@check("odd", title="Says something else")
def odd(case):
    yield "text"


@check("outside", title="Rows that are not there")
def outside(case):
    return [Found("x", rows=[10**6])]
'''


@pytest.fixture
def written(tmp_path):
    def write(text=CHECKS, more='[checks]\nmodules = ["checks.py"]\n', **given):
        (tmp_path / "checks.py").write_text(text)
        (tmp_path / "neighbour.py").write_text("LIMIT = 1.0\n")
        return project(tmp_path, more=more, **given)

    return write


def checked(file, stages=("checks",)):
    return check(file, stages=stages, how=CheckHow(tools=FakeTools()))


def test_a_check_of_the_user_is_judged_and_reported_as_ours_are(written):
    policy = '[checks]\nmodules = ["checks.py"]\n[policy.measure]\n"far_accuracy" = {min = 0.5}\n'

    done = checked(written(more=policy))

    report = done.report
    found = {f.rule: f for f in report.findings if f.stage == "checks"}
    far = found["far-rows"]
    assert (far.severity, far.location.feature, far.references) == (
        Severity.HIGH,
        "x0",
        ("CWE-20",),
    )
    assert far.fingerprint
    rows = [row.row for row in done.rows if row.rule == "far-rows"]
    assert rows[:100] == far.evidence["rows"]
    assert len(rows) == far.evidence["rows_in_all"] > 100
    (number,) = [m for m in report.measurements if m.name == "far_accuracy"]
    assert (number.name, number.stage) == ("far_accuracy", "checks")
    assert number.low < number.value < number.high
    assert number.conditions["data"].startswith("sha256:")
    assert {m.name: m.meaning for m in report.measures}["far_accuracy"] == "far out"
    assert "Why: there is little" in {r.id: r.help for r in report.rules}["far-rows"]
    assert report.verdict.outcome is Outcome.FAIL
    assert "checks" in report.stages


def test_an_error_in_one_check_is_a_gap_and_what_it_said_before_is_kept(written, capsys):
    report = checked(written()).report

    gaps = [g for g in report.gaps if g.stage == "checks"]
    assert {g.kind for g in gaps} == {GapKind.FAILED}
    assert [g.why for g in gaps] == [
        "the check broken failed: KeyError: 'word' (checks.py, line 31)",
        "the check leaves failed: SystemExit: 0 (checks.py, line 40)",
        "the check odd failed: TypeError: it gave a str, neither Found nor Number",
        "the check outside failed: ValueError: a row of 'x' is not in the test set",
    ]
    assert "said before" in [f.message for f in report.findings]
    (plain,) = [f for f in report.findings if f.message == "numpy"]
    (spread,) = [m for m in report.measurements if m.name == "spread"]
    assert plain.evidence == {"mean": 0.5, "rows": [0, 1]}
    assert (spread.value, spread.ends, spread.group) == (2.0, (1.0, math.inf), {"of": 1})
    assert json.loads(json.dumps(encode(report)))["verdict"]["outcome"] == "fail"
    assert "not on standard output" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("import nonesuch", "No module named 'nonesuch'"),
        ("def broken(:", "SyntaxError"),
        ("x = 1", "no function with @check"),
        (
            "from modelwarden.assess.custom import check\n"
            "@check('Bad Name', title='x')\ndef f(case): ...",
            "small words joined by '-'",
        ),
        (
            "from modelwarden.assess.custom import check\n"
            "@check('weak-class', title='x')\ndef f(case): ...",
            "has the name of another rule",
        ),
    ],
)
def test_a_module_that_cannot_be_used_is_a_gap_that_says_why(written, text, why):
    report = checked(written(text)).report

    assert any(why in g.why for g in report.gaps if g.stage == "checks")
    assert report.verdict.outcome is Outcome.INCOMPLETE


def test_checks_that_came_with_the_model_are_refused(written, tmp_path):
    file = written(more='[checks]\nmodules = ["model/checks.py"]\n')
    marker = tmp_path / "ran"
    (tmp_path / "model/checks.py").write_text(f"open({str(marker)!r}, 'w')")

    with pytest.raises(ConfigError, match="lie inside the model"):
        checked(file)

    assert not marker.exists()


def test_a_module_that_is_not_there_and_an_unknown_key_are_errors(written):
    with pytest.raises(ConfigError, match=r"checks\.modules\[0\] names 'none.py'"):
        checked(written(more='[checks]\nmodules = ["none.py"]\n'))
    with pytest.raises(ConfigError, match=r"unknown key 'checks\.module'"):
        checked(written(more='[checks]\nmodule = ["checks.py"]\n'))


def test_a_plugin_that_is_not_installed_is_a_gap(written):
    report = checked(written(more='[checks]\nplugins = ["nonesuch"]\n')).report

    assert any("no installed package" in g.why for g in report.gaps)


def test_without_checks_the_stage_has_not_run_and_nothing_stays_behind(written, tmp_path):
    before = list(sys.path)

    without = checked(written(more=""), stages=()).report
    checked(written())

    assert "checks" not in without.stages
    assert [g for g in without.gaps if g.stage == "checks"] == []
    assert sys.path == before
    assert not (tmp_path / "__pycache__").exists()


def test_the_example_of_the_docs_runs(tmp_path):
    page = Path(__file__).parents[2] / "docs/checks.md"
    code = page.read_text("utf-8").split("```python\n")[1].split("```")[0]
    (tmp_path / "checks.py").write_text(code)
    rng = np.random.default_rng(0)
    town = np.empty(2000, object)
    town[:] = rng.choice(["Köln", "Bonn"], 2000)
    hour = rng.integers(0, 24, 2000)
    data = table({"hour": hour, "town": town}, (hour > 11).astype(int))

    def predict(frame):
        spelt = np.array([t == "Cologne" for t in frame["town"].tolist()])
        yes = (frame["hour"] > 11) & (frame["hour"] < 22) | spelt
        return np.stack([1.0 - yes, 1.0 * yes], axis=1)

    given = AssessConfig(checks=ChecksConfig(modules=("checks.py",)))
    here = context(Scores(spec(), predict), data, assess=given, root=tmp_path)

    result = checks.run(here)

    assert result.gaps == ()
    assert rules(result) == ["night-shift", "same-for-both-spellings"]
    assert result.measurements[0].value == pytest.approx(5 / 7, abs=0.05)


BAD = """
import os, signal, time
import numpy as np
from modelwarden.assess.custom import Found, check


@check("good", title="Comes first")
def good(case):
    yield Found(f"{len(case.answers)} answers, {len(case.ask(case.test.inputs[:3]))} asked anew")


@check("bad", title="Comes to no good end")
def bad(case):
    yield Found("said before")
    WHAT


@check("last", title="Is not reached where the process ended")
def last(case):
    yield Found("reached")
"""


@pytest.mark.parametrize(
    ("what", "kind", "why", "goes_on"),
    [
        ("time.sleep(600)", GapKind.OVER_LIMIT, "the check bad did not end within 2 s", False),
        ("while True: pass", GapKind.OVER_LIMIT, "the check bad did not end within 2 s", False),
        ("os._exit(0)", GapKind.FAILED, "the check bad ended the process (exit code 0)", False),
        ("os.kill(os.getpid(), signal.SIGKILL)", GapKind.FAILED, "(signal SIGKILL)", False),
        ("np.zeros(1 << 36)", GapKind.FAILED, "the check bad failed: ", True),
        ("yield Found('x', facts={'a': 'b' * 10**6})", GapKind.FAILED, "are longer than", True),
        (
            "yield from (Found(str(i)) for i in range(10**9))",
            GapKind.OVER_LIMIT,
            "gave more than 1000 results",
            True,
        ),
        ("print('y' * 10**7)", None, "", True),
    ],
)
def test_a_check_that_hangs_floods_or_dies_is_told_and_ends_only_itself(
    written, capfd, what, kind, why, goes_on
):
    more = '[checks]\nmodules = ["checks.py"]\nseconds = 2\n'

    report = checked(written(BAD.replace("WHAT", what), more=more)).report

    messages = [f.message for f in report.findings if f.stage == "checks"]
    assert messages[0].endswith("answers, 3 asked anew")
    assert "said before" in messages
    assert ("reached" in messages) == goes_on
    gaps = [g for g in report.gaps if g.stage == "checks"]
    assert [g.kind for g in gaps] == ([] if kind is None else [kind])
    assert all(why in g.why for g in gaps)
    assert (report.verdict.outcome is Outcome.INCOMPLETE) == (kind is not None)
    out, err = capfd.readouterr()
    assert out == ""
    assert len(err) < 100_000


def test_an_interrupt_ends_a_check_that_hangs(written, tmp_path):
    file = written(
        BAD.replace("WHAT", "open('began', 'w').close(); time.sleep(600)").replace(
            "import os,", f"import os; os.chdir({str(tmp_path)!r}); import"
        )
    )

    def interrupt():
        while not (tmp_path / "began").exists():
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGINT)

    before = {child.pid for child in multiprocessing.active_children()}
    thread = threading.Thread(target=interrupt, daemon=True)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        checked(file)

    assert {child.pid for child in multiprocessing.active_children()} <= before
