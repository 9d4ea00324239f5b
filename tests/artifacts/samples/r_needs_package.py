"""Samples of `r-needs-package`."""

from __future__ import annotations

from pathlib import Path

from rfiles import call, function, namespace, rds

EXPECT = {"package": "acme", "severity": "low"}


def bad(folder: Path) -> str:
    (folder / "m.rds").write_bytes(rds(function(call("sum"), home=namespace("acme"))))
    return "m.rds"


def good(folder: Path) -> None:
    (folder / "m.rds").write_bytes(rds(function(call("sum"), home=namespace("stats"))))
