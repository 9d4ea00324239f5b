"""`convert` as users type it."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from cli.command import command


@pytest.fixture
def arrays(tmp_path):
    path = tmp_path / "in.npz"
    with path.open("wb") as stream:
        np.savez(stream, w=np.arange(6.0).reshape(2, 3))
    return path


def test_a_file_is_converted_and_what_was_done_is_told(tmp_path, arrays):
    ran = command("convert", arrays, tmp_path / "out.safetensors")

    assert (ran.code, ran.err) == (0, "")
    assert "CONVERTED  1 tensor · 48 bytes · npz → safetensors" in ran.out
    assert "every bit compared, scanned clean" in ran.out


def test_a_source_with_findings_is_converted_with_a_warning(tmp_path):
    class Attack:
        def __reduce__(self):
            return os.system, ("true",)

    (tmp_path / "in.pkl").write_bytes(pickle.dumps({"w": np.arange(3), "x": Attack()}))

    ran = command("convert", tmp_path / "in.pkl", tmp_path / "out.npz")

    assert ran.code == 0
    assert "WARNING    do not load the source: 1 of its findings are high or above" in ran.out
    assert "posix.system (1 object, its code)" in ran.out


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"hello\n", "text is not converted"),
        (b"", "empty"),
        (pickle.dumps({"a": 1}), "holds no tensors"),
        (b"GGUF" + bytes(40), "GGUF holds no code"),
        (b"tree\nversion=v4\nnum_class=1\n", "lightgbm holds trees, not tensors, and no code"),
        (
            b'{"learner": {"gradient_booster": {}}, "version": [3, 0, 0]}',
            "xgboost-json holds trees",
        ),
        (b"<PMML version='4.4' xmlns='http://www.dmg.org/PMML-4_4'/>", "pmml is not converted"),
        (b"\x80\x04\x95", "damaged"),
    ],
)
def test_what_cannot_be_converted_is_one_clear_line(tmp_path, data, why):
    (tmp_path / "in").write_bytes(data)

    ran = command("convert", tmp_path / "in", tmp_path / "out.safetensors")

    assert ran.code == 2
    assert why in ran.line
    assert not (tmp_path / "out.safetensors").exists()


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["in.npz", "out.bin"], "unknown ending '.bin'"),
        (["none.npz", "out.npz"], "no such file: none.npz (Check the spelling.)"),
        (["in.npz", "in.npz"], "the file that is to be converted"),
        (["in.npz", "none/out.npz"], "cannot write"),
        (["in.npz", "out.npz", "--python", "python3"], "nothing else runs"),
        (["in.npz", "out.onnx"], "--python"),
        (["in.npz", "out.onnx", "--partial", "--python", "p"], "for tensors"),
        ([".", "out.npz"], "is a folder, and one file is converted at a time"),
    ],
)
def test_bad_arguments_are_one_clear_line(tmp_path, arrays, arguments, why):
    ran = command("convert", *arguments, cwd=tmp_path)

    assert ran.code == 2
    assert why in ran.line
    assert [path.name for path in tmp_path.iterdir()] == ["in.npz"]


def test_a_full_disk_is_one_clear_line_and_leaves_nothing(tmp_path):
    with (tmp_path / "in.npy").open("wb") as stream:
        np.save(stream, np.zeros(1 << 20))
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, 1 << 16)); "
        "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
        "from modelwarden.cli import run; "
        "sys.exit(run(['convert', 'in.npy', 'out.safetensors']))"
    )

    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True)

    assert done.returncode == 2
    assert b"cannot write out.safetensors" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["in.npy"]


def test_an_interrupt_leaves_nothing_behind(tmp_path):
    header = b"\x93NUMPY\x01\x00v\x00{'descr': '|u1', 'fortran_order': False, 'shape': (%d,), }"
    size = 1 << 34
    text = header % size
    with (tmp_path / "in.npy").open("wb") as stream:
        stream.write(text + b" " * (127 - len(text)) + b"\n")
        stream.truncate(128 + size)  # a hole: it takes no room, and long to copy

    started = subprocess.Popen(
        [sys.executable, "-m", "modelwarden", "convert", "in.npy", "out.safetensors"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        deadline = time.monotonic() + 30
        while len(list(tmp_path.iterdir())) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        started.send_signal(signal.SIGINT)
        _, err = started.communicate(timeout=60)
    finally:
        started.kill()

    assert started.returncode == 130
    assert err == b"modelwarden: interrupted\n"
    assert [path.name for path in tmp_path.iterdir()] == ["in.npy"]


def test_converting_imports_neither_numpy_nor_torch(tmp_path, arrays):
    code = (
        "import sys; from modelwarden.cli import run; "
        "code = run(['convert', 'in.npz', 'out.safetensors']); "
        "print(sorted({'numpy', 'torch', 'pickle', 'h5py'} & set(sys.modules)), code)"
    )

    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, check=True
    )

    assert done.stdout.endswith(b"[] 0\n")
