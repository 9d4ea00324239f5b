"""Code in R data: what may run, with the calls in it."""

from __future__ import annotations

from dataclasses import field
from enum import StrEnum
from typing import NamedTuple, TypeAlias

from modelwarden.core.values import dataclass

_CALLS = 5000
_SYMBOLS = 5000
_ARGUMENTS = 8


class Kind(StrEnum):
    """When code runs.

    `PROMISE`: when the value that it stands for is looked at. `FUNCTION`: when it is called.
    `LANGUAGE`: when somebody evaluates it, as `predict` and `update` do with formulas and calls.
    """

    PROMISE = "promise"
    FUNCTION = "function"
    LANGUAGE = "language"


class Name(NamedTuple):
    """A name in code."""

    text: str


Argument: TypeAlias = "Name | str | Call | None"


@dataclass(slots=True)
class Call:
    """One call: what is called, and its first arguments (None: a number or anything else)."""

    head: Argument = None
    arguments: list[Argument] = field(default_factory=list)

    def put(self, place: int, what: Argument) -> None:
        """Set what is called (place 0) or an argument."""
        if place == 0:
            self.head = what
        elif place <= _ARGUMENTS:
            missing = place - len(self.arguments)
            self.arguments += [None] * missing
            self.arguments[place - 1] = what

    @property
    def name(self) -> str:
        """The name that is called, without the package before it; empty when it is computed."""
        if isinstance(self.head, Name):
            return self.head.text
        if isinstance(self.head, Call) and self.head.name in ("::", ":::"):
            last = self.head.arguments[1] if len(self.head.arguments) > 1 else None
            return last.text if isinstance(last, Name) else last if isinstance(last, str) else ""
        return ""


@dataclass(slots=True)
class Code:
    """One piece of code.

    Attributes:
        kind: when it runs. at: offset. where: name that it is bound to, or empty.
        binding: it is the value of a variable of an environment, not of a list or of the file.
        home: the environment that a function was made in: a package, or empty.
        pending: of a promise: nobody has evaluated it yet.
        compiled: bytecode is in it, whose names may be called.
        calls: in the order of the file. symbols: all names in it.
        cut: there are more calls or names than are kept.
    """

    kind: Kind
    at: int
    where: str = ""
    binding: bool = False
    home: str = ""
    pending: bool = False
    compiled: bool = False
    calls: list[Call] = field(default_factory=list)
    symbols: set[str] = field(default_factory=set)
    cut: bool = False

    def call(self) -> Call:
        """Add a call."""
        made = Call()
        if len(self.calls) < _CALLS:
            self.calls.append(made)
        else:
            self.cut = True
        return made

    def symbol(self, name: str) -> None:
        """Add a name."""
        if len(self.symbols) < _SYMBOLS:
            self.symbols.add(name)
        else:
            self.cut = True
