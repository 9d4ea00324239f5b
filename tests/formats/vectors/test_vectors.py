"""Vectors of words: every row, code and word is held to what the file announces.

`benchmarks/reference_loaders.py` asks fastText and gensim what they do with the hostile ones.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwarden.artifacts import Examined, examine
from modelwarden.core import GapKind
from modelwarden.formats import Limits, Source
from modelwarden.formats.vectors import fasttext as reader
from modelwarden.formats.vectors import word2vec as table
from wordmodels import (
    LABELS,
    WORDS,
    codes,
    dense,
    entry,
    fasttext,
    quantizer,
    word2vec,
    word2vec_text,
)


def examined(data: bytes) -> Examined:
    with Source("m", data) as source:
        return examine(source, Limits())


QUANTISED = {"quantised": True, "input_": codes(2)}
SOUND = {
    "fasttext": fasttext(),
    "fasttext, with n-grams": fasttext(bucket=4, longest=3, ngrams=2),
    "fasttext, unsupervised": fasttext(labels=(), model=2, loss=2, bucket=4, longest=3),
    "fasttext, quantised": fasttext(quantised=True, input_=codes(2)),
    "fasttext, quantised as a whole": fasttext(
        quantised=True, input_=codes(2, normed=True), output=codes(2), whole=True
    ),
    "fasttext, pruned": fasttext(
        bucket=9, ngrams=2, pruned=2, rows=(1, 0), quantised=True, input_=codes(4)
    ),
    "fasttext, pruned to nothing": fasttext(bucket=9, ngrams=2, pruned=0),
    "fasttext, version 11": fasttext(version=11, longest=3),
    "fasttext, many words": fasttext(words=tuple(f"w{i}" for i in range(40_000))),
    "word2vec": word2vec(),
    "word2vec, with ends of lines": word2vec(1) + b"\n",
    "word2vec, many words": word2vec(200_000, size=2),
    "word2vec as text": word2vec_text(),
    "word2vec as text, with nan": word2vec_text(numbers="nan -inf 1."),
}


@pytest.mark.parametrize("data", SOUND.values(), ids=SOUND)
def test_sound_vectors_are_quiet(data: bytes):
    found = examined(data)

    assert (found.findings, found.gaps) == ([], [])
    assert found.coverage.format in ("fasttext", "word2vec", "word2vec-text")


# What the libraries do with these is the name; they check nothing.
HOSTILE = {
    "fasttext reads rows that are not there": fasttext(input_=dense(1)),
    "fasttext reads outputs that are not there": fasttext(output=dense(1)),
    "fasttext reads n-grams that are not there": fasttext(
        bucket=1 << 20, longest=3, input_=dense(2)
    ),
    "fasttext adds rows of another size": fasttext(input_=dense(2, 9)),
    "fasttext divides by no buckets": fasttext(longest=3),
    "fasttext divides by no buckets of words": fasttext(ngrams=2),
    "fasttext allocates 2^62 numbers": fasttext(input_=dense(1 << 31, 1 << 31, cells=4)),
    "fasttext allocates a negative matrix": fasttext(input_=dense(-1, cells=4)),
    "fasttext has vectors of no numbers": fasttext(
        dimension=0, input_=dense(2, 0), output=dense(2, 0)
    ),
    "fasttext allocates 2^31 words": fasttext(counts=((1 << 31) - 1, (1 << 31) - 1, 0)),
    "fasttext has a negative number of words": fasttext(counts=(-1, -1, 0)),
    "fasttext has more labels than entries": fasttext(counts=(4, 2, 9)),
    "fasttext takes a label for a word": fasttext(
        entries=entry("a", 1) + entry("b", 0) + entry("c", 1) + entry("d", 1)
    ),
    "fasttext has an entry of an unknown kind": fasttext(
        entries=entry("a", 0) + entry("b", 7) + entry("c", 1) + entry("d", 1)
    ),
    "fasttext reads words to the end": fasttext(entries=b"x" * 4000),
    "fasttext looks a pruned n-gram up outside": fasttext(bucket=9, pruned=2, rows=(0, 1 << 30)),
    "fasttext looks a pruned n-gram up before": fasttext(bucket=9, pruned=2, rows=(0, -5)),
    "fasttext allocates 2^62 pruned n-grams": fasttext(bucket=9, pruned=1 << 62, input_=dense(2)),
    "fasttext reads codes that are not there": fasttext(quantised=True, input_=codes(2, size=1)),
    "fasttext allocates a negative number of codes": fasttext(
        quantised=True, input_=codes(2, size=-1)
    ),
    "fasttext has parts that do not add up": fasttext(
        quantised=True, input_=codes(2, made=quantizer(2, 9, 2, 2))
    ),
    "fasttext has no parts": fasttext(quantised=True, input_=codes(2, made=quantizer(2, 0, 2, 2))),
    "fasttext allocates negative centroids": fasttext(
        quantised=True, input_=codes(2, made=quantizer(-2, 1, 2, 2))
    ),
    "fasttext is cut off": fasttext()[:-3],
    "word2vec allocates 2^33 words": word2vec(said=1 << 33),
    "word2vec announces one word more": word2vec(said=3),
    "word2vec as text allocates 2^33 words": word2vec_text(said=1 << 33),
    "word2vec as text announces nine words": word2vec_text(said=9),
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
def test_what_leaves_its_bounds_is_found(data: bytes):
    assert "model-bad-reference" in {finding.rule for finding in examined(data).findings}


@pytest.mark.parametrize(
    "data",
    [fasttext(model=9), fasttext(loss=0), word2vec_text(numbers="1 2 x") + b"w 1 2 3\n"],
    ids=["model", "loss", "numbers"],
)
def test_what_contradicts_itself_is_told(data: bytes):
    data = data.replace(b"w0 1 2 x", b"w0 1 2 3", 1)

    assert [finding.rule for finding in examined(data).findings] == ["model-invalid"]


@pytest.mark.parametrize("data", [fasttext(), word2vec(), word2vec_text()])
def test_what_stands_behind_vectors_is_told(data: bytes):
    found = examined(data + b"hidden behind the vectors")

    assert [finding.rule for finding in found.findings] == ["model-hidden-data"]


@pytest.mark.parametrize("data", [word2vec_text(said=3), fasttext(version=13), word2vec()[:-9]])
def test_what_ends_too_soon_or_is_not_known_is_a_gap(data: bytes):
    assert [gap.kind for gap in examined(data).gaps] == [GapKind.UNREADABLE]


def test_what_vectors_hold_is_told():
    model = reader.read(Source("m", fasttext()), Limits())
    binary = table.BINARY.read(Source("m", word2vec()), Limits())
    text = table.TEXT.read(Source("m", word2vec_text()), Limits())

    assert (model.words, model.labels, model.dimension) == (len(WORDS), len(LABELS), 2)
    assert (binary.words, binary.dimension) == (text.words, text.dimension) == (2, 3)


def test_more_words_than_operations_are_a_gap():
    for data in (fasttext(), word2vec(2)):
        view = (reader if data == fasttext() else table.BINARY).read(
            Source("m", data), Limits(operations=0)
        )
        assert [gap.kind for gap in view.gaps] == [GapKind.OVER_LIMIT]


@given(st.binary(max_size=300))
def test_any_bytes_are_survived(data: bytes):
    for front, read in (
        (fasttext()[:56], reader.read),
        (fasttext()[:100], reader.read),
        (b"3 2\n", table.BINARY.read),
        (b"3 2\n", table.TEXT.read),
    ):
        read(Source("m", data), Limits())
        read(Source("m", front + data), Limits())


SMALL = sorted(name for name, data in SOUND.items() if len(data) < 10_000)


@settings(max_examples=300)
@given(st.sampled_from(SMALL), st.integers(0, 1 << 32))
def test_mutated_vectors_are_survived(which: str, seed: int):
    rng = random.Random(seed)
    data = bytearray(SOUND[which])
    for _ in range(rng.randint(1, 4)):
        data[rng.randrange(min(len(data), 300))] = rng.randrange(256)

    assert GapKind.FAILED not in {gap.kind for gap in examined(bytes(data)).gaps}


@pytest.mark.parametrize("name", ["fasttext/lid.176.ftz"])
def test_a_real_model_is_examined_and_quiet(shared: Path, name: str):
    path = shared / "data/models" / name
    with Source.open(path, path.name) as source:
        found = examine(source, Limits())

    assert (found.findings, found.gaps) == ([], [])
