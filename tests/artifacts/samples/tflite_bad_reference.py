"""Samples of `tflite-bad-reference`."""

from __future__ import annotations

from pathlib import Path

from tflitemodels import model, operator, subgraph

EXPECT = {"fault": "reference", "severity": "high"}


def bad(folder: Path) -> str:
    (folder / "m.tflite").write_bytes(model(subgraphs=[subgraph(operators=[operator(inputs=[9])])]))
    return "m.tflite"


def good(folder: Path) -> None:
    (folder / "m.tflite").write_bytes(
        model(subgraphs=[subgraph(operators=[operator(inputs=[-1])])])
    )
