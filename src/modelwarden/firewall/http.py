"""HTTP/1.1 read so strictly that no two servers could read it differently.

A message has one length, one spelling and one end. Whatever leaves room – two lengths, a length and
chunks, folded headers, extensions of chunks, bare line feeds, absolute addresses – is refused, and
nothing is relayed: what goes on is written anew from what was read.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence

from modelwarden.core.values import dataclass

HEAD = 16 << 10
_HEADERS = 100
_LINE = re.compile(rb"([A-Z]{1,16}) (/[!-~]{0,4096}) HTTP/1\.([01])")
_PATH = re.compile(r"/[A-Za-z0-9._~:@!$&'()*+,;=/-]*(\?[A-Za-z0-9._~:@!$&'()*+,;=/?%-]*)?")
_STATUS = re.compile(rb"HTTP/1\.([01]) ([1-5][0-9]{2})( [\t -~\x80-\xff]*)?")
_HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):([\t -~\x80-\xff]*)")
_LENGTH = re.compile(r"[0-9]{1,12}")
_CHUNK = re.compile(rb"[0-9A-Fa-f]{1,8}")
_NO_BODY = (204, 304)


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
    """The beginning of a request."""

    method: str
    path: str
    headers: dict[str, str]
    keep: bool


async def read_head(reader: asyncio.StreamReader, first: bytes = b"") -> Head | None:
    """Return the head of the next request; None when the client went away before one.

    Args:
        reader: of the connection.
        first: bytes of it that were read already.

    Raises:
        HttpError: it is none that every server reads alike.
    """
    if first and not first.isalpha():
        raise HttpError(400, "a request line of another form")
    lines = await _lines(reader, first)
    if lines is None:
        return None
    line = _LINE.fullmatch(lines[0])
    if line is None:
        raise HttpError(400, "a request line of another form")
    path = line[2].decode()
    segments = path.partition("?")[0].split("/")
    if not _PATH.fullmatch(path) or ".." in segments or "." in segments:
        raise HttpError(400, "a path of another form")
    headers = _headers(lines[1:], once=("host", "content-length", "transfer-encoding"))
    if line[3] == b"1" and not headers.get("host"):
        raise HttpError(400, "no host")
    if line[3] == b"0" and "transfer-encoding" in headers:
        raise HttpError(400, "chunks in HTTP/1.0")
    keep = line[3] == b"1" and "close" not in _words(headers.get("connection", ""))
    return Head(line[1].decode(), path, headers, keep)


async def read_body(reader: asyncio.StreamReader, headers: dict[str, str], most: int) -> bytes:
    """Return the body of a request.

    Raises:
        HttpError: it has no certain length, is too large, or is cut.
    """
    coding, length = headers.get("transfer-encoding"), headers.get("content-length")
    if coding is not None and length is not None:
        raise HttpError(400, "a length and chunks")
    try:
        if coding is not None:
            if coding.lower() != "chunked":
                raise HttpError(400, "another transfer encoding than chunked")
            return await _chunks(reader, most)
        if length is None:
            return b""
        if not _LENGTH.fullmatch(length):
            raise HttpError(400, "a length that is no number")
        if int(length) > most:
            raise HttpError(413, f"a body of {length} bytes")
        return await reader.readexactly(int(length))
    except asyncio.IncompleteReadError as error:
        raise HttpError(400, "a body that was cut") from error
    except asyncio.LimitOverrunError as error:
        raise HttpError(400, "a chunk of another form") from error


async def read_answer(reader: asyncio.StreamReader, method: str, most: int) -> Message:
    """Return an answer of the upstream.

    Raises:
        HttpError: it is none, is too large, or is cut.
    """
    lines = await _lines(reader)
    if lines is None:
        raise ClosedError(502, "the upstream closed the connection")
    line = _STATUS.fullmatch(lines[0])
    if line is None:
        raise HttpError(502, "an answer that is not HTTP")
    status = int(line[2])
    headers = _headers(lines[1:], once=("content-length", "transfer-encoding"))
    keep = line[1] == b"1" and "close" not in _words(headers.get("connection", ""))
    if method == "HEAD" or status in _NO_BODY:
        return Message(status, headers, b"", keep)
    if "content-length" not in headers and "transfer-encoding" not in headers:
        body = await reader.read(most + 1)
        while len(body) <= most and (more := await reader.read(most + 1 - len(body))):
            body += more
        if len(body) > most:
            raise HttpError(502, "an answer that is too large")
        return Message(status, headers, body, keep=False)
    body = await read_body(reader, headers, most)
    return Message(status, headers, body, keep)


async def _lines(reader: asyncio.StreamReader, first: bytes = b"") -> list[bytes] | None:
    try:
        head = first + await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        if not error.partial and not first:
            return None
        raise HttpError(400, "a head that was cut") from error
    except asyncio.LimitOverrunError as error:
        raise HttpError(431, "a head that is too large") from error
    if len(head) > HEAD:
        raise HttpError(431, "a head that is too large")
    lines = head[:-4].split(b"\r\n")
    if len(lines) > _HEADERS:
        raise HttpError(431, "too many headers")
    return lines


def _headers(lines: Sequence[bytes], *, once: Sequence[str]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in lines:
        found = _HEADER.fullmatch(line)
        if found is None:
            raise HttpError(400, "a header of another form")
        name, value = found[1].decode().lower(), found[2].strip(b" \t").decode("latin-1")
        if name in headers and name in once:
            raise HttpError(400, f"{name} twice")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


async def _chunks(reader: asyncio.StreamReader, most: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        line = (await reader.readuntil(b"\r\n"))[:-2]
        if not _CHUNK.fullmatch(line):
            raise HttpError(400, "a chunk of another form")
        length = int(line, 16)
        size += length
        if size > most:
            raise HttpError(413, "chunks that are too many")
        data = await reader.readexactly(length + 2)
        if data[-2:] != b"\r\n":
            # Behind the last chunk that would be a trailer, which nobody needs here.
            raise HttpError(400, "a chunk that does not end where it says")
        if length == 0:
            return b"".join(parts)
        parts.append(data[:-2])


def _words(value: str) -> set[str]:
    return {word.strip().lower() for word in value.split(",")}


def written(first: str, headers: Sequence[tuple[str, str]], body: bytes) -> bytes:
    """Return a message: its first line, its headers, its length and its body."""
    lines = [first, *(f"{name}: {value}" for name, value in headers)]
    lines.append(f"content-length: {len(body)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body
