"""Samples of `r-promise`."""

from __future__ import annotations

from pathlib import Path

from rfiles import SYSTEM, environment, numbers, promise, rds

EXPECT = {"calls": "system", "severity": "critical"}


def bad(folder: Path) -> str:
    (folder / "m.rds").write_bytes(rds(promise(SYSTEM)))
    return "m.rds"


def good(folder: Path) -> None:
    (folder / "m.rds").write_bytes(rds(environment(x=promise(SYSTEM, numbers(1)))))
