import bz2
import gzip
import lzma
import pickle
import sys
import zlib

import joblib
import lz4.frame
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwarden.artifacts import examine
from modelwarden.core import GapKind
from modelwarden.formats import Limits, Source, codecs, identify
from modelwarden.formats.compressed import Compressed
from modelwarden.formats.identify import reader_of
from ziptricks import PAYLOAD

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd


def zf(data: bytes) -> bytes:
    return b"ZF" + hex(len(data)).ljust(19).encode() + zlib.compress(data)


def alone(data: bytes) -> bytes:
    return lzma.compress(data, lzma.FORMAT_ALONE)


WRITERS = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "lzma": alone,
    "zlib": zlib.compress,
    "lz4": lz4.frame.compress,
    "zstd": zstd.compress,
    "joblib-zf": zf,
}
SEVERAL = [name for name in WRITERS if name not in {"joblib-zf", "lzma"}]


def view_of(data: bytes, limits: Limits | None = None) -> Compressed:
    source = Source("file", data)
    entry = next(e for e in identify(source) if e.id in WRITERS)
    view = reader_of(entry).read(source, limits or Limits())
    assert isinstance(view, Compressed)
    return view


def content(view: Compressed) -> bytes:
    source = view.children[0].open()
    return source.read(0, source.size)


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("size", [0, 1, 5000, 3_000_000])
def test_what_was_compressed_is_the_child(name: str, size: int):
    data = (b"modelwarden %d" * (size // 10))[:size]

    view = view_of(WRITERS[name](data))

    assert (view.format, view.gaps, view.anomalies) == (name, (), ())
    assert content(view) == data


@pytest.mark.parametrize("name", SEVERAL)
def test_streams_behind_each_other_are_joined_as_loaders_do(name: str):
    write = WRITERS[name]

    view = view_of(write(PAYLOAD[:5]) + write(PAYLOAD[5:]))

    assert (view.streams, content(view)) == (2, PAYLOAD)


@pytest.mark.parametrize("name", WRITERS)
def test_bytes_behind_the_stream_are_opened_and_told(name: str):
    view = view_of(WRITERS[name](b"x" * 5000) + PAYLOAD)

    assert [a.kind.value for a in view.anomalies] == ["appended"]
    assert view.children[1].open().read(0, 100) == PAYLOAD


@pytest.mark.parametrize("name", WRITERS)
def test_zeros_behind_the_stream_are_padding(name: str):
    view = view_of(WRITERS[name](b"x" * 5000) + bytes(600))

    assert (view.anomalies, view.gaps) == ((), ())


@pytest.mark.parametrize("name", WRITERS)
def test_what_comes_before_damage_is_kept(name: str):
    rng = np.random.default_rng(0)
    data = PAYLOAD + rng.integers(0, 256, 2_000_000, dtype="u1").tobytes()

    view = view_of(WRITERS[name](data)[:1_500_000])

    assert [g.kind for g in view.gaps] == [GapKind.UNREADABLE]
    assert content(view).startswith(PAYLOAD)


@pytest.mark.parametrize("name", WRITERS)
def test_a_bomb_ends_as_a_gap_and_a_finding_with_its_beginning_examined(name: str):
    data = WRITERS[name](PAYLOAD + bytes(40 << 20))

    view = view_of(data, Limits(ratio=20.0, ratio_floor=1 << 20))

    assert [g.kind for g in view.gaps] == [GapKind.OVER_LIMIT]
    assert [a.kind.value for a in view.anomalies] == ["bomb"]
    assert content(view).startswith(PAYLOAD)


def test_many_small_bombs_are_one_bomb():
    data = gzip.compress(bytes(1 << 20)) * 40

    view = view_of(data, Limits(ratio=20.0, ratio_floor=16 << 20))

    assert [a.kind.value for a in view.anomalies] == ["bomb"]


def test_bytes_in_all_streams_together_are_bounded():
    view = view_of(gzip.compress(bytes(1 << 20)), Limits(expanded=1 << 19))

    assert [g.kind for g in view.gaps] == [GapKind.OVER_LIMIT]


def test_a_codec_that_is_not_installed_is_a_gap(monkeypatch):
    data = lz4.frame.compress(PAYLOAD)
    codecs._optional.cache_clear()  # another test may have found it
    monkeypatch.setitem(sys.modules, "lz4.frame", None)

    view = view_of(data)

    assert [g.kind for g in view.gaps] == [GapKind.UNSUPPORTED]
    assert "codecs" in view.gaps[0].why


@pytest.mark.parametrize("codec", [0, 3, "zlib", "gzip", "bz2", "lzma", "xz", "lz4"])
def test_what_joblib_writes_is_read_to_its_end(codec, tmp_path):
    level = (codec, 3) if isinstance(codec, str) else codec
    path = tmp_path / "model.joblib"
    joblib.dump({"w": np.arange(1000.0), "name": ["a", 1]}, path, compress=level)

    with Source.open(path, "model.joblib") as source:
        examined = examine(source, Limits())

    assert examined.gaps == []
    assert "joblib.numpy_pickle.NumpyArrayWrapper" in {i.name for i in examined.inventory}
    assert [f for f in examined.findings if f.severity.rank <= 2] == []


@pytest.mark.parametrize(
    "text", [b"xz and more\n" * 9, b"x^2 + y", b"8,1\n" * 30, b"(a)" * 40, b"H" * 99]
)
def test_text_that_begins_like_a_stream_is_not_one(text: bytes):
    assert not [e.id for e in identify(Source("t", text)) if e.id in WRITERS]


def test_a_payload_in_every_codec_is_found():
    for write in WRITERS.values():
        examined = examine(Source("m", write(PAYLOAD)), Limits())

        assert "posix.system" in {i.name for i in examined.inventory}


def test_nesting_ends_at_the_limit_of_depth():
    data = PAYLOAD
    for _ in range(12):
        data = gzip.compress(data)

    examined = examine(Source("m", data), Limits())

    assert [g.kind for g in examined.gaps] == [GapKind.OVER_LIMIT]
    assert [f.rule for f in examined.findings] == ["archive-bomb"]


def test_large_content_is_kept_outside_memory():
    rng = np.random.default_rng(1)
    data = rng.integers(0, 256, 9 << 20, dtype="u1").tobytes()

    view = view_of(gzip.compress(data, 1))

    assert content(view) == data


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(sorted(WRITERS)), st.binary(max_size=300), st.integers(0, 400))
def test_any_bytes_survive(name: str, noise: bytes, at: int):
    good = WRITERS[name](pickle.dumps(list(range(50))))
    source = Source("m", good[:at] + noise + good[at + len(noise) :])
    for entry in identify(source):
        if entry.id in WRITERS:
            reader_of(entry).read(source, Limits(expanded=1 << 20))


def test_a_dictionary_is_never_larger_than_the_output():
    properties = b"\x5d\xff\xff\xff\xff"

    assert codecs.lzma_filters(properties, 1000)["dict_size"] == 4096
