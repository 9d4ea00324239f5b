"""Samples of `xml-external-entity`."""

from __future__ import annotations

from pathlib import Path

from xmlmodels import pmml

EXPECT = {"fault": "external", "what": "x", "severity": "high"}


def bad(folder: Path) -> str:
    (folder / "m.xml").write_text(
        pmml(before='<!DOCTYPE PMML [<!ENTITY x SYSTEM "file:///etc/passwd">]>')
    )
    return "m.xml"


def good(folder: Path) -> None:
    (folder / "m.xml").write_text(pmml())
