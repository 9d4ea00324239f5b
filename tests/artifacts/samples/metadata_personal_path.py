"""Samples of `metadata-personal-path`."""

from __future__ import annotations

from pathlib import Path

from onnxmodels import entry, model

EXPECT = {"path": "/home/alice/run/best.pt", "severity": "low"}


def bad(folder: Path) -> str:
    (folder / "m.onnx").write_bytes(
        model(None, (14, entry("args", '{"weights": "/home/alice/run/best.pt"}')))
    )
    return "m.onnx"


def good(folder: Path) -> None:
    (folder / "m.onnx").write_bytes(model(None, (14, entry("args", "runs/best.pt, /usr/lib"))))
