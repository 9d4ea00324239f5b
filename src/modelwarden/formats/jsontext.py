"""JSON of any size in one pass: its grammar proved, and the keys kept that tell what it is.

Nothing is built from the values. Long runs of scalars, which is what models and data sets written
as JSON consist of, are matched by one regular expression each, so a megabyte costs milliseconds
and the memory is that of a window.

What Python's `json` writes beyond the standard (`NaN`, `Infinity`) is taken as well, and so are
JSON lines (several values, one after another).
"""

from __future__ import annotations

import codecs
import re
from dataclasses import field
from functools import lru_cache
from typing import TYPE_CHECKING, NoReturn

from modelwarden.core.values import dataclass
from modelwarden.formats.limits import LimitExceededError
from modelwarden.formats.view import DamagedError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from modelwarden.formats.limits import Limits
    from modelwarden.formats.source import Source

MAX_DEPTH = 256
_ARRAY = 0x5B  # [
_CHUNK = 1 << 20
_OUTLINED = 3  # levels of objects and arrays whose keys are looked at
_PATHS = 256
_RAW = 256

_WS = rb"[ \t\n\r]*+"
_STRING = rb'"[^"\\\x00-\x1f]*+(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*+)*+"'
SCALAR = (
    _STRING + rb"|-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?+(?:[eE][+-]?[0-9]++)?+"
    rb"|true|false|null|NaN|-?Infinity"
)
_ITEMS = re.compile(rb"(?:" + _WS + rb"(?:" + SCALAR + rb")" + _WS + rb",)*+")
_MEMBER = _WS + _STRING + _WS + rb":" + _WS + rb"(?:" + SCALAR + rb")" + _WS + rb","
_MEMBERS = re.compile(rb"(?:" + _MEMBER + rb")*+")
_PAIR = re.compile(
    _WS + rb"(" + _STRING + rb")" + _WS + rb":" + _WS + rb"(" + SCALAR + rb")" + _WS + rb"(?:,|$)"
)
# An object or array of scalars alone, behind its key or as an item, with a comma behind it.
_NAMED = _STRING + _WS + rb":" + _WS + rb"(?:" + SCALAR + rb")" + _WS
_FLAT = (
    rb"(?:\["
    + _WS
    + rb"((?:(?:"
    + SCALAR
    + rb")"
    + _WS
    + rb"(?:,"
    + _WS
    + rb"(?:"
    + SCALAR
    + rb")"
    + _WS
    + rb")*+)?+)\]|\{"
    + _WS
    + rb"((?:"
    + _NAMED
    + rb"(?:,"
    + _WS
    + _NAMED
    + rb")*+)?+)\})"
)
_FLAT_ROW = re.compile(_WS + _FLAT)
_FLAT_ITEM = re.compile(_WS + _FLAT + _WS + rb",")
_FLAT_MEMBER = re.compile(_WS + rb"(" + _STRING + rb")" + _WS + rb":" + _WS + _FLAT + _WS + rb",")
_TOKEN = re.compile(_WS + rb"([\[\]{},:]|" + SCALAR + rb")")
_SPACE = re.compile(_WS)
_SHORT_ARRAY = re.compile(rb"\[[^\[\]{}]{0,128}\]")
_CUT = re.compile(rb'"(?:[^"\\]|\\.)*+\\?$|[-+.\w]*+$', re.DOTALL)
_CUT_NUMBER = re.compile(rb"[.eE][+-]?\Z|\Z")
_START = re.compile(
    rb"(?:\xef\xbb\xbf)?" + _WS + rb'(?:\{[ \t\n\r]*(?:["}]|$)'
    rb'|\[[ \t\n\r]*(?:["\[\]{0-9]|-[0-9I]|true|false|null|NaN|Inf|$))'
)


@dataclass(slots=True)
class Outline:
    """What one pass over a JSON text shows.

    Attributes:
        top: `{` or `[` for the first value.
        values: top-level values; more than one are JSON lines.
        keys: the keys that were asked for, by path (`learner.version`, `[].weights` in an array),
            each with the raw text of its value: at most 256 bytes of a scalar, all of a short
            array, or the opening bracket.
        damage: where and how the grammar breaks; the keys before it stand.
        over: the bound that ended the pass, or None.
    """

    top: str = ""
    values: int = 0
    keys: dict[str, bytes] = field(default_factory=dict)
    damage: DamagedError | None = None
    over: LimitExceededError | None = None

    def text(self, path: str) -> str | None:
        """Return a string value, or None when it is absent, cut or not a string."""
        raw = self.keys.get(path, b"")
        if len(raw) < 2 or raw[:1] != b'"' or raw[-1:] != b'"':
            return None
        return _unescaped(raw)


