"""Honest use of the sandbox: answers, errors and endings."""

import os
import shutil
import struct
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from pathlib import Path

import pytest

import modelwarden.sandbox
from modelwarden.core import InputError
from modelwarden.sandbox import ModelError, SandboxLimits, Tier, Worker, WorkerError
from modelwarden.sandbox.observer import MOST_THREADS
from modelwarden.sandbox.order import readable_files
from modelwarden.sandbox.private import MOST_ENTRIES


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


@pytest.mark.parametrize("said", ["5", "[3, []]", "[[3, 11], [1]]", '[["a"], []]', "{}", "no"])
def test_an_interpreter_that_says_something_else_is_an_input_error(tmp_path, said):
    liar = tmp_path / "python"
    liar.write_text(f"#!/bin/sh\necho '{said}'\n")
    liar.chmod(0o755)

    with pytest.raises(InputError, match="does not run"):
        Worker(str(liar))


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


def interpreter(minor: int) -> str | None:
    """Return a Python of this version, on the path or kept by pyenv."""
    name = f"python3.{minor}"
    kept = sorted(Path.home().glob(f".pyenv/versions/3.{minor}.*/bin/{name}"))
    for python in (*map(str, kept), shutil.which(name)):
        works = python and subprocess.run([python, "-c", ""], capture_output=True, check=False)
        if works and works.returncode == 0:
            return python
    return None


@pytest.mark.parametrize("minor", range(8, 15))
def test_the_worker_runs_in_older_and_newer_interpreters(tmp_path, minor):
    python = interpreter(minor)
    if python is None:
        pytest.skip(f"python3.{minor} is not installed")

    with Worker(python, readable=[tmp_path]) as worker:
        load(worker, tmp_path, "def predict(rows): return [[sum(r)] for r in rows]")

        assert worker.batch(doubles(1, 2), rows=1, columns=2, room=64) == (doubles(3), 1, 1)

    assert (worker.tier, worker.attempts) == (Tier.FULL, [])


@pytest.mark.parametrize("minor", [6, 7])
def test_an_interpreter_that_is_too_old_is_an_input_error(minor):
    python = interpreter(minor)
    if python is None:
        pytest.skip(f"python3.{minor} is not installed")
    with pytest.raises(InputError, match=f"is Python 3.{minor}"):
        Worker(python)


@pytest.mark.parametrize(
    "act",
    [
        "socket.socket(socket.AF_INET).connect(('127.0.0.1', 9))",
        "socket.socket(socket.AF_INET6, socket.SOCK_DGRAM).sendto(b'x', ('::1', 9))",
        "socket.socket(socket.AF_UNIX).bind(chr(0) + 'name')",
    ],
)
def test_without_namespaces_the_filter_cuts_the_network_itself(tmp_path, act):
    code = (
        "import socket\n"
        "def predict(rows):\n"
        "    try:\n"
        f"        {act}\n"
        "    except OSError:\n"
        "        return [[0.0]]\n"
        "    return [[1.0]]\n"
    )
    with Worker(sys.executable, readable=[tmp_path], allow_namespaces=False) as worker:
        load(worker, tmp_path, code)

        assert worker.batch(doubles(1), rows=1, columns=1, room=64) == (doubles(0), 1, 1)

    assert worker.tier is Tier.FULL
    assert "network" in {a.what for a in worker.attempts}


@pytest.mark.parametrize("namespaces", [True, False])
def test_a_library_that_looks_for_a_network_raises_no_alarm(tmp_path, namespaces):
    code = """
        import socket
        def predict(rows):
            for family, host in ((socket.AF_INET6, "::1"), (socket.AF_INET, "")):
                try:
                    with socket.socket(family) as one:
                        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                        one.bind((host, 0))
                except OSError:
                    pass
            return rows
    """
    with Worker(sys.executable, readable=[tmp_path], allow_namespaces=namespaces) as worker:
        load(worker, tmp_path, textwrap.dedent(code))
        worker.batch(doubles(1), rows=1, columns=1, room=64)

    assert worker.attempts == []


