from __future__ import annotations

import pytest

from bomdata import ALL, CRITICAL, assessment, check_spdx, model_folder
from modelwarden.gate.bom import bill, document
from modelwarden.gate.unit import Options
from osvdata import index_of, record


@pytest.fixture
def graph(tmp_path):
    folder = model_folder(tmp_path / "model")
    (tmp_path / "data").mkdir()
    weak = record(events=ALL, aliases=["CVE-2026-1"], severity=CRITICAL)
    index = index_of(tmp_path / "data", weak, record("PYSEC-2", "numpy", ALL))
    report = assessment(tmp_path / "report.json", folder / "model.pkl")
    made = bill(folder, assessment=report, options=Options(advisories=index))
    return check_spdx(document(made, "spdx"))


def of(graph, kind):
    return [node for node in graph.values() if node["type"] == kind]


def related(graph, kind):
    """Return (name of from, names of to) of the relationships of a kind."""
    return [
        (graph[n["from"]]["name"], [graph[t]["name"] for t in n["to"] if t in graph])
        for n in graph.values()
        if n.get("relationshipType") == kind
    ]


def test_the_model_is_an_ai_package_with_its_metrics(graph):
    (model,) = of(graph, "ai_AIPackage")

    metrics = {m["key"]: m["value"] for m in model["ai_metric"]}
    assert metrics["clean_accuracy"] == "0.9 [0.85, 0.94] at 0.95, n = 200"
    assert metrics['accuracy @ {"sex": "female"}'] == "0.7, n = 20"
    assert metrics["accuracy (claimed) @ IMDB test"] == "0.93"
    assert model["ai_domain"] == ["text-classification"]
    assert "English only." in model["ai_limitation"]
    assert model["software_packageVersion"].startswith("sha256:")


def test_data_files_and_packages_hang_on_the_model(graph):
    assert related(graph, "trainedOn") == [("model", ["imdb", "own/pages"])]
    ((_, files),) = related(graph, "contains")
    assert "model.pkl" in files
    ((_, packages),) = related(graph, "dependsOn")
    assert set(packages) == {"torch", "numpy", "idna", "odd", "transformers"}
    (data, _) = of(graph, "dataset_DatasetPackage")
    assert data["dataset_datasetType"] == ["noAssertion"]


def test_licences_are_expressions_once_and_other_words_a_comment(graph):
    texts = [
        e["simplelicensing_licenseExpression"]
        for e in of(graph, "simplelicensing_LicenseExpression")
    ]
    (odd,) = [n for n in of(graph, "software_Package") if n["name"] == "odd"]

    assert sorted(texts) == ["Apache-2.0", "BSD-3-Clause"]
    assert odd["comment"] == "licence as stated: Our Own Words"


def test_weaknesses_have_a_score_and_a_status(graph):
    names = {n["name"] for n in of(graph, "security_Vulnerability")}
    (scored,) = of(graph, "security_CvssV3VulnAssessmentRelationship")
    (affected,) = of(graph, "security_VexAffectedVulnAssessmentRelationship")
    (open_,) = of(graph, "security_VexUnderInvestigationVulnAssessmentRelationship")

    assert names == {"CVE-2026-1", "PYSEC-2"}
    assert (scored["security_score"], scored["security_severity"]) == (9.8, "critical")
    assert affected["security_actionStatement"] == "use 9.0"
    assert [graph[t]["name"] for t in open_["to"]] == ["numpy"]
