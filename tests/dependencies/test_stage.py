from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from modelwarden.core import Confidence, InventoryItem, ItemKind, Severity, UseKind
from modelwarden.dependencies import audit
from modelwarden.dependencies.index import AdvisoryIndexError
from modelwarden.dependencies.match import VERSIONS
from osvdata import index_of, record

ALL = [("introduced", "0"), ("fixed", "9.0")]
CRITICAL = [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}]


@dataclass(frozen=True)
class File:
    path: str
    name: str


@pytest.fixture
def audited(tmp_path):
    def run(text: str | None, *records: dict, inventory=(), name="requirements.txt", **rest):
        root = tmp_path / "root"
        root.mkdir(exist_ok=True)
        files = []
        if text is not None:
            (root / name).write_text(text)
            files = [File(str(root / name), name)]
        if records:
            rest["index"] = index_of(tmp_path, *records)
        return audit(files, [str(root)], inventory, **rest)

    return run


def producer(name, version) -> InventoryItem:
    return InventoryItem(kind=ItemKind.PRODUCER, name=name, version=version, path="m.pkl")


def test_a_pin_that_is_affected_is_a_finding_with_its_ids_and_fixes(audited):
    found = audited(
        "numpy==1\ntorch==1.0\n", record(events=ALL, aliases=["CVE-1"], severity=CRITICAL)
    )

    (finding,) = found.findings
    assert finding.rule == "vulnerable-dependency-critical"
    assert finding.severity is Severity.CRITICAL
    assert finding.confidence is Confidence.HIGH
    assert finding.references == ("CVE-1", "PYSEC-1", "CWE-1395")
    assert (finding.location.path, finding.location.line) == ("requirements.txt", 2)
    assert finding.evidence["fixed_in"] == ["9.0"]
    assert finding.stage == "dependencies"
    assert "torch 1.0 has CVE-1 (critical 9.8): something is wrong" in finding.message
    assert found.ran
    assert found.advisories is not None
    assert found.advisories.records == 1


def test_one_weakness_in_three_builds_is_one_finding_with_three_places(audited):
    names = ["tensorflow", "tensorflow-cpu", "tensorflow-gpu"]
    records = [record(f"PYSEC-{n}", n, ALL, aliases=["CVE-1"]) for n in names]

    found = audited("".join(f"{n}==1.0\n" for n in names), *records)

    (finding,) = found.findings
    assert len(finding.evidence["also"]) == 2


def test_nobodys_rating_counts_as_the_policy_says(audited):
    text, row = "torch==1.0\n", record(events=ALL)

    (high,) = audited(text, row).findings
    (low,) = audited(text, row, unknown=Severity.LOW).findings

    assert (high.rule, high.severity) == ("vulnerable-dependency-unknown", Severity.HIGH)
    assert (low.rule, low.severity) == ("vulnerable-dependency-unknown", Severity.LOW)
    assert high.fingerprint == low.fingerprint


def test_without_a_fix_none_is_made_up(audited):
    (finding,) = audited("torch==1.0\n", record(events=[("introduced", "0")])).findings

    assert finding.evidence["fixed_in"] == []
    assert finding.message.endswith("no fixed version is named")


@pytest.mark.parametrize(
    ("text", "kind"),
    [("mlflow-skinny==1.0\n", "mlflow"), ("torch==1.0; python_version < '3'\n", "torch")],
)
def test_what_is_less_sure_says_so(audited, text, kind):
    (finding,) = audited(text, record(package=kind, events=ALL)).findings

    assert finding.confidence is Confidence.MEDIUM


def test_a_range_is_one_finding_at_low_confidence_and_never_resolved(audited):
    found = audited("torch>=1.0\n", record(events=ALL), record("PYSEC-2", events=ALL))

    (finding,) = found.findings
    assert finding.rule == "possibly-vulnerable-dependency"
    assert (finding.severity, finding.confidence) == (Severity.MEDIUM, Confidence.LOW)
    assert finding.references[:2] == ("PYSEC-1", "PYSEC-2")


def test_without_an_index_each_manifest_is_a_gap_with_the_command_that_mends_it(audited):
    found = audited("torch==1.0\n")

    (gap,) = found.gaps
    assert (gap.what, gap.kind, gap.stage) == ("requirements.txt", "not-assessable", "dependencies")
    assert "modelwarden advisories import FILE" in gap.why
    assert [item.name for item in found.inventory] == ["torch"]
    assert not found.ran