TOUCH = """
def predict(rows):
    try:
        {act}
    except OSError:
        return [[0.0]]
    return [[1.0]]
"""


def test_without_landlock_the_tier_is_partial_and_the_clumsy_are_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr("modelwarden.sandbox.order.landlock.abi", lambda: 0)
    model, secret = tmp_path / "model", tmp_path / "secret.txt"
    model.mkdir()
    secret.write_text("made up")
    acts = (f"open({str(secret)!r}).read()", f"open({str(tmp_path / 'marker')!r}, 'w')")
    for act in acts:
        with Worker(sys.executable, readable=[model]) as worker:
            load(worker, model, TOUCH.format(act=act))
            answer = worker.batch(doubles(1), rows=1, columns=1, room=64)

        assert (worker.tier, worker.lacking) == (Tier.PARTIAL, ("landlock",))
        assert answer == (doubles(0), 1, 1)
        assert [a.what for a in worker.attempts] == ["read" if "read" in act else "write"]
    assert not (tmp_path / "marker").exists()


EMPTIES = {
    "by its path": "os.truncate({place!r}, 0)",
    "opened to read": "os.close(os.open({place!r}, os.O_RDONLY | os.O_TRUNC))",
    "opened to write": "os.close(os.open({place!r}, os.O_WRONLY | os.O_TRUNC))",
}


@pytest.mark.parametrize("version", [1, 2, 3])
@pytest.mark.parametrize("act", EMPTIES.values(), ids=EMPTIES)
def test_no_file_is_emptied_where_landlock_does_not_decide_about_it(
    tmp_path, monkeypatch, version, act
):
    monkeypatch.setattr(modelwarden.sandbox.landlock, "abi", lambda: version)
    folder = tmp_path / "model"
    folder.mkdir()
    for place in (tmp_path / "mine.txt", folder / "theirs.txt"):
        place.write_text("kept")
        with Worker(sys.executable, readable=[folder]) as worker:
            code = "import os\n" + TOUCH.format(act=act.format(place=str(place)))
            (folder / "model.py").write_text(code)
            load(worker, folder, code)

            assert worker.batch(doubles(1), rows=1, columns=1, room=64)[0] == doubles(0)

        assert place.read_text() == "kept"
        assert worker.tier is Tier.FULL
        assert (str(place), "write") in {(a.detail, a.what) for a in worker.attempts}


def test_without_a_filter_the_tier_is_partial_and_files_are_confined(tmp_path, monkeypatch):
    monkeypatch.setattr("modelwarden.sandbox.order._SECCOMP_CALL", {})
    model, secret = tmp_path / "model", tmp_path / "secret.txt"
    model.mkdir()
    secret.write_text("made up")
    with Worker(sys.executable, readable=[model]) as worker:
        load(worker, model, TOUCH.format(act=f"open({str(secret)!r}).read()"))
        answer = worker.batch(doubles(1), rows=1, columns=1, room=64)

    assert (worker.tier, answer) == (Tier.PARTIAL, (doubles(0), 1, 1))
    assert "seccomp" in worker.lacking


def test_without_both_the_tier_is_none(tmp_path, monkeypatch):
    monkeypatch.setattr("modelwarden.sandbox.order.landlock.abi", lambda: 0)
    monkeypatch.setattr("modelwarden.sandbox.order._SECCOMP_CALL", {})
    with Worker(sys.executable, readable=[tmp_path]) as worker:
        assert worker.tier is Tier.NONE


