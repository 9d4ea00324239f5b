"""Samples of `r-unsafe-call`."""

from __future__ import annotations

from pathlib import Path

from rfiles import SYSTEM, call, function, rds, symbol

EXPECT = {"calls": "system", "severity": "high"}


def bad(folder: Path) -> str:
    (folder / "m.rds").write_bytes(rds(function(SYSTEM)))
    return "m.rds"


def good(folder: Path) -> None:
    (folder / "m.rds").write_bytes(rds(function(call("exp", symbol("x")), ["x"])))
