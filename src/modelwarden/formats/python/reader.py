"""Python source: what its code does with names from outside of itself, and when.

The text is parsed and followed, never run. Names are followed through imports, assignments,
functions and classes of the file, and constants are worked out where texts are put together or
decoded. What cannot be told (an import of a computed name) is kept as such.
"""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from modelwarden.core import Gap, GapKind
from modelwarden.core.values import dataclass
from modelwarden.formats.limits import LimitExceededError, Limits
from modelwarden.formats.plaintext import PlainText, tokens_of
from modelwarden.formats.python.acts import Act, Kind
from modelwarden.formats.python.parse import parse
from modelwarden.formats.python.source_text import text_of
from modelwarden.formats.python.walk import Walk
from modelwarden.formats.source import Source
from modelwarden.formats.view import Child, DamagedError, gap

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modelwarden.formats.tokens import Token

_PICKLES = frozenset(
    "pickle.loads _pickle.loads cPickle.loads dill.loads cloudpickle.loads joblib.load".split()
)
_CHILDREN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonFile(PlainText):
    """A Python program.

    Attributes:
        acts: what it does with names from outside, in the order in which it would happen.
        imports: modules that it imports, each with the first line.
        odd_encoding: it is written in an encoding that hides what it says.
        program: it is a build script or a notebook: somebody runs it, nothing imports it.
    """

    acts: tuple[Act, ...] = ()
    imports: Mapping[str, int] = field(default_factory=dict)
    odd_encoding: bool = False
    program: bool = False


def read(source: Source, limits: Limits, *, kind: str = "python", sure: bool = True) -> PythonFile:
    """Follow a program; what cannot be followed is a gap.

    Args:
        source: the text.
        limits: bounds.
        kind: format, `python` or one that is made of Python.
        sure: its name says that it is Python; else text that is no Python may be other code.
    """
    gaps: list[Gap] = []
    walk = Walk(lambda steps: limits.spend(operations=steps))
    encoding, odd = "utf-8", False
    tokens: tuple[Token, ...] = ()
    try:
        text, encoding, odd = text_of(source, min(limits.memory // 8, 4 << 20))
        tokens = tokens_of(text, settings=False)
        if kind == "pth":
            text = startup_lines(text)
        tree = parse(text)
        limits.check_time()
        walk.program(tree, hubconf=source.label.endswith("hubconf.py"))
    except LimitExceededError as over:
        gaps.append(gap(source, str(over), GapKind.OVER_LIMIT))
    except RecursionError:
        gaps.append(gap(source, "Python code that is nested too deep", GapKind.OVER_LIMIT))
    except DamagedError as damage:
        why = damage.why if sure else f"looks like code, and is {damage.why}"
        gaps.append(
            gap(
                source, f"code that was not examined: {why}", GapKind.UNEXAMINED_CODE, damage.offset
            )
        )
    return PythonFile(
        source=source,
        format=kind,
        gaps=tuple(gaps),
        encoding=encoding,
        acts=tuple(walk.acts),
        imports=dict(walk.imports),
        odd_encoding=odd,
        tokens=tokens,
        program=kind == "notebook-code",
        children=tuple(_children(source, walk.acts)),
    )


def startup_lines(text: str) -> str:
    """Return the lines of a `.pth` file that Python runs when it starts; the others are folders."""
    lines = text.split("\n")
    return "\n".join(line if line.startswith(("import ", "import\t")) else "" for line in lines)


def _children(source: Source, acts: list[Act]) -> list[Child]:
    """Return pickles that stand in the code as constants."""
    found: list[Child] = []
    for act in acts:
        data = act.args[0].const if act.args else None
        if act.kind is Kind.CALL and act.path in _PICKLES and isinstance(data, bytes) and data:
            name = f"line {act.line}"
            if len(found) < _CHILDREN and name not in {c.name for c in found}:
                found.append(_child(source, data, name))
    return found


def _child(source: Source, data: bytes, name: str) -> Child:
    return Child(name, lambda: source.nested(data, name, expect="pickle"))
