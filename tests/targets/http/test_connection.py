import socket
import time

import pytest

from modelwarden.core import ConfigError, GapKind
from modelwarden.targets.errors import TargetError
from modelwarden.targets.http.connection import Connection, StatusError, parse_address

from .servers import saying, serving


@pytest.fixture
def connect():
    opened = []

    def to(url, **settings):
        opened.append(Connection(parse_address(url), **{"seconds": 5.0, **settings}))
        return opened[-1]

    yield to
    for connection in opened:
        connection.close()


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("ftp://host/x", "no http or https address"),
        ("host:8080", "no http or https address"),
        ("http://", "no http or https address"),
        ("http://user:secret@host/", "user name or password"),
        ("http://host:port/", "is no address"),
        ("http://host:99999/", "is no address"),
        ("http://host/a b", "blank or a control character"),
    ],
)
def test_an_address_that_cannot_be_used_says_why(url, why):
    with pytest.raises(ConfigError, match=why) as caught:
        parse_address(url)
    assert "secret" not in caught.value.message


def test_one_connection_serves_many_requests(connect):
    seen = []

    def answer(method, path, body):
        seen.append((method, path, body))
        return 200, {}, b'{"n": %d}' % len(seen)

    with serving(answer) as url:
        connection = connect(url)
        first, second = connection.post("/a", b"1"), connection.get("/b")
        connection.close()

    assert (first, second) == (b'{"n": 1}', b'{"n": 2}')
    assert seen == [("POST", "/a", b"1"), ("GET", "/b", b"")]
    assert connection.calls == 2


def test_a_busy_server_is_asked_again_and_every_try_counts(connect):
    answers = iter([503, 429, 200])

    with serving(lambda *_: (next(answers), {"Retry-After": "0"}, b"{}")) as url:
        connection = connect(url)
        assert connection.post("/", b"") == b"{}"
        connection.close()

    assert connection.calls == 3


def test_a_server_that_stays_busy_or_refuses_is_an_error_with_its_words(connect):
    with serving(lambda *_: (400, {}, b'{"error": "bad shape"}')) as url:
        connection = connect(url)
        with pytest.raises(StatusError) as caught:
            connection.post("/", b"")
        connection.close()
    assert caught.value.status == 400
    assert caught.value.body == b'{"error": "bad shape"}'
    assert connection.calls == 1


def test_a_redirect_is_not_followed(connect):
    asked = []

    def elsewhere(method, path, body):
        asked.append(path)
        return 200, {}, b"{}"

    with (
        serving(elsewhere) as other,
        serving(lambda *_: (302, {"Location": other}, b"")) as url,
        pytest.raises(StatusError, match="status 302"),
    ):
        connect(url).get("/")

    assert asked == []


def test_a_connection_that_the_server_closed_is_opened_again(connect):
    with saying(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", times=2) as url:
        connection = connect(url)
        assert connection.get("/") == b"{}"
        time.sleep(0.05)
        assert connection.get("/") == b"{}"


def test_an_answer_that_drips_ends_at_the_deadline(connect):
    began = time.monotonic()

    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n" + b"x" * 9000

    with (
        saying(answer, drip=0.05) as url,
        pytest.raises(TargetError, match=r"no whole answer within 0\.5 s") as caught,
    ):
        connect(url, seconds=0.5).get("/")

    assert caught.value.kind is GapKind.BUDGET
    assert time.monotonic() - began < 8


def test_an_answer_without_end_is_cut_at_the_largest_size(connect):
    with (
        saying(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 100_000) as url,
        pytest.raises(TargetError, match="more than 1000 bytes"),
    ):
        connect(url, longest=1000).get("/")


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"SSH-2.0-x\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 1000 + b"\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"a" * 100_000,
    ],
)
def test_what_is_no_whole_http_answer_is_one_clear_error(connect, said):
    with saying(said, times=4) as url, pytest.raises(TargetError, match="cannot be asked"):
        connect(url).get("/")


def test_nothing_listening_is_said_at_once(connect):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    with pytest.raises(TargetError, match=f"nothing listens at http://127.0.0.1:{port}"):
        connect(f"http://127.0.0.1:{port}").get("/")


