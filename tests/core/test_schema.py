from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from modelwarden.core import encode
from modelwarden.core.schema import report_schema
from report import samples

SCHEMA = report_schema()
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def test_the_checked_in_schema_is_the_one_that_the_types_make():
    file = Path(__file__).parents[2] / "docs/schema/report-1.schema.json"

    assert json.loads(file.read_text("utf-8")) == SCHEMA, "run `make docs`"


def test_it_is_a_schema_of_its_draft():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("sample", [samples.telling(), samples.clean(), samples.large(200)])
def test_a_report_fits_the_schema(sample):
    assert list(VALIDATOR.iter_errors(encode(sample))) == []


@pytest.mark.parametrize("text", samples.HOSTILE, ids=range(len(samples.HOSTILE)))
def test_a_report_with_hostile_text_fits_the_schema(text):
    assert list(VALIDATOR.iter_errors(encode(samples.hostile(text)))) == []


def test_every_key_of_a_report_is_in_the_schema():
    document = encode(samples.telling())

    assert list(document) == SCHEMA["required"]
    assert set(document["findings"][0]) == set(SCHEMA["$defs"]["Finding"]["properties"])


@pytest.mark.parametrize("key", ["schema", "findings", "verdict"])
def test_a_document_without_a_required_key_does_not_fit(key):
    document = dict(encode(samples.telling()))
    del document[key]

    assert list(VALIDATOR.iter_errors(document))
