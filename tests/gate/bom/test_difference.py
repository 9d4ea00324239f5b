from __future__ import annotations

import json

import pytest

from bomdata import ALL, CRITICAL, QUIET, assessment, model_folder
from cli.command import command
from modelwarden.core import InputError
from modelwarden.gate.bom import bill, document
from modelwarden.gate.bom.difference import between, read
from modelwarden.gate.unit import Options
from osvdata import index_of, record

FORMS = ("cyclonedx", "spdx")


@pytest.fixture
def index(tmp_path):
    (tmp_path / "data").mkdir()
    weak = record(events=ALL, aliases=["CVE-2026-1"], severity=CRITICAL)
    return index_of(tmp_path / "data", weak, record("PYSEC-2", "flask", ALL), *QUIET)


@pytest.fixture
def written(tmp_path, index):
    """Return a function that writes the document of a folder."""

    def write(name, form="cyclonedx", report=None):
        folder = tmp_path / name
        made = bill(folder, assessment=report, options=Options(advisories=index))
        path = tmp_path / f"{name}.{form}.json"
        path.write_text(document(made, form))
        return path

    return write


@pytest.fixture
def two(tmp_path):
    """Return two versions of a model: torch mended, flask added, other bytes."""
    old, new = model_folder(tmp_path / "v1"), model_folder(tmp_path / "v2")
    (new / "requirements.txt").write_text("torch==9.0\nflask==1.0\n")
    (new / "model.pkl").write_bytes((old / "model.pkl").read_bytes() * 2)
    return old, new


@pytest.mark.parametrize("a", FORMS)
@pytest.mark.parametrize("b", FORMS)
def test_two_versions_of_a_model_are_compared_whatever_form_tells_of_them(two, written, a, b):
    found = between(read(written("v1", a)), read(written("v2", b)))

    added = {one.key for one in found.components.added}
    changed = {old.key: new for old, new in found.components.changed}
    assert added == {"pkg:pypi/flask"}
    assert {one.key for one in found.components.removed} == {"pkg:pypi/numpy"}
    assert set(changed) == {
        "pkg:pypi/torch", "file model.pkl", "file requirements.txt", "the model"
    }  # fmt: skip
    assert changed["pkg:pypi/torch"].versions == {"9.0"}
    assert [(f.id, f.key) for f in found.weaknesses.added] == [("PYSEC-2", "pkg:pypi/flask")]
    assert [(f.id, f.key) for f in found.weaknesses.removed] == [("CVE-2026-1", "pkg:pypi/torch")]
    assert found.unsure == ""


@pytest.mark.parametrize("form", FORMS)
def test_a_document_and_its_copy_do_not_differ(two, written, form):
    path = written("v1", form)

    ran = command("bom", "diff", path, path)

    assert (ran.code, ran.err) == (0, "")
    assert ran.out == "no component, vulnerability or measure changed\n"


def test_measures_are_compared_with_their_intervals(two, written, tmp_path):
    first = assessment(tmp_path / "r1.json", tmp_path / "v1" / "model.pkl")
    told = json.loads(first.read_text())
    told["coverage"][0]["sha256"] = None
    for old, new in ((0, 0.87), (1, 0.2)):
        told["measurements"][old]["value"] = new
    second = tmp_path / "r2.json"
    second.write_text(assessment(tmp_path / "r2.json", tmp_path / "v2" / "model.pkl").read_text())
    whole = json.loads(second.read_text())
    whole["measurements"] = told["measurements"]
    second.write_text(json.dumps(whole))
    a, b = written("v1", report=first), written("v2", report=second)

    ran = command("bom", "diff", a, b)

    assert (
        "  ~ clean_accuracy 0.9 [0.85, 0.94] → 0.87 [0.85, 0.94] · worse, within the old" in ran.out
    )
    assert "  ~ robust_accuracy 0.4 [0.3, 0.5] → 0.2 [0.3, 0.5] · worse\n" in ran.out


