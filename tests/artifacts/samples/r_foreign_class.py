"""Samples of `r-foreign-class`."""

from __future__ import annotations

from pathlib import Path

from rfiles import alternative, numbers, rds

EXPECT = {"class": "acme.evil", "severity": "medium"}


def bad(folder: Path) -> str:
    (folder / "m.rds").write_bytes(rds(alternative("evil", "acme", numbers(1))))
    return "m.rds"


def good(folder: Path) -> None:
    (folder / "m.rds").write_bytes(rds(alternative("compact_intseq", "base", numbers(1, 9, 1))))
