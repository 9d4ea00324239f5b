"""What got past is asked again: fixed, not fixed, or another target."""

from __future__ import annotations

import json
import os
import shutil

import pytest
from scipy import stats

from modelwarden.core import InputError, Outcome
from modelwarden.redteam import run
from modelwarden.redteam.replay import Outcome as Became
from modelwarden.redteam.replay import replay
from tests.redteam.campaigns import SPAM, campaign, seeded
from tests.redteam.endpoints import Endpoint, bare, named, serving


@pytest.fixture
def evaded(tmp_path):
    seeded(tmp_path)
    with serving(Endpoint()) as endpoint:
        run(campaign(tmp_path, endpoint.url), output=tmp_path / "out")
    return tmp_path / "out"


def _replayed(folder, answer):
    with serving(Endpoint(answer)) as endpoint:
        return replay(folder, url=endpoint.url)


def test_another_server_is_asked_at_the_same_path(tmp_path):
    seeded(tmp_path)
    with serving(Endpoint()) as endpoint:
        target = {"url": f"{endpoint.url}/models/filter/invocations"}
        run(campaign(tmp_path, endpoint.url, target=target), output=tmp_path / "out")
    with serving(Endpoint()) as endpoint:
        same = replay(tmp_path / "out", url=endpoint.url)
        other = replay(tmp_path / "out", url=f"{endpoint.url}/other")

    assert same.report.subject.name == f"{endpoint.url}/models/filter/invocations"
    assert other.report.subject.name == f"{endpoint.url}/other"


def test_nothing_is_fixed_by_waiting(evaded):
    done = _replayed(evaded, named)

    assert {one.outcome for one in done.again} == {Became.NOT_FIXED}
    assert len(done.again) == len(SPAM)
    assert done.report.verdict.outcome is Outcome.FAIL
    assert [f.rule for f in done.report.findings] == ["evasion-not-fixed"]


def test_an_evasion_that_lies_there_twice_is_asked_once_and_told(evaded):
    first = sorted((evaded / "evasions").iterdir())[0]
    shutil.copytree(first, evaded / "evasions" / "0009-again")

    done = _replayed(evaded, named)

    assert len(done.again) == len(SPAM)
    assert [m.n for m in done.report.measurements] == [len(SPAM)]
    assert f"0009-again is {first.name} once more" in done.report.run.notes[-1]


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"target": {"number": 7, "name": "x"}}, "0001-mail-0.txt is of target 7, which the"),
        ({"target": 0}, "describes no evasion"),
        ({"seed": None}, "describes no evasion"),
        ({"before": {}}, "describes no evasion"),
        ({"after": {"answer": ["ham"]}}, "describes no evasion"),
    ],
)
def test_an_evasion_that_somebody_edited_is_named(evaded, change, line):
    place = evaded / "evasions" / "0001-mail-0.txt" / "evasion.json"
    place.write_text(json.dumps(json.loads(place.read_text()) | change))

    with pytest.raises(InputError, match=line):
        replay(evaded)


def test_an_evasion_nested_too_deeply_is_named(evaded):
    place = evaded / "evasions" / "0001-mail-0.txt" / "evasion.json"
    place.write_text("[" * 100_000)

    with pytest.raises(InputError, match=r"0001-mail-0\.txt"):
        replay(evaded)


def test_a_fix_is_seen_as_one(evaded):
    done = _replayed(evaded, lambda texts: [{"ham": 0.1, "spam": 0.9} for _ in texts])

    assert {one.outcome for one in done.again} == {Became.FIXED}
    assert done.report.verdict.outcome is Outcome.PASS


def test_the_share_of_fixed_ones_and_its_interval_are_those_of_scipy(evaded):
    first = sorted((evaded / "evasions").iterdir())[0]
    about = json.loads((first / "evasion.json").read_text())
    open_ = (first / about["after"]["file"]).read_text()

    def all_but_one(texts):
        return [
            {"ham": 0.9, "spam": 0.1} if t == open_ else {"ham": 0.1, "spam": 0.9} for t in texts
        ]

    done = _replayed(evaded, all_but_one)

    n = len(SPAM)
    (got,) = done.report.measurements
    known = stats.binomtest(n - 1, n).proportion_ci(method="exact")
    assert (got.name, got.n, got.value) == ("evasions_fixed", n, (n - 1) / n)
    assert (got.low, got.high) == pytest.approx((known.low, known.high))


def test_a_target_that_lets_the_originals_pass_is_another_one(evaded):
    done = _replayed(evaded, lambda texts: [{"ham": 0.9, "spam": 0.1} for _ in texts])

    assert {one.outcome for one in done.again} == {Became.CHANGED}
    assert done.report.verdict.outcome is Outcome.INCOMPLETE


def test_scores_without_names_are_read_by_the_classes_of_the_evasions(evaded):
    done = _replayed(evaded, bare)

    assert {one.outcome for one in done.again} == {Became.NOT_FIXED}


def test_an_address_outside_the_rules_is_not_asked(evaded):
    with pytest.raises(InputError, match="outside the rules"):
        replay(evaded, url="http://192.0.2.1:80")


def test_a_folder_without_a_campaign_is_refused(tmp_path):
    with pytest.raises(InputError):
        replay(tmp_path)


def _kept(folder):
    place = folder / "state" / "campaign.json"
    return place, json.loads(place.read_text("utf-8"))


def test_a_folder_does_not_decide_whom_we_ask(evaded):
    place, kept = _kept(evaded)
    kept["document"]["target"] |= {"url": "http://192.0.2.1/x", "allowed_hosts": ["192.0.2.1"]}
    place.write_text(json.dumps(kept), "utf-8")

    with pytest.raises(InputError, match=r"would have 192\.0\.2\.1 asked"):
        replay(evaded)


def test_a_folder_does_not_have_other_files_read_or_written(evaded, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("kept")
    one = next(p for p in (evaded / "evasions").iterdir())
    changed = one / "changed.txt"
    kept = changed.read_bytes()
    changed.unlink()
    changed.symlink_to(secret)
    with pytest.raises(InputError, match="is no plain file of an evasion"):
        _replayed(evaded, named)
    changed.unlink()
    os.mkfifo(changed)
    with pytest.raises(InputError, match="is no plain file of an evasion"):
        _replayed(evaded, named)
    changed.unlink()
    changed.write_bytes(kept)
    (evaded / "state" / "replay").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InputError, match="is a link"):
        _replayed(evaded, named)

    assert secret.read_text() == "kept"
    assert not (tmp_path / "elsewhere").exists()


def test_a_folder_that_brings_its_own_code_is_not_run(evaded):
    place, kept = _kept(evaded)
    target = {"entry": "evasions/predict.py:predict", "path": "evasions"}
    kept["document"]["target"] = target
    kept["root"] = str(evaded)
    place.write_text(json.dumps(kept), "utf-8")

    with pytest.raises(InputError, match="would have its own evasions run"):
        replay(evaded)


def test_the_own_campaign_file_must_be_the_folders(tmp_path):
    seeded(tmp_path)
    with serving(Endpoint()) as endpoint:
        own = campaign(tmp_path, endpoint.url)
        run(own, output=tmp_path / "out")
        done = replay(tmp_path / "out", rules=own)
        other = campaign(tmp_path, endpoint.url, campaign={"seed": 9})
        with pytest.raises(InputError, match=r"another campaign.*seed was 3, is 9"):
            replay(tmp_path / "out", rules=other)

    assert {one.outcome for one in done.again} == {Became.NOT_FIXED}
