"""Conversion beside torch: equality of every tensor, time and memory.

    python benchmarks/conversion.py [MEBIBYTES]

MODELWARDEN_TORCH_PYTHON names an interpreter with torch and safetensors; it writes the checkpoint
and is the judge of equality. `torch` is that interpreter loading it (weights only) and saving it.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROUNDS = 3
MAKE = """
import sys, torch
torch.manual_seed(0)
rows = int(sys.argv[2]) * 1024 * 1024 // 4 // 4096 // 4
base = torch.randn(rows, 4096)
torch.save({
    "f32": torch.randn(rows, 4096), "bf16": torch.randn(rows * 2, 4096).to(torch.bfloat16),
    "turned": torch.randn(4096, rows).t(), "view": base[:, ::2], "tied": base[:, ::2],
    "int8": torch.randint(-100, 100, (rows * 4, 4096), dtype=torch.int8),
}, sys.argv[1])
"""
TORCH = """
import sys, torch
from safetensors.torch import save_file
state = torch.load(sys.argv[1], weights_only=True)
save_file({name: value.contiguous().clone() for name, value in state.items()}, sys.argv[2])
"""
JUDGE = """
import sys, torch
from safetensors.torch import load_file
want, got = torch.load(sys.argv[1], weights_only=True), load_file(sys.argv[2])
assert want.keys() == got.keys()
print(sum(torch.equal(want[k], got[k]) and want[k].dtype == got[k].dtype for k in want), len(want))
"""


def main() -> None:
    python = os.environ.get("MODELWARDEN_TORCH_PYTHON")
    if not python:
        sys.exit("MODELWARDEN_TORCH_PYTHON must name an interpreter with torch and safetensors")
    mebibytes = int(sys.argv[1]) if len(sys.argv) > 1 else 1024
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(measured(Path(folder), python, mebibytes), indent=1))


def measured(folder: Path, python: str, mebibytes: int) -> dict[str, object]:
    source, ours, theirs = folder / "in.pt", folder / "ours.safetensors", folder / "theirs"
    subprocess.run([python, "-c", MAKE, source, str(mebibytes)], check=True)
    command = [sys.executable, "-m", "modelwarden", "convert", source, ours, "--force"]
    times: dict[str, list[float]] = {"modelwarden": [], "torch": []}
    peaks: dict[str, int] = {"modelwarden": 0, "torch": 0}
    for _ in range(ROUNDS):
        for name, side in (
            ("modelwarden", command),
            ("torch", [python, "-c", TORCH, source, theirs]),
        ):
            began = time.perf_counter()
            process = subprocess.Popen(side, stdout=subprocess.DEVNULL)
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode:
                sys.exit(f"{name} failed")
            times[name].append(time.perf_counter() - began)
            peaks[name] = max(peaks[name], used.ru_maxrss)
    judged = subprocess.run(
        [python, "-c", JUDGE, source, ours], check=True, capture_output=True, text=True
    )
    equal, total = map(int, judged.stdout.split())
    return {
        "benchmark": "convert",
        "mebibytes": mebibytes,
        "rounds": ROUNDS,
        "equal_tensors": equal,
        "tensors": total,
        "seconds": {name: round(statistics.median(taken), 2) for name, taken in times.items()},
        "peak_mebibytes": {name: peak // 1024 for name, peak in peaks.items()},
    }


if __name__ == "__main__":
    main()