@pytest.mark.parametrize("namespaces", [True, False])
def test_the_sandbox_is_whole_for_a_user_who_is_not_root(tmp_path, namespaces):
    if os.getuid() != 0:
        pytest.skip("needs root, to become somebody else")
    python = next((p for p in map(shutil.which, ("/usr/bin/python3",)) if p), None)
    if (
        python is None
        or b"3."
        not in subprocess.run(
            [python, "-c", "import sys; assert sys.version_info >= (3, 11); print('3.')"],
            capture_output=True,
            check=False,
        ).stdout
    ):
        pytest.skip("needs an interpreter of the system that others can run")
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    source = Path(__file__).resolve().parents[2] / "src" / "modelwarden"
    shutil.copytree(source, folder / "src" / "modelwarden")
    model = folder / "model"
    model.mkdir()
    (folder / "secret.txt").write_text("made up")
    code = f"""
        import os, struct
        os.setgroups([]); os.setgid(65534); os.setuid(65534)
        from modelwarden.sandbox import Worker
        with Worker({python!r}, readable=[{str(model)!r}], allow_namespaces={namespaces}) as worker:
            named = {{"folder": {str(model)!r}, "file": {str(model / "model.py")!r}}}
            worker.ask({{"operation": "load", "name": "predict", **named}})
            print(struct.unpack("d", worker.batch(bytes(8), rows=1, columns=1, room=8)[0]))
            print(worker.tier.value, [a.what for a in worker.attempts])
    """
    act = f"ctypes.CDLL(None).prctl(4, 0, 0, 0, 0); open({str(folder / 'secret.txt')!r})"
    (model / "model.py").write_text("import ctypes\n" + TOUCH.format(act=act))
    try:
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
        done = subprocess.run(
            [python, "-c", textwrap.dedent(code)],
            env={"PYTHONPATH": str(folder / "src"), "PATH": "/usr/bin:/bin"},
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        shutil.rmtree(folder)

    assert done.stdout.splitlines() == ["(0.0,)", "full ['kernel', 'read']"], done.stderr


def test_root_without_capabilities_may_be_confined_as_well(tmp_path):
    gives_up = shutil.which("setpriv")
    if os.getuid() != 0 or gives_up is None:
        pytest.skip("needs root, and setpriv to give its capabilities up")
    code = f"""
        import struct, sys
        from modelwarden.sandbox import Worker
        with Worker(sys.executable, readable=[{str(tmp_path)!r}]) as worker:
            named = {{"folder": {str(tmp_path)!r}, "file": {str(tmp_path / "model.py")!r}}}
            worker.ask({{"operation": "load", "name": "predict", **named}})
            print(struct.unpack("d", worker.batch(bytes(8), rows=1, columns=1, room=8)[0]))
            print(worker.tier.value, [a.what for a in worker.attempts])
    """
    (tmp_path / "model.py").write_text("def predict(rows): return [[7.0]]")
    program = textwrap.dedent(code)
    done = subprocess.run(
        [gives_up, "--bounding-set=-all", "--inh-caps=-all", sys.executable, "-c", program],
        env={"PYTHONPATH": str(Path(modelwarden.sandbox.__file__).parents[2])},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout.splitlines() == ["(7.0,)", "full []"], done.stderr


NESTED = """
import os
def predict(rows):
    for _ in range({depth}):
        os.mkdir("d" * 50)
        os.chdir("d" * 50)
"""
MANY = """
import os
def predict(rows):
    for i in range({count}):
        os.mkdir(str(i)) if i % 2 else open(str(i), "w").close()
    while True: pass
"""


def test_folders_nested_deeper_than_any_path_are_stopped_and_removed(tmp_path):
    with Worker(sys.executable, readable=[tmp_path], limits=SandboxLimits(seconds=20)) as worker:
        load(worker, tmp_path, NESTED.format(depth=3000) + "    while True: pass\n")
        with pytest.raises(WorkerError, match="disk"):
            worker.batch(doubles(1), rows=1, columns=1, room=64)
        folder = worker._private

    assert not Path(folder).exists()


def test_files_without_end_are_stopped_and_removed(tmp_path):
    with Worker(sys.executable, readable=[tmp_path], limits=SandboxLimits(seconds=240)) as worker:
        load(worker, tmp_path, MANY.format(count=MOST_ENTRIES + 1000))
        with pytest.raises(WorkerError, match="disk"):
            worker.batch(doubles(1), rows=1, columns=1, room=64)
        folder = worker._private

    assert not Path(folder).exists()


# Shared memory is not what RLIMIT_DATA counts.
BOMB = """
    import mmap, time
    kept = []
    {before}
    while True:
        kept.append(mmap.mmap({file}, 8 << 20, prot=mmap.PROT_READ | {prot}))
        {touch}
        time.sleep(0.002)
"""
WRITTEN = {"file": -1, "prot": "mmap.PROT_WRITE", "touch": "kept[-1].write(bytes(8 << 20))"}
LET_GO = "; kept[-1].madvise(mmap.MADV_DONTNEED)"
BOMBS = {
    "behind folders": NESTED.format(depth=30) + BOMB.format(before="", **WRITTEN),
    "without output": "import os\ndef predict(rows):"
    + BOMB.format(before="os.close(1); os.close(2)", **WRITTEN),
    "let go of": "def predict(rows):"
    + BOMB.format(before="", **(WRITTEN | {"touch": WRITTEN["touch"] + LET_GO})),
    "tables of pages": """
import ctypes, mmap
def predict(rows):
    kept = mmap.mmap(-1, 1 << 40, mmap.MAP_PRIVATE | 0x4000, mmap.PROT_READ)  # MAP_NORESERVE
    kept.madvise(15)  # MADV_NOHUGEPAGE
    for at in range(0, 1 << 40, 2 << 20):
        kept[at]
""",
    "read from a device": "import os\ndef predict(rows):"
    + BOMB.format(
        before="zero = os.open('/dev/zero', os.O_RDONLY)",
        file="zero",
        prot="0",
        touch="kept[-1][::4096]" + LET_GO,
    ),
}


@pytest.mark.parametrize("code", BOMBS.values(), ids=BOMBS)
def test_what_looks_after_memory_is_not_blinded(tmp_path, code):
    limits = SandboxLimits(memory=200 << 20, seconds=20)
    with Worker(sys.executable, readable=[tmp_path], limits=limits) as worker:
        load(worker, tmp_path, code)
        with pytest.raises(WorkerError, match="memory"):
            worker.batch(doubles(1), rows=1, columns=1, room=64)


# Files that no folder names any more, 1 MiB each.
NAMELESS = """
import array, fcntl, mmap, os, socket, time
def predict(rows):
    kept = []
    one, other = socket.socketpair()
    for i in range(60):
        file = os.open("x", os.O_RDWR | os.O_CREAT, 0o600)
        os.unlink("x")
        os.write(file, bytes(1 << 20))
        {keep}
    while True: time.sleep(0.1)
"""
RIGHTS = "[(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [file]))]"
KEPT = {
    "open": "kept.append(file)",
    "mapped": "kept.append(mmap.mmap(file, 4096)); os.close(file)",
    "on its way": f"one.sendmsg([b'x'], {RIGHTS}); os.close(file)",
}


@pytest.mark.parametrize("keep", KEPT.values(), ids=KEPT)
def test_files_without_a_name_count_as_well(tmp_path, keep):
    limits = SandboxLimits(seconds=20, disk=40 << 20)
    with Worker(sys.executable, readable=[tmp_path], limits=limits) as worker:
        load(worker, tmp_path, NAMELESS.replace("{keep}", keep))
        with pytest.raises(WorkerError, match="disk"):
            worker.batch(doubles(1), rows=1, columns=1, room=64)


def test_descriptors_sent_to_us_while_nobody_asks_count_as_well(tmp_path):
    code = f"""
import array, os, socket, sys, threading
def send():
    file, us = os.open("x", os.O_RDWR | os.O_CREAT), socket.socket(fileno=os.dup(int(sys.argv[1])))
    for _ in range(20):
        us.sendmsg([b"x"], {RIGHTS})
def predict(rows):
    threading.Timer(0.2, send).start()
    return rows
"""
    with Worker(sys.executable, readable=[tmp_path]) as worker:
        load(worker, tmp_path, code)
        worker.batch(doubles(1), rows=1, columns=1, room=64)
        worker._process.wait(10)

        with pytest.raises(WorkerError, match="disk"):
            worker.batch(doubles(1), rows=1, columns=1, room=64)


def test_a_worker_that_reads_no_more_is_late(tmp_path):
    code = """
import os, threading
threading.Timer(0.2, os.kill, (os.getpid(), 19)).start()
def predict(rows): return rows
"""
    with Worker(sys.executable, readable=[tmp_path], limits=SandboxLimits(seconds=2)) as worker:
        load(worker, tmp_path, code)
        time.sleep(1)
        with pytest.raises(WorkerError, match="time"):
            worker.ask({"operation": "call", "long": "x" * (4 << 20)})


def test_an_answer_with_many_descriptors_is_refused(tmp_path):
    code = """
import array, os, socket, sys
def predict(rows):
    ours = socket.socket(fileno=os.dup(int(sys.argv[1])))
    some = array.array("i", [os.open("/dev/null", os.O_RDONLY)] * 4)
    for byte in b"MWS1\x02":
        ours.sendmsg([bytes([byte])], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, some)])
    os._exit(0)
"""
    before = len(list(Path("/proc/self/fd").iterdir()))
    with Worker(sys.executable, readable=[tmp_path]) as worker:
        load(worker, tmp_path, code)
        with pytest.raises(WorkerError, match="more descriptors than an answer has"):
            worker.batch(doubles(1), rows=1, columns=1, room=64)

    assert len(list(Path("/proc/self/fd").iterdir())) == before


@pytest.mark.slow
def test_threads_without_end_are_held_back(tmp_path):
    code = """
        import threading, time
        threading.stack_size(64 << 10)
        def predict(rows):
            started = 0
            try:
                for _ in range(1500):
                    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
                    started += 1
            except RuntimeError:
                pass
            return [[float(started)]]
    """
    with Worker(sys.executable, readable=[tmp_path]) as worker:
        load(worker, tmp_path, textwrap.dedent(code))
        data, _, _ = worker.batch(doubles(1), rows=1, columns=1, room=64)

    assert 100 < struct.unpack("d", data)[0] <= MOST_THREADS
    assert [a.what for a in worker.attempts] == ["process"]


def test_an_answer_that_drips_is_late(tmp_path):
    code = """
        import os, sys, time
        def predict(rows):
            for byte in b"MWS1" + bytes([2, 0, 0, 0, 20]):
                os.write(int(sys.argv[1]), bytes([byte]))
                time.sleep(0.4)
            time.sleep(60)
    """
    with Worker(sys.executable, readable=[tmp_path], limits=SandboxLimits(seconds=2)) as worker:
        load(worker, tmp_path, textwrap.dedent(code))
        with pytest.raises(WorkerError, match="time"):
            worker.batch(doubles(1), rows=1, columns=1, room=64)


def test_recursion_without_end_is_an_error_of_the_model_or_its_end(tmp_path):
    code = """
        import sys
        sys.setrecursionlimit(10 ** 9)
        def deep(n): return deep(n + 1) + 1
        def predict(rows): return [[float(deep(0))]]
    """
    limits = SandboxLimits(memory=512 << 20, seconds=30)
    with Worker(sys.executable, readable=[tmp_path], limits=limits) as worker:
        load(worker, tmp_path, textwrap.dedent(code))
        with pytest.raises((WorkerError, ModelError)):
            worker.batch(doubles(1), rows=1, columns=1, room=64)


def test_forks_without_end_start_nothing(tmp_path):
    code = """
        import os
        def predict(rows):
            failed = 0
            for _ in range(300):
                try:
                    if os.fork() == 0: os._exit(0)
                except OSError:
                    failed += 1
            return [[float(failed)]]
    """
    with Worker(sys.executable, readable=[tmp_path]) as worker:
        load(worker, tmp_path, textwrap.dedent(code))
        answer = worker.batch(doubles(1), rows=1, columns=1, room=64)

    assert answer == (doubles(300), 1, 1)
    assert {a.what for a in worker.attempts} == {"process"}


def test_the_private_folder_is_removed_and_the_peak_is_remembered(tmp_path):
    with Worker(sys.executable, readable=[tmp_path]) as worker:
        load(
            worker, tmp_path, "x = bytearray(b'x') * (64 << 20)\ndef predict(rows): return [[1.0]]"
        )

    assert not Path(worker._private).exists()
    assert worker.peak is not None
    assert worker.peak > 64 << 20


@pytest.mark.parametrize(
    "command", ["uname -p", "ldconfig -p", "lscpu --parse=core", "git version", "fc-list"]
)
def test_questions_about_the_machine_fail_without_alarm_and_others_do_not(tmp_path, command):
    code = """
        import subprocess
        def predict(rows):
            try:
                subprocess.run({words})
            except OSError:
                return [[0.0]]
            return [[1.0]]
    """
    seen = []
    for words in (command.split(), command, ["true", *command.split()], ["git", "clone", "x"]):
        with Worker(sys.executable, readable=[tmp_path]) as worker:
            shell = ", shell=True" if isinstance(words, str) else ""
            load(worker, tmp_path, textwrap.dedent(code).replace("{words}", f"{words!r}{shell}"))
            assert worker.batch(doubles(1), rows=1, columns=1, room=64) == (doubles(0), 1, 1)
        seen.append({a.what for a in worker.attempts})

    assert seen == [set(), {"process"}, {"process"}, {"process"}]


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("head -c 20000000 /dev/zero", "printed more than"),
        ("yes", "did not end in 1 seconds"),
        ("sleep 60", "said nothing in 1 seconds"),
        ("sleep 60 & echo '[[3, 11], []]'; exec >&-; sleep 60", "did not end in 1 seconds"),
        ("echo 5", "no Python"),
        ("echo '[[3, 11], []]'; exit 3", "ended with 3"),
    ],
)
def test_an_interpreter_that_floods_or_hangs_is_an_input_error_soon(
    tmp_path, monkeypatch, code, why
):
    monkeypatch.setattr("modelwarden.sandbox.order._PATIENCE", 1)
    script = tmp_path / "python"
    script.write_text(f"#!/bin/sh\n{code}\n")
    script.chmod(0o755)

    began = time.monotonic()
    with pytest.raises(InputError, match=why):
        readable_files(str(script))

    assert time.monotonic() - began < 20


