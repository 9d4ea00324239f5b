"""HTTP/2 as an Envoy speaks it, and as it does not; its messages, and what are none. No sockets."""

from __future__ import annotations

import asyncio
import struct

import pytest
from hpack import Decoder
from hypothesis import given
from hypothesis import strategies as st

from firewall.calling import sized, whole
from firewall.fronting import frame
from modelwarden.firewall.envoy.channel import LARGEST, Channel
from modelwarden.firewall.envoy.messages import Stage, seen
from modelwarden.firewall.wire import MessageError

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0)
HEAD = frame(1, 4, 1, b"\x83")


def message(data, compressed=0):
    return struct.pack(">BI", compressed, len(data)) + data


class Wire:
    """Stands for a transport that takes everything."""

    def __init__(self):
        self.sent, self.closed, self.paused = b"", False, False

    def write(self, data):
        self.sent += data

    def is_closing(self):
        return self.closed

    def close(self):
        self.closed = True

    abort = close

    def pause_reading(self):
        self.paused = True

    def resume_reading(self):
        self.paused = False


class Echo:
    """Answers each message with itself."""

    streams = 100

    def __init__(self, room=True):
        self.room, self.got, self.wrong, self.cancelled = room, [], [], 0

    def opened(self, channel):
        return self.room

    def closed(self, channel):
        pass

    async def answer(self, talk):
        try:
            while (one := await talk.read()) is not None:
                self.got.append(one)
                await talk.write(one)
        except MessageError as error:
            self.wrong.append(str(error))
        except asyncio.CancelledError:
            self.cancelled += 1
            raise


def spoken(*parts, echo=None, pieces=None):
    """Let a channel hear these bytes; return it, what it is asked by, and its wire."""
    echo = echo or Echo()
    wire = Wire()

    async def speak():
        channel = Channel(echo, asyncio.get_running_loop())
        channel.connection_made(wire)
        data = b"".join(parts)
        step = pieces or len(data) or 1
        for at in range(0, len(data), step):
            if not wire.closed:
                channel.data_received(data[at : at + step])
        for _ in range(6):
            await asyncio.sleep(0)
        channel.connection_lost(None)
        await asyncio.sleep(0)

    asyncio.run(speak())
    return echo, wire


def frames(data):
    while data:
        size = int.from_bytes(data[:3], "big")
        kind, flags, number = struct.unpack(">BBI", data[3:9])
        yield kind, flags, number, data[9 : 9 + size]
        data = data[9 + size :]


def answered(wire, number=1):
    return b"".join(p for kind, _, n, p in frames(wire.sent) if (kind, n) == (0, number))


def heads(wire, number=1):
    """Return the heads of a call: what each says, and whether it ends the call."""
    decoder = Decoder()
    found = [
        (n, decoder.decode(payload, raw=True), bool(flags & 1))
        for kind, flags, n, payload in frames(wire.sent)
        if kind == 1
    ]
    return [(dict(fields), ended) for n, fields, ended in found if n == number]


LONG = bytes(range(256)) * 300
SPOKEN = {
    "one frame": [frame(0, 1, 1, message(b"abc"))],
    "the end by itself": [frame(0, 0, 1, message(b"abc")), frame(0, 1, 1)],
    "the end as a head": [frame(0, 0, 1, message(b"abc")), frame(1, 5, 1, b"\x83")],
    "byte by byte": [frame(0, 0, 1, bytes([b])) for b in message(b"abc")] + [frame(0, 1, 1)],
    "padding": [frame(0, 9, 1, b"\x03" + message(b"abc") + b"\0\0\0")],
    "a strange frame between": [frame(0x7F, 0, 1, b"x"), frame(0, 1, 1, message(b"abc"))],
    "priorities": [frame(2, 0, 1, b"\0\0\0\0\1"), frame(0, 1, 1, message(b"abc"))],
}


