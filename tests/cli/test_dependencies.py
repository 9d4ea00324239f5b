from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pytest

from cli.command import HARMLESS, command, scan
from osvdata import index_of, lines, record

ALL = [("introduced", "0"), ("fixed", "9.0")]
CRITICAL = [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}]


@pytest.fixture
def project(tmp_path):
    root = tmp_path / "project"
    root.mkdir()
    (root / "requirements.txt").write_text("torch==1.0\n")
    (root / "model.pkl").write_bytes(HARMLESS)
    return root


@pytest.fixture
def index(tmp_path):
    (tmp_path / "data").mkdir()
    return index_of(tmp_path / "data", record(events=ALL, aliases=["CVE-1"], severity=CRITICAL))


def test_a_vulnerable_pin_fails_the_scan_and_the_report_names_the_index(project, index):
    ran = scan(project, "--advisories", index)

    assert ran.code == 1
    assert ran.report["run"]["advisories"]["records"] == 1
    assert ran.report["run"]["advisories"]["digest"].startswith("sha256:")
    assert ran.report["stages"] == ["artifacts", "dependencies"]
    (finding,) = ran.report["findings"]
    assert finding["rule"] in {rule["id"] for rule in ran.report["rules"]}
    assert "CVE-1" in finding["references"]
    items = ran.report["inventory"]
    assert {"package", "torch", "1.0"} <= {str(v) for item in items for v in item.values()}


@pytest.mark.parametrize("form", ["text", "sarif", "junit", "html", "markdown", "gitlab"])
def test_every_form_of_report_names_the_package(project, index, form):
    ran = command("scan", project, "--advisories", index, "--format", form)

    assert ran.code == 1
    assert "torch 1.0 has CVE-1" in ran.out


def test_a_manifest_without_an_index_is_incomplete_and_names_the_command(project):
    ran = scan(project)

    assert ran.code == 3
    (gap,) = ran.gaps()
    assert gap[0] == "requirements.txt"
    assert "modelwarden advisories import FILE" in gap[2]


def test_no_deps_leaves_the_stage_out(project, index):
    ran = scan(project, "--no-deps")

    assert ran.code == 0
    assert ran.report["stages"] == ["artifacts"]
    assert command("scan", project, "--no-deps", "--advisories", index).code == 2


def test_a_model_alone_passes_without_an_index_with_one_note(project):
    ran = scan(project / "model.pkl")

    assert ran.code == 0
    assert len(ran.report["run"]["notes"]) == 1
    assert "dependencies did not run" in ran.report["run"]["notes"][0]


def test_a_policy_may_require_the_stage(project, tmp_path):
    (tmp_path / "policy.toml").write_text('require = ["dependencies"]\n')

    ran = scan(project / "model.pkl", "--policy", tmp_path / "policy.toml")

    assert ran.code == 3


def test_an_index_below_a_scanned_path_is_refused(project, index):
    inside = project / "advisories.sqlite"
    inside.write_bytes(index.read_bytes())

    ran = command("scan", project, "--advisories", inside)

    assert ran.code == 2
    assert "lies below a scanned path" in ran.line


def test_an_index_of_the_user_that_lies_below_a_scanned_path_is_not_used(project, index):
    home = project / "modelwarden"
    home.mkdir()
    (home / "advisories.sqlite").write_bytes(index.read_bytes())

    ran = scan(project, env={"XDG_DATA_HOME": str(project)})

    assert ran.code == 3
    assert any("below a scanned path" in why for _, _, why in ran.gaps())


def test_an_index_older_than_the_policy_accepts_is_incomplete(project, index, tmp_path):
    (project / "requirements.txt").write_text("torch==10.0\n")
    (tmp_path / "policy.toml").write_text("advisories_max_age_days = 30\n")

    ran = scan(project, "--advisories", index, "--policy", tmp_path / "policy.toml")

    assert scan(project, "--advisories", index).code == 0
    assert ran.code == 3
    assert "days old" in ran.report["verdict"]["reasons"][0]["detail"]


def test_fifty_packages_that_nothing_is_known_about_exit_3_with_fifty_names(project, index):
    (project / "requirements.txt").write_text("".join(f"corp-{n}==1.0\n" for n in range(50)))

    ran = scan(project, "--advisories", index)

    assert ran.code == 3
    assert len({why for _, _, why in ran.gaps()}) == 50


def test_from_import_to_scan_by_the_default_place(project, tmp_path):
    feed = tmp_path / "feed.jsonl"
    feed.write_bytes(lines(record(events=ALL)))
    home = {"XDG_DATA_HOME": str(tmp_path / "home")}

    assert command("advisories", "import", feed, env=home).code == 0
    assert scan(project, env=home).code == 1


def test_the_rules_are_explained():
    told = command("explain", "vulnerable-dependency-critical", "--format", "json")

    assert told.code == 0
    assert json.loads(told.out)["severity"] == "critical"
    assert "possibly-vulnerable-dependency" in command("explain", "--list", "rules").out


def other_schema(path):
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 99")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:5000]), "is cut"),
        (lambda path: path.write_bytes(b"words"), "no advisory index"),
        (lambda path: path.unlink(), "there is no advisory index"),
        (other_schema, "schema 99"),
    ],
    ids=["cut", "other file", "gone", "other schema"],
)
def test_an_index_that_cannot_be_used_is_one_line_with_the_next_step(project, index, spoil, said):
    spoil(index)

    ran = command("scan", project, "--advisories", index)

    assert ran.code == 2
    assert said in ran.line
    assert "modelwarden advisories import" in ran.line
