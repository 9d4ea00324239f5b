"""Numbers, strings and lines: the opcodes that push one constant."""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING, Final

from modelwarden.formats.limits import LimitExceededError
from modelwarden.formats.pickle.nested import may_hold_pickle
from modelwarden.formats.pickle.values import LONG, Items, Span
from modelwarden.formats.view import DamagedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from modelwarden.formats.pickle.machine import Machine

NUMBER = 1 << 16
SUSPECTS = 1000
CACHE = 1 << 14
_INTEGER: Final = re.compile(
    r"[ \t\n\v\f\r]*([+-]?)(?:0[xX](?P<x>_?[0-9a-fA-F]+(?:_[0-9a-fA-F]+)*)"
    r"|0[oO](?P<o>_?[0-7]+(?:_[0-7]+)*)|0[bB](?P<b>_?[01]+(?:_[01]+)*)"
    r"|(?P<z>0(?:_0+)+)|(?P<c>0[0-7]*)|(?P<d>[0-9]+(?:_[0-9]+)*))[ \t\n\v\f\r]*\Z"
)
_DECIMAL: Final = re.compile(r"[ \t\n\v\f\r]*([+-]?[0-9]+(?:_[0-9]+)*)[ \t\n\v\f\r]*\Z")
_ESCAPE: Final = re.compile(
    rb"\\(?:(\n)|([\\'\"abfnrtv])|([0-7]{1,3})|x([0-9a-fA-F]{2})|(x)|(.)|\Z)", re.DOTALL
)
_LETTERS: Final = dict(zip(b"\\'\"abfnrtv", b"\\'\"\a\b\f\n\r\t\v", strict=True))


def text(m: Machine, at: int, size: int, encoding: str) -> str:
    """Return a line as text.

    Raises:
        DamagedError: it is not in this encoding.
        LimitExceededError: it is longer than `Limits.string`.
    """
    if size > m.limits.string:
        raise LimitExceededError("bytes of one line", m.limits.string)
    try:
        return m.tape.source.read(at, size).decode(encoding)
    except UnicodeDecodeError as error:
        raise DamagedError(f"a line that is not {encoding}", at) from error


def name(m: Machine) -> str:
    """Return the next line: a module or a name, in UTF-8 as GLOBAL reads it."""
    at, size = m.tape.line()
    return text(m, at, size, "utf-8")


def _line(m: Machine) -> bytes:
    at, size = m.tape.line()
    # A number of more digits is one that no loader today would convert.
    return m.tape.source.read(at, min(size, NUMBER))


def _number(m: Machine) -> str:
    # C stops at a NUL.
    return _line(m).split(b"\0", 1)[0].decode("latin-1")


def decimal(m: Machine) -> int:
    """Return the next line as a place in the memo."""
    found = _DECIMAL.match(_number(m))
    if found is None or len(found[1]) > 40:
        raise DamagedError("not a number", m.op_at)
    return int(found[1])


def _integer(m: Machine, line: str) -> int | Span:
    found = _INTEGER.match(line)
    if found is None:
        raise DamagedError("not a number", m.op_at)
    base = {"x": 16, "o": 8, "b": 2, "c": 8, "d": 10, "z": 10}[str(found.lastgroup)]
    digits = str(found[str(found.lastgroup)]).lstrip("_")
    if len(digits) > 4000:
        return Span("int", m.op_at + 1, len(line))
    value = int(digits, base)
    return -value if found[1] == "-" else value


def _int(m: Machine) -> None:
    whole = _line(m)
    if whole.startswith(b"\0"):  # nothing to convert is 0 to C, and the NUL ends it well
        m.stack.append(0)
        return
    line = whole.split(b"\0", 1)[0].decode("latin-1")
    value: object = {"00": False, "01": True}.get(line)
    m.stack.append(_integer(m, line) if value is None else value)


def _long(m: Machine) -> None:
    m.stack.append(_integer(m, _number(m).removesuffix("L")))


def _float(m: Machine) -> None:
    try:
        m.stack.append(float(_number(m)))
    except ValueError as error:
        raise DamagedError("not a number", m.op_at) from error


def _fixed(layout: str) -> Callable[[Machine], None]:
    size = struct.calcsize(layout)

    def operation(m: Machine) -> None:
        m.stack.append(struct.unpack(layout, m.tape.take(size))[0])

    return operation


def _constant(value: object) -> Callable[[Machine], None]:
    def operation(m: Machine) -> None:
        m.stack.append(value)

    return operation


def _counted_long(width: int) -> Callable[[Machine], None]:
    def operation(m: Machine) -> None:
        size = int.from_bytes(m.tape.take(width), "little", signed=width == 4)
        if size < 0:
            raise DamagedError("a negative length", m.op_at)
        if size > LONG:
            m.stack.append(Span("int", m.tape.skip(size), size))
        else:
            m.stack.append(int.from_bytes(m.tape.take(size), "little", signed=True))

    return operation