@pytest.mark.parametrize("name", SPOKEN)
@pytest.mark.parametrize("pieces", [None, 1, 7])
def test_a_message_is_answered_however_it_comes(name, pieces):
    echo, wire = spoken(PREFACE, HEAD, *SPOKEN[name], pieces=pieces)
    assert echo.got == [b"abc"]
    assert answered(wire) == message(b"abc")
    # It ends with a status of its own, and the stream.
    assert heads(wire) == [
        ({b":status": b"200", b"content-type": b"application/grpc"}, False),
        ({b"grpc-status": b"0"}, True),
    ]


def test_messages_that_come_together_or_in_parts_are_told_apart():
    data = message(b"a") + message(b"") + message(LONG) + message(b"b")
    parts = [data[at : at + 9_999] for at in range(0, len(data), 9_999)]
    echo, _ = spoken(PREFACE, HEAD, *(frame(0, 0, 1, part) for part in parts))
    assert echo.got == [b"a", b"", LONG, b"b"]


def test_calls_of_one_connection_do_not_mix():
    said = {number: message(bytes([number]) * 9_000) for number in (1, 3, 5)}
    heads = b"".join(frame(1, 4, number, b"\x83") for number in said)
    begun = b"".join(frame(0, 0, number, said[number][:99]) for number in (5, 1, 3))
    rest = b"".join(frame(0, 1, number, said[number][99:]) for number in (3, 5, 1))
    _, wire = spoken(PREFACE, heads, begun, rest)
    assert {number: answered(wire, number) for number in said} == said


def test_no_more_is_sent_than_there_is_room_for():
    small = frame(4, 0, 0, struct.pack(">HI", 4, 100))
    asked = (PREFACE, small, HEAD, frame(0, 0, 1, message(LONG[:60_000])))
    _, wire = spoken(*asked)
    assert answered(wire) == message(LONG[:60_000])[:100]

    more = frame(8, 0, 1, struct.pack(">I", 1 << 20))
    _, wire = spoken(*asked, more)
    assert answered(wire) == message(LONG[:60_000])
    assert max(len(payload) for kind, *_, payload in frames(wire.sent) if kind == 0) <= 1 << 14

    # Of all calls together there is room for 65,535.
    two = frame(1, 4, 3, b"\x83") + frame(0, 0, 3, message(LONG[:60_000]))
    _, wire = spoken(PREFACE, HEAD, frame(0, 0, 1, message(LONG[:60_000])), two)
    assert len(answered(wire)) + len(answered(wire, 3)) == 65_535
    _, wire = spoken(PREFACE, HEAD, frame(0, 0, 1, message(LONG[:60_000])), two,
                     frame(8, 0, 0, struct.pack(">I", 1 << 20)))  # fmt: skip
    assert answered(wire, 3) == message(LONG[:60_000])


def test_pings_and_settings_are_answered():
    _, wire = spoken(PREFACE, frame(6, 0, 0, b"12345678"), frame(6, 1, 0, b"12345678"))
    said = [f[:2] for f in frames(wire.sent)]
    assert said.count((6, 1)) == 1
    assert said.count((4, 1)) == 1
    assert not wire.closed


def test_a_call_that_is_reset_is_given_up():
    echo, wire = spoken(PREFACE, HEAD, frame(3, 0, 1, b"\0\0\0\x08"), frame(0, 0, 1, b"late"))
    assert echo.got == []
    assert not wire.closed
    assert answered(wire) == b""


def test_a_call_that_is_reset_in_one_breath_with_room_for_it_ends_alone():
    small = frame(4, 0, 0, struct.pack(">HI", 4, 100))
    begun = (PREFACE, small, HEAD, frame(0, 0, 1, message(LONG[:60_000])))
    room, reset = frame(8, 0, 1, struct.pack(">I", 1 << 20)), frame(3, 0, 1, b"\0\0\0\x08")
    other = frame(1, 4, 3, b"\x83") + frame(0, 1, 3, message(b"abc"))

    async def speak():
        echo, wire = Echo(), Wire()
        channel = Channel(echo, asyncio.get_running_loop())
        channel.connection_made(wire)
        for data in (b"".join(begun), room + reset + other):
            channel.data_received(data)
            for _ in range(6):
                await asyncio.sleep(0)
        return echo, wire

    echo, wire = asyncio.run(speak())
    assert echo.cancelled == 1
    assert len(answered(wire)) == 100
    assert not wire.closed
    assert answered(wire, 3) == message(b"abc")[:100]


