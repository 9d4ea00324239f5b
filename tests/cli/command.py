"""The real command in a process of its own, as users and pipelines run it."""

from __future__ import annotations

import ctypes
import json
import os
import pickle
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HARMLESS = pickle.dumps({"weights": [1.0, 2.0], "name": "model"}, protocol=4)
# A loader that is not the safe one would run `true`; nothing here loads it.
HARMFUL = b'model: !!python/object/apply:os.system ["true"]\n'


PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 24, 1, 2


@dataclass(frozen=True, slots=True)
class Ran:
    """What the command did."""

    code: int
    out: str
    err: str

    @property
    def report(self) -> dict:
        return json.loads(self.out)

    @property
    def line(self) -> str:
        """The one line on stderr; there is no second one and no traceback."""
        lines = self.err.splitlines()
        assert len(lines) == 1, self.err
        assert lines[0].startswith("modelwarden: ")
        return lines[0]

    def gaps(self) -> list[tuple[str, str, str]]:
        assert "Traceback" not in self.err
        return [(gap["what"], gap["kind"], gap["why"]) for gap in self.report["gaps"]]


def give_up_overrides() -> None:
    """Let file modes bind this process: without these capabilities they bind root as well."""
    libc = ctypes.CDLL(None, use_errno=True)
    for capability in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH) if os.geteuid() == 0 else ():
        if libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "a capability cannot be dropped")


def command(*arguments, cwd=None, env=None, bound=False, timeout=60, **stdio) -> Ran:
    """Run `modelwarden` with the arguments; `bound` by file modes also when we are root."""
    stdio.setdefault("stdin", None if "input" in stdio else subprocess.DEVNULL)
    if "input" in stdio:
        del stdio["stdin"]
    done = subprocess.run(
        [sys.executable, "-m", "modelwarden", *arguments],
        cwd=cwd,
        env={**os.environ, **(env or {})},
        preexec_fn=give_up_overrides if bound else None,
        capture_output=True,
        timeout=timeout,
        **stdio,
    )
    return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())


def scan(*arguments, **rest) -> Ran:
    """Run `modelwarden scan --format json`."""
    return command("scan", "--format", "json", *map(str_or_bytes, arguments), **rest)


def str_or_bytes(argument) -> str | bytes:
    return os.fspath(argument) if isinstance(argument, Path) else argument
