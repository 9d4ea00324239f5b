from __future__ import annotations

import pytest

from modelwarden.dependencies.index import Index
from modelwarden.dependencies.match import match
from modelwarden.dependencies.packages import How, Package
from osvdata import index_of, record

ALL = [("introduced", "0"), ("fixed", "9.0")]


def pin(name, version="1.0", **rest) -> Package:
    return Package(name=name, version=version, path="requirements.txt", **rest)


def wanted(name, specifier="") -> Package:
    return Package(name=name, specifier=specifier, how=How.RANGE, path="requirements.txt")


@pytest.fixture
def matched(tmp_path):
    def run(packages, *records):
        with Index(index_of(tmp_path, *records)) as index:
            return match(packages, index)

    return run


@pytest.mark.parametrize("name", ["Scikit_Learn", "scikit.learn", "SCIKIT--LEARN"])
def test_a_name_is_found_however_it_is_spelled(matched, name):
    found = matched([pin(name)], record(package="scikit-learn", events=ALL))

    assert len(found.matches) == 1


def test_withdrawn_records_are_silent(matched):
    found = matched([pin("torch")], record(events=ALL, withdrawn="2026-01-01T00:00:00Z"))

    assert found.matches == []


def test_records_that_share_an_alias_are_one_match(matched):
    found = matched(
        [pin("torch")],
        record("PYSEC-1", events=ALL, aliases=["CVE-1"]),
        record("GHSA-1", events=ALL, aliases=["GHSA-2"]),
        record("GHSA-2", events=ALL, aliases=["CVE-1"]),
        record("PYSEC-9", events=ALL),
    )

    assert [sorted(m.names) for m in found.matches] == [
        ["CVE-1", "GHSA-1", "GHSA-2", "PYSEC-1"],
        ["PYSEC-9"],
    ]
    assert found.matches[0].primary == "CVE-1"


def test_the_builds_of_one_code_base_are_one_match_with_three_packages(matched):
    names = ["tensorflow", "tensorflow-cpu", "tensorflow-gpu"]
    records = [record(f"PYSEC-{n}", n, ALL, aliases=["CVE-1"]) for n in names]

    found = matched([pin(n) for n in names], *records)

    assert len(found.matches) == 1
    assert [s.package.name for s in found.matches[0].struck] == names
    assert found.matches[0].own


def test_what_is_filed_under_a_sibling_is_same_code(matched):
    found = matched([pin("mlflow-skinny")], record(package="mlflow", events=ALL))

    assert [s.sibling for s in found.matches[0].struck] == ["mlflow"]
    assert not found.matches[0].own


def test_what_a_package_has_a_record_of_its_own_for_is_not_taken_from_a_sibling(matched):
    found = matched(
        [pin("opencv-python-headless", "5.0")],
        record("PYSEC-1", "opencv-python", ALL, aliases=["CVE-1"]),
        record(
            "PYSEC-2",
            "opencv-python-headless",
            [("introduced", "0"), ("fixed", "2.0")],
            aliases=["CVE-1"],
        ),
    )

    assert found.matches == []


def test_the_worst_record_gives_the_severity(matched):
    vector = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
    found = matched(
        [pin("torch")],
        record("PYSEC-1", events=ALL, aliases=["CVE-1"]),
        record(
            "GHSA-1",
            events=ALL,
            aliases=["CVE-1"],
            severity=[{"type": "CVSS_V3", "score": vector}],
        ),
    )

    assert found.matches[0].worst.severity == "critical"


def test_what_cannot_be_evaluated_is_named(matched):
    found = matched([pin("torch")], record(), record("PYSEC-2", events=ALL))

    assert [(p.name, [r.id for r in rows]) for p, rows in found.undecided] == [
        ("torch", ["PYSEC-1"])
    ]
    assert len(found.matches) == 1


def test_packages_without_a_record_are_named(matched):
    found = matched([pin("private"), wanted("other")], record(events=ALL))

    assert [p.name for p in found.unrecorded] == ["private", "other"]


@pytest.mark.parametrize(
    ("specifier", "hit"),
    [
        ("", True),
        (">=1.0", True),
        ("<2", True),
        (">=9.0", False),
        (">8.5", True),
        ("~=10.0", False),
    ],
)
def test_a_range_is_hit_where_it_allows_an_affected_version(matched, specifier, hit):
    row = record(events=ALL, versions=["1.0", "8.9"])

    found = matched([wanted("torch", specifier)], row)

    assert bool(found.allowed) is hit
    assert found.matches == []
