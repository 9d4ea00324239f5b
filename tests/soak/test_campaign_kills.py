"""Twenty kills at random moments: the campaign ends as an undisturbed one does."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from modelwarden import __version__
from modelwarden.redteam import load, run
from tests.redteam.endpoints import Endpoint, serving
from tests.redteam.test_resume import result

ROOT = Path(__file__).resolve().parents[2]
KILLS = 20
FILE = """
[campaign]
name = "soak"
goal = "evade"
authorised_by = "the tests"
[target]
url = "{url}"
protocol = "mlflow"
[budget]
batch = 32
concurrency = 2
[seeds]
path = "seeds"
label = "spam"
[[attack]]
name = "edits"
queries = 60
[[attack]]
name = "homoglyphs"
queries = 60
[[attack]]
name = "typing-errors"
queries = 60
"""
WORDS = "garden house offer please call report lunch meeting tomorrow at the door".split()


def _seeds(folder: Path, count: int) -> None:
    folder.mkdir()
    for number in range(count):
        words = [WORDS[(number * 5 + k * 3) % len(WORDS)] for k in range(14)]
        words[number % 7 : number % 7] = ["free", "prize", "cash"][: 1 + number % 3]
        (folder / f"{number:04d}.txt").write_text(f"{' '.join(words)} {number} winner")


@pytest.mark.soak
def test_twenty_kills_change_nothing(tmp_path):
    _seeds(tmp_path / "seeds", 1000)
    path = tmp_path / "campaign.toml"
    rng = random.Random(8)
    with serving(Endpoint()) as endpoint:
        path.write_text(FILE.format(url=endpoint.url))
        began = time.monotonic()
        run(load(path), output=tmp_path / "whole", version=__version__)
        took = time.monotonic() - began
        undisturbed = endpoint.rows
        command = [sys.executable, "-m", "modelwarden", "redteam", str(path)]
        command += ["--output", str(tmp_path / "cut"), "--resume", "--format", "json"]
        kills = 0
        while kills < KILLS:
            process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
            try:
                process.wait(rng.uniform(0.5, max(2.0, took / 4)))
                break
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.wait()
                kills += 1
        subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=False)
        cut = endpoint.rows - undisturbed

    assert kills >= 5
    assert result(tmp_path / "cut") == result(tmp_path / "whole")
    assert undisturbed <= cut <= undisturbed + kills * 2 * 32
