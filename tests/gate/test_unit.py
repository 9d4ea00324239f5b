from __future__ import annotations

import hashlib
import os
import pickle

import pytest

from modelwarden.core import GapKind, Status
from modelwarden.formats import Limits, Source
from modelwarden.gate.unit import Options, digest, examine_file, examine_source
from modelwarden.gate.walk import Found

MODEL = pickle.dumps({"weights": [1.0, 2.0]})


def found(path, *, named=False):
    return Found(path=str(path), name=path.name, named=named)


class Shrinking:
    """A file that loses its second half after its first read."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.reads = 0

    def read_at(self, offset: int, size: int) -> bytes:
        self.reads += 1
        held = self.data if self.reads == 1 else self.data[: len(self.data) // 2]
        return held[offset : offset + size]

    def close(self) -> None:
        """Nothing is open."""


class Failing(Shrinking):
    """A file on a disk that gives up after its first reads."""

    def read_at(self, offset: int, size: int) -> bytes:
        self.reads += 1
        if self.reads > 20:
            raise OSError(5, "Input/output error")
        return self.data[offset : offset + size]


def test_a_file_that_vanished_is_a_gap(tmp_path):
    result = examine_file(found(tmp_path / "gone.pkl"), Options())

    assert result.coverage.status is Status.FAILED
    assert [gap.why for gap in result.gaps] == ["it vanished while the folder was scanned"]


def test_a_file_that_became_a_link_after_it_was_listed_is_not_followed(tmp_path):
    (tmp_path / "target").write_bytes(MODEL)
    (tmp_path / "m.pkl").symlink_to("target")

    result = examine_file(found(tmp_path / "m.pkl"), Options())

    assert [gap.kind for gap in result.gaps] == [GapKind.UNREADABLE]


def test_a_file_that_shrinks_while_it_is_read_is_a_gap_and_has_no_digest():
    source = Source("m.pkl", Shrinking(MODEL), size=len(MODEL))

    result = examine_source(source, Options(), named=False)

    assert result.coverage.sha256 is None
    assert result.coverage.status is not Status.EXAMINED
    assert any("shorter" in gap.why for gap in result.gaps)


def test_a_disk_that_fails_is_a_gap(tmp_path):
    source = Source("m.pkl", Failing(MODEL * 100_000), size=len(MODEL) * 100_000)

    result = examine_source(source, Options(), named=False)

    assert result.gaps
    assert result.coverage.sha256 is None


@pytest.mark.parametrize("size", [1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 3 << 20])
def test_the_digest_is_of_every_byte(size):
    data = os.urandom(size)

    assert digest(Source("m", data), Limits()) == (hashlib.sha256(data).hexdigest(), True)


def test_a_file_whose_size_the_system_does_not_tell_is_a_gap():
    result = examine_file(Found(path="/proc/self/status", name="status"), Options())

    assert "yet it holds bytes" in result.gaps[0].why


def test_a_file_that_changes_while_it_is_scanned_is_a_gap_and_has_no_digest(tmp_path, monkeypatch):
    path = tmp_path / "m.pkl"
    path.write_bytes(MODEL)
    real = Source.open

    def changing(*arguments):
        path.write_bytes(MODEL.replace(b"weights", b"w3ights"))
        return real(*arguments)

    monkeypatch.setattr(Source, "open", changing)

    result = examine_file(found(path), Options())

    assert [gap.why for gap in result.gaps] == ["the file changed while it was scanned"]
    assert (result.coverage.sha256, result.coverage.status) == (None, Status.PARTIAL)


def test_a_file_that_announces_more_than_can_be_read_in_time_keeps_its_findings(tmp_path):
    path = tmp_path / "m.pkl"
    path.write_bytes(b"cposix\nsystem\n(S'true'\ntR.")
    with path.open("r+b") as sparse:
        sparse.truncate(1 << 42)

    result = examine_file(found(path), Options(limits=Limits(seconds=1.0)))

    assert "pickle-unsafe-global" in {finding.rule for finding in result.findings}
    assert any(gap.kind is GapKind.OVER_LIMIT for gap in result.gaps)
    assert result.coverage.sha256 is None
