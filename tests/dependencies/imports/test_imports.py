from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

import scannerresults as samples
from modelwarden.core import InputError
from modelwarden.dependencies.imports import Imported, read


@pytest.fixture
def taken(tmp_path):
    def take(document, name="result.json") -> Imported:
        path = tmp_path / name
        path.write_text(document if isinstance(document, str) else json.dumps(document))
        return read(path)

    return take


def told(imported: Imported) -> list[tuple]:
    return [
        (s.package.purl, s.row.id, s.row.severity, s.fixed, s.package.path) for s in imported.struck
    ]


@pytest.mark.parametrize("kind", samples.ALL)
def test_every_form_tells_of_the_weak_package_by_its_ids(taken, kind):
    found = taken(samples.ALL[kind])

    (struck,) = [s for s in found.struck if s.package.key == "torch"]
    assert struck.package.version == "1.0"
    assert "CVE-2026-1" in struck.row.names
    assert struck.row.severity == (None if kind == "pip-audit" else "critical")
    assert struck.tool == found.tool
    assert found.tool.lower().startswith(kind.split()[0].replace("cyclonedx", "trivy"))


def test_osv_scanner_tells_of_packages_of_every_ecosystem_with_records_or_without(taken):
    found = taken(samples.OSV_SCANNER)

    assert told(found) == [
        (
            "pkg:pypi/torch@1.0",
            "GHSA-aaaa-bbbb-cccc",
            "critical",
            ("9.0",),
            "/src/requirements.txt",
        ),
        ("pkg:deb/openssl@1.1.1", "DSA-1-1", "high", (), "image.tar"),
    ]
    assert found.struck[0].row.aliases == ("CVE-2026-1", "PYSEC-1")
    assert [p.shown for p in found.packages] == ["torch 1.0", "requests 2.0", "openssl 1.1.1"]
    assert found.gaps == ()


def test_trivy_tells_of_system_packages_and_of_a_system_that_nobody_mends(taken):
    found = taken(samples.TRIVY)

    bash = "pkg:deb/debian/bash@4.4-5?distro=debian-9.9"
    assert told(found) == [
        (bash, "CVE-2019-18276", "low", (), "python:3.9 (debian 9.9)"),
        ("pkg:pypi/torch@1.0", "CVE-2026-1", "critical", ("9.0", "8.5.1"), "requirements.txt"),
    ]
    assert [gap.why for gap in found.gaps] == [
        "debian 9.9 is past its end of life: nobody reports its weaknesses any more"
    ]
    assert len(found.packages) == 2
    assert "1 results that Trivy was told to ignore" in found.notes[0]


def test_grype_tells_how_old_its_data_are_and_what_it_ignored(taken):
    found = taken(samples.GRYPE)

    assert found.tool == "Grype 0.99.0"
    assert found.struck[1].row.severity == "low"
    assert found.struck[1].package.kind == "deb"
    assert "was built '2026-08-01T01:02:03'" in found.notes[0]
    assert "2 results" in found.notes[1]


@pytest.mark.parametrize("form", ["object", "list"])
def test_what_pip_audit_skipped_is_a_gap(taken, form):
    whole = samples.PIP_AUDIT
    found = taken(whole if form == "object" else whole["dependencies"])

    assert [gap.why for gap in found.gaps] == [
        "pip-audit skipped corp-lib: Dependency not found on PyPI and could not be audited"
    ]
    assert [p.shown for p in found.packages] == ["torch 1.0", "requests 2.0"]


def test_an_audit_of_nothing_is_a_gap(taken):
    assert "nothing was audited" in taken({"dependencies": [], "fixes": []}).gaps[0].why


def test_sarif_gives_what_its_messages_tell_and_counts_the_rest(taken):
    found = taken(samples.GRYPE_SARIF)

    assert told(found) == [
        ("pkg:pypi/torch@1.0", "CVE-2026-1", "critical", (), "/requirements.txt"),
        ("pkg:rpm/bash@4.4", "ELSA-2026-1:2", "low", (), "/x"),
    ]
    assert [gap.why for gap in found.gaps] == [
        "the run that it tells of did not end well",
        "1 packages of it cannot be read: no name, version or id as they must be",
    ]
    assert "1 results" in found.notes[0]


