from __future__ import annotations

import pickle
from dataclasses import replace

import pytest

from modelwarden.core import Gap, GapKind
from modelwarden.gate.resume import codec, resume_from
from modelwarden.gate.unit import FileResult, Options, examine_file
from modelwarden.gate.walk import Found


@pytest.fixture
def examined(tmp_path):
    path = tmp_path / "m.pkl"
    path.write_bytes(pickle.dumps([1]))
    found = Found(path=str(path), name="m.pkl", named=True)
    return found, examine_file(found, Options())


def test_a_result_comes_back_from_its_json_as_it_was(examined):
    _, result = examined
    crossing = codec()

    assert crossing.decode(crossing.encode(result)) == result


def test_a_key_tells_content_name_and_whether_the_file_was_named(examined, tmp_path):
    found, _ = examined
    resume = resume_from(tmp_path / "cache", Options())

    key = resume.key(found)
    renamed = resume.key(replace(found, name="n.pkl"))
    unnamed = resume.key(replace(found, named=False))
    (tmp_path / "m.pkl").write_bytes(b"N.")
    changed = resume.key(found)

    assert len({key, renamed, unnamed, changed}) == 4


def test_a_file_that_cannot_be_read_has_no_key(tmp_path):
    resume = resume_from(tmp_path / "cache", Options())

    assert resume.key(Found(path=str(tmp_path / "gone"), name="gone")) is None


@pytest.mark.parametrize(
    ("gap", "kept"),
    [
        (None, True),
        (Gap(what="m", why="no known format", kind=GapKind.UNSUPPORTED), True),
        (Gap(what="m", why="the reader failed", kind=GapKind.FAILED), False),
        (
            Gap(what="m", why="seconds for one file is over the limit", kind=GapKind.OVER_LIMIT),
            False,
        ),
    ],
)
def test_only_what_would_come_out_again_is_kept(examined, tmp_path, gap, kept):
    found, result = examined
    resume = resume_from(tmp_path / "cache", Options())
    result = replace(result, gaps=(gap,) if gap else ())

    assert resume.keep(resume.key(found) or "", result) is kept


def test_a_file_swapped_after_its_key_was_taken_does_not_poison_the_cache(examined, tmp_path):
    found, result = examined
    resume = resume_from(tmp_path / "cache", Options())
    (tmp_path / "m.pkl").write_bytes(b"cposix\nsystem\n(S'true'\ntR.")

    key_of_harmful = resume.key(found) or ""

    assert not resume.keep(key_of_harmful, result)
    assert not resume.keep(
        key_of_harmful, FileResult(coverage=replace(result.coverage, sha256=None))
    )


def test_other_settings_find_nothing(examined, tmp_path):
    first = resume_from(tmp_path / "cache", Options())
    second = resume_from(tmp_path / "cache", Options(limits=replace(Options().limits, depth=1)))

    assert first.checkpoint.salt != second.checkpoint.salt
