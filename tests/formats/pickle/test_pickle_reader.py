import os
import pickle

import pytest

from modelwarden.core import UseKind
from modelwarden.formats import Limits, Source
from modelwarden.formats.pickle.reader import PickleStream, read, sniff


class Payload:
    def __reduce__(self):
        return os.system, ("true",)


def view(data: bytes) -> PickleStream:
    return read(Source("x", data), Limits())


@pytest.mark.parametrize("protocol", range(6))
def test_a_call_is_found_in_every_protocol(protocol):
    data = pickle.dumps([1, {"weights": (0.5, Payload())}], protocol)

    found = view(data)

    assert sniff(Source("x", data))
    assert [(use.dotted, use.kind, use.rendered) for use in found.uses] == [
        ("posix.system", UseKind.CALLED, "posix.system('true')")
    ]
    assert (found.gaps, found.end, found.trailing) == ((), len(data), 0)


def test_plain_data_has_no_uses_and_no_gaps():
    data = pickle.dumps([{"a": (1, 2.5, None, True), "b": {3, 4}}, b"x", "ü" * 9000, 1 << 300])

    found = view(data)

    assert (found.uses, found.gaps, found.streams) == ((), (), 1)


def test_every_stream_of_a_file_is_run():
    data = pickle.dumps([1], 5) + pickle.dumps([2], 0) + pickle.dumps(Payload(), 2)

    found = view(data)

    assert found.streams == 3
    assert [use.dotted for use in found.uses] == ["posix.system"]


def test_what_follows_a_broken_stream_is_a_gap_and_still_looked_for():
    first, second = pickle.dumps([1])[:-1] + b"\xff junk", pickle.dumps(Payload(), 2)

    found = view(first + second)

    assert [gap.what for gap in found.gaps] == [f"x@{len(first) - 6}"]
    assert [use.dotted for use in found.uses] == ["posix.system"]


def test_a_text_that_begins_like_a_pickle_is_none():
    texts = [
        b"carrot\nbanana\napple\n",
        b"id,name\n1,a\n",
        b"[1, 2]",
        b"# hello\n",
        b"click\nflask\n",
    ]

    assert not any(sniff(Source("x.txt", text)) for text in texts)


@pytest.mark.parametrize("protocol", [0, 1])
def test_a_mark_that_no_pickler_writes_is_read_as_cpython_reads_it(protocol):
    data = bytes([0x80, protocol]) + b"cos\nsystem\n(S'true'\ntR."

    assert sniff(Source("weights", data))
    assert [use.name for use in read(Source("weights", data), Limits()).uses] == ["system"]