def test_the_aliases_of_sarif_stand_in_rules_and_messages(taken):
    (struck,) = taken(samples.OSV_SARIF).struck

    assert set(struck.row.aliases) == {"GHSA-2222-3333-4444", "PYSEC-2026-1", "PYSEC-2026-2"}


def test_an_address_counts_and_not_the_name_beside_it(taken):
    found = taken(samples.CYCLONEDX)

    assert [p.name for p in found.packages] == ["torch"]
    assert "1 results" in found.notes[0]


OTHERS = {
    "empty": "",
    "words": "hello",
    "another object": {"a": 1},
    "a list": [1, 2],
    "bandit": {"results": [{"filename": "a.py"}], "errors": []},
    "deep": "[" * 100_000,
    "digits": '{"SchemaVersion": ' + "1" * 10_000 + "}",
}


@pytest.mark.parametrize("document", OTHERS.values(), ids=OTHERS)
def test_another_document_is_refused_in_one_line(taken, document):
    with pytest.raises(InputError) as caught:
        taken(document)

    assert "result.json" in caught.value.message
    assert "osv-scanner, Trivy, Grype or pip-audit" in caught.value.hint


def test_a_file_that_is_too_large_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("modelwarden.dependencies.imports.LARGEST", 10)
    (tmp_path / "a.json").write_text(json.dumps(samples.TRIVY))

    with pytest.raises(InputError, match="larger than 10 bytes"):
        read(tmp_path / "a.json")


def test_what_a_terminal_would_obey_is_not_kept(taken):
    bad = "\x1b[2J\u202e\x07"
    document = {
        "SchemaVersion": 2,
        "Results": [
            {
                "Target": f"t{bad}",
                "Vulnerabilities": [
                    {"VulnerabilityID": f"CVE-1{bad}", "PkgName": "a", "InstalledVersion": "1"},
                    {"VulnerabilityID": "CVE-2", "PkgName": f"b{bad}", "InstalledVersion": "1"},
                    {
                        "VulnerabilityID": "CVE-3",
                        "PkgName": "c",
                        "InstalledVersion": "1",
                        "Title": bad * 5_000,
                        "FixedVersion": f"{bad}, {'9' * 10_000}",
                        "PkgIdentifier": {"PURL": f"pkg:deb/debian/c@1?{bad}"},
                    },
                ],
            }
        ],
    }

    found = taken(document, name="r.json")

    (struck,) = found.struck
    shown = [struck.row.summary, *struck.fixed, struck.package.path, struck.package.purl]
    assert all(text.isprintable() and len(text) <= 300 for text in shown)
    assert [gap.why.split(" cannot")[0] for gap in found.gaps] == [
        "1 weaknesses of it",
        "1 packages of it",
    ]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=12,
)


def mutated(document, draw):
    """Replace one part of a document by anything."""
    if isinstance(document, dict) and document and draw(st.integers(0, 5)):
        key = draw(st.sampled_from(sorted(document)))
        return {**document, key: mutated(document[key], draw)}
    if isinstance(document, list) and document and draw(st.integers(0, 5)):
        at = draw(st.integers(0, len(document) - 1))
        return [*document[:at], mutated(document[at], draw), *document[at + 1 :]]
    return draw(JSON)


@given(data=st.data(), kind=st.sampled_from(sorted(samples.ALL)))
def test_any_shape_is_read_or_refused(tmp_path_factory, data, kind):
    path = tmp_path_factory.getbasetemp() / f"mutant-{kind}.json"
    path.write_text(json.dumps(mutated(samples.ALL[kind], data.draw)))

    try:
        found = read(path)
    except InputError:
        return
    assert all(s.package.purl.isprintable() for s in found.struck)
