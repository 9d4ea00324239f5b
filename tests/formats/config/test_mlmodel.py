"""The description of an MLflow model."""

from __future__ import annotations

import pytest

from modelwarden.artifacts import examine
from modelwarden.core import Producer
from modelwarden.formats import Limits, Source

PYFUNC = """artifact_path: model
flavors:
  python_function:
    env:
      conda: conda.yaml
    loader_module: mlflow.pyfunc.model
    python_model: python_model.pkl
mlflow_version: 2.9.2
"""


def test_it_is_read_once_and_names_its_writer():
    with Source("MLmodel", PYFUNC.encode()) as source:
        seen = examine(source, Limits())

    assert (seen.coverage.format, seen.gaps) == ("mlflow-mlmodel", [])
    assert seen.coverage.producer == Producer(name="mlflow", version="2.9.2")
    assert [f.rule for f in seen.findings] == ["mlflow-code"]


@pytest.mark.parametrize(
    ("line", "hits"),
    [
        ("    loader_module: my.loader", 1),
        ("    loader_module: mlflow.sklearn", 0),
        ("    code: code", 1),
        ("    code: null", 0),
        ('    "loader_module": "os"', 1),
        ("    model_code_path: model.py", 1),
    ],
)
def test_what_makes_it_load_code_is_found(line: str, hits: int):
    text = f"flavors:\n  python_function:\n{line}\n    data: x\n"
    with Source("MLmodel", text.encode()) as source:
        seen = examine(source, Limits())

    assert len([f for f in seen.findings if f.rule == "mlflow-code"]) == hits
