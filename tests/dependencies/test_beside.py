"""What other tools report and what VEX statements say, joined with what we find."""

from __future__ import annotations

import json

import pytest

import scannerresults as samples
from cli.command import command, scan
from osvdata import index_of, record

ALL = [("introduced", "0"), ("fixed", "9.0")]
LOW = [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:L/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N"}]


@pytest.fixture
def project(tmp_path):
    root = tmp_path / "project"
    root.mkdir()
    (root / "requirements.txt").write_text("torch==1.0\n")
    return root


@pytest.fixture
def index(tmp_path):
    (tmp_path / "data").mkdir()
    return index_of(tmp_path / "data", record(events=ALL, aliases=["CVE-2026-1"], severity=LOW))


@pytest.fixture
def given(tmp_path):
    """Return a function that writes a document and gives its path."""

    def write(document, name="other.json"):
        path = tmp_path / name
        path.write_text(json.dumps(document))
        return path

    return write


def told(ran, package="torch"):
    return [f for f in ran.report["findings"] if f["evidence"]["package"].lower() == package]


@pytest.mark.parametrize("kind", samples.ALL)
def test_one_weakness_is_one_finding_whoever_reports_it_and_the_worse_rating_counts(
    project, index, given, kind
):
    alone = scan(project, "--advisories", index)
    ran = scan(project, "--advisories", index, "--import", given(samples.ALL[kind]))

    (ours,), (joined,) = told(alone), told(ran)
    assert ours["severity"] == "low"
    assert joined["severity"] == ("low" if kind == "pip-audit" else "critical")
    assert joined["fingerprint"] == ours["fingerprint"]
    assert joined["location"]["path"] == "requirements.txt"
    assert len(joined["evidence"]["reported_by"]) == 1
    assert {"CVE-2026-1", "PYSEC-1"} <= set(joined["references"])
    (line,) = [c for c in ran.report["coverage"] if c["path"] == "other.json"]
    assert line["sha256"]


def test_what_only_another_tool_reports_is_a_finding_with_its_place_and_less_confidence(
    project, index, given
):
    ran = scan(project, "--advisories", index, "--import", given(samples.TRIVY))

    (bash,) = told(ran, "bash")
    assert (bash["rule"], bash["confidence"]) == ("vulnerable-dependency-low", "medium")
    assert bash["location"]["path"] == "python:3.9 (debian 9.9)"
    assert "says Trivy" in bash["message"]
    assert bash["evidence"]["purls"] == ["pkg:deb/debian/bash@4.4-5?distro=debian-9.9"]
    assert {i["purl"] for i in ran.report["inventory"] if i["kind"] == "package"} >= {
        "pkg:deb/debian/bash@4.4-5?distro=debian-9.9",
        "pkg:pypi/torch@1.0",
    }
    assert any("past its end of life" in why for _, _, why in ran.gaps())
    notes = " ".join(ran.report["run"]["notes"])
    assert "Trivy names 2 packages and 2 weaknesses of them; 1 findings rest on" in notes


def test_an_import_that_found_nothing_takes_nothing_away(project, index, given):
    nothing = given({"dependencies": [{"name": "torch", "version": "1.0", "vulns": []}]})

    ran = scan(project, "--advisories", index, "--import", nothing)

    (finding,) = told(ran)
    assert finding["severity"] == "low"
    assert "reported_by" not in finding["evidence"]


def test_a_package_that_only_an_import_names_is_held_against_our_index_too(tmp_path, index, given):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "words.txt").write_text("words")
    nothing = given({"dependencies": [{"name": "torch", "version": "1.0", "vulns": []}]})

    ran = scan(tmp_path / "model", "--advisories", index, "--import", nothing)

    assert [f["references"][0] for f in told(ran)] == ["CVE-2026-1"]


def test_an_import_does_not_stand_in_for_an_index(project, given):
    ran = scan(project, "--import", given(samples.PIP_AUDIT))

    assert len(told(ran)) == 1
    assert "dependencies" not in ran.report["stages"]
    whys = [why for what, _, why in ran.gaps() if what == "requirements.txt"]
    assert "there is no advisory index" in whys[0]
    rules = {rule["id"] for rule in ran.report["rules"]}
    assert {finding["rule"] for finding in ran.report["findings"]} <= rules


def test_places_below_the_scanned_folder_are_named_as_ours_are(project, index, given):
    document = json.loads(json.dumps(samples.OSV_SCANNER).replace("/src/", f"{project.resolve()}/"))

    ran = scan(project, "--advisories", index, "--import", given(document))

    (finding,) = told(ran)
    assert finding["location"]["path"] == "requirements.txt"
    assert "also" not in finding["evidence"]


def test_what_is_no_result_ends_the_scan_in_one_line(project, index, given):
    for option in ("--import", "--vex"):
        ran = command("scan", project, "--advisories", index, option, given({"a": 1}))
        assert ran.code == 2
        assert "other.json" in ran.line
        assert command("scan", project, "--no-deps", option, given({})).code == 2


def statement(status="not_affected", product="pkg:pypi/torch@1.0", name="CVE-2026-1", **more):
    why = {"justification": "vulnerable_code_not_present"} if status == "not_affected" else {}
    return {
        "vulnerability": {"name": name},
        "products": [product if isinstance(product, dict) else {"@id": product}],
        "status": status,
        **why,
        **more,
    }


def vex(*statements, **more):
    return {
        "@context": "https://openvex.dev/ns/v0.2.0",
        "@id": "x",
        "author": "ml-platform",
        "timestamp": "2026-01-01T00:00:00Z",
        "version": 1,
        "statements": list(statements),
        **more,
    }


