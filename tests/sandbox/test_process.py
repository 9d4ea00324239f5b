"""Honest use of the sandbox: answers, errors and endings."""

import shutil
import struct
import subprocess
import sys

import pytest

from modelwarden.core import InputError
from modelwarden.sandbox import ModelError, SandboxLimits, Tier, Worker, WorkerError


def doubles(*values: float) -> bytes:
    return struct.pack(f"{len(values)}d", *values)


def load(worker, folder, code, name="predict"):
    file = folder / "model.py"
    file.write_text(code)
    worker.ask({"operation": "load", "folder": str(folder), "file": str(file), "name": name})


def test_a_model_answers_from_inside_the_sandbox(tmp_path):
    with Worker(sys.executable, readable=[tmp_path]) as worker:
        load(worker, tmp_path, "def predict(rows): return [[sum(r), 1.0] for r in rows]")

        answer = worker.batch(doubles(1, 2, 3, 4), rows=2, columns=2, room=64)

    assert answer == (doubles(3, 1, 7, 1), 2, 2)
    assert worker.tier is Tier.FULL
    assert worker.attempts == []


def test_what_the_model_raises_is_told_without_harm(tmp_path):
    with Worker(sys.executable, readable=[tmp_path]) as worker:
        load(worker, tmp_path, "def predict(rows): raise ValueError('not\\x1b[31m fitted')")

        with pytest.raises(ModelError, match=r"ValueError: not\\x1b\[31m fitted"):
            worker.batch(doubles(1), rows=1, columns=1, room=64)

        load(worker, tmp_path, "def predict(rows): return [[0.0]]")
        assert worker.batch(doubles(1), rows=1, columns=1, room=64) == (doubles(0), 1, 1)


def test_a_missing_package_is_named(tmp_path):
    with (
        Worker(sys.executable, readable=[tmp_path]) as worker,
        pytest.raises(ModelError, match="No module named 'no_such_library'"),
    ):
        load(worker, tmp_path, "import no_such_library")


def test_an_interpreter_that_does_not_run_is_an_input_error(tmp_path):
    with pytest.raises(InputError, match="nothing-here"):
        Worker(str(tmp_path / "nothing-here"))


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import os\ndef predict(rows): os._exit(7)", "exit code 7"),
        ("import os\ndef predict(rows): os.abort()", "SIGABRT"),
        ("import ctypes\ndef predict(rows): ctypes.string_at(0)", "SIGSEGV"),
    ],
)
def test_a_worker_that_dies_is_a_clean_error(tmp_path, code, said):
    with Worker(sys.executable, readable=[tmp_path]) as worker:
        load(worker, tmp_path, code)

        with pytest.raises(WorkerError, match=said):
            worker.batch(doubles(1), rows=1, columns=1, room=64)


@pytest.mark.parametrize(
    ("code", "what"),
    [
        ("def predict(rows):\n    while True: pass", "time"),
        ("def predict(rows):\n    x = [bytearray(1 << 20) for _ in range(10_000)]", "memory"),
        (
            "def predict(rows):\n    import os, tempfile\n    for i in range(100):\n"
            "        path = os.path.join(tempfile.gettempdir(), str(i))\n"
            "        open(path, 'wb').write(bytes(1 << 20))\n"
            "    while True: pass",
            "disk",
        ),
    ],
)
def test_a_worker_that_uses_too_much_is_stopped(tmp_path, code, what):
    limits = SandboxLimits(memory=300 << 20, seconds=3, disk=16 << 20)
    with Worker(sys.executable, readable=[tmp_path], limits=limits) as worker:
        load(worker, tmp_path, code)

        with pytest.raises((WorkerError, ModelError)) as caught:
            worker.batch(doubles(1), rows=1, columns=1, room=64)

    stopped = [attempt.what for attempt in worker.attempts]
    assert stopped == [what] or "MemoryError" in str(caught.value)


