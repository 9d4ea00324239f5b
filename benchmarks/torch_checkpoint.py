"""What scanning a 1 GiB torch checkpoint costs, in a process of its own and without digests.

    python benchmarks/torch_checkpoint.py [ROUNDS]

The file is sparse (its tensors are zeros) and laid out as `torch.save` does, in a temporary folder.
Prints JSON: CPU seconds (user and system) and peak resident memory of the child, medians of ROUNDS.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import sys
import tempfile
from pathlib import Path

from workloads import checkpoint

import modelwarden


def cost(path: Path) -> tuple[float, float, int]:
    """Return CPU seconds, peak MiB and exit code of one scan."""
    command = [sys.executable, "-m", "modelwarden", "scan", str(path), "--no-hash", "--no-deps"]
    child = os.posix_spawn(
        sys.executable,
        [*command, "--format", "json", "--output", os.devnull],
        os.environ,
        file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)],
    )
    _, status, used = os.wait4(child, 0)
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, os.waitstatus_to_exitcode(status)


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "checkpoint.pt"
        checkpoint(path)
        runs = [cost(path) for _ in range(rounds)]
        size = path.stat().st_size
    print(
        json.dumps(
            {
                "bytes": size,
                "rounds": rounds,
                "cpu_seconds": round(statistics.median(cpu for cpu, _, _ in runs), 3),
                "peak_mib": round(statistics.median(peak for _, peak, _ in runs), 1),
                "exit_codes": sorted({code for _, _, code in runs}),
                "modelwarden": modelwarden.__version__,
                "python": platform.python_version(),
            }
        )
    )


if __name__ == "__main__":
    main()
