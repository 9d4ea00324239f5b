"""What all forms must be: valid, the same bytes again, and honest about time."""

from __future__ import annotations

import json
import os
import shutil

import pytest

from bomdata import ALL, CRITICAL, assessment, check_cyclonedx, check_spdx, model_folder
from modelwarden.core import InputError
from modelwarden.gate.bom import FORMS, bill, document
from modelwarden.gate.scan import How
from modelwarden.gate.unit import Options
from osvdata import index_of, record

ZOO = ("onnx/logreg_iris.onnx", "sklearn/spam_detector_ai", "safetensors", "sklearn_old")


@pytest.fixture
def given(tmp_path):
    folder = model_folder(tmp_path / "model")
    (tmp_path / "data").mkdir()
    index = index_of(tmp_path / "data", record(events=ALL, severity=CRITICAL))
    return folder, index, assessment(tmp_path / "report.json", folder / "model.pkl")


@pytest.mark.parametrize("form", FORMS)
def test_the_same_input_gives_the_same_bytes_wherever_and_however_it_is_scanned(
    given, tmp_path, form
):
    folder, index, report = given
    other = tmp_path / "elsewhere" / "model"
    shutil.copytree(folder, other)
    os.utime(other / "model.pkl", (1, 1))
    options = Options(advisories=index)

    first = document(bill(folder, assessment=report, options=options), form)
    second = document(bill(other, assessment=report, options=options, how=How(jobs=2)), form)

    assert first == second
    assert str(tmp_path) not in first
    assert "1970" in first or form == "cyclonedx"


@pytest.mark.parametrize("form", FORMS)
def test_the_time_is_that_of_source_date_epoch(given, form, monkeypatch):
    folder, index, _ = given
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")

    assert "2023-11-14T22:13:20Z" in document(bill(folder, options=Options(advisories=index)), form)


@pytest.mark.parametrize("text", ["soon", "-1", "9" * 12, "1" * 5_000, "1.5"])
def test_a_time_that_is_none_is_refused(given, text, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", text)

    with pytest.raises(InputError, match="no number of seconds"):
        document(bill(given[0]), "spdx")


def test_another_content_has_another_identity(given):
    folder, _, _ = given
    first = json.loads(document(bill(folder), "cyclonedx"))
    (folder / "model.pkl").write_bytes((folder / "model.pkl").read_bytes() * 2)

    second = json.loads(document(bill(folder), "cyclonedx"))

    assert first["serialNumber"] != second["serialNumber"]


@pytest.mark.parametrize("name", ZOO)
def test_bills_of_real_models_are_valid(shared, tmp_path, name):
    feed = shared / "data" / "models" / name
    made = bill(feed, options=Options(advisories=index_of(tmp_path, record())))

    check_cyclonedx(document(made, "cyclonedx", "1.6"))
    check_cyclonedx(document(made, "cyclonedx", "1.7"))
    check_spdx(document(made, "spdx"))


def test_names_that_could_be_anything_else_stay_names(tmp_path):
    folder = tmp_path / "m@1?x#y %20"
    model_folder(folder)
    (folder / "\x00".replace("\x00", "a\nb\x1b[31m")).write_text("words")
    (folder / "requirements.txt").write_text("torch === 1?a=b#c@d/e\n")
    options = Options(advisories=index_of(tmp_path, record()))

    made = bill(folder, options=options)
    text = document(made, "cyclonedx")
    found = check_cyclonedx(text)
    check_spdx(document(made, "spdx"))

    purls = {c["purl"] for c in found["components"] if "purl" in c}
    assert "pkg:pypi/torch@1%3Fa%3Db%23c%40d%2Fe" in purls
    assert found["metadata"]["component"]["purl"].startswith("pkg:generic/m%401%3Fx%23y%20%2520@")
    assert "\x1b" not in text
