from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwarden.core import InputError
from modelwarden.gate.walk import below, label_of, printable, walk


def named(walked) -> list[str]:
    return [found.name for found in walked.files]


def test_files_come_sorted_by_name_whatever_order_the_system_lists_them_in(tmp_path):
    for name in ("b", "a/z", "a.x", "A", "a/b/c"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()

    assert named(walk([str(tmp_path)])) == ["A", "a.x", "a/b/c", "a/z", "b"]


def test_a_single_file_is_named_by_its_last_part(tmp_path):
    (tmp_path / "m.pkl").touch()

    walked = walk([str(tmp_path / "m.pkl")])

    assert named(walked) == ["m.pkl"]
    assert walked.files[0].named


def test_the_folder_given_with_a_dot_is_the_folder(tmp_path, monkeypatch):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "m.pkl").touch()
    monkeypatch.chdir(tmp_path)

    assert named(walk(["."])) == named(walk([str(tmp_path)])) == ["sub/m.pkl"]
    assert named(walk(["sub/../sub"])) == ["m.pkl"]


def test_a_folder_below_another_that_was_named_is_walked_once(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "m.pkl").touch()

    for paths in (["", "sub"], ["sub", ""]):
        walked = walk([str(tmp_path / path) for path in paths])
        assert named(walked) == ["sub/m.pkl"]


def test_hard_links_are_files_of_their_own(tmp_path):
    (tmp_path / "a").write_bytes(b"x")
    os.link(tmp_path / "a", tmp_path / "b")

    assert named(walk([str(tmp_path)])) == ["a", "b"]


def test_a_link_into_another_named_path_is_inside(tmp_path):
    (tmp_path / "snapshot").mkdir()
    (tmp_path / "blobs").mkdir()
    (tmp_path / "blobs" / "0a").touch()
    (tmp_path / "snapshot" / "model.bin").symlink_to("../blobs/0a")

    alone = walk([str(tmp_path / "snapshot")])
    together = walk([str(tmp_path / "snapshot"), str(tmp_path / "blobs")])

    assert [gap.what for gap in alone.gaps] == ["model.bin"]
    assert together.gaps == []
    assert named(together) == ["blobs/0a"]


def test_no_path_is_an_input_error():
    with pytest.raises(InputError, match="no path"):
        walk([])


def test_a_name_with_a_zero_byte_is_an_input_error():
    with pytest.raises(InputError, match="null"):
        walk(["a\0b"])


@given(st.binary(max_size=40))
def test_any_name_becomes_printable_and_stays_so(name):
    shown = printable(os.fsdecode(name))

    assert shown.isprintable()
    assert shown.encode("utf-8").decode() == shown
    assert printable(shown) == shown


@pytest.mark.parametrize(
    ("path", "roots", "inside"),
    [("/a/b", ["/a"], 1), ("/a", ["/a"], 1), ("/ab", ["/a"], 0), ("/x", ["/"], 1), ("/x", [], 0)],
)
def test_below_compares_whole_parts_of_paths(path, roots, inside):
    assert below(path, roots) == bool(inside)


@given(st.lists(st.text(st.sampled_from("a\\xf\udcff\n"), max_size=8), min_size=2, unique=True))
def test_two_paths_never_share_a_label(paths):
    assert len({label_of(path) for path in paths}) == len(paths)


def test_half_a_character_in_a_message_is_shown_escaped():
    assert printable("a\ud800b") == "a\\xed\\xa0\\x80b"