def _counted(kind: str, width: int) -> Callable[[Machine], None]:
    """Return the operation for a string of `kind`: `str` (UTF-8), `latin`, `bytes`, `bytearray`."""
    made = "str" if kind == "latin" else kind

    def operation(m: Machine) -> None:
        jumps = m.tape.jumps
        size = int.from_bytes(m.tape.take(width), "little")
        at = m.tape.skip(size)
        if size > LONG:
            value: object = Span(made, at, size)
            head = m.tape.source.read(at, 64)
            if kind == "str":
                m.look(at, size)
        else:
            head = m.tape.source.read(at, size)
            value = _decode(m, head, kind)
        if may_hold_pickle(head):
            suspect(m, value)
        m.stack.append(value)
        if isinstance(value, str | bytes) and m.tape.jumps == jumps:
            m.fresh = (value, m.op_at)

    return operation


def _decode(m: Machine, data: bytes, kind: str) -> object:
    if kind == "bytes":
        return data
    if kind == "bytearray":
        return Items("bytearray", [data])
    if kind == "latin":
        return data.decode("latin-1")
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError as error:
        raise DamagedError("a string that is not UTF-8", m.op_at) from error


def _string(m: Machine) -> None:
    at, size = m.tape.line()
    if size > LONG:
        m.stack.append(Span("str", at, size, escaped=True))
        return
    # Python 2 stripped white space; the machines of today do not, and refuse the line.
    line = m.tape.source.read(at, size).rstrip()
    if len(line) < 2 or line[0] != line[-1] or line[0] not in b"'\"":
        raise DamagedError("a string without quotes", m.op_at)
    _push_line(m, unescape(line[1:-1], m.op_at).decode("latin-1"))


def unescape(line: bytes, at: int) -> bytes:
    r"""Return what the backslashes of a Python 2 string stand for.

    >>> unescape(rb"\x6fs\056path", 0)
    b'os.path'
    """
    if b"\\" not in line:
        return line

    def replace(found: re.Match[bytes]) -> bytes:
        newline, letter, octal, digits, broken, other = found.groups()
        if newline:
            return b""
        if letter:
            return bytes((_LETTERS[letter[0]],))
        if octal:
            return bytes((int(octal, 8) & 0xFF,))
        if digits:
            return bytes((int(digits, 16),))
        if broken or other is None:
            raise DamagedError("a broken escape in a string", at)
        return b"\\" + bytes(other)

    return _ESCAPE.sub(replace, line)


def _unicode(m: Machine) -> None:
    at, size = m.tape.line()
    if size > LONG:
        m.stack.append(Span("str", at, size, escaped=True))
        return
    try:
        _push_line(m, m.tape.source.read(at, size).decode("raw-unicode-escape"))
    except UnicodeDecodeError as error:
        raise DamagedError("a broken escape in a string", m.op_at) from error


def _push_line(m: Machine, value: str) -> None:
    if may_hold_pickle(value[:64].encode("utf-8", "surrogatepass")):
        suspect(m, value)
    m.stack.append(value)


def suspect(m: Machine, value: object) -> None:
    """Note a constant that may hold a pickle; only so many, then that there were more."""
    if len(m.suspects) < SUSPECTS:
        m.suspects.append((m.op_at, value))
    elif len(m.suspects) == SUSPECTS:
        m.suspects.append((m.op_at, None))


def read_again(m: Machine, at: int) -> str | bytes:
    """Return the string constant whose opcode stands at `at`; it was read before."""
    known = m.cache.get(at)
    if known is not None:
        return known
    head = m.tape.source.read(at, 9)
    width, kind = _AGAIN[head[0]]
    size = int.from_bytes(head[1 : 1 + width], "little")
    value = _decode(m, m.tape.source.read(at + 1 + width, size), kind)
    if not isinstance(value, str | bytes):
        raise DamagedError("the file changed while it was read", at)
    if len(m.cache) >= CACHE:
        m.cache.clear()
    m.cache[at] = value
    return value


_AGAIN: Final = {
    0x8C: (1, "str"),
    0x58: (4, "str"),
    0x8D: (8, "str"),
    0x55: (1, "latin"),
    0x54: (4, "latin"),
    0x43: (1, "bytes"),
    0x42: (4, "bytes"),
    0x8E: (8, "bytes"),
}

OPERATIONS: Final[dict[str, Callable[[Machine], None]]] = {
    "NONE": _constant(None),
    "NEWTRUE": _constant(True),
    "NEWFALSE": _constant(False),
    "INT": _int,
    "LONG": _long,
    "FLOAT": _float,
    "BININT": _fixed("<i"),
    "BININT1": _fixed("<B"),
    "BININT2": _fixed("<H"),
    "BINFLOAT": _fixed(">d"),
    "LONG1": _counted_long(1),
    "LONG4": _counted_long(4),
    "STRING": _string,
    "UNICODE": _unicode,
    "SHORT_BINUNICODE": _counted("str", 1),
    "BINUNICODE": _counted("str", 4),
    "BINUNICODE8": _counted("str", 8),
    "SHORT_BINSTRING": _counted("latin", 1),
    "BINSTRING": _counted("latin", 4),
    "SHORT_BINBYTES": _counted("bytes", 1),
    "BINBYTES": _counted("bytes", 4),
    "BINBYTES8": _counted("bytes", 8),
    "BYTEARRAY8": _counted("bytearray", 8),
}
