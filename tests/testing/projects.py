"""Runs of pytest in a folder of their own, with models of the tests' own behind the plugin."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path

ROOT = Path(__file__).parents[2]
# A check-out that was installed before the plugin was named there still runs these tests.
NAMED = bool(entry_points(group="pytest11", name="modelwarden"))

CONFTEST = """
from pathlib import Path

import modelwarden.gate.check as gate
from gate.checks import FakeTools
from modelwarden.gate import opening

real = gate.check


def counted(*given, **more):
    with (Path(__file__).parent / "checks.txt").open("a") as stream:
        stream.write(",".join(more.get("stages", ())) + "\\n")
    return real(*given, **more)


gate.check = counted
opening.Ours = FakeTools
"""


@dataclass(frozen=True, slots=True)
class Tested:
    """What pytest did."""

    code: int
    out: str

    def outcomes(self) -> dict[str, str]:
        """The outcome of each test, by the last part of its name."""
        found = {}
        for line in self.out.splitlines():
            word, _, rest = line.partition(" ")
            if word in {"PASSED", "FAILED", "ERROR", "SKIPPED", "XFAIL"} and "::" in rest:
                found[rest.partition(" - ")[0].rpartition("::")[2]] = word
        return found

    def failing(self) -> list[str]:
        return [name for name, word in self.outcomes().items() if word in {"FAILED", "ERROR"}]


def fakes(folder: Path) -> Path:
    """Have pytest in `folder` take models of the tests' own, and count its checks."""
    (folder / "conftest.py").write_text(CONFTEST)
    return folder


def counted(folder: Path) -> list[str]:
    """The stages of each check that was run; an empty text stands for all of them."""
    file = folder / "checks.txt"
    return file.read_text().splitlines() if file.exists() else []


def run_tests(folder: Path, *words, **env) -> Tested:
    """Run pytest in `folder`."""
    path = os.pathsep.join(filter(None, (str(ROOT / "tests"), os.environ.get("PYTHONPATH"))))
    named = () if NAMED else ("-p", "modelwarden.testing.plugin")
    unused = ("-p", "no:hypothesispytest", "-p", "no:cacheprovider")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *named, *unused, "-rA", *map(os.fspath, words)],
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": path,
            "XDG_CACHE_HOME": str(folder / "cache"),
            "COLUMNS": "200",
            **env,
        },
        capture_output=True,
        stdin=subprocess.DEVNULL,
        timeout=300,
        check=False,
    )
    return Tested(done.returncode, done.stdout.decode() + done.stderr.decode())