def starts_like_json(head: bytes) -> bool:
    """Tell whether the first bytes can begin a JSON object or array."""
    return _START.match(head) is not None


def outline(
    source: Source, wanted: Iterable[str], limits: Limits | None = None, *, end: int | None = None
) -> Outline:
    """Read the JSON text in `source` to its end.

    Args:
        source: UTF-8, with or without a byte order mark.
        wanted: names of the keys to be kept.
        limits: time, operations and memory are bound by it.
        end: read only so far and take the cut as the end of the data, not as damage.

    Returns:
        The outline; damage and hit limits stand in it.
    """
    scan = Scan(source, frozenset(wanted), limits, end)
    try:
        scan.run()
    except DamagedError as damage:
        if end is None or end >= source.size or not scan.starved:
            scan.seen.damage = damage
    except LimitExceededError as over:
        scan.seen.over = over
    return scan.seen


def _unescaped(raw: bytes) -> str:
    import json

    try:
        value = json.loads(raw)
    except ValueError:
        return ""
    return value if isinstance(value, str) else ""


class Scan:
    """A stack of open brackets and a window over the text.

    What is done with the values is up to four hooks: `run_of`, `scalar`, `opened` and `closed`.
    """

    named = _OUTLINED
    """Levels in which the names of members are told to `scalar` and `opened`."""

    def __init__(
        self, source: Source, wanted: frozenset[str], limits: Limits | None, end: int | None
    ) -> None:
        self.source = source
        self.wanted = wanted
        self.limits = limits
        self.end = source.size if end is None else min(end, source.size)
        self.seen = Outline()
        self.base = 3 if source.head.startswith(codecs.BOM_UTF8) else 0
        self.window = b""
        self.at = 0
        self.decoder = codecs.getincrementaldecoder("utf-8")("strict")
        self.stack = bytearray()
        self.path: list[str] = []
        self.fresh = False
        self.starved = False
        self.interest = _interest(wanted)

    def run(self) -> None:
        """Read value after value."""
        self.more()
        while self.something():
            if flat := _FLAT_ROW.match(self.window, self.at):
                self.seen.top = self.seen.top or ("{" if flat[1] is None else "[")
                self.flat(flat, named=False)
                self.seen.values += 1
                continue
            self.fresh = self.value()
            self.seen.values += 1
            while self.stack:
                self.step()

    def something(self) -> bool:
        """Step over space; tell whether anything follows."""
        while True:
            if space := _SPACE.match(self.window, self.at):
                self.at = space.end()
            if self.at < len(self.window):
                return True
            if not self.more():
                return False

    def step(self) -> None:
        """Read the scalars that follow in the innermost bracket, then one value or its end."""
        array = self.stack[-1] == _ARRAY
        fresh, self.fresh = self.fresh, False
        run = (_ITEMS if array else _MEMBERS).match(self.window, self.at)
        if run and run.end() > self.at:
            self.run_of(self.at, run.end(), array=array)
            self.at = run.end()
            fresh = False
            if self.limits is not None:
                self.limits.spend(operations=1)
        if len(self.stack) < MAX_DEPTH and (
            flat := (_FLAT_ITEM if array else _FLAT_MEMBER).match(self.window, self.at)
        ):
            return self.flat(flat, named=not array)
        if self.peek() == (b"]" if array else b"}"):
            if not fresh:
                self.fail("a comma before a closing bracket")
            self.token()
            self.stack.pop()
            self.closed()
            return self.behind()
        self.fresh = self.value() if array else self.member()
        return None if self.fresh else self.behind()

    def flat(self, found: re.Match[bytes], *, named: bool) -> None:
        """Take an object or array of nothing but scalars, as a whole."""
        name = ""
        if named and len(self.stack) <= self.named:
            name = _name(found[1])
        place = found.lastindex or 0  # of the group that matched last: what stands in the brackets
        array = place == 1 + named
        self.at = found.start(place)
        bracket = b"[" if array else b"{"
        self.opened(name, bracket)
        self.stack += bracket
        if found.start(place) < found.end(place):
            self.run_of(found.start(place), found.end(place), array=array)
        self.stack.pop()
        self.closed()
        self.at = found.end()
        if self.limits is not None:
            self.limits.spend(operations=1)

    def member(self) -> bool:
        """Read one key with its value; True when that is an opening bracket."""
        key = self.token()
        if key[:1] != b'"':
            self.fail("a key that is not a string")
        if self.token() != b":":
            self.fail("a key without a colon")
        return self.value(_name(key) if len(self.stack) <= self.named else "")

    def value(self, name: str = "") -> bool:
        """Read a scalar, or the opening bracket of anything else: then True."""
        token = self.token()
        if token in (b"]", b"}", b",", b":"):
            self.fail("a value is missing")
        if not self.seen.top:
            self.seen.top = token[:1].decode()
        if token not in (b"[", b"{"):
            self.scalar(name, token)
            return False
        if len(self.stack) >= MAX_DEPTH:
            raise LimitExceededError("levels of JSON", MAX_DEPTH)
        self.opened(name, token)
        self.stack += token
        return True

    def behind(self) -> None:
        """Read the comma behind a value, or the brackets that end what holds it."""
        while self.stack:
            token = self.token()
            if token == b",":
                return
            if token != (b"]" if self.stack[-1] == _ARRAY else b"}"):
                self.fail("a comma or a closing bracket is missing")
            self.stack.pop()
            self.closed()

    def run_of(self, start: int, end: int, *, array: bool) -> None:
        """Take scalars of the window, each with a comma behind it."""
        if not array:
            self.note_run(start, end)

    def scalar(self, name: str, token: bytes) -> None:
        """Take one scalar."""
        if name in self.wanted:
            self.note(name, token)

    def opened(self, name: str, token: bytes) -> None:
        """Take the opening of an object or array, before it is on the stack."""
        if name in self.wanted:
            self.note(name, token)
        if len(self.path) < _OUTLINED:
            self.path.append(name)

    def closed(self) -> None:
        """Take the end of an object or array, after it is off the stack."""
        del self.path[len(self.stack) :]

    def note(self, name: str, raw: bytes) -> None:
        """Keep a wanted key of the outer levels."""
        if raw == b"[" and (short := _SHORT_ARRAY.match(self.window, self.at - 1)):
            raw = short[0]
        keys = self.seen.keys
        if len(self.stack) == 1 or len(keys) < _PATHS:
            prefix = "".join(
                f"{part}." * bool(part) + "[]." * (bracket == _ARRAY)
                for bracket, part in zip(self.stack, self.path, strict=False)
            )
            keys.setdefault(prefix + name, raw[:_RAW])

    def note_run(self, start: int, end: int) -> None:
        """Keep the wanted keys of a run of scalar members."""
        if len(self.stack) > _OUTLINED or not self.interest.search(self.window, start, end):
            return
        for pair in _PAIR.finditer(self.window, start, end):
            if (name := _name(pair[1])) in self.wanted:
                self.note(name, pair[2])

    def peek(self) -> bytes:
        """Return the next byte that is no space, without stepping over it."""
        if not self.something():
            self.starved = True
            self.fail("it ends before it is complete")
        return self.window[self.at : self.at + 1]

    def token(self) -> bytes:
        """Return the next token and step behind it."""
        found = _TOKEN.match(self.window, self.at)
        # What touches the end of the window may go on behind it.
        while not found or (
            found[1] not in b"[]{},:" and _CUT_NUMBER.match(found.string, found.end())
        ):
            went_on = self.more()  # moves the window
            found = _TOKEN.match(self.window, self.at)
            if not went_on:
                break
        if found:
            self.at = found.end()
            return found[1]
        rest = self.something()
        self.starved = not rest or _CUT.match(self.window, self.at) is not None
        return self.fail("no JSON from here on" if rest else "it ends before it is complete")

    def more(self) -> bool:
        """Read on behind the window; tell whether there was anything."""
        here = self.base + len(self.window)
        size = min(max(_CHUNK, len(self.window) - self.at), self.end - here)
        data = self.source.read(here, size) if size > 0 else b""
        if self.limits is not None:
            self.limits.check_time()
            if len(self.window) - self.at + len(data) > self.limits.memory:
                raise LimitExceededError("bytes of one JSON string", self.limits.memory)
        try:
            self.decoder.decode(data, final=not data and self.end == self.source.size)
        except UnicodeDecodeError as error:
            raise DamagedError("not UTF-8", here + error.start) from None
        self.base += self.at
        self.window = self.window[self.at :] + data
        self.at = 0
        return bool(data)

    def fail(self, why: str) -> NoReturn:
        """Say what is wrong here."""
        raise DamagedError(f"not valid JSON: {why}", self.base + self.at)


@lru_cache(maxsize=64)
def _interest(wanted: frozenset[str]) -> re.Pattern[bytes]:
    """Return what a run with one of these keys in it has, which may be spelled by escapes."""
    names = b"|".join(re.escape(name.encode()) for name in sorted(wanted)) or rb"(?!)"
    return re.compile(rb'"(?:' + names + rb')"[ \t\n\r]*:|\\u')


def _name(key: bytes) -> str:
    return _unescaped(key) if b"\\" in key else key[1:-1].decode("utf-8", "replace")
