"""The parent's end of the socket, with the other end in our hands."""

import json
import struct
import threading

import pytest

from modelwarden.sandbox.channel import BrokenError, Channel, LateError

HEAD = struct.Struct("!4sBI")


def frame(body, kind=2):
    data = json.dumps(body).encode()
    return HEAD.pack(b"MWS1", kind, len(data)) + data


@pytest.fixture
def channel():
    made = Channel(1 << 16)
    yield made
    made.close()


def exchanged(channel, body, *answers, seconds=10.0):
    """Ask; the other end reads the question and sends the answer in pieces. Return both."""
    read = []

    def answer():
        read.append(channel.theirs.recv(1 << 16))
        for piece in answers:
            channel.theirs.sendall(piece)

    channel.theirs.settimeout(seconds + 10)  # a question that never comes fails, and does not wait
    other = threading.Thread(target=answer)
    other.start()
    try:
        return read, channel.exchange(body, (), seconds)
    finally:
        other.join()


def test_what_repeats_is_sent_again_whole_and_read_as_the_same_object(channel):
    read, first = exchanged(channel, {"operation": "ask"}, frame({"parts": [1]}))
    again, second = exchanged(channel, {"operation": "ask"}, frame({"parts": [1]}))

    assert read == again == [frame({"operation": "ask"}, kind=1)]
    assert second == (2, {"parts": [1]}, [])
    assert second[1] is first[1]


def test_the_first_question_is_sent_also_when_it_is_empty(channel):
    read, _ = exchanged(channel, {}, frame({}))

    assert read == [frame({}, kind=1)]


def test_what_differs_by_one_byte_is_read_anew(channel):
    exchanged(channel, {"rows": 1}, frame({"parts": [1]}))
    read, (kind, body, _) = exchanged(channel, {"rows": 2}, frame({"parts": [2]}, kind=3))

    assert read == [frame({"rows": 2}, kind=1)]
    assert (kind, body) == (3, {"parts": [2]})


def test_an_answer_in_pieces_is_one_answer_and_a_repeated_one_in_pieces_too(channel):
    whole = frame({"parts": ["x" * 100]})
    for _ in range(2):
        _, (_, body, _) = exchanged(channel, {}, whole[:4], whole[4:20], whole[20:])
        assert body == {"parts": ["x" * 100]}


def test_an_answer_that_was_broken_is_broken_again(channel):
    bad = HEAD.pack(b"MWS1", 2, 3) + b"[1]"
    for _ in range(2):
        with pytest.raises(BrokenError, match="not an object"):
            exchanged(channel, {}, bad)


@pytest.mark.parametrize("begun", [b"", frame({"parts": []})[:7]])
def test_whoever_stops_in_the_middle_is_late(channel, begun):
    exchanged(channel, {}, frame({"parts": []}))
    with pytest.raises(LateError):
        exchanged(channel, {}, begun, seconds=0.2)
