from __future__ import annotations

import json

import pytest

from bomdata import ALL, CRITICAL, QUIET, check_cyclonedx, model_folder
from cli.command import command, scan
from osvdata import index_of, record


@pytest.fixture
def folder(tmp_path):
    return model_folder(tmp_path / "model")


@pytest.fixture
def index(tmp_path):
    (tmp_path / "data").mkdir()
    weak = record(events=ALL, aliases=["CVE-2026-1"], severity=CRITICAL)
    return index_of(tmp_path / "data", weak, *QUIET)


def test_a_complete_document_goes_to_stdout_and_ends_with_0(folder, index):
    ran = command("bom", folder, "--advisories", index)

    assert (ran.code, ran.err) == (0, "")
    assert check_cyclonedx(ran.out)["specVersion"] == "1.6"


def test_a_document_with_gaps_is_written_and_ends_with_3(folder, tmp_path):
    output = tmp_path / "bom.json"

    ran = command("bom", folder, "--output", output, "--spec", "1.7")

    assert (ran.code, ran.out) == (3, "")
    assert "incomplete: requirements.txt" in ran.line or "incomplete: " in ran.line
    assert check_cyclonedx(output.read_text())["specVersion"] == "1.7"


def test_a_vex_document_is_made_edited_and_read_back(folder, index, tmp_path):
    given = ("--advisories", index)
    made = command("bom", folder, "--format", "openvex", *given)
    document = json.loads(made.out)
    (statement,) = document["statements"]
    assert statement["status"] == "under_investigation"
    statement |= {"status": "not_affected", "justification": "vulnerable_code_not_present"}
    document["author"] = "ml-platform"
    vex = tmp_path / "vex.json"
    vex.write_text(json.dumps(document))

    before, after = scan(folder, *given), scan(folder, *given, "--vex", vex)
    told = json.loads(command("bom", folder, "--format", "openvex", *given, "--vex", vex).out)
    bill = json.loads(command("bom", folder, *given, "--vex", vex).out)

    assert (before.code, after.code) == (1, 0)
    (finding,) = [f for f in after.report["findings"] if f["waived"]]
    assert finding["evidence"]["waiver"] == {
        "owner": "ml-platform",
        "reason": "vulnerable_code_not_present",
        "status": "not_affected",
        "justification": "vulnerable_code_not_present",
    }
    assert told["statements"][0]["status"] == "not_affected"
    assert told["statements"][0]["justification"] == "vulnerable_code_not_present"
    assert bill["vulnerabilities"][0]["analysis"]["state"] == "not_affected"
    assert bill["vulnerabilities"][0]["analysis"]["justification"] == "code_not_present"


@pytest.mark.parametrize(
    ("more", "status"),
    [("", "affected"), ('justification = "component_not_present"\n', "not_affected")],
)
def test_a_waiver_of_the_policy_is_exported_as_what_it_says(folder, index, tmp_path, more, status):
    (finding,) = scan(folder, "--advisories", index).report["findings"]
    policy = tmp_path / "policy.toml"
    policy.write_text(
        f'[[waiver]]\nfingerprint = "{finding["fingerprint"]}"\nreason = "until Q1"\n'
        f'owner = "me"\nexpires = 2999-01-01\n{more}'
    )

    given = ("--advisories", index, "--policy", policy)
    told = json.loads(command("bom", folder, "--format", "openvex", *given).out)

    (statement,) = told["statements"]
    assert statement["status"] == status
    if status == "affected":
        assert statement["action_statement"] == "risk waived by me until 2999-01-01: until Q1"


def test_a_policy_or_vex_document_below_the_model_is_refused(folder, index):
    (folder / "vex.json").write_text("{}")
    (folder / "policy.toml").write_text("")

    for option, name in (("--vex", "vex.json"), ("--policy", "policy.toml")):
        ran = command("bom", folder, option, folder / name)
        assert ran.code == 2
        assert "lies below a scanned path" in ran.line


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["none"], "no such file or folder"),
        (["{folder}", "--report", "none"], "cannot read the report none"),
        (["{folder}", "--report", "{folder}/README.md"], "not a report"),
        (["{folder}", "--format", "cyclone"], "unknown format 'cyclone'"),
        (["{folder}", "--spec", "1.5"], "unknown version '1.5'"),
        (["{folder}", "--output", "{folder}"], "is a directory"),
        (["{folder}", "--vex", "none"], "cannot read none"),
        (["{folder}", "--import", "{folder}/README.md"], "README.md"),
        (["diff", "none"], "Missing argument 'B'"),
    ],
)
def test_what_cannot_be_used_is_one_line(folder, arguments, said):
    ran = command("bom", *(a.format(folder=folder) for a in arguments))

    assert ran.code == 2
    assert said in ran.line


def test_help_names_both_uses():
    ran = command("bom", "--help")

    assert ran.code == 0
    assert "bom PATH [OPTIONS]" in ran.out
    assert "bom diff A B" in ran.out
    assert "--spec" in ran.out


def test_a_disk_that_is_full_leaves_no_document(folder):
    ran = command("bom", folder, "--output", "/dev/full")

    assert ran.code == 2
    assert "no space left" in ran.line


def test_nothing_heavy_is_imported_for_a_document(folder):
    ran = command("bom", folder, env={"PYTHONPROFILEIMPORTTIME": "1"})

    modules = {line.rpartition("|")[2].strip() for line in ran.err.splitlines()}
    assert "modelwarden.gate.bom.cyclonedx" in modules
    assert not modules & {"numpy", "torch", "cvss", "rich", "jinja2", "xml.parsers.expat"}
