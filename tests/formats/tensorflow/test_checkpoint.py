"""TensorFlow checkpoints: the index, the shards beside it, and the text that names the newest."""

from __future__ import annotations

import pickle
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwarden.artifacts import Examined, examine
from modelwarden.core import GapKind
from modelwarden.formats import Limits, Source
from networks import bundle_entry, bundle_header, strings, table

HEADER = {"": bundle_header()}


def scanned(folder: Path, index: bytes, data: bytes | None, which: str = "index") -> Examined:
    """Write a checkpoint and examine one of its files."""
    (folder / "v.index").write_bytes(index)
    if data is not None:
        (folder / "v.data-00000-of-00001").write_bytes(data)
    name = "v.index" if which == "index" else "v.data-00000-of-00001"
    with Source.open(folder / name, name) as source:
        return examine(source, Limits())


def rules(found: Examined) -> set[str]:
    return {finding.rule for finding in found.findings}


def test_a_sound_checkpoint_is_quiet(tmp_path: Path):
    texts = strings(b"a", b"bc")
    index = table(
        HEADER
        | {
            "a": bundle_entry(),
            "b": bundle_entry(7, (2,), at=8, size=len(texts)),
            "c": bundle_entry(3, (), at=8 + len(texts), size=4),
        }
    )
    data = bytes(8) + texts + bytes(4)

    for which in ("index", "data"):
        found = scanned(tmp_path, index, data, which)
        assert (found.findings, found.gaps) == ([], []), which
    assert found.coverage.format == "tensorflow-checkpoint-data"


# TensorFlow restores by these numbers: it would read behind the tensor, or refuse the file.
INVALID = {
    "size and shape": {"a": bundle_entry(size=4)},
    "behind the shard": {"a": bundle_entry(at=1 << 40)},
    "a shape that overflows": {"a": bundle_entry(shape=(1 << 40, 1 << 40))},
    "a negative shape": {"a": bundle_entry(shape=((1 << 64) - 2,))},
    "an unknown type": {"a": bundle_entry(kind=99)},
    "another shard": {"a": bundle_entry(shard=3)},
}


@pytest.mark.parametrize("entries", INVALID.values(), ids=INVALID)
def test_a_tensor_that_contradicts_itself_is_found(tmp_path: Path, entries: dict[str, bytes]):
    found = scanned(tmp_path, table(HEADER | entries), bytes(8))

    assert rules(found) == {"model-invalid"}


def test_a_shard_that_is_not_there_is_a_gap(tmp_path: Path):
    found = scanned(tmp_path, table(HEADER | {"a": bundle_entry()}), None)

    assert [gap.kind for gap in found.gaps] == [GapKind.UNREADABLE]


@pytest.mark.parametrize(
    ("entries", "data", "rule"),
    [
        ({"a": bundle_entry()}, bytes(8) + b"\x80\x04hidden", "model-hidden-data"),
        ({"a": bundle_entry(at=8)}, b"hidden!!" + bytes(8), "model-hidden-data"),
        ({"a": bundle_entry(), "b": bundle_entry(at=4)}, bytes(12), "model-invalid"),
    ],
    ids=["behind", "before", "overlap"],
)
def test_bytes_that_no_tensor_has_are_found(
    tmp_path: Path, entries: dict[str, bytes], data: bytes, rule: str
):
    found = scanned(tmp_path, table(HEADER | entries), data, "data")

    assert rules(found) == {rule}


def test_a_pickle_in_a_string_is_looked_into(tmp_path: Path):
    texts = strings(pickle.dumps(eval))
    index = table(HEADER | {"b": bundle_entry(7, (1,), at=0, size=len(texts))})

    assert "pickle-unsafe-global" in rules(scanned(tmp_path, index, texts, "data"))


@pytest.mark.parametrize(
    "index",
    [
        table(HEADER | {"a": bundle_entry()}, packed=1),
        table(HEADER | {"a": bundle_entry()})[2:],
        table({"": b"\x08\xff\xff\xff\x7f"}),
        table({"": b"\x0a\xff\xff"}),
    ],
    ids=["compressed", "shifted", "shards", "header"],
)
def test_an_index_that_cannot_be_read_is_a_gap(tmp_path: Path, index: bytes):
    assert scanned(tmp_path, index, bytes(8)).gaps


def state(text: str) -> Examined:
    with Source("checkpoint", text.encode()) as source:
        return examine(source, Limits())


def test_a_text_that_names_a_checkpoint_beside_it_is_quiet():
    found = state('model_checkpoint_path: "ckpt-3"\nall_model_checkpoint_paths: "ckpt-3"\n')

    assert (found.findings, found.gaps) == ([], [])
    assert found.coverage.format == "tensorflow-checkpoint-state"


ELSEWHERE = (
    *("/srv/x/ckpt-3", "../other/ckpt", "s3://bucket/ckpt", "C:\\x", "gs://bucket/ckpt"),
    *("http://evil.invalid/ckpt", "hdfs://host/ckpt", "file:///srv/ckpt", "//host/share/ckpt"),
    *("a/../../ckpt", "/proc/self/cwd/ckpt", "..\\other\\ckpt"),
)


def text_of(path: str) -> str:
    return f'model_checkpoint_path: "{path}"\nall_model_checkpoint_paths: "b"\n'


@pytest.mark.parametrize("path", ELSEWHERE)
def test_a_text_that_names_a_checkpoint_elsewhere_is_told(path: str):
    assert "tf-checkpoint-path" in rules(state(text_of(path)))


def test_real_checkpoints_are_examined_and_quiet(shared: Path):
    files = sorted((shared / "data/models/tf").rglob("variables.*"))
    assert len(files) == 4
    for path in files:
        with Source.open(path, path.name) as source:
            found = examine(source, Limits())
        assert (found.findings, found.gaps) == ([], []), path


BASE = table(HEADER | {"a": bundle_entry(), "b": bundle_entry(3, (1,), at=8, size=4)})


@settings(max_examples=300)
@given(st.integers(0, 1 << 32))
def test_mutants_are_survived(seed: int):
    rng = random.Random(seed)
    data = bytearray(BASE)
    for _ in range(rng.randint(1, 4)):
        data[rng.randrange(len(data))] = rng.randrange(256)
    with Source("v.index", bytes(data)) as source:
        found = examine(source, Limits())

    assert GapKind.FAILED not in {gap.kind for gap in found.gaps}
