"""Model folders, assessments and schemas for tests of bills of materials."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.command import HARMLESS
from modelwarden.core import (
    Confidence,
    Coverage,
    Finding,
    Location,
    Measurement,
    Report,
    RuleInfo,
    Run,
    Severity,
    Status,
    Subject,
    encode,
    sha256_of,
)
from osvdata import record

ALL = [("introduced", "0"), ("fixed", "9.0")]
CRITICAL = [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}]
NEVER = [("introduced", "0"), ("fixed", "0.0.1")]
# Records that make the packages of the folder known, and strike none of them.
QUIET = [record(f"PYSEC-9{n}", name, NEVER) for n, name in enumerate(("numpy", "idna", "odd"))]
CARD = """---
license: apache-2.0
pipeline_tag: text-classification
datasets: [imdb, own/pages]
base_model: bert-base-uncased
model-index:
- name: m
  results:
  - dataset: {name: IMDB, split: test}
    metrics:
    - {type: accuracy, value: 0.93}
---
# Model

## Intended uses
Films, not people.

## Limitations and bias
English only.
"""
MLMODEL = """flavors:
  sklearn:
    sklearn_version: 1.2.0
signature:
  inputs: '[{"name": "x", "type": "double"}, {"type": "tensor", "tensor-spec":
    {"dtype": "float32", "shape": [-1, 3]}}]'
"""


def model_folder(root: Path) -> Path:
    """Return a folder with a model, its card, its packages and an installed one."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "model.pkl").write_bytes(HARMLESS)
    (root / "README.md").write_text(CARD)
    (root / "config.json").write_text('{"model_type": "bert", "architectures": ["BertForX"]}')
    (root / "requirements.txt").write_text("torch==1.0\nnumpy>=1\n")
    for name, version, line in (("idna", "3.0", "License-Expression: BSD-3-Clause"),
                                ("odd", "1", "License: Our Own Words")):  # fmt: skip
        home = root / "site" / f"{name}-{version}.dist-info"
        home.mkdir(parents=True, exist_ok=True)
        text = f"Metadata-Version: 2.4\nName: {name}\nVersion: {version}\n{line}\n"
        (home / "METADATA").write_text(text)
    return root


def assessment(path: Path, model: Path, *, digest: str | None = None) -> Path:
    """Write the report of an assessment of a model file, and return its path."""
    with model.open("rb") as stream:
        sha256 = digest or sha256_of(stream)
    report = Report(
        subject=Subject(kind="model", name="m"),
        run=Run(command="check"),
        measurements=(
            Measurement(
                name="clean_accuracy", value=0.9, low=0.85, high=0.94, n=200, higher_is_better=True
            ),
            Measurement(
                name="robust_accuracy",
                value=0.4,
                low=0.3,
                high=0.5,
                n=200,
                higher_is_better=True,
                conditions={"attack": "square", "eps": 0.1},
            ),
            Measurement(
                name="accuracy", value=0.7, n=20, higher_is_better=True, group={"sex": "female"}
            ),
        ),
        findings=(
            _found("group-gap", "selects 30 % of men, 10 % of women", group="female"),
            _found("weak-slice", "is right for 50 % where hours < 20"),
        ),
        rules=(
            RuleInfo(
                id="group-gap",
                title="t",
                severity=Severity.HIGH,
                help="Compare.\n\nWhy: it harms.\n\nFix: weigh the rows.",
            ),
        ),
        coverage=(
            Coverage(path="model.pkl", format="pickle", status=Status.EXAMINED, sha256=sha256),
        ),
    )
    path.write_text(json.dumps(encode(report)))
    return path


def _found(rule: str, message: str, **terms) -> Finding:
    return Finding(
        rule=rule,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        message=message,
        location=Location(terms=terms),
        stage="fairness",
    )


def check_cyclonedx(text: str) -> dict:
    """Validate a document against the official schema, strictly, and return it."""
    pytest.importorskip("cyclonedx", reason="needs cyclonedx-python-lib")
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    document = json.loads(text)
    validator = JsonStrictValidator(SchemaVersion.from_version(document["specVersion"]))
    assert validator.validate_str(text) is None
    return document


def check_spdx(text: str) -> dict:
    """Read a document with SPDX's own bindings, which check types, values and what is required."""
    module = "spdx_python_model.bindings.v3_0_1"
    spdx = pytest.importorskip(module, reason="needs spdx-python-model")
    objects = spdx.SHACLObjectSet()
    spdx.JSONLDDeserializer().deserialize_data(json.loads(text), objects)
    assert objects.missing_ids == set()
    return {node.get("spdxId", ""): node for node in json.loads(text)["@graph"]}