def test_a_name_of_this_machine_is_not_followed_elsewhere(connect, monkeypatch):
    asked = []
    real = socket.getaddrinfo

    def leads(host, port, *args, **kwargs):
        asked.append(host)
        return real("192.0.2.7" if host == "localhost" else host, port, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", leads)

    with pytest.raises(TargetError, match=r"leads to 192\.0\.2\.7, which is not this machine"):
        connect("http://localhost:9/").get("/")
    assert asked == ["localhost"]


def test_every_address_of_a_name_of_this_machine_is_tried(connect, monkeypatch):
    real = socket.getaddrinfo

    def both(host, port, *args, **kwargs):
        hosts = ("::1", "192.0.2.7", "127.0.0.1") if host == "localhost" else (host,)
        return [one for place in hosts for one in real(place, port, *args, **kwargs)]

    monkeypatch.setattr(socket, "getaddrinfo", both)
    with saying(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}") as url:
        assert connect(url.replace("127.0.0.1", "localhost")).get("/") == b"{}"


def test_a_greeting_that_drips_ends_at_the_deadline(connect):
    began = time.monotonic()

    with (
        saying(b"\x16\x03\x03\x40\x00" + b"\x02" * 9000, drip=0.05) as url,
        pytest.raises(TargetError, match=r"no whole answer within 0\.5 s"),
    ):
        connect(url.replace("http:", "https:"), seconds=0.5).get("/")

    assert time.monotonic() - began < 8


def test_a_token_is_sent_and_a_proxy_of_the_environment_is_not_used(connect, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with saying(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}") as url:
        assert connect(url, token="t0ken").get("/") == b"{}"


def test_a_pause_that_only_looks_like_a_number_is_none(connect):
    busy = (429, {"Retry-After": "\u00b2"}, b"")
    with serving(lambda *_: busy) as url, pytest.raises(StatusError) as caught:
        connect(url, pauses=()).get("/")

    assert caught.value.pause == 0.0


def test_a_chunk_of_a_negative_length_is_not_read_until_the_end(connect):
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    endless = saying(head + b"-1\r\n" + b" " * 100_000)
    with endless as url, pytest.raises(TargetError, match="negative length"):
        connect(url, longest=1000, pauses=()).get("/")


def test_answers_in_chunks_leave_the_connection_as_good_as_before(connect):
    chunks = b"2\r\n{}\r\n1\r\n \r\n0\r\n\r\n"

    def answer(method, path, body):
        return 200, {"Transfer-Encoding": "chunked"}, chunks

    with serving(answer) as url:
        connection = connect(url)
        assert [connection.get("/") for _ in range(3)] == [b"{} "] * 3


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}", "cut short after 2 bytes"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{}", "was cut short$"),
        (b"\x16\x03\x01 hello\r\n\r\n", "speaks no HTTP"),
        (
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n\x1f\x8b",
            r"packed \(gzip\), unasked",
        ),
    ],
)
def test_what_was_no_answer_is_told_in_words(connect, said, why):
    with saying(said, times=1) as url, pytest.raises(TargetError, match=why) as caught:
        connect(url).post("/invocations", b"{}")
    assert caught.value.lost


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [
        ("7", 7.0),
        ("0.5", 0.5),
        ("9" * 400, 1e9),
        ("Wed, 21 Oct 2099 07:28:30 GMT", 1e9),
        ("Wed, 21 Oct 2015 07:27:00 GMT", 0.0),
        ("Wed, 21 Oct 99999 07:28:00 GMT", 0.0),
        ("-5", 0.0),
        ("nan", 0.0),
        ("1e308", 0.0),
        ("soon", 0.0),
        ("", 0.0),
    ],
)
def test_a_pause_is_told_in_seconds_or_as_a_moment(connect, asked, seconds):
    with (
        serving(lambda *_: (429, {"Retry-After": asked}, b"{}")) as url,
        pytest.raises(StatusError) as caught,
    ):
        connect(url, pauses=()).post("/x", b"{}")
    assert caught.value.pause == seconds
