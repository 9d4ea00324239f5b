from __future__ import annotations

import pytest

from modelwarden.core import InputError
from modelwarden.engine import Checkpoint


def files_of(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


def test_a_value_comes_back_under_its_key_only(tmp_path):
    checkpoint = Checkpoint(tmp_path, "s")

    checkpoint.put("a", {"n": [1, None, "ä"]})

    assert checkpoint.get("a") == {"n": [1, None, "ä"]}
    assert checkpoint.get("b") is None


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:-5],
        lambda data: b"",
        lambda data: b"[" * 100_000,
        lambda data: b"\xff\xfe",
        lambda data: b"[1]",
        lambda data: data.replace(b'"n":1', b'"n":2'),
        lambda data: b"cos\nsystem\n(S'true'\ntR.",
    ],
)
def test_a_torn_or_altered_file_is_as_good_as_none(tmp_path, damage):
    checkpoint = Checkpoint(tmp_path, "s")
    checkpoint.put("a", {"n": 1})
    (file,) = files_of(tmp_path)

    file.write_bytes(damage(file.read_bytes()))

    assert checkpoint.get("a") is None


def test_a_value_moved_to_another_key_is_not_taken(tmp_path):
    checkpoint = Checkpoint(tmp_path, "s")
    checkpoint.put("clean", [])
    checkpoint.put("harmful", ["finding"])
    clean, harmful = (checkpoint._path(key) for key in ("clean", "harmful"))

    harmful.write_bytes(clean.read_bytes())

    assert checkpoint.get("harmful") is None


def test_writing_leaves_no_temporary_file_behind(tmp_path):
    checkpoint = Checkpoint(tmp_path, "s")

    checkpoint.put("a", 1)
    checkpoint.put("a", 2)

    assert checkpoint.get("a") == 2
    assert [path.suffix for path in files_of(tmp_path)] == [".json"]


def test_a_folder_that_cannot_be_made_is_an_input_error(tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(InputError, match="as a cache: not a directory"):
        Checkpoint(tmp_path / "file" / "cache", "s").prepare()