def test_without_an_index_a_model_alone_is_one_note(audited):
    found = audited(None, inventory=[producer("sklearn", "1.0")])

    assert found.gaps == ()
    assert len(found.notes) == 1
    assert "did not run" in found.notes[0]
    assert not found.ran


def test_an_index_that_was_named_must_be_there(audited, tmp_path):
    with pytest.raises(AdvisoryIndexError):
        audited(None, index=tmp_path / "none")


def test_a_default_index_that_is_damaged_makes_manifests_incomplete(audited, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    place = tmp_path / "modelwarden" / "advisories.sqlite"
    place.parent.mkdir()
    place.write_bytes(b"SQLite format 3\0")

    found = audited("torch==1.0\n")

    assert "only the start of one" in found.gaps[0].why
    assert not found.ran


def test_fifty_private_packages_are_fifty_gaps_with_their_names(audited):
    found = audited("".join(f"corp-{n}==1.0\n" for n in range(50)), record(events=ALL))

    assert len(found.gaps) == 50
    assert all(any(f"corp-{n} 1.0 " in gap.why for gap in found.gaps) for n in range(50))


def test_packages_without_a_record_beside_known_ones_are_named_in_a_note(audited):
    found = audited("corp-lib==1.0\ntorch==10.0\n", record(events=ALL))

    assert (found.findings, found.gaps) == ((), ())
    assert found.notes[0].startswith("2 packages of 1 manifest were held against 1 advisories")
    assert found.notes[1].endswith("no proof of safety: corp-lib")


def test_what_cannot_be_evaluated_is_a_gap_that_names_both(audited):
    found = audited("torch==1.0\n", record("PYSEC-7"))

    (gap,) = found.gaps
    assert "torch 1.0 could not be held against PYSEC-7" in gap.why


def test_a_version_that_is_none_is_a_gap(audited):
    found = audited("torch===nightly\n", record(events=ALL))

    assert "no PEP 440 version" in found.gaps[0].why


def test_what_a_model_reveals_is_held_against_the_index(audited):
    row = record(package="scikit-learn", events=ALL)

    found = audited(None, row, inventory=[producer("sklearn", "1.0"), producer("torch", None)])

    (finding,) = found.findings
    assert finding.rule == "possibly-vulnerable-dependency"
    assert finding.location.path == "m.pkl"
    assert finding.message.startswith("it was written by scikit-learn 1.0")


def test_a_model_that_imports_the_package_is_named(audited):
    used = InventoryItem(
        kind=ItemKind.IMPORT, name="sklearn.svm.SVC", path="m.pkl", use=UseKind.CONSTRUCTED
    )

    found = audited(
        "scikit-learn==1.0\n", record(package="scikit-learn", events=ALL), inventory=[used]
    )

    assert found.findings[0].evidence["imported_by"] == "m.pkl"


def test_the_index_may_be_given_by_a_path_of_its_own(audited, tmp_path):
    path = index_of(tmp_path, record(events=ALL))

    assert audited("torch==1.0\n", index=Path(path)).findings


def test_versions_without_end_of_one_package_are_a_gap_and_the_first_are_audited(audited):
    lines = "".join(f"torch==1.{n}\n" for n in range(VERSIONS + 50))

    found = audited(lines, record(events=ALL))

    assert len(found.findings) == 1
    assert [g.why for g in found.gaps] == [
        f"more than {VERSIONS} versions of torch are named; the others were not audited"
    ]


@pytest.mark.parametrize("name", ["R:xgboost", "r:xgboost", "R:xgboost.utils"])
def test_a_package_of_r_is_none_of_pypi(audited, name):
    found = audited(
        "corp==1\n", record("PYSEC-1", "xgboost", ALL), inventory=[producer(name, "0.9")]
    )

    assert found.findings == ()


def test_a_package_of_pypi_with_the_same_name_is(audited):
    found = audited(
        "corp==1\n", record("PYSEC-1", "xgboost", ALL), inventory=[producer("xgboost", "0.9")]
    )

    assert [f.rule for f in found.findings] == ["possibly-vulnerable-dependency"]
