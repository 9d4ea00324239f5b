"""A command that is told to end clears up as one that is interrupted does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from modelwarden.cli.ending import EndedError, ended_by_signals

TOML = """
[project]
name = "p"
task = "binary"
modality = "vector"
[model]
path = "model"
adapter = "callable"
entry = "predict.py:predict"
[data]
test = "test.npz"
"""


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)], ids=["term", "hup"]
)
def test_a_check_that_is_told_to_end_leaves_no_sandbox_behind(tmp_path, number, code):
    (tmp_path / "tmp").mkdir()
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "predict.py").write_text(
        "import time\ndef predict(x):\n    time.sleep(50)\n"
    )
    (tmp_path / "modelwarden.toml").write_text(TOML)
    np.savez(tmp_path / "test.npz", x=np.zeros((9, 2)), y=np.arange(9) % 2)
    words = ["check", str(tmp_path), "--stage", "performance"]
    process = subprocess.Popen(
        [sys.executable, "-m", "modelwarden", *words],
        env={**os.environ, "TMPDIR": str(tmp_path / "tmp")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 60
    while not list((tmp_path / "tmp").iterdir()) and time.monotonic() < deadline:
        time.sleep(0.02)

    process.send_signal(number)
    out, err = process.communicate(timeout=60)

    assert (process.returncode, out) == (code, b"")
    assert err.decode().splitlines() == [
        f"modelwarden: ended by {number.name} (The same command again goes on where it stopped.)"
    ]
    assert list((tmp_path / "tmp").iterdir()) == []


def test_what_somebody_else_asked_for_and_a_forked_process_are_left_alone():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with ended_by_signals():
            os.kill(os.getpid(), signal.SIGHUP)
            child = os.fork()
            if not child:
                os.kill(os.getpid(), signal.SIGTERM)
                os._exit(0)
            _, status = os.waitpid(child, 0)
            with pytest.raises(EndedError, match="SIGTERM") as raised:
                signal.raise_signal(signal.SIGTERM)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)

    assert raised.value.code == 143
    assert os.waitstatus_to_exitcode(status) == -signal.SIGTERM
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
