"""Samples of `model-custom-code`."""

from __future__ import annotations

from pathlib import Path

from xmlmodels import layer, openvino

EXPECT = {"fault": "code", "what": "Evil", "severity": "medium"}


def bad(folder: Path) -> str:
    (folder / "m.xml").write_text(openvino(layer(1, "Evil", "extension")))
    return "m.xml"


def good(folder: Path) -> None:
    (folder / "m.xml").write_text(openvino())
