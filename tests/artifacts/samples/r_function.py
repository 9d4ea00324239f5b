"""Samples of `r-function`."""

from __future__ import annotations

from pathlib import Path

from rfiles import call, function, rds, symbol

EXPECT = {"calls": "acme_run", "severity": "medium"}


def bad(folder: Path) -> str:
    (folder / "m.rds").write_bytes(rds(function(call("acme_run"))))
    return "m.rds"


def good(folder: Path) -> None:
    (folder / "m.rds").write_bytes(rds(function(call("exp", symbol("x")), ["x"])))
