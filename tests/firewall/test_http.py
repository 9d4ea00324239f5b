"""HTTP without sockets: however the bytes are cut, the same messages are read."""

from __future__ import annotations

import itertools
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwarden.firewall.http import (
    CHUNKED,
    HttpError,
    Reader,
    answer_of,
    head_of,
    known_answer,
    known_request,
)

BODY = b'{"inputs": []}'
MESSAGE = (
    b"POST /v2/models/m/infer HTTP/1.1\r\nHost: m\r\nX-A: b\r\nX-A: c\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n6\r\n"
    + BODY[:6]
    + b"\r\n8\r\n"
    + BODY[6:]
    + b"\r\n0\r\n\r\n"
)


def messages(parts):
    reader, found, head, body = Reader(), [], None, []
    for part in parts:
        reader.feed(part)
        while reader.buffered:
            if head is None:
                data = reader.head()
                if data is None:
                    break
                head = head_of(data)
            pieces, ended = reader.chunks()
            body += pieces
            if not ended:
                break
            found.append((head.path, head.headers["x-a"], b"".join(body)))
            head, body = None, []
    return found


@settings(max_examples=300, deadline=None)
@given(cuts=st.lists(st.integers(1, 3 * len(MESSAGE)), max_size=12))
def test_however_a_stream_is_cut_the_same_messages_are_read(cuts):
    stream = MESSAGE * 3
    edges = sorted({0, len(stream), *(c for c in cuts if c < len(stream))})
    parts = [stream[a:b] for a, b in itertools.pairwise(edges)]

    assert messages(parts) == [("/v2/models/m/infer", "b, c", BODY)] * 3


@settings(max_examples=300, deadline=None)
@given(data=st.binary(max_size=80), after=st.sampled_from([b"", MESSAGE[:40], MESSAGE]))
def test_any_bytes_are_read_or_refused(data, after):
    with suppress(HttpError):
        assert all(path.startswith("/") for path, _, _ in messages([after, data]))


@pytest.mark.parametrize("line", [b"x-a: b", b"X-A:b", b"x-a:\tb "])
def test_a_header_is_one_however_it_is_spelled(line):
    head = head_of(b"GET / HTTP/1.1\r\nhost: m\r\n" + line + b"\r\n\r\n")

    assert head.headers == {"host": "m", "x-a": "b"}
    assert head.length == 0


def test_heads_that_were_read_before_are_read_alike():
    data = MESSAGE[: MESSAGE.index(b"\r\n\r\n") + 4]

    assert head_of(data) == head_of(bytes(bytearray(data)))
    assert head_of(data).length == CHUNKED


def test_an_expectation_that_nobody_knows_is_refused():
    line = b"POST /a HTTP/1.1\r\nhost: m\r\nexpect: %s\r\ncontent-length: 2\r\n\r\n"
    assert head_of(line % b"100-Continue").waits
    with pytest.raises(HttpError) as caught:
        head_of(line % b"200-maybe")

    assert caught.value.status == 417


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 99 x\r\n\r\n",
        b"HTTP/2 200\r\n\r\n",
        b"ICY 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nx\r\n\r\n",
    ],
)
def test_answers_that_are_no_http_are_refused(data):
    with pytest.raises(HttpError):
        answer_of(data)


REQUEST = b"POST /known HTTP/1.1\r\nHost: m\r\nContent-Length: 14\r\n\r\n"
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 14\r\n\r\n"


@pytest.mark.parametrize(
    ("read", "known", "head"),
    [(head_of, known_request, REQUEST), (answer_of, known_answer, ANSWER)],
)
def test_only_one_whole_message_with_a_head_that_was_read_is_known(read, known, head):
    other = head.replace(b"14", b"014")
    found = read(head)

    assert known(head + BODY) == (found, BODY)
    assert known(head + BODY)[0] is found
    for data in (
        other + BODY,  # the same length in another spelling, not read so far
        head + BODY[:-1],
        head + BODY + b"\n",
        head + BODY + head + BODY,
        b"\r\n" + head + BODY,
        head[:-2] + BODY,
        head[:3],
        b"",
    ):
        assert known(data) is None


def test_a_head_in_chunks_is_never_known_as_a_whole():
    head_of(MESSAGE[: MESSAGE.index(b"\r\n\r\n") + 4])

    assert known_request(MESSAGE) is None
