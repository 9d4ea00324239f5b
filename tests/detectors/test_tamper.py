import hashlib
import os
import shutil

import pytest

from modelwarden.detectors.profile import Watched
from modelwarden.detectors.tamper import FileWatch, Notified


def watched(folder, *names):
    files = []
    for name in names:
        path = folder / name
        path.write_bytes(name.encode() * 4000)
        files.append(Watched(str(path), hashlib.sha256(path.read_bytes()).hexdigest()))
    return files


def same_size_and_time(path):
    before = path.stat()
    data = bytearray(path.read_bytes())
    data[100] ^= 1
    path.write_bytes(bytes(data))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def replaced(path):
    other = path.with_suffix(".new")
    other.write_bytes(b"other weights")
    other.replace(path)


CHANGES = {
    "written to": lambda path: path.write_bytes(b"other weights"),
    "replaced": replaced,
    "one bit, with size and time as before": same_size_and_time,
    "deleted": lambda path: path.unlink(),
    "cut": lambda path: os.truncate(path, 10),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_told_once_and_so_is_its_end(tmp_path, change):
    files = watched(tmp_path, "model.npz", "config.json")
    kept = (tmp_path / "model.npz").read_bytes()
    watch = FileWatch(files, budget=0)
    assert watch.look(1.0) == []

    CHANGES[change](tmp_path / "model.npz")
    first, second = watch.look(1.0), watch.look(1.0)

    assert [c.path for c in first] == [files[0].path]
    assert ("cannot be read" in first[0].told) is (change == "deleted")
    assert second == []
    watch._files[0].looked = -100.0
    (tmp_path / "model.npz").write_bytes(kept)
    assert [c.told for c in watch.look(1.0)] == [""]
    watch.close()


def test_a_copy_of_the_same_bytes_is_no_change(tmp_path):
    files = watched(tmp_path, "model.npz")
    watch = FileWatch(files)
    watch.look(1.0)
    shutil.copy(tmp_path / "model.npz", tmp_path / "copy")
    (tmp_path / "copy").replace(tmp_path / "model.npz")

    assert watch.look(1.0) == []
    watch.close()


def test_what_leaves_no_trace_in_the_file_system_is_read_in_turn(tmp_path, monkeypatch):
    files = watched(tmp_path, "a", "b", "c")
    watch = FileWatch(files, budget=5000)
    assert watch.look(1.0) == []
    before = watch.read
    (tmp_path / "b").write_bytes(b"B" * 4000)
    known = {f.watched.path: f for f in watch._files}
    monkeypatch.setattr("modelwarden.detectors.tamper._state_of", lambda path: known[path].state)

    told = [change for _ in range(6) for change in watch.look(1.0)]

    assert [c.path for c in told][:1] == [files[1].path]
    assert watch.read - before <= 6 * 5000
    watch.close()


def test_closing_leaves_no_file_open_that_was_half_read(tmp_path):
    def opened():
        return sorted(os.listdir("/proc/self/fd"))  # noqa: PTH208

    before = opened()
    for _ in range(5):
        watch = FileWatch(watched(tmp_path, "a", "b"), budget=1000)
        watch.look(1.0)
        watch.look(1.0)
        watch.close()
        assert watch.look(1.0) == []
        watch.wait(10.0)

    assert opened() == before


def test_waiting_ends_when_a_file_is_touched(tmp_path):
    (tmp_path / "model").write_bytes(b"x")
    signal = Notified([str(tmp_path / "model")])
    (tmp_path / "model").write_bytes(b"y")

    signal.wait(30.0)  # a hang would be told by the limit on tests
    signal.close()
