"""Samples of `mlflow-code`."""

from __future__ import annotations

from pathlib import Path

EXPECT = {"value": "my_loader"}


def bad(folder: Path) -> str:
    (folder / "MLmodel").write_text(
        "flavors:\n  python_function:\n    loader_module: my_loader\n    code: code\n"
    )
    return "MLmodel"


def good(folder: Path) -> None:
    (folder / "MLmodel").write_text(
        "flavors:\n"
        "  python_function:\n"
        "    loader_module: mlflow.sklearn\n"
        "    model_path: model.pkl\n"
    )
