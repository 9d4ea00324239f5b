"""TensorFlow models as protobuf text (`saved_model.pbtxt`, `graph.pbtxt`): their operations.

TensorFlow loads `saved_model.pbtxt` where there is no `saved_model.pb`. The text is taken apart
into field names and strings; strings that stand side by side are one, as the parser has it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from modelwarden.core import Gap, GapKind
from modelwarden.core.patterns import lazily
from modelwarden.formats.config.text import Shape, decoded, shape_of
from modelwarden.formats.limits import LimitExceededError
from modelwarden.formats.view import DamagedError, gap

if TYPE_CHECKING:
    from modelwarden.formats.limits import Limits
    from modelwarden.formats.source import Source
    from modelwarden.formats.tensorflow.graph import Operation
    from modelwarden.formats.tensorflow.reader import TensorflowModel

_SIZE = 64 << 20
_DEPTH = 200
_SHOWN = 300
_LISTED = 100_000
_NAMES = ("saved_model.pbtxt", "graph.pbtxt")
_LIKE = lazily(rb"(?:^|[\s{;,<])(?:node|meta_graphs|graph_def|node_def)\s*:?\s*[{<]")
_OPERATION = lazily(rb"(?:^|[\s{;,<])op\s*:")
_TOKEN = lazily(
    r"(?:\s|#[^\n]*(?:\n|$))*(?:"
    r"(?P<string>\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*')"
    r"|(?P<open>[{<\[])|(?P<close>[}>\]])|(?P<mark>[:;,])"
    r"|(?P<word>[^\s\"'{}<>\[\]:;,#]+))"
)
_ESCAPE = lazily(r"\\(?:([0-7]{1,3})|x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_LETTERS = {"n": "\n", "r": "\r", "t": "\t"}


class Value(NamedTuple):
    """A string: the names of the fields around it, itself, and its offset in characters."""

    fields: tuple[str, ...]
    text: str
    at: int


def sniff(source: Source) -> bool:
    """Tell whether this is the text of a graph, by its field names or the name it is loaded by."""
    if shape_of(source) is Shape.NONE:
        return False
    if source.name.rpartition("/")[2] in _NAMES:
        return True
    head = source.read(0, 1 << 16)
    return _LIKE.search(head) is not None and _OPERATION.search(head) is not None


def read(source: Source, limits: Limits) -> TensorflowModel:
    """Collect the operations; text that breaks off is a gap, what came before it is kept."""
    # Imported here: `sniff` is asked about every text.
    from modelwarden.formats.tensorflow.reader import TensorflowModel

    operations: dict[str, Operation] = {}
    functions: set[str] = set()
    assets: list[str] = []
    gaps: tuple[Gap, ...] = ()
    node = ""
    try:
        for value in values(decoded(source, min(_SIZE, limits.memory)), limits):
            field, text = value.fields[-1], value.text[:_SHOWN]
            above = value.fields[-2:-1]
            if above in {("node",), ("node_def",)} and field == "name":
                node = text
            elif above in {("node",), ("node_def",)} and field == "op":
                _count(operations, text, node, value.at)
            elif above == ("signature",) and field == "name":
                functions.add(text)
            elif above == ("asset_file_def",) and field == "filename":
                assets.append(text)
    except LimitExceededError as over:
        gaps = (gap(source, str(over), GapKind.OVER_LIMIT),)
    except DamagedError as damage:
        gaps = (gap(source, damage.why, at=damage.offset),)
    return TensorflowModel(
        source=source,
        format="tensorflow-text",
        gaps=gaps,
        operations=tuple(operations.values()),
        functions=frozenset(functions),
        assets=tuple(assets),
    )


def _count(operations: dict[str, Operation], kind: str, node: str, at: int) -> None:
    from modelwarden.formats.tensorflow.graph import Operation

    known = operations.get(kind)
    if known is not None:
        known.count += 1
    elif len(operations) < _LISTED:
        operations[kind] = Operation(kind, node, "", at)


def values(text: str, limits: Limits) -> Iterator[Value]:
    """Yield every string of a protobuf text with the fields that it is in.

    Raises:
        DamagedError: after what came before the damage was yielded.
        LimitExceededError: nested deeper than any graph.
    """
    stack: list[str] = []
    name, parts, at, begin = "", list[str](), 0, 0
    while match := _TOKEN.match(text, at):
        limits.spend(operations=1)
        kind, token = match.lastgroup or "", match[match.lastgroup or 0]
        if kind == "string":
            begin = begin if parts else match.start(kind)
            parts.append(token[1:-1])
        elif parts:
            yield Value((*stack, name), _joined(parts), begin)
            parts = []
        at = match.end()
        if kind == "word":
            name = token
        elif kind in {"open", "close"}:
            name = _nested(stack, name, token, at)
    if parts:
        yield Value((*stack, name), _joined(parts), begin)
    if stack or text[at:].strip():
        raise DamagedError("protobuf text that breaks off", at)


def _nested(stack: list[str], name: str, bracket: str, at: int) -> str:
    """Follow a bracket; return the name of the field that the next value belongs to."""
    if bracket in "{<[":
        stack.append(name)
        if len(stack) > _DEPTH:
            raise LimitExceededError("nesting of a protobuf text", _DEPTH)
        # The values of a list stay in the field that it is the value of.
        return name if bracket == "[" else ""
    if not stack:
        raise DamagedError("a bracket that closes nothing", at)
    return stack.pop()


def _joined(parts: list[str]) -> str:
    return "".join(_ESCAPE.sub(_character, part) for part in parts)


def _character(match: re.Match[str]) -> str:
    octal, short, long, letter = match.groups()
    if octal or short or long:
        number = int(octal, 8) if octal else int(short or long, 16)
        return chr(number)
    return _LETTERS.get(letter, letter)