def test_a_new_vulnerability_fails_and_a_lesser_one_need_not(two, written):
    a, b = written("v1"), written("v2")

    assert command("bom", "diff", a, b).code == 1  # nobody rated it: it counts as high
    assert command("bom", "diff", a, b, "--fail-on", "critical").code == 0
    assert command("bom", "diff", b, a, "--fail-on", "critical").code == 1


def test_a_document_that_says_nothing_of_vulnerabilities_leaves_it_open(two, written, tmp_path):
    a = written("v1")
    silent = json.loads(written("v1").read_text())
    del silent["vulnerabilities"]
    (tmp_path / "b.json").write_text(json.dumps(silent))

    ran = command("bom", "diff", a, tmp_path / "b.json")

    assert ran.code == 3
    assert "B says nothing of vulnerabilities" in ran.out


def test_a_record_that_got_its_cve_is_the_same_weakness(tmp_path):
    def told(name, *others, severity="high", state=None):
        flaw = {
            "id": name,
            "references": [{"id": o, "source": {}} for o in others],
            "ratings": [{"severity": severity}],
            "affects": [{"ref": "t"}],
            **({"analysis": {"state": state}} if state else {}),
        }
        part = {"type": "library", "name": "torch", "bom-ref": "t", "purl": "pkg:pypi/torch@1"}
        path = tmp_path / f"{name}.json"
        path.write_text(
            json.dumps({"bomFormat": "CycloneDX", "components": [part], "vulnerabilities": [flaw]})
        )
        return read(path)

    old = told("GHSA-1")
    new = told("CVE-2026-9", "GHSA-1", severity="critical", state="not_affected")
    found = between(old, new)

    assert (found.weaknesses.added, found.weaknesses.removed) == ((), ())
    ((_, now),) = found.weaknesses.changed
    assert (now.severity, now.settled) == ("critical", True)


def test_the_json_names_everything(two, written):
    ran = command("bom", "diff", written("v1"), written("v2"), "--format", "json")

    told = json.loads(ran.out)
    assert told["schema"] == "modelwarden/bom-diff/1"
    assert told["components"]["added"][0]["component"] == "pkg:pypi/flask"
    (change,) = [c for c in told["components"]["changed"] if "torch" in c["from"]["component"]]
    assert (change["from"]["versions"], change["to"]["versions"]) == (["1.0"], ["9.0"])
    assert told["vulnerabilities"]["removed"][0]["severity"] == "critical"


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "{" * 100_000, '"words"', "\x00", '{"spdx": 1}', "\xff\xfe"]
)
def test_another_document_is_one_line(tmp_path, text):
    path = tmp_path / "a.json"
    path.write_bytes(text.encode("latin-1"))

    ran = command("bom", "diff", path, path)

    assert ran.code == 2
    assert str(path) in ran.line


HOSTILE = [
    {"bomFormat": "CycloneDX", "components": [{"name": "\x1b[2J\u202e", "purl": 3, "hashes": "x"}]},
    {"bomFormat": "CycloneDX", "metadata": [], "vulnerabilities": [{"affects": [{"ref": ["a"]}]}]},
    {"bomFormat": "CycloneDX", "components": {"a": 1}, "compositions": 3, "vulnerabilities": None},
    {"@graph": [{"spdxId": ["a"], "type": {}, "from": 3, "to": "x"}, 3, None, []]},
    {"@graph": [{"type": "ai_AIPackage", "ai_metric": [{"key": 3}], "verifiedUsing": {}}]},
    {"spdxVersion": 3, "packages": [{"name": None, "externalRefs": [3], "checksums": {}}]},
]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_odd_shapes_are_compared_and_nothing_reaches_the_terminal(tmp_path, hostile):
    (tmp_path / "a.json").write_text(json.dumps(hostile))
    (tmp_path / "b.json").write_text(json.dumps({"bomFormat": "CycloneDX", "vulnerabilities": []}))

    for form in ("text", "json"):
        ran = command("bom", "diff", tmp_path / "b.json", tmp_path / "a.json", "--format", form)
        assert ran.code in {0, 1, 3}
        assert "\x1b" not in ran.out + ran.err


def test_a_file_that_is_not_there_is_an_input_error(tmp_path):
    with pytest.raises(InputError, match="cannot read"):
        read(tmp_path / "none.json")
