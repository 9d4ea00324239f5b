from __future__ import annotations

import pytest

from bomdata import ALL, CRITICAL, MLMODEL, assessment, check_cyclonedx, model_folder
from modelwarden.core import InputError
from modelwarden.gate.bom import bill, document
from modelwarden.gate.unit import Options
from osvdata import index_of, record


@pytest.fixture
def folder(tmp_path):
    return model_folder(tmp_path / "model")


@pytest.fixture
def index(tmp_path):
    (tmp_path / "data").mkdir()
    weak = record(events=ALL, aliases=["CVE-2026-1", "GHSA-1"], severity=CRITICAL)
    return index_of(tmp_path / "data", weak, record("PYSEC-2", "numpy", ALL))


@pytest.mark.parametrize("spec", ["1.6", "1.7"])
def test_a_folder_is_described_by_its_files_packages_card_and_weaknesses(
    folder, index, tmp_path, spec
):
    report = assessment(tmp_path / "report.json", folder / "model.pkl")

    made = bill(folder, assessment=report, options=Options(advisories=index))
    found = check_cyclonedx(document(made, "cyclonedx", spec))

    parts = {part["bom-ref"]: part for part in found["components"]}
    assert parts["file:model.pkl"]["hashes"][0]["alg"] == "SHA-256"
    assert parts["pkg:pypi/torch@1.0"]["evidence"]["occurrences"] == [
        {"location": "requirements.txt"}
    ]
    assert parts["pkg:pypi/idna@3.0"]["licenses"] == [
        {"expression": "BSD-3-Clause", "acknowledgement": "declared"}
    ]
    assert parts["pkg:pypi/odd@1"]["licenses"][0]["license"]["name"] == "Our Own Words"
    assert "version" not in parts["pkg:pypi/numpy"]
    assert parts["data:imdb"]["type"] == "data"
    flaws = {flaw["id"]: flaw for flaw in found["vulnerabilities"]}
    assert flaws["CVE-2026-1"]["ratings"] == [
        {
            "severity": "critical",
            "score": 9.8,
            "method": "CVSSv31",
            "vector": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
        }
    ]
    assert flaws["CVE-2026-1"]["affects"] == [
        {"ref": "pkg:pypi/torch@1.0", "versions": [{"version": "1.0", "status": "affected"}]}
    ]
    assert [r["id"] for r in flaws["CVE-2026-1"]["references"]] == ["GHSA-1", "PYSEC-1"]
    assert flaws["PYSEC-2"]["affects"] == [{"ref": "pkg:pypi/numpy"}]
    assert flaws["PYSEC-2"]["ratings"] == [{"severity": "unknown"}]
    model = found["metadata"]["component"]
    assert model["licenses"][0]["expression"] == "Apache-2.0"
    refs = {ref for entry in found["dependencies"] for ref in entry.get("dependsOn", ())}
    assert refs <= set(parts)


def test_the_model_card_holds_measures_with_interval_and_slice_and_what_to_consider(
    folder, tmp_path
):
    (folder / "MLmodel").write_text(MLMODEL)
    report = assessment(tmp_path / "report.json", folder / "model.pkl")

    found = check_cyclonedx(document(bill(folder, assessment=report), "cyclonedx"))

    card = found["metadata"]["component"]["modelCard"]
    parameters = card["modelParameters"]
    assert parameters["task"] == "text-classification"
    assert (parameters["architectureFamily"], parameters["modelArchitecture"]) == (
        "bert",
        "BertForX",
    )
    assert parameters["datasets"] == [{"ref": "data:imdb"}, {"ref": "data:own/pages"}]
    assert parameters["inputs"] == [{"format": "x: double"}, {"format": "float32 [-1, 3]"}]
    assert card["quantitativeAnalysis"]["performanceMetrics"] == [
        {
            "type": "clean_accuracy",
            "value": "0.9",
            "confidenceInterval": {"lowerBound": "0.85", "upperBound": "0.94"},
        },
        {
            "type": "robust_accuracy",
            "value": "0.4",
            "confidenceInterval": {"lowerBound": "0.3", "upperBound": "0.5"},
        },
        {"type": "accuracy", "value": "0.7", "slice": '{"sex": "female"}'},
        {"type": "accuracy (claimed)", "value": "0.93", "slice": "IMDB test"},
    ]
    considered = card["considerations"]
    assert considered["useCases"] == ["Films, not people."]
    assert considered["technicalLimitations"] == [
        "English only.",
        "is right for 50 % where hours < 20 (weak-slice, high)",
    ]
    assert considered["performanceTradeoffs"] == ["accuracy falls from 0.900 to 0.400 under attack"]
    assert considered["fairnessAssessments"] == [
        {
            "groupAtRisk": "female",
            "harms": "selects 30 % of men, 10 % of women",
            "mitigationStrategy": "Weigh the rows.",
        }
    ]
    told = [p["value"] for p in card["properties"] if p["name"] == "modelwarden:measurement"]
    assert '"attack": "square"' in told[1]
    assert '"n": 200' in told[1]


