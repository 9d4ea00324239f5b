"""The command with models of the tests' own, run as `python -m gate.command check …`."""

from __future__ import annotations

import sys

from gate.checks import FakeTools
from modelwarden.cli import run
from modelwarden.gate import opening

if __name__ == "__main__":
    opening.Ours = FakeTools
    sys.exit(run(sys.argv[1:]))
