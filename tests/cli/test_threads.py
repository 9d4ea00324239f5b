"""Commands that judge row by row take one thread: on many, a small product costs milliseconds."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

KEYS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
PROGRAM = """
import sys, threading
from pathlib import Path
from modelwarden.cli.main import run
assert "numpy" not in sys.modules
code = run(sys.argv[1:])
import numpy as np
np.ones((500, 500)) @ np.ones((500, 500))
print(code, len(list(Path("/proc/self/task").iterdir())), threading.active_count())
"""


def threads(tmp_path, *command, **more):
    environment = {k: v for k, v in os.environ.items() if k not in KEYS} | more
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *command],
        env=environment, capture_output=True, text=True, check=True, cwd=tmp_path,
    )  # fmt: skip
    code, system, own = map(int, done.stdout.split())
    assert code == 2  # there is no such profile
    return system - own


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="one core takes one thread anyway")
@pytest.mark.parametrize(
    "command",
    [
        ("firewall", "--upstream", "http://127.0.0.1:9", "--profile", "none.json"),
        ("monitor", "watch", "--profile", "none.json", "--once"),
    ],
)
def test_small_products_are_left_to_one_thread_unless_it_is_said_otherwise(tmp_path, command):
    assert threads(tmp_path, *command) == 0
    assert threads(tmp_path, *command, OPENBLAS_NUM_THREADS="2", OMP_NUM_THREADS="2") >= 1
