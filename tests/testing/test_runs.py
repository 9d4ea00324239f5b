"""The check behind the tests is run once, whoever asks."""

from __future__ import annotations

import math
import warnings
from concurrent.futures import ThreadPoolExecutor

import pytest

from gate.checks import FakeTools, project
from modelwarden.core import Measurement, Report, Run, Subject
from modelwarden.gate import check as gate
from modelwarden.gate import opening
from modelwarden.testing import runs
from modelwarden.testing.runs import Asked, Check, CheckFailedError


@pytest.fixture
def checks(monkeypatch, tmp_path):
    """The checks that were run, with models of the tests' own."""
    ran = []
    real = gate.check

    def counted(*given, **more):
        ran.append(more["seed"])
        return real(*given, **more)

    monkeypatch.setattr(gate, "check", counted)
    monkeypatch.setattr(opening, "Ours", FakeTools)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return ran


def test_one_process_checks_once_and_processes_that_share_a_folder_do_too(tmp_path, checks):
    asked = Asked(file=project(tmp_path / "p"))
    folder = tmp_path / "shared"
    folder.mkdir()
    workers = [Check(asked, folder) for _ in range(3)]

    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(lambda one: one.ran(), workers))
    again = workers[0].ran()
    other = Check(Asked(file=asked.file, seed=1), folder).ran()

    assert checks == [0, 1]
    assert found[0] == found[1] == found[2] == again
    assert other.report.run.seed == 1
    assert not list(folder.glob("*.tmp"))


def test_what_ended_the_check_is_said_again_and_not_tried_again(tmp_path, checks):
    asked = Asked(file=project(tmp_path / "p", data='label = "y"\npositive = 9'))
    folder = tmp_path / "shared"
    folder.mkdir()
    one, two = Check(asked, folder), Check(asked, folder)

    told = []
    for check in (one, one, two):
        with pytest.raises(CheckFailedError) as caught:
            check.ran()
        told.append((caught.value.message, caught.value.hint))

    assert checks == [0]
    assert told[0] == told[1] == told[2]
    assert "positive" in told[0][0]


def test_an_error_of_ours_is_one_line(tmp_path, checks, monkeypatch):
    def broken(*given, **more):
        raise KeyError("a\nb")

    monkeypatch.setattr(gate, "check", broken)

    with pytest.raises(CheckFailedError, match=r"^internal error: KeyError: [^\n]*$"):
        Check(Asked(file=project(tmp_path))).ran()


def test_an_infinite_end_of_an_interval_is_not_lost_between_processes():
    one = Measurement(
        name="r2", value=0.5, low=-math.inf, high=math.inf, n=2, higher_is_better=True
    )
    report = Report(
        subject=Subject(kind="model", name="m"), run=Run(command="check"), measurements=(one,)
    )

    found = runs._read(runs._written(runs.Ran(report, runs.dt.date(2026, 1, 2))))

    assert found.report.measurements == (one,)
    assert found.today == runs.dt.date(2026, 1, 2)


def test_filters_of_warnings_do_not_reach_our_work():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with runs.apart():
            warnings.warn("of a library", DeprecationWarning, stacklevel=1)
        with pytest.raises(DeprecationWarning):
            warnings.warn("of a library", DeprecationWarning, stacklevel=1)