def test_an_assessment_of_another_model_is_refused(folder, tmp_path):
    report = assessment(tmp_path / "report.json", folder / "model.pkl", digest="0" * 64)

    with pytest.raises(InputError, match="tells of no file that is described here"):
        bill(folder, assessment=report)


def test_without_an_index_nothing_is_said_of_vulnerabilities_and_it_is_incomplete(folder):
    found = check_cyclonedx(document(bill(folder), "cyclonedx"))

    assert "vulnerabilities" not in found
    assert {"aggregate": "incomplete", "dependencies": ["model"]} in found["compositions"]
    gaps = [p["value"] for p in found["metadata"]["properties"] if p["name"] == "modelwarden:gap"]
    assert any("not audited" in gap for gap in gaps)


def test_a_file_alone_is_the_model_itself(folder):
    found = check_cyclonedx(document(bill(folder / "model.pkl"), "cyclonedx"))

    model = found["metadata"]["component"]
    assert model["name"] == "model.pkl"
    assert model["purl"] == f"pkg:generic/model.pkl@sha256:{model['hashes'][0]['content']}"
    assert found["components"] == []


def test_a_card_that_links_outside_is_not_read(folder, tmp_path):
    secret = tmp_path / "secret.md"
    secret.write_text("---\nlicense: mit\npipeline_tag: secret\n---\n")
    (folder / "README.md").unlink()
    (folder / "README.md").symlink_to(secret)

    found = check_cyclonedx(document(bill(folder), "cyclonedx"))

    assert "secret" not in str(found["metadata"]["component"])


@pytest.mark.parametrize(
    "card",
    [
        "---\nlicense: [a]\nmodel-index: 3\ndatasets: {a: b}\ntags: x\n---\n",
        "---\npipeline_tag: \x1b[31m\u202ered\nlibrary_name: \x07\n---\n",
        "---\n" + "a: &a [*a, *a]\n" * 5_000 + "---\n",
        "---\n" + "[" * 10_000 + "\n---\n",
        "---\n" + "#" * 1_000_000,
        "# Limitations\n" + "x" * 1_000_000,
        "\ufeff---\nlicense: mit\n---\n" + "# Bias\nwords\n" * 10_000,
    ],
    ids=["shapes", "escapes", "aliases", "deep", "open", "long", "many"],
)
def test_a_hostile_card_gives_a_valid_document(folder, card):
    (folder / "README.md").write_text(card)

    text = document(bill(folder), "cyclonedx")

    check_cyclonedx(text)
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert len(text) < 200_000


def test_a_model_of_which_nothing_is_told_has_a_card_that_says_so(tmp_path):
    (tmp_path / "model.bin").write_bytes(b"\0" * 64)

    made = check_cyclonedx(document(bill(tmp_path), "cyclonedx"))

    assert made["metadata"]["component"]["modelCard"] == {
        "properties": [{"name": "modelwarden:card", "value": "none"}]
    }
