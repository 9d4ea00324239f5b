"""Samples of `metadata-secret`."""

from __future__ import annotations

from pathlib import Path

from onnxmodels import entry, model

EXPECT = {"key": "api_key", "severity": "medium"}


def bad(folder: Path) -> str:
    (folder / "m.onnx").write_bytes(
        model(None, (14, entry("api_key", "hf_" + "aB3kQz8LmW2xY7vNpR4tJ6" + "sDfGh91cVq5Z")))
    )
    return "m.onnx"


def good(folder: Path) -> None:
    (folder / "m.onnx").write_bytes(model(None, (14, entry("author", "somebody"))))
