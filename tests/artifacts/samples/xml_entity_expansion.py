"""Samples of `xml-entity-expansion`."""

from __future__ import annotations

from pathlib import Path

from xmlmodels import LAUGHS, pmml

EXPECT = {"fault": "expansion", "severity": "medium"}


def bad(folder: Path) -> str:
    (folder / "m.xml").write_text(pmml(before=LAUGHS))
    return "m.xml"


def good(folder: Path) -> None:
    (folder / "m.xml").write_text(pmml())