def test_a_call_with_a_window_beyond_all_bounds_is_given_up():
    _, wire = spoken(PREFACE, HEAD, frame(8, 0, 1, b"\x7f\xff\xff\xff"))
    assert [f[2] for f in frames(wire.sent) if f[0] == 3] == [1]
    assert not wire.closed


def test_who_says_goodbye_is_answered_no_more():
    _, wire = spoken(PREFACE, HEAD, frame(7, 0, 0, bytes(8)))
    assert wire.closed
    assert heads(wire) == []


def test_there_is_room_again_for_what_was_taken():
    size = LARGEST // 2 + (1 << 16)
    parts = (frame(0, 0, 1, bytes(1 << 16)) for _ in range(size >> 16))
    _, wire = spoken(PREFACE, HEAD, struct.pack(">I", 5)[1:] + b"\0\0\0\0\0\1",
                     struct.pack(">BI", 0, LARGEST), *parts)  # fmt: skip
    (more,) = [
        int.from_bytes(p, "big") for kind, _, n, p in frames(wire.sent) if (kind, n) == (8, 1)
    ]
    assert more > LARGEST // 2


NO_HTTP2 = {
    "HTTP/1": b"GET / HTTP/1.1\r\nhost: a\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc",
    "a preface that ends otherwise": PREFACE[:20] + b"xxxx",
}


@pytest.mark.parametrize("name", NO_HTTP2)
@pytest.mark.parametrize("pieces", [None, 1])
def test_what_begins_otherwise_is_left(name, pieces):
    echo, wire = spoken(NO_HTTP2[name], pieces=pieces)
    assert wire.closed
    assert echo.got == []