COVERS = {
    "exact": vex(statement()),
    "any version": vex(statement(product="pkg:pypi/torch")),
    "another spelling": vex(statement(product="pkg:pypi/Torch@1")),
    "by alias": vex(statement(name="PYSEC-1")),
    "an alias of its own": vex(
        {**statement(), "vulnerability": {"name": "X-1", "aliases": ["CVE-2026-1"]}}
    ),
    "fixed": vex(statement("fixed", status_notes="patched by us")),
    "newer than affected": vex(
        statement(timestamp="2026-03-01T00:00:00Z"),
        statement("affected", timestamp="2026-02-01T00:00:00Z"),
    ),
    "in words": vex({**statement(impact_statement="never reached"), "justification": None}),
    "0.0.1": vex(
        {**statement(), "vulnerability": "CVE-2026-1", "products": ["pkg:pypi/torch@1.0"]},
        **{"@context": "https://openvex.dev/ns"},
    ),
}
COVERS_NOT = {
    "another version": vex(statement(product="pkg:pypi/torch@1.1")),
    "another package": vex(statement(product="pkg:pypi/torchx@1.0")),
    "another ecosystem": vex(statement(product="pkg:conda/torch@1.0")),
    "another weakness": vex(statement(name="CVE-2026-2")),
    "affected": vex(statement("affected")),
    "under investigation": vex(statement("under_investigation")),
    "older than affected": vex(
        statement(timestamp="2026-01-01T00:00:00+00:00"),
        statement("affected", timestamp="2026-01-01T02:00:00+01:00"),
    ),
    "without a reason": vex({**statement(), "justification": None}),
    "inside of another product": vex(
        statement(
            product={"@id": "pkg:oci/app@1", "subcomponents": [{"@id": "pkg:pypi/torch@1.0"}]}
        )
    ),
    "no product": vex({**statement(), "products": []}),
    "odd products": vex({**statement(), "products": [3, None, {"@id": []}, ["x"]]}),
}


@pytest.mark.parametrize("document", COVERS.values(), ids=COVERS)
def test_a_statement_waives_the_finding_and_is_shown(project, index, given, document):
    ran = scan(project, "--advisories", index, "--vex", given(document), "--fail-on", "low")

    (finding,) = told(ran)
    assert ran.code == 0
    assert finding["waived"]
    assert finding["evidence"]["waiver"]["owner"] == "ml-platform"
    assert finding["evidence"]["waiver"]["reason"]
    assert "expires" not in finding["evidence"]["waiver"]


@pytest.mark.parametrize("document", COVERS_NOT.values(), ids=COVERS_NOT)
def test_a_statement_about_something_else_waives_nothing(project, index, given, document):
    ran = scan(project, "--advisories", index, "--vex", given(document), "--fail-on", "low")

    (finding,) = told(ran)
    assert ran.code == 1
    assert not finding["waived"]
    idle = [note for note in ran.report["run"]["notes"] if "VEX statement" in note]
    covering = [s for s in document["statements"] if s["status"] in {"not_affected", "fixed"}]
    assert len(idle) == (1 if covering else 0)


def test_a_statement_covers_a_finding_only_with_all_of_its_packages(project, index, given):
    (project / "more").mkdir()
    (project / "more" / "requirements.txt").write_text("torch==2.0\n")
    one, two = statement(), statement(product="pkg:pypi/torch@2.0")

    first = scan(project, "--advisories", index, "--vex", given(vex(one)), "--fail-on", "low")
    both = scan(project, "--advisories", index, "--vex", given(vex(one, two)), "--fail-on", "low")

    assert (first.code, both.code) == (1, 0)


@pytest.mark.parametrize("form", ["text", "html", "markdown"])
def test_people_see_why_a_finding_was_waived(project, index, given, form):
    given_ = ("--vex", given(vex(statement(impact_statement="never reached here"))))

    ran = command("scan", project, "--advisories", index, *given_, "--format", form)

    assert ran.code == 0
    assert "waived" in ran.out
    assert "never reached here" in ran.out or form == "markdown"


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"@context": "https://example.org"}, "its @context is another"),
        ({"@context": 3}, "its @context is another"),
        ({"@context": "https://openvex.dev/ns/v0.2.0"}, "has no statements"),
        (vex({"status": "fine"}), "its status is none of OpenVEX"),
        (vex(statement(justification="because")), "its justification is none of OpenVEX"),
    ],
)
def test_another_document_is_no_vex(project, index, given, document, said):
    ran = command("scan", project, "--advisories", index, "--vex", given(document))

    assert ran.code == 2
    assert said in ran.line


def test_code_beside_a_model_that_imports_the_package_is_named(project, index):
    (project / "serve.py").write_text("import os, sys\n    from torch.nn import Linear\n")

    (finding,) = told(scan(project, "--advisories", index))

    assert finding["evidence"]["imported_by"] == "serve.py"


def test_a_notebook_is_code_too_and_a_word_is_no_import(project, index):
    cell = {"cell_type": "code", "source": ["x = 1\n", "import numpy as np, torch as t\n"]}
    (project / "serve.py").write_text("x = 'import torch'\n# import torch\nimport torchvision\n")
    (project / "a.ipynb").write_text(json.dumps({"cells": [cell]}))

    (finding,) = told(scan(project, "--advisories", index))

    assert finding["evidence"]["imported_by"] == "a.ipynb"
