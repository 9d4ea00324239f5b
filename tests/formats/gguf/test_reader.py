"""GGUF models: every count, length and offset is held to its bounds."""

from __future__ import annotations

import io
import random
import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ggufmodels import ARRAY, BOOL, F32, STRING, U8, U32, U64, V3, Writer, sound
from modelwarden.artifacts import Examined, examine
from modelwarden.core import GapKind
from modelwarden.formats import Limits, Source
from modelwarden.formats.gguf.reader import GgufModel, read


def view_of(data: bytes) -> GgufModel:
    return read(Source("m.gguf", data), Limits())


def examined(data: bytes) -> Examined:
    with Source("m.gguf", data) as source:
        return examine(source, Limits())


@pytest.mark.parametrize("version", [1, 2, 3])
@pytest.mark.parametrize("order", ["<", ">"])
def test_a_sound_file_of_each_version_and_byte_order_is_quiet(version: int, order: str):
    data = sound(Writer(version, order))

    view, found = view_of(data), examined(data)

    assert (view.version, view.big_endian) == (version, order == ">")
    assert [(t.name, t.dims, t.size) for t in view.tensors] == [("a", (8,), 32), ("b", (32, 2), 68)]
    assert {one.key: one.value for one in view.metadata} == {
        "general.architecture": "llama",
        "few[0]": "one",
        "few[1]": "one",
    }
    assert (found.findings, found.gaps) == ([], [])


def test_a_chat_template_is_judged_as_one():
    found = examined(sound(template="{{ cycler.__init__.__globals__.os.popen('true') }}"))

    assert "template-escape" in {finding.rule for finding in found.findings}


@pytest.mark.parametrize("key", ["tokenizer.chat_template.rag", "tokenizer.chat_template.tool_use"])
def test_every_named_chat_template_is_handed_on(key: str):
    view = view_of(V3.file(V3.text(key, "{{ x }}")))

    assert [child.name for child in view.children] == [key]
    with view.children[0].open() as child:
        assert (child.expect, child.head) == ("jinja", b"{{ x }}")


def test_templates_in_an_array_are_handed_on():
    items = V3.string("{{ a }}") + V3.string("{{ b }}")

    view = view_of(V3.file(V3.array("tokenizer.chat_template", STRING, 2, items)))

    assert [child.name for child in view.children] == [
        "tokenizer.chat_template[0]",
        "tokenizer.chat_template[1]",
    ]


def one(*tensors: bytes, data: bytes = bytes(32), pairs: tuple[bytes, ...] = ()) -> bytes:
    return V3.file(*pairs, tensors=tensors, data=data)


def wide(value: int) -> bytes:
    return struct.pack("<Q", value)


HUGE = 1 << 62
# What a loader without the check does stands in the name.
OVERFLOWS = {
    "a count of tensors whose size wraps": V3.file(V3.text("a", "b"), counts=(HUGE, 1)),
    "a count of keys whose size wraps": V3.file(V3.text("a", "b"), counts=(0, HUGE)),
    "a key of almost 2^64 bytes: plus one is none": V3.file(
        wide((1 << 64) - 1) + bytes(8), counts=(0, 1)
    ),
    "a text of 2^62 bytes": V3.file(V3.pair("a", STRING, wide(HUGE))),
    "an array of numbers whose size wraps": V3.file(V3.array("a", U64, HUGE, b"")),
    "an array of texts whose size wraps": V3.file(V3.array("a", STRING, HUGE, b"")),
    "a text in a long array": V3.file(
        V3.array("a", STRING, 65, V3.string("x") * 64 + wide(HUGE) + bytes(200))
    ),
    "arrays in one another until the stack ends": V3.file(
        V3.pair("a", ARRAY, (V3.number("I", ARRAY) + wide(1)) * 50)
    ),
    "dimensions beyond the four of a fixed array": one(V3.tensor(dims=(1,) * 9)),
    "dimensions that wrap to a small product": one(V3.tensor(dims=(1 << 32, 1 << 32))),
    "one dimension that is negative when signed": one(V3.tensor(dims=(1 << 63,))),
    "bytes that wrap": one(V3.tensor(dims=(1 << 62,))),
    "an offset that wraps to before the data": one(V3.tensor(offset=(1 << 64) - 32)),
}
INVALID = {
    "a key twice": V3.file(V3.text("a", "b"), V3.text("a", "c")),
    "an empty key": V3.file(V3.text("", "b")),
    "a name that is no UTF-8": one(V3.tensor("w").replace(b"w", b"\xff")),
    "a key that is no UTF-8": V3.file(V3.text("a", "b").replace(b"a", b"\xff")),
    "a key with NUL": V3.file(V3.text("a\0b", "b")),
    "a value of an unknown type": V3.file(V3.pair("a", 99, bytes(8))),
    "an array of an unknown type": V3.file(V3.array("a", 99, 1, bytes(8))),
    "a boolean of 7": V3.file(V3.pair("a", BOOL, b"\x07")),
    "an alignment of 0": V3.file(V3.pair("general.alignment", U32, bytes(4))),
    "an alignment of 24": V3.file(V3.pair("general.alignment", U32, V3.number("I", 24))),
    "an alignment that is text": V3.file(V3.text("general.alignment", "32")),
    "a template that is a number": V3.file(V3.pair("tokenizer.chat_template", U8, b"\x01")),
    "two tensors of one name": one(V3.tensor(), V3.tensor(offset=32), data=bytes(64)),
    "tensors that overlap": one(V3.tensor("a"), V3.tensor("b")),
    "a tensor past the end": one(V3.tensor(dims=(64,))),
    "a tensor behind the end": one(V3.tensor(offset=64)),
    "an offset that is not aligned": one(V3.tensor(offset=4), data=bytes(36)),
    "a type that was taken out": one(V3.tensor(kind=4)),
    "a type that is none": one(V3.tensor(kind=1000)),
    "rows of no whole blocks": one(V3.tensor(kind=8, dims=(33,))),
    "a name of 64 bytes": one(V3.tensor("n" * 64)),
    "a nameless tensor": one(V3.tensor("")),
    "version 9": b"GGUF" + struct.pack("<IQQ", 9, 0, 0),
    "version 0": b"GGUF" + bytes(20),
    "only a magic": b"GGUF",
    "a few keys too many": V3.file(V3.text("a", "b"), counts=(0, 2)),
}


