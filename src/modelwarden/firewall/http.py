"""HTTP/1.1 read so strictly that no two servers could read it differently; no sockets here.

A message has one length, one spelling and one end. Whatever leaves room – two lengths, a length and
chunks, folded headers, extensions of chunks, bare line feeds, absolute addresses – is refused, and
nothing is relayed: what goes on is written anew from what was read.

A client that keeps its connection sends nearly the same head again and again, and so does a server:
heads that were read are remembered by their bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from typing import TypeVar

from modelwarden.core.values import dataclass

HEAD = 16 << 10
_HEADERS = 100
_REMEMBERED = 1024
_LONGEST_REMEMBERED = 2048
_CHUNK_LINE = 64
_BLOCK = re.compile(rb"(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t -~\x80-\xff]*\r\n)*")
_LINE = re.compile(rb"([A-Z]{1,16}) (/[!-~]{0,4096}) HTTP/1\.([01])")
_PATH = re.compile(r"/[A-Za-z0-9._~:@!$&'()*+,;=/-]*(\?[A-Za-z0-9._~:@!$&'()*+,;=/?%-]*)?")
_HOST = re.compile(r"[A-Za-z0-9._~-]{1,255}(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]{2,64}\](:[0-9]{1,5})?")
_STATUS = re.compile(rb"HTTP/1\.([01]) ([1-5][0-9]{2})( [\t -~\x80-\xff]*)?")
_LENGTH = re.compile(r"[0-9]{1,12}")
_CHUNK = re.compile(rb"[0-9A-Fa-f]{1,8}")
_NO_BODY = (204, 304)
_ONCE = ("host", "content-length", "transfer-encoding")
CHUNKED = -1
"""The length of a body that comes in chunks."""
UNTIL_CLOSED = -2
"""The length of an answer that ends with its connection."""


class HttpError(Exception):
    """A message that is not read on; the connection ends with it.

    Attributes:
        status: of the answer.
        detail: for the alerts, never for the client.
    """

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


class ClosedError(HttpError):
    """A connection that was closed before anything of an answer came."""


@dataclass(frozen=True, slots=True)
class Message:
    """An answer.

    Attributes:
        status: of it.
        headers: lower-case names; repeated ones joined by commas.
        body: whole.
        keep: whether another message may follow.
    """

    status: int
    headers: dict[str, str]
    body: bytes
    keep: bool


@dataclass(frozen=True, slots=True)
class Head:
    """The beginning of a request.

    Attributes:
        length: bytes of the body, or `CHUNKED`.
        waits: whether the client sends the body only when it is asked to.
        onward: what is written in its place, kept by whoever writes it for the next like it.
    """

    method: str
    path: str
    headers: dict[str, str]
    keep: bool
    length: int
    waits: bool
    onward: dict[tuple[str, bool], bytes] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """The beginning of an answer.

    Attributes:
        length: bytes of the body, `CHUNKED` or `UNTIL_CLOSED`.
        kind: class of the status, as it is counted.
        onward: as that of a `Head`.
    """

    status: int
    headers: dict[str, str]
    keep: bool
    length: int
    kind: str
    onward: list[bytes] = field(default_factory=list, compare=False)


_Found = TypeVar("_Found", Head, Answer)
_END = b"\r\n\r\n"
_heads: dict[bytes, Head] = {}
_answers: dict[bytes, Answer] = {}


def head_of(data: bytes) -> Head:
    """Return the head of a request from its bytes, the empty line included.

    Raises:
        HttpError: it is none that every server reads alike.
    """
    found = _heads.get(data)
    if found is None:
        found = _head(data)
        _remember(_heads, data, found)
    return found


def answer_of(data: bytes) -> Answer:
    """Return the head of an answer from its bytes, the empty line included.

    Raises:
        HttpError: it is none.
    """
    found = _answers.get(data)
    if found is None:
        found = _answer(data)
        _remember(_answers, data, found)
    return found


def known_head(data: bytes | bytearray, size: int) -> tuple[Head, int] | None:
    """Return the head that so many bytes begin with, if it is known, and where its body begins."""
    end = data.find(_END, 0, min(size, _LONGEST_REMEMBERED)) + 4
    found = _heads.get(bytes(data[:end]))
    return None if found is None else (found, end)


def known_request(data: bytes) -> tuple[Head, bytes] | None:
    """Return the request that these bytes are, no byte more and none less, if its head is known."""
    return _known(_heads, data)


def known_answer(data: bytes) -> tuple[Answer, bytes] | None:
    """Return the answer that these bytes are, no byte more and none less, if its head is known."""
    return _known(_answers, data)


def _known(known: Mapping[bytes, _Found], data: bytes) -> tuple[_Found, bytes] | None:
    end = data.find(_END, 0, _LONGEST_REMEMBERED) + 4
    found = known.get(data[:end])
    if found is None or found.length != len(data) - end:
        return None
    return found, data[end:]


def _remember(known: dict[bytes, _Found], data: bytes, found: _Found) -> None:
    if len(data) <= _LONGEST_REMEMBERED:
        if len(known) >= _REMEMBERED:
            known.clear()
        known[data] = found


def head_in(method: bytes, path: bytes, fields: Sequence[tuple[bytes, bytes]]) -> Head:
    """Return the head of a request that another server took apart, held to the same form.

    Args:
        method: of it.
        path: with the query.
        fields: names in small letters, and values; the host, which goes on, is one of them.

    Raises:
        HttpError: it is none that every server reads alike.
    """
    if sum(len(name) + len(value) + 4 for name, value in fields) + len(path) > HEAD:
        raise HttpError(431, "a head that is too large")
    # The fields as lines: none of them may be two, or another one than it says.
    block = b"".join([b"%s:%s\r\n" % field for field in fields])
    if (
        not _BLOCK.fullmatch(block)
        or block.count(b"\n") != len(fields)
        or any(b":" in name for name, _ in fields)
    ):
        raise HttpError(400, "a header of another form")
    line = _LINE.fullmatch(b"%s %s HTTP/1.1" % (method, path))
    if line is None:
        raise HttpError(400, "a request line of another form")
    headers = _joined(block, _ONCE)
    if not _HOST.fullmatch(headers.get("host", "")):
        raise HttpError(400, "a host of another form, or none")
    return Head(method.decode(), _path(line[2]), headers, True, _length(headers, 0), waits=False)


def _path(data: bytes) -> str:
    path = data.decode()
    segments = path.partition("?")[0].split("/")
    if not _PATH.fullmatch(path) or ".." in segments or "." in segments:
        raise HttpError(400, "a path of another form")
    return path


def _head(data: bytes) -> Head:
    first, headers = _parts(data, _ONCE)
    line = _LINE.fullmatch(first)
    if line is None:
        raise HttpError(400, "a request line of another form")
    path = _path(line[2])
    if (line[3] == b"1" or "host" in headers) and not _HOST.fullmatch(headers.get("host", "")):
        raise HttpError(400, "a host of another form, or none")
    if line[3] == b"0" and "transfer-encoding" in headers:
        raise HttpError(400, "chunks in HTTP/1.0")
    keep = line[3] == b"1" and "close" not in _words(headers.get("connection", ""))
    waits = headers.get("expect", "").lower() == "100-continue"
    if "expect" in headers and not waits:
        raise HttpError(417, "an expectation that nobody knows")
    return Head(line[1].decode(), path, headers, keep, _length(headers, 0), waits)


def _answer(data: bytes) -> Answer:
    first, headers = _parts(data, ("content-length", "transfer-encoding"))
    line = _STATUS.fullmatch(first)
    if line is None:
        raise HttpError(502, "an answer that is not HTTP")
    status = int(line[2])
    keep = line[1] == b"1" and "close" not in _words(headers.get("connection", ""))
    length = 0 if status in _NO_BODY or status < 200 else _length(headers, UNTIL_CLOSED)
    return Answer(status, headers, keep and length != UNTIL_CLOSED, length, f"{status // 100}xx")


def _parts(data: bytes, once: Sequence[str]) -> tuple[bytes, dict[str, str]]:
    end = data.find(b"\r\n")
    if not _BLOCK.fullmatch(data, end + 2, len(data) - 2):
        raise HttpError(400, "a header of another form")
    return data[:end], _joined(data[end + 2 : -2], once)


def _joined(block: bytes, once: Sequence[str]) -> dict[str, str]:
    """Return the headers in a block of lines; repeated ones joined by commas."""
    lines = block.decode("latin-1").split("\r\n")[:-1]
    if len(lines) > _HEADERS:
        raise HttpError(431, "too many headers")
    headers: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        name, value = name.lower(), value.strip(" \t")
        if name in headers:
            if name in once:
                raise HttpError(400, f"{name} twice")
            value = f"{headers[name]}, {value}"
        headers[name] = value
    return headers


def _length(headers: dict[str, str], default: int) -> int:
    coding, length = headers.get("transfer-encoding"), headers.get("content-length")
    if coding is not None and length is not None:
        raise HttpError(400, "a length and chunks")
    if coding is not None:
        if coding.lower() != "chunked":
            raise HttpError(400, "another transfer encoding than chunked")
        return CHUNKED
    if length is None:
        return default
    if not _LENGTH.fullmatch(length):
        raise HttpError(400, "a length that is no number")
    return int(length)


def _words(value: str) -> set[str]:
    return {word.strip().lower() for word in value.split(",")}


class Reader:
    """What came in over a connection, cut into heads and bodies.

    Attributes:
        buffered: bytes that are not taken yet.
    """

    def __init__(self) -> None:
        self.buffered = 0
        self._parts: list[bytes] = []
        self._looked = 0
        self._chunk = -1  # bytes that are missing of the chunk being read; -1 between chunks

    def feed(self, data: bytes) -> None:
        """Add what came."""
        self._parts.append(data)
        self.buffered += len(data)

    def head(self, *, status: int = 400) -> bytes | None:
        """Return the next head as bytes; None while it is not whole.

        Args:
            status: of the error.

        Raises:
            HttpError: it is too large, or cannot become a request.
        """
        data = self._joined()
        end = data.find(b"\r\n\r\n", max(0, self._looked - 3), HEAD + 4)
        if end < 0:
            if len(data) > HEAD:
                raise HttpError(431 if status == 400 else status, "a head that is too large")
            if data and not data[:1].isalpha():
                raise HttpError(status, "a first line of another form")
            self._looked = len(data)
            return None
        if not data[:1].isalpha():
            raise HttpError(status, "a first line of another form")
        self._rest(data, end + 4)
        return data[: end + 4]

    def body(self, length: int) -> bytes | None:
        """Return the body that has so many bytes; None while it is not whole."""
        if self.buffered < length:
            return None
        if not length:
            return b""
        data = self._joined()
        self._rest(data, length)
        return data[:length]

    def some(self, most: int) -> bytes:
        """Return what there is, at most so many bytes."""
        data = self._joined()
        self._rest(data, most)
        return data[:most]

    def chunks(self) -> tuple[list[bytes], bool]:
        """Return what came of a body in chunks, and whether that was its end.

        Raises:
            HttpError: a chunk has an extension, a trailer, or another length than it says.
        """
        found: list[bytes] = []
        if self.buffered < self._chunk + 2:
            return found, False
        data, at = self._joined(), 0
        ended = False
        while not ended:
            if self._chunk < 0:
                end = data.find(b"\r\n", at, at + _CHUNK_LINE)
                if end < 0:
                    if len(data) - at >= _CHUNK_LINE or not _begins(data[at:]):
                        raise HttpError(400, "a chunk of another form")
                    break
                if not _CHUNK.fullmatch(data, at, end):
                    raise HttpError(400, "a chunk of another form")
                self._chunk, at = int(data[at:end], 16), end + 2
            have = len(data) - at
            if have < self._chunk + 2:
                break
            end = at + self._chunk
            if data[end : end + 2] != b"\r\n":
                # Behind the last chunk that would be a trailer, which nobody needs here.
                raise HttpError(400, "a chunk that does not end where it says")
            if end > at:
                found.append(data[at:end])
            ended = self._chunk == 0
            self._chunk, at = -1, end + 2
        self._rest(data, at)
        return found, ended

    @property
    def chunk(self) -> int:
        """Bytes of the chunk that is being read; 0 between chunks."""
        return max(0, self._chunk)

    def _joined(self) -> bytes:
        parts = self._parts
        if len(parts) != 1:
            parts[:] = [b"".join(parts)]
        return parts[0]

    def _rest(self, data: bytes, taken: int) -> None:
        rest = data[taken:]
        self._parts[:] = [rest]
        self.buffered = len(rest)
        self._looked = 0


def _begins(line: bytes) -> bool:
    """Tell whether this may become the line before a chunk."""
    bare = line.removesuffix(b"\r")
    return not bare or _CHUNK.fullmatch(bare) is not None


def begun(first: str, headers: Iterable[tuple[str, str]]) -> bytes:
    """Return the beginning of a message: its first line and its headers but for the last."""
    lines = "".join([f"{name}: {value}\r\n" for name, value in headers])
    return f"{first}\r\n{lines}".encode("latin-1")


def head_of_length(first: str, headers: Iterable[tuple[str, str]], length: int) -> bytes:
    """Return the head of a message whose body has so many bytes."""
    return b"%scontent-length: %d\r\n\r\n" % (begun(first, headers), length)
