"""What Python code does with names from outside of itself: the facts that rules judge."""

from __future__ import annotations

from dataclasses import field
from enum import Enum
from typing import TYPE_CHECKING

from modelwarden.core.values import dataclass

if TYPE_CHECKING:
    from modelwarden.formats.python.values import Value


UNKNOWN = "(unknown)"
"""What stands in a path for an object of which nothing is known."""


class When(Enum):
    """When a piece of code runs.

    `IMPORT`: the file is imported (or installed, for a build script). `LOAD`: a loader calls it
    for the model (`from_pretrained`, `_load_pyfunc`, `__setstate__`, a handler's `initialize`).
    `SCRIPT`: the file is run as a program. `LATER`: whoever uses the model calls it.
    """

    IMPORT = "import"
    LOAD = "load"
    SCRIPT = "script"
    LATER = "later"


class Kind(Enum):
    """What is done with a name.

    `CALL`: it is called. `HANDED`: it is given to something that may call it. `SET`: it is
    replaced. `COMPUTED`: it is looked up by a name that cannot be told. `MACHINERY`: the way to
    it leads through the inside of Python.
    """

    CALL = "call"
    HANDED = "handed"
    SET = "set"
    COMPUTED = "computed"
    MACHINERY = "machinery"


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that the code does with a name from outside of itself.

    Attributes:
        path: dotted, as imported: `os.system`, `socket.socket().connect`.
        line: 1-based.
        args: positional arguments as far as they are known. named: keyword arguments.
        made: how the name was written: empty for plainly, `joined` from pieces, or `decoded`.
        nested: the code stands in a text that other code evaluates; what made that text.
    """

    kind: Kind
    path: str
    when: When
    line: int
    args: tuple[Value, ...] = ()
    named: dict[str, Value] = field(default_factory=dict)
    made: str = ""
    nested: str | None = None

    @property
    def origins(self) -> frozenset[str]:
        """Names of the calls whose results flow into the arguments."""
        values = (*self.args, *self.named.values())
        return frozenset().union(*(value.flows for value in values))