# One field of 4,000 bytes that is remembered, and named 20 times more.
UNFOLDING = b"\x40\x01a\x7f\xa1\x1e" + b"x" * 4000 + b"\xbe" * 20
BROKEN = {
    "a frame beyond what we take": [PREFACE, HEAD, b"\xff\xff\xff\0\0\0\0\0\1", bytes(150_000)],
    "a call of an even number": [PREFACE, frame(1, 4, 2, b"\x83")],
    "a call of number 0": [PREFACE, frame(1, 4, 0, b"\x83")],
    "a call of a number before": [PREFACE, frame(1, 4, 5, b"\x83"), frame(1, 4, 3, b"\x83")],
    "data of no call": [PREFACE, frame(0, 0, 1, message(b"a"))],
    "data of call 0": [PREFACE, HEAD, frame(0, 0, 0, message(b"a"))],
    "something within a head": [PREFACE, frame(1, 0, 1, b"\x83"), frame(0, 0, 1, b"")],
    "a head that another one continues": [PREFACE, frame(1, 0, 1), frame(9, 4, 3, b"\x83")],
    "what continues nothing": [PREFACE, frame(9, 4, 1, b"\x83")],
    "a head without end": [PREFACE, frame(1, 0, 1), *[frame(9, 0, 1, bytes(16_000))] * 9],
    "a head in very many parts": [PREFACE, frame(1, 0, 1), *[frame(9, 0, 1)] * 100],
    "a head that is no head": [PREFACE, frame(1, 4, 1, b"\xff\xff\xff\xff\xff\xff")],
    "a head that unfolds": [PREFACE, frame(1, 4, 1, UNFOLDING)],
    "a promise": [PREFACE, frame(5, 4, 1, b"\0\0\0\2\x83")],
    "padding beyond the frame": [PREFACE, HEAD, frame(0, 8, 1, b"\xff" + b"a" * 9)],
    "settings that are cut": [PREFACE, frame(4, 0, 0, b"\0\4\0")],
    "a window beyond all bounds": [PREFACE, frame(8, 0, 0, b"\x7f\xff\xff\xff")],
    "a first window beyond": [PREFACE, frame(4, 0, 0, struct.pack(">HI", 4, 1 << 31))],
    "frames of a size that none has": [PREFACE, frame(4, 0, 0, struct.pack(">HI", 5, 100))],
    "room of three bytes": [PREFACE, frame(8, 0, 0, b"abc")],
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.parametrize("pieces", [9_999, 99])
def test_what_is_no_http2_ends_the_connection(name, pieces):
    echo, wire = spoken(*BROKEN[name], pieces=pieces)
    assert wire.closed
    assert echo.got == []
    (*_, last) = frames(wire.sent)
    assert last[0] == 7


def test_messages_that_are_never_whole_are_not_held_for_ever():
    begun = struct.pack(">BI", 0, LARGEST) + bytes(60_000)
    talks = (
        frame(1, 4, number, b"\x83") + frame(0, 0, number, begun) for number in range(1, 9_999, 2)
    )
    _, wire = spoken(PREFACE, *talks)
    assert wire.closed


def test_messages_that_nobody_has_read_are_not_piled_up():
    many = message(b"a") * 300
    echo, wire = spoken(PREFACE, HEAD, frame(0, 0, 1, many))
    assert wire.closed
    few = message(b"a") * 200
    echo, wire = spoken(PREFACE, HEAD, frame(0, 0, 1, few))
    assert len(echo.got) == 200
    assert not wire.closed


@pytest.mark.parametrize(
    ("start", "why"),
    [
        (struct.pack(">BI", 1, 3) + b"abc", "compressed"),
        (struct.pack(">BI", 0, LARGEST + 1), str(LARGEST + 1)),
        (b"\0\xff\xff\xff\xff", "4294967295"),
    ],
)
def test_a_message_that_none_may_be_is_told_at_once(start, why):
    echo, wire = spoken(PREFACE, HEAD, frame(0, 0, 1, start), frame(0, 0, 1, LONG[:60_000]))
    assert why in echo.wrong[0]
    assert not wire.closed


def test_who_does_not_read_is_not_read():
    wire = Wire()
    channel = Channel(Echo(), None)
    channel._transport = wire
    channel.pause_writing()
    assert wire.paused
    channel.resume_writing()
    assert not wire.paused


def test_a_connection_that_there_is_no_room_for_ends():
    _, wire = spoken(echo=Echo(room=False))
    assert wire.closed


# messages -----------------------------------------------------------------------------------------


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_an_error(data):
    try:
        assert seen(data).stage in Stage
    except MessageError:
        return


NAMES = st.sampled_from(["a", "x-long" * 30, ":path", "", "é"])
VALUES = st.one_of(st.binary(max_size=300), st.just(b"x" * 20_000))


@given(
    st.lists(st.tuples(NAMES, VALUES, st.booleans())),
    st.booleans(),
    st.dictionaries(st.text(max_size=5), st.text(max_size=200), max_size=3),
)
def test_headers_and_attributes_are_read_as_they_were_written(headers, last, attributes):
    entries = b"".join(
        sized(1, sized(1, name) + sized(3 if raw else 2, value)) for name, value, raw in headers
    )
    struct_ = b"".join(sized(1, sized(1, k) + sized(2, sized(3, v))) for k, v in attributes.items())
    data = sized(2, sized(1, entries) + (whole(3, 1) if last else b""))
    data += sized(9, sized(1, "envoy.filters.http.ext_proc") + sized(2, struct_))

    found = seen(data + sized(11, whole(1, 2) + whole(2, 300)) + sized(15, b"later"))

    assert found.stage is Stage.REQUEST_HEADERS
    assert found.fields == [(name.encode(), value) for name, value, _ in headers]
    assert (found.last, found.attributes, found.modes) == (last, attributes, (2, 300))
