"""Every benchmark, one after the other: `make bench`.

Those that need data or environments that are not there say so and are passed over:
`MODELWARDEN_SHARED` names the shared data, `MODELWARDEN_PEERS` the peers' environments
(`make peers`), and `build/benign*` hold what `benchmarks/benign_files.py` wrote.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tables import ROOT

HERE = Path(__file__).resolve().parent


def main() -> int:
    """Run the benchmarks; 1 when one of them failed."""
    benign = [str(p.parent) for p in sorted((ROOT / "build").glob("benign*/index.json"))]
    steps = {
        "corpora.py": [],
        "cost.py": ["--rounds", "1"],
        "false_alarms.py": benign,
        "ledger_rates.py": [],
        "metrics.py": [],
        "sandbox.py": [],
        "signing.py": [],
    }
    failed = []
    for script, arguments in steps.items():
        if script == "false_alarms.py" and not benign:
            print("false_alarms.py: no build/benign*: write it with benchmarks/benign_files.py")
            continue
        print(f"\n== {script}", flush=True)
        done = subprocess.run([sys.executable, HERE / script, *arguments], check=False)
        if done.returncode:
            failed.append(script)
    for script in failed:
        print(f"{script} failed", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
