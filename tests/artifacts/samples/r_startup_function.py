"""Samples of `r-startup-function`."""

from __future__ import annotations

from pathlib import Path

from rfiles import call, function, numbers, workspace

EXPECT = {"name": ".First", "severity": "high"}


def bad(folder: Path) -> str:
    (folder / "m.rds").write_bytes(workspace(**{".First": function(call("sum"))}))
    return "m.rds"


def good(folder: Path) -> None:
    (folder / "m.rds").write_bytes(workspace(**{".First": numbers(1), "f": function(call("sum"))}))
