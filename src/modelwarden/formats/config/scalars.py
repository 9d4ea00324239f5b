"""JSON and YAML as a stream of scalars with the path to each; no tree is ever built.

Aliases of collections are not expanded, tags are not resolved to types, and nesting costs one
list entry.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from json.decoder import JSONDecodeError, JSONDecoder
from typing import TYPE_CHECKING, Final

from modelwarden.core.values import dataclass
from modelwarden.formats.limits import LimitExceededError
from modelwarden.formats.view import DamagedError

if TYPE_CHECKING:
    from yaml.events import Event

DEPTH = 500
_ALIASED = 1000
_STEPS = 12
_TOKEN: Final = re.compile(r'[ \t\r\n\ufeff]*(?:("|[{}\[\],:])|([^\s"{}\[\],:]+))')
_STRINGS = JSONDecoder(strict=False)
_LITERAL: Final = re.compile(
    r"true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?|NaN|-?Infinity"
)
_PLAIN: Final = re.compile(
    r"(?i)|~|null|true|false|yes|no|on|off|[-+]?[\d.][\d_.,:xobea-f+-]*|[-+]?\.(?:inf|nan)"
)
"""What YAML takes for something else than text, and a little more: dates, versions, hashes."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """One value of a configuration.

    Attributes:
        path: of keys and positions, `a.b[0]`; only the last dozen steps.
        key: the last key on the path, also for items of a list under it.
        value: the text; numbers and words like `true` as written.
        text: it is a string, not a number or a word like `true`.
        line: 1-based.
        tag: YAML's, in full; None when there is none.
    """

    path: str
    key: str
    value: str
    text: bool
    line: int
    tag: str | None = None


class _Place:
    """Where we are: keys and positions from the root."""

    def __init__(self) -> None:
        self.steps: list[str | int] = []

    def push(self, step: str | int) -> None:
        if len(self.steps) >= DEPTH:
            raise LimitExceededError("nesting of a configuration", DEPTH)
        self.steps.append(step)

    def advance(self) -> None:
        if self.steps and isinstance(self.steps[-1], int):
            self.steps[-1] += 1

    @property
    def key(self) -> str:
        return next((s for s in reversed(self.steps[-3:]) if isinstance(s, str)), "")

    @property
    def path(self) -> str:
        parts: list[str] = []
        for step in self.steps[-_STEPS:]:
            if isinstance(step, int):
                parts.append(f"[{step}]")
            else:
                parts.append(("." if parts else "") + step[:100])
        return "".join(parts)


def json_scalars(
    text: str, spend: Callable[[], None], root: Callable[[str], None] | None = None
) -> Iterator[Scalar]:
    """Yield the scalars of one or more JSON documents, one after another.

    Args:
        text: the whole text.
        spend: called for every token; may raise `LimitExceededError`.
        root: told of each document that is an object or an array, by the mark that opens it.

    Raises:
        DamagedError: after what came before the damage was yielded.
    """
    place = _Place()
    grammar = _Grammar(place)
    at, line, counted = 0, 1, 0
    while match := _TOKEN.match(text, at):
        spend()
        mark, word = match.groups()
        start, at = match.start(1 if mark else 2), match.end()
        if mark is not None and mark != '"':
            if root is not None and not place.steps:
                root(mark)
            grammar.structure(mark, start)
            continue
        if mark == '"':
            value, at = _string(text, at)
        elif _LITERAL.fullmatch(word):
            value = word
        else:
            raise DamagedError("not a value of JSON", start)
        if mark and grammar.is_key(value):
            continue
        path, key = place.path, place.key
        grammar.value(start)
        line, counted = line + text.count("\n", counted, start), start
        yield Scalar(path, key, value, mark == '"', line)
    if text[at:].strip() or place.steps:
        raise DamagedError("JSON that breaks off", at)


class _Grammar:
    """What may come next in JSON: a key, a colon, a value, or the next item (or the end)."""

    def __init__(self, place: _Place) -> None:
        self.place = place
        self.want = "value"
        self.fresh = False

    def is_key(self, text: str) -> bool:
        """Take `text` as a key when one is due."""
        if self.want != "key":
            return False
        self.place.steps[-1] = text
        self.want, self.fresh = "colon", False
        return True

    def value(self, at: int) -> None:
        """Take a value."""
        self._need("value", at)
        self.want = "next" if self.place.steps else "value"

    def structure(self, mark: str, at: int) -> None:
        """Take one structural character."""
        if mark in "{[":
            self._need("value", at)
            self.place.push("" if mark == "{" else 0)
            self.want, self.fresh = "key" if mark == "{" else "value", True
        elif mark in "}]":
            if not self.fresh:
                self._need("next", at)
            steps = self.place.steps
            if not steps or isinstance(steps[-1], int) != (mark == "]"):
                raise DamagedError(f"{mark} closes nothing", at)
            steps.pop()
            self.want, self.fresh = "next" if steps else "value", False
        elif mark == ",":
            self._need("next", at)
            self.place.advance()
            self.want = "key" if isinstance(self.place.steps[-1], str) else "value"
        else:
            self._need("colon", at)
            self.want = "value"

    def _need(self, what: str, at: int) -> None:
        if self.want != what:
            raise DamagedError(f"JSON that is out of order: a {self.want} was due", at)
        self.fresh = False


def _string(text: str, at: int) -> tuple[str, int]:
    try:
        value, end = _STRINGS.raw_decode(text, at - 1)
    except JSONDecodeError as error:
        raise DamagedError(f"not a string of JSON: {error.msg}", error.pos) from error
    return str(value), end


def yaml_scalars(
    text: str, spend: Callable[[], None], expanded: Callable[[int], None] | None = None
) -> Iterator[Scalar]:
    """Yield the scalars of a YAML stream from its events, and its tagged collections.

    A tagged sequence or mapping is yielded as a scalar with empty value. `spend` as above.
    `expanded` is told how many values there are when every alias is written out.

    Raises:
        DamagedError: after what came before the damage was yielded.
    """
    import yaml

    walk = _YamlWalk()
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            spend()
            found = walk.take(event)
            if found is not None:
                yield found
        if expanded is not None:
            expanded(walk.weights[0])
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        at = None if mark is None else len(text[: mark.index].encode(errors="replace"))
        problem = str(getattr(error, "problem", None) or error)[:120]
        raise DamagedError(f"not YAML: {problem!r}", at) from error
    except (ValueError, RecursionError) as error:
        raise DamagedError(f"not YAML: {str(error)[:120]!r}") from error


class _YamlWalk:
    """Follows events; knows for each open collection whether a key or a value comes next."""

    def __init__(self) -> None:
        self.place = _Place()
        self.keyed: list[bool] = []
        self.anchors: dict[str, Event] = {}
        self.weights = [0]
        self.open: list[str | None] = []
        self.known: dict[str, int] = {}

    def _weigh(self, name: str, anchor: str | None) -> None:
        """Count the values that stand in each collection when its aliases are written out."""
        if name.endswith(("pingStartEvent", "enceStartEvent")):
            self.weights.append(1)
            self.open.append(anchor)
        elif name.endswith(("pingEndEvent", "enceEndEvent")):
            weight, held = self.weights.pop(), self.open.pop()
            self.weights[-1] += weight
            if held:
                self.known[held] = weight
        elif name in ("ScalarEvent", "AliasEvent"):
            self.weights[-1] += self.known.get(anchor or "", 1) if name == "AliasEvent" else 1

    def take(self, event: Event) -> Scalar | None:
        name = type(event).__name__
        found = None
        anchor = getattr(event, "anchor", None)
        self._weigh(name, anchor)
        if name == "AliasEvent" and anchor in self.anchors:
            event, name = self.anchors[anchor], "ScalarEvent"
        elif anchor:
            self._anchor(anchor, event, name)
        if name == "ScalarEvent":
            found = self._scalar(event)
        elif name in {"MappingStartEvent", "SequenceStartEvent"}:
            tag = getattr(event, "tag", None)
            found = self._made(event, "", tag) if tag else None
            self.place.push("" if name.startswith("M") else 0)
            self.keyed.append(False)
            return found
        elif name in {"MappingEndEvent", "SequenceEndEvent"}:
            self.place.steps.pop()
            self.keyed.pop()
        elif name != "AliasEvent":
            return None
        self._turn()
        return found

    def _anchor(self, anchor: str, event: Event, name: str) -> None:
        """Remember what a short scalar says, for its aliases; a collection stands where it is."""
        if name == "ScalarEvent" and len(str(getattr(event, "value", ""))) <= _ALIASED:
            self.anchors[anchor] = event
        else:
            self.anchors.pop(anchor, None)

    def _scalar(self, event: Event) -> Scalar | None:
        value, tag = str(getattr(event, "value", "")), getattr(event, "tag", None)
        if self.keyed and isinstance(self.place.steps[-1], str) and not self.keyed[-1]:
            self.place.steps[-1] = value
            return self._made(event, value, tag) if tag else None
        return self._made(event, value, tag)

    def _made(self, event: Event, value: str, tag: str | None) -> Scalar:
        plain = getattr(event, "style", None) in {None, ""} and not tag
        line = event.start_mark.line + 1 if event.start_mark else 1
        text = not plain or _PLAIN.fullmatch(value) is None
        return Scalar(self.place.path, self.place.key, value, text, line, tag)

    def _turn(self) -> None:
        """A node is complete: in a mapping key and value alternate, a sequence counts on."""
        if not self.keyed:
            return
        self.keyed[-1] = not self.keyed[-1]
        self.place.advance()
