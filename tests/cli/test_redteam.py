"""`modelwarden redteam` as users run it: exit codes, one line on stderr, the folder."""

from __future__ import annotations

import json

import pytest
from tests.redteam.campaigns import seeded
from tests.redteam.endpoints import Endpoint, serving

from modelwarden.cli.main import run

FILE = """
[campaign]
name = "spam"
goal = "evade"
authorised_by = "the tests"
[target]
url = "{url}"
protocol = "mlflow"
[budget]
rows = {rows}
retries = 1
[seeds]
path = "seeds"
label = "spam"
[[attack]]
name = "edits"
queries = 60
"""


@pytest.fixture
def place(tmp_path):
    seeded(tmp_path)
    return tmp_path


def _file(place, url, rows=2000):
    (place / "campaign.toml").write_text(FILE.format(url=url, rows=rows))
    return str(place / "campaign.toml")


def test_what_got_past_is_exit_code_1_and_so_is_its_replay(place, capsys):
    with serving(Endpoint()) as endpoint:
        path = _file(place, endpoint.url)
        assert run(["redteam", path, "--format", "json"]) == 1
        report = json.loads(capsys.readouterr().out)
        folder = str(place / "campaign.redteam")
        assert run(["redteam", "replay", folder]) == 1
        assert "evasion-not-fixed" in capsys.readouterr().out
        before = endpoint.rows
        assert run(["redteam", "replay", folder, "--offline", "--format", "json"]) == 1
        again = json.loads(capsys.readouterr().out)

    assert endpoint.rows == before
    assert again["findings"] == report["findings"]
    assert again["measurements"] == report["measurements"]
    assert again["subject"]["kind"] == "endpoint"


def test_a_target_that_holds_is_exit_code_0(place, capsys):
    with serving(Endpoint(lambda texts: [{"ham": 0.1, "spam": 0.9} for _ in texts])) as endpoint:
        assert run(["redteam", _file(place, endpoint.url)]) == 0

    assert "0 of 4 seeds" in capsys.readouterr().out


def test_a_budget_that_is_too_small_is_exit_code_3(place, capsys):
    with serving(Endpoint()) as endpoint:
        assert run(["redteam", _file(place, endpoint.url, rows=7)]) == 3

    assert "the budget of 7 rows is used up" in capsys.readouterr().out


def test_a_file_without_an_authorisation_is_exit_code_2_and_one_line(place, capsys):
    path = _file(place, "http://127.0.0.1:9")
    text = (place / "campaign.toml").read_text().replace('authorised_by = "the tests"', "")
    (place / "campaign.toml").write_text(text)

    assert run(["redteam", path]) == 2

    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "authorised_by is missing: no campaign starts without it" in told


def test_nobody_at_the_address_is_exit_code_2(place, capsys):
    assert run(["redteam", _file(place, "http://127.0.0.1:9")]) == 2

    assert "nothing listens at http://127.0.0.1:9" in capsys.readouterr().err


def test_a_dry_run_asks_nothing_and_writes_nothing(place, capsys):
    with serving(Endpoint()) as endpoint:
        assert run(["redteam", _file(place, endpoint.url), "--dry-run"]) == 3

    assert endpoint.rows == 0
    assert not (place / "campaign.redteam").exists()
    assert "would disguise 4 texts" in capsys.readouterr().out


def test_help_names_both_forms(capsys):
    assert run(["redteam", "--help"]) == 0

    out = capsys.readouterr().out
    assert "CAMPAIGN.toml" in out
    assert "replay" in out


def test_people_are_told_where_to_read_on(place, capsys):
    with serving(Endpoint()) as endpoint:
        assert run(["redteam", _file(place, endpoint.url)]) == 1

    told = capsys.readouterr().err
    folder = place / "campaign.redteam"
    assert str(folder / "debrief.html") in told
    assert (folder / "debrief.html").is_file()
    assert f"redteam replay {folder}" in told


def test_a_replay_that_nobody_answers_speaks_of_the_server_and_not_of_resuming(place, capsys):
    with serving(Endpoint()) as endpoint:
        run(["redteam", _file(place, endpoint.url)])
    capsys.readouterr()

    assert run(["redteam", "replay", str(place / "campaign.redteam")]) == 2

    told = capsys.readouterr().err
    assert "nothing listens at" in told
    assert "--url" in told
    assert "resume" not in told


def test_a_replay_that_is_put_off_does_not_say_to_start_the_server(place, capsys):
    with serving(Endpoint()) as endpoint:
        run(["redteam", _file(place, endpoint.url)])
        capsys.readouterr()
        endpoint.fault = lambda n, rows: (429, {"Retry-After": "99999"}, b"")

        assert run(["redteam", "replay", str(place / "campaign.redteam")]) == 2

    told = capsys.readouterr().err
    assert "status 429 and asks to wait 99999 s" in told
    assert "ask again later" in told
    assert "Start the server" not in told


def test_a_replay_of_no_campaign_is_one_line_that_says_what_to_name(place, capsys):
    assert run(["redteam", "replay", str(place / "nowhere")]) == 2

    told = capsys.readouterr().err
    assert "nowhere is not the output of a campaign" in told
    assert "Errno" not in told


MARKED = (403, {"x-modelwarden": "refused"}, b"{}")


def test_a_campaign_shown_to_a_firewall_exits_with_what_came_of_it(place, capsys):
    with serving(Endpoint()) as endpoint:
        path = _file(place, endpoint.url)
        run(["redteam", path])
        folder = str(place / "campaign.redteam")
        capsys.readouterr()
        shown = ["redteam", "replay", folder, "--through", endpoint.url]

        assert run([*shown, "--campaign", path]) == 1
        assert "campaign-gets-through" in capsys.readouterr().out
        before = len(endpoint.asked)
        endpoint.fault = lambda n, rows: MARKED if n > before + 1 else None
        assert run(shown) == 0
        assert "requests refused, the first at row 1" in capsys.readouterr().out
        endpoint.fault = lambda n, rows: MARKED
        assert run(shown) == 3
        assert "the seeds as they are were refused as well" in capsys.readouterr().out
    assert run(shown) == 2

    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "nothing listens at" in told
    assert "--through" in told


@pytest.mark.parametrize("other", [["--offline"], ["--url", "http://127.0.0.1:9"]])
def test_through_goes_with_no_other_way_to_replay(place, capsys, other):
    assert run(["redteam", "replay", str(place), "--through", "http://127.0.0.1:9", *other]) == 2

    assert "--through goes with neither --offline nor --url" in capsys.readouterr().err


def test_a_record_that_is_damaged_is_one_line(place, capsys):
    with serving(Endpoint()) as endpoint:
        run(["redteam", _file(place, endpoint.url)])
        capsys.readouterr()
        transcript = place / "campaign.redteam" / "transcript.jsonl"
        transcript.write_bytes(b"[]\n" + transcript.read_bytes())
        folder = str(place / "campaign.redteam")
        assert run(["redteam", "replay", folder, "--through", endpoint.url]) == 2

    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "line 1, is no event" in told
