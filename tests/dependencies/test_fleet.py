from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwarden.dependencies import Stored, reevaluate, stored
from modelwarden.dependencies.index import Index
from modelwarden.dependencies.match import match
from modelwarden.dependencies.packages import Package
from modelwarden.dependencies.purls import purl_of
from osvdata import index_of, record

ALL = [("introduced", "0"), ("fixed", "9.0")]
NAMES = ("tensorflow", "tensorflow-cpu", "mlflow", "mlflow-skinny", "torch", "corp")
BUILT = [("introduced", "1.2.dev1"), ("last_affected", "1.4.0+cu1")]
LISTED = [("introduced", "2"), ("last_affected", "2.5"), ("introduced", "3rc1"), ("fixed", "4")]
VERSIONS = st.one_of(
    st.sampled_from(("1.4+cu1", "1.4+cu2", "2", "2.5+x.1", "0.9", "3", "4", "9.9", "none")),
    st.builds(
        "{}.{}{}{}".format,
        st.integers(0, 5),
        st.integers(0, 6),
        st.sampled_from(("", "rc1", ".dev1", ".post1")),
        st.sampled_from(("", "", "+cu1", "+1")),
    ),
)


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    rows = [
        record("PYSEC-1", "tensorflow", ALL, aliases=["CVE-1"]),
        record("PYSEC-2", "tensorflow-cpu", ALL, aliases=["CVE-1", "CVE-2"]),
        record("GHSA-3", "tensorflow", [("introduced", "2")], aliases=["CVE-2"]),
        record("PYSEC-4", "mlflow", [("introduced", "0"), ("fixed", "2")]),
        record("PYSEC-5", "torch"),
    ]
    with Index(index_of(tmp_path_factory.mktemp("index"), *rows)) as opened:
        yield opened


def names(matches):
    return [(m.family, frozenset(m.names)) for m in matches]


@given(
    bills=st.lists(
        st.lists(
            st.tuples(st.sampled_from(NAMES), st.sampled_from(("1.0", "2.5", "9.0"))), unique=True
        ),
        max_size=4,
    )
)
def test_each_bill_is_told_what_a_scan_of_it_would_find(index, bills):
    kept = [
        Stored(str(n), tuple(purl_of("pypi", name, version) for name, version in bill))
        for n, bill in enumerate(bills)
    ]

    results = list(reevaluate(kept, index))

    assert [r.id for r in results] == [k.id for k in kept]
    for bill, result in zip(bills, results, strict=True):
        packages = [
            Package(name=n, version=v, path="", stated=purl_of("pypi", n, v)) for n, v in bill
        ]
        assert names(result.matches) == names(match(packages, index).matches)


@pytest.fixture(scope="module")
def stretched(tmp_path_factory):
    rows = [
        record("PYSEC-1", "torch", BUILT, aliases=["CVE-1"]),
        record("PYSEC-2", "keras", LISTED, versions=["0.9", "1.4.0", "9.9"], aliases=["CVE-2"]),
        record("PYSEC-3", "keras", [("introduced", "1.4"), ("fixed", "odd")]),
        record("PYSEC-4", "keras", [("introduced", "0"), ("fixed", "2.5")], aliases=["CVE-2"]),
    ]
    with Index(index_of(tmp_path_factory.mktemp("stretched"), *rows)) as opened:
        yield opened


@given(asked=st.lists(st.tuples(st.sampled_from(("torch", "keras")), VERSIONS), max_size=40))
def test_versions_of_one_stretch_are_told_what_a_scan_of_each_would_find(stretched, asked):
    kept = [Stored(str(n), (purl_of("pypi", *one),)) for n, one in enumerate(asked)]

    results = list(reevaluate(kept, stretched))

    for (name, version), result in zip(asked, results, strict=True):
        package = Package(
            name=name, version=version, path="", stated=purl_of("pypi", name, version)
        )
        straight = match([package], stretched)
        assert result.matches == tuple(straight.matches)
        assert bool(result.undecided) is bool(straight.undecided)


def test_what_cannot_be_told_is_named(index):
    given_ = ("pkg:pypi/torch@1", "pkg:pypi/corp@1", "pkg:pypi/mlflow", "pkg:deb/x@1", "words")

    (result,) = reevaluate([Stored("a", given_)], index)

    assert result.matches == ()
    assert result.undecided == ("pkg:pypi/torch@1",)
    assert result.unrecorded == ("pkg:pypi/corp@1",)
    assert result.unaudited == ("pkg:pypi/mlflow", "pkg:deb/x@1", "words")


def test_a_document_is_kept_as_the_addresses_of_its_packages(index):
    parts = [{"type": "library", "purl": "pkg:conda/mlflow@1.0"}, {"type": "file", "name": "m"}]
    document = json.dumps({"bomFormat": "CycloneDX", "components": parts * 2})

    kept = stored("income", document)
    (result,) = reevaluate([kept], index)

    assert kept == Stored("income", ("pkg:conda/mlflow@1.0",))
    assert names(result.matches) == [("mlflow", frozenset({"PYSEC-4"}))]


def test_more_packages_than_are_remembered_make_no_difference(index, monkeypatch):
    monkeypatch.setattr("modelwarden.dependencies.fleet._CACHED", 1)
    monkeypatch.setattr("modelwarden.dependencies.fleet._STRETCHES", 1)
    kept = [Stored(str(n), ("pkg:pypi/mlflow@1.0", f"pkg:pypi/corp@{n}")) for n in range(5)]

    assert [len(r.matches) for r in reevaluate(kept, index)] == [1] * 5