@pytest.mark.parametrize("data", OVERFLOWS.values(), ids=OVERFLOWS)
def test_numbers_that_overflow_are_found(data: bytes):
    assert "gguf-overflow" in {finding.rule for finding in examined(data).findings}


@pytest.mark.parametrize("data", INVALID.values(), ids=INVALID)
def test_what_breaks_the_specification_is_found(data: bytes):
    rules = {finding.rule for finding in examined(data).findings}

    assert "gguf-invalid" in rules
    assert "gguf-overflow" not in rules


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (one(V3.tensor(), data=bytes(32) + b"x" * 64), "trailing"),
        (one(V3.tensor(), data=bytes(32) + b"x"), "padding"),
        (one(V3.tensor("a"), V3.tensor("b", offset=96), data=bytes(128)), "hole"),
        (one(V3.tensor("a", (1,)), V3.tensor("b", offset=32), data=b"x" * 64), "padding"),
        (V3.file(V3.text("a", "b")) + b"x" * 40, "padding"),
    ],
)
def test_bytes_that_belong_to_no_tensor_are_found(data: bytes, kind: str):
    found = examined(data)

    hidden = [f for f in found.findings if f.rule == "gguf-hidden-data"]
    assert kind in {f.evidence["fault"] for f in hidden}


def test_an_archive_behind_the_tensors_is_looked_into():
    inside = io.BytesIO()
    with zipfile.ZipFile(inside, "w") as archive:
        archive.writestr("../x", "y" * 200)

    found = examined(sound() + inside.getvalue())

    assert "archive-path-escape" in {f.rule for f in found.findings}


def test_zeros_up_to_the_alignment_hide_nothing():
    data = one(V3.tensor("a", (1,)), V3.tensor("b", (1,), offset=32), data=bytes(64))

    assert (examined(data).findings, examined(data).gaps) == ([], [])


def test_metadata_is_looked_at_for_secrets_and_paths():
    data = V3.file(
        V3.text("quantize.imatrix.file", "/home/alice/models/imatrix.dat"),
        V3.text("general.hf_token", "hf_aB3kQz8LmW2xY7vNpR4tJ6" + "sDfGh91cVq5Z"),
    )

    assert {f.rule for f in examined(data).findings} == {
        "metadata-personal-path",
        "metadata-secret",
    }


def test_what_came_before_damage_is_kept():
    data = sound()
    view = view_of(data[:200])

    assert [one.key for one in view.metadata] == ["general.architecture"]
    assert [gap.kind for gap in view.gaps] == [GapKind.UNREADABLE]


def test_an_array_with_more_texts_than_operations_is_a_gap():
    data = V3.file(V3.array("a", STRING, 3000, V3.string("x") * 3000))

    view = read(Source("m.gguf", data), Limits(operations=2000))

    assert [gap.kind for gap in view.gaps] == [GapKind.OVER_LIMIT]


def test_long_texts_in_a_long_array_are_stepped_over():
    items = V3.string("x" * 100_000) * 3 + V3.string("y") * 97
    data = V3.file(V3.array("a", STRING, 100, items), V3.text("b", "c"), V3.array("d", F32, 0, b""))

    view = view_of(data)

    assert [one.key for one in view.metadata] == ["b"]
    assert (view.faults, view.gaps) == ((), ())


@given(st.binary(max_size=300))
def test_any_bytes_are_survived(data: bytes):
    view_of(b"GGUF" + data)
    view_of(b"GGUF\x03\0\0\0" + data)


@settings(max_examples=300)
@given(st.integers(0, 1 << 32), st.sampled_from([1, 2, 3]), st.sampled_from("<>"))
def test_mutated_files_are_survived(seed: int, version: int, order: str):
    rng = random.Random(seed)
    data = bytearray(sound(Writer(version, order)))
    for _ in range(rng.randint(1, 4)):
        data[rng.randrange(len(data))] = rng.randrange(256)

    assert GapKind.FAILED not in {gap.kind for gap in examined(bytes(data)).gaps}


def test_a_real_file_is_examined_and_quiet(shared: Path):
    files = sorted((shared / "data/models/gguf").glob("*.gguf"))
    assert files
    for path in files:
        with Source.open(path, path.name) as source:
            found = examine(source, Limits())
        assert (found.findings, found.gaps) == ([], []), path.name
