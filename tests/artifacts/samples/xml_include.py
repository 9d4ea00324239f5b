"""Samples of `xml-include`."""

from __future__ import annotations

from pathlib import Path

from xmlmodels import INCLUDE, pmml

EXPECT = {"fault": "include", "severity": "medium"}


def bad(folder: Path) -> str:
    (folder / "m.xml").write_text(pmml(extra=INCLUDE))
    return "m.xml"


def good(folder: Path) -> None:
    (folder / "m.xml").write_text(pmml())
