"""Several targets and files of seeds: each pair is a unit of work, and all come to one report."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from modelwarden.core import InputError
from modelwarden.engine import Settled, map_units
from modelwarden.redteam import campaign_of, load, pairs, run
from tests.redteam.campaigns import SPAM, document, seeded
from tests.redteam.endpoints import Endpoint, labels, serving
from tests.redteam.test_resume import ROOT, result

FILE = """
[campaign]
name = "all"
goal = "evade"
authorised_by = "the tests"
[budget]
rows = 2000
batch = 8
[[target]]
name = "scores"
url = "{first}"
protocol = "mlflow"
[[target]]
name = "labels"
url = "{second}"
protocol = "mlflow"
[[seeds]]
path = "seeds"
label = "spam"
[[seeds]]
path = "more/seeds"
label = "spam"
[[attack]]
name = "edits"
queries = 30
"""


@pytest.fixture
def two():
    with serving(Endpoint()) as first, serving(Endpoint(labels)) as second:
        yield first, second


def _made(root: Path, two: tuple[Endpoint, Endpoint], **budget: int) -> dict[str, object]:
    seeded(root)
    seeded(root / "more", SPAM[:2])
    made = document(two[0].url, budget=budget)
    made["target"] = [
        {"name": "scores", "url": two[0].url, "protocol": "mlflow"},
        {"name": "labels", "url": two[1].url, "protocol": "mlflow"},
    ]
    made["seeds"] = [{"path": p, "label": "spam"} for p in ("seeds", "more/seeds")]
    return made


def test_it_is_the_same_in_this_process_and_in_several(tmp_path, monkeypatch, two):
    campaign = campaign_of(_made(tmp_path, two, concurrency=2), root=tmp_path)

    run(campaign, output=tmp_path / "several")
    monkeypatch.setattr(
        pairs, "map_units", lambda units, work, plan: map_units(units, work, replace(plan, jobs=1))
    )
    run(campaign, output=tmp_path / "here")

    assert result(tmp_path / "several") == result(tmp_path / "here")


@pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)
def test_it_is_the_same_on_a_cluster(tmp_path, two):
    pytest.importorskip("ray")
    campaign = campaign_of(_made(tmp_path, two, concurrency=2), root=tmp_path)

    run(campaign, output=tmp_path / "here")
    before = two[0].rows + two[1].rows
    run(campaign, output=tmp_path / "cluster", engine="ray")

    assert result(tmp_path / "cluster") == result(tmp_path / "here")
    assert two[0].rows + two[1].rows == 2 * before


def test_every_pair_is_in_report_transcript_and_evasions(tmp_path, two):
    campaign = campaign_of(_made(tmp_path, two), root=tmp_path)

    done = run(campaign, output=tmp_path / "out")
    again = run(campaign, output=tmp_path / "out", offline=True)

    told = (tmp_path / "out" / "transcript.jsonl").read_text()
    events = [json.loads(line) for line in told.splitlines()]
    rows = sum(e["rows"] for e in events if e["event"] == "answer")
    bodies = {e["sent"]["file"] for e in events if e["event"] == "answer"}
    asked = next(m.value for m in done.report.measurements if m.name == "rows_asked")
    assert rows == asked == two[0].rows + two[1].rows
    assert len(bodies) == 4
    assert all((tmp_path / "out" / body).is_file() for body in bodies)
    assert len(done.evasions) >= 6
    assert sorted(done.evasions) == sorted(p.name for p in (tmp_path / "out/evasions").iterdir())
    assert again.report.measurements == done.report.measurements
    assert {(m.group["target"], m.group["seeds"]) for m in done.report.measurements if m.group} == {
        (target, seeds) for target in ("scores", "labels") for seeds in ("seeds", "more/seeds")
    }


def test_a_killed_campaign_of_several_pairs_ends_as_an_undisturbed_one(tmp_path, two):
    _made(tmp_path, two)
    path = tmp_path / "campaign.toml"
    path.write_text(FILE.format(first=two[0].url, second=two[1].url))
    run(load(path), output=tmp_path / "whole")
    command = [sys.executable, "-m", "tests.redteam.killing", str(path), str(tmp_path / "cut")]
    for events in ("30", "70"):
        done = subprocess.run([*command, events], cwd=ROOT, check=False, capture_output=True)
        assert done.returncode == -9, done.stderr.decode()
    run(load(path), output=tmp_path / "cut", resume=True)

    assert result(tmp_path / "cut") == result(tmp_path / "whole")


def test_a_budget_that_does_not_reach_for_every_pair_is_refused(tmp_path, two):
    campaign = campaign_of(_made(tmp_path, two, rows=3), root=tmp_path)

    with pytest.raises(InputError, match=r"budget\.rows = 3 does not reach for 4 pairs"):
        run(campaign, output=tmp_path / "out")


def test_pairs_that_never_began_are_gaps_and_are_worked_when_resumed(tmp_path, monkeypatch, two):
    campaign = campaign_of(_made(tmp_path, two), root=tmp_path)
    run(campaign, output=tmp_path / "whole")

    def down(units, work, plan):
        first = map_units(units[:1], work, replace(plan, jobs=1))
        return [*first, *(Settled(error="the connection was lost") for _ in units[1:])]

    monkeypatch.setattr(pairs, "map_units", down)
    cut = run(campaign, output=tmp_path / "cut")
    monkeypatch.undo()
    done = run(campaign, output=tmp_path / "cut", resume=True)

    assert "the connection was lost" in (cut.stopped or "")
    assert len(cut.report.gaps) == 3
    assert done.stopped is None
    assert result(tmp_path / "cut") == result(tmp_path / "whole")