def test_what_an_interpreter_leaves_running_is_ended(tmp_path):
    script, told = tmp_path / "python", tmp_path / "pid"
    script.write_text(f'#!/bin/sh\nsleep 60 & echo $! > {told}\nexec {sys.executable} "$@"\n')
    script.chmod(0o755)

    assert str(Path(sys.prefix).resolve()) in readable_files(str(script))

    left = int(told.read_text())
    status = Path(f"/proc/{left}/stat")
    until = time.monotonic() + 20
    while status.exists() and status.read_text().rpartition(")")[2].split()[0] != "Z":
        assert time.monotonic() < until, "it runs on"
        time.sleep(0.05)


def test_the_workers_program_is_ascii_so_that_any_locale_can_hand_it_on():
    program = Path(modelwarden.sandbox.__file__).with_name("worker.py").read_bytes()

    assert program.isascii()


def test_an_interpreter_for_which_the_machine_has_nothing_left_is_not_said_to_be_wrong(monkeypatch):
    def refused(*_, **__):
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(subprocess, "Popen", refused)

    with pytest.raises(InputError, match="resource temporarily") as raised:
        readable_files(sys.executable)

    assert "ulimit" in raised.value.hint


@pytest.mark.parametrize("what", ["process", "thread"])
def test_a_worker_that_cannot_be_started_leaves_nothing_behind(tmp_path, monkeypatch, what):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    started = []

    class Counted(subprocess.Popen):
        def __init__(self, *given, **more):
            if what == "process" and "cwd" in more:
                raise BlockingIOError(11, "Resource temporarily unavailable")
            super().__init__(*given, **more)
            started.append(self)

    def refused(_):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(subprocess, "Popen", Counted)
    if what == "thread":
        monkeypatch.setattr(threading.Thread, "start", refused)

    with pytest.raises((OSError, RuntimeError)):
        Worker(sys.executable)

    assert list(tmp_path.iterdir()) == []
    assert all(process.poll() is not None for process in started)