def test_endless_output_is_read_and_dropped(tmp_path):
    limits = SandboxLimits(output=1000)
    with Worker(sys.executable, readable=[tmp_path], limits=limits) as worker:
        load(worker, tmp_path, "def predict(rows):\n    print('x' * 5_000_000)\n    return [[1.0]]")

        assert worker.batch(doubles(1), rows=1, columns=1, room=64) == (doubles(1), 1, 1)

    assert worker.output == b"x" * 1000


@pytest.mark.parametrize(
    "said",
    [
        "b'not a frame at all, but long enough'",
        "b'MWS1\\x02\\xff\\xff\\xff\\xff'",
        "b'MWS1\\x02\\x00\\x00\\x00\\x02[]'",
        "b'MWS1\\x02\\x00\\x00\\x00\\x03{x}'",
        "b'MWS1\\x09\\x00\\x00\\x00\\x02{}'",
        "b'MWS1\\x02\\x00\\x00\\xc3\\x50' + b'[' * 50000",
        'b\'MWS1\\x02\\x00\\x00\\x00\\x1e{"rows":1e9,"columns":"many!!"}\'',
        'b\'MWS1\\x02\\x00\\x00\\x00\\x1c{"rows":99999,"columns":9999}\'',
    ],
)
def test_a_worker_that_lies_in_its_answers_is_not_believed(tmp_path, said):
    code = f"import os, sys\ndef predict(rows):\n    os.write(int(sys.argv[1]), {said})\n"
    with Worker(sys.executable, readable=[tmp_path], limits=SandboxLimits(seconds=3)) as worker:
        load(worker, tmp_path, code + "    os._exit(0)")

        with pytest.raises(WorkerError):
            worker.batch(doubles(1), rows=1, columns=1, room=64)


def test_inputs_cannot_be_changed_and_outputs_cannot_grow(tmp_path):
    code = (
        "import os, mmap, array\n"
        "def predict(rows):\n"
        "    done = 0.0\n"
        "    for name in os.listdir('/proc/self/fd'):\n"
        "        try:\n"
        "            if 'memfd' not in os.readlink('/proc/self/fd/' + name): continue\n"
        "        except OSError: continue\n"
        "        for act in (lambda: os.ftruncate(int(name), 1 << 20),\n"
        "                    lambda: os.ftruncate(int(name), 0)):\n"
        "            try:\n"
        "                act(); done += 1\n"
        "            except OSError: pass\n"
        "        try:\n"
        "            os.pwrite(int(name), b'x' * 8, 0); done += 100\n"
        "        except OSError: pass\n"
        "    return [[done]]\n"
    )
    with Worker(sys.executable, readable=[tmp_path]) as worker:
        load(worker, tmp_path, code)

        answer = worker.batch(doubles(1), rows=1, columns=1, room=64)

    assert answer == (doubles(100), 1, 1)  # only the output may be written, none resized


OLDER = [f"python3.{minor}" for minor in (8, 9, 10, 12, 13, 14)]


@pytest.mark.parametrize("name", OLDER)
def test_the_worker_runs_in_older_and_newer_interpreters(tmp_path, name):
    python = shutil.which(name)
    works = python and subprocess.run([python, "-c", ""], capture_output=True, check=False)
    if not works or works.returncode:
        pytest.skip(f"{name} is not installed")

    with Worker(python, readable=[tmp_path]) as worker:
        load(worker, tmp_path, "def predict(rows): return [[sum(r)] for r in rows]")

        assert worker.batch(doubles(1, 2), rows=1, columns=2, room=64) == (doubles(3), 1, 1)

    assert (worker.tier, worker.attempts) == (Tier.FULL, [])


def test_without_namespaces_the_filter_cuts_the_network_itself(tmp_path):
    code = (
        "import socket\n"
        "def predict(rows):\n"
        "    try:\n"
        "        socket.socket(socket.AF_INET)\n"
        "    except OSError:\n"
        "        return [[0.0]]\n"
        "    return [[1.0]]\n"
    )
    with Worker(sys.executable, readable=[tmp_path], allow_namespaces=False) as worker:
        load(worker, tmp_path, code)

        assert worker.batch(doubles(1), rows=1, columns=1, room=64) == (doubles(0), 1, 1)

    assert worker.tier is Tier.FULL
