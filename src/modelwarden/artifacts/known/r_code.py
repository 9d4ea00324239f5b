"""What code in R data does, told by the functions that it calls."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from modelwarden.artifacts.known import r_functions as known
from modelwarden.core.values import dataclass
from modelwarden.formats.rdata.code import Call, Kind, Name

if TYPE_CHECKING:
    from modelwarden.formats.rdata.code import Argument, Code
    from modelwarden.formats.rdata.reader import RData

_FINDS = frozenset({"do.call", "match.fun", "get", "get0", "call", "as.name", "as.symbol"})
_LANGUAGE = known.STRICT | {"parse", "str2lang", "str2expression"}


@dataclass(slots=True)
class Does:
    """What one piece of code does.

    Attributes:
        runs: functions that it calls or hands on, which run programs or text, or connect.
        files: functions that it calls, which read or write files.
        unknown: functions that nobody has looked at, and calls of something that is computed.
    """

    runs: dict[str, None] = field(default_factory=dict)
    files: dict[str, None] = field(default_factory=dict)
    unknown: dict[str, None] = field(default_factory=dict)


_newest: list[tuple[RData, tuple[tuple[Code, Does], ...]]] = []


def judged(data: RData) -> tuple[tuple[Code, Does], ...]:
    """Judge every piece of code that can still run, once for all rules that ask."""
    if not _newest or _newest[0][0] is not data:
        can_run = (c for c in data.codes if c.kind is not Kind.PROMISE or c.pending)
        _newest[:] = [(data, tuple((code, _does(code, data.bound)) for code in can_run))]
    return _newest[0][1]


def _does(code: Code, bound: frozenset[str]) -> Does:
    does = Does()
    runs = _LANGUAGE if code.kind is Kind.LANGUAGE else known.RUNS
    for call in code.calls:
        name = call.name
        if name in runs:
            does.runs[name] = None
        elif code.kind is not Kind.LANGUAGE:
            _look(call, name, bound, does)
        elif name in _FINDS and not _is_named(call):
            does.unknown[f"{name} of something computed"] = None
        if name in known.APPLY:
            does.runs |= dict.fromkeys(_named(call) & known.STRICT)
    # A variable of a formula may be called `source`: there, only a call of something computed asks.
    names_count = code.kind is not Kind.LANGUAGE or any(not call.name for call in code.calls)
    handed = known.STRICT if names_count else frozenset()
    does.runs |= dict.fromkeys(sorted(code.symbols & handed))
    if code.cut:
        does.unknown["more than is looked at"] = None
    return does


def _look(call: Call, name: str, bound: frozenset[str], does: Does) -> None:
    """Sort a call in a function or a promise that runs nothing by its name."""
    if name in known.FILES:
        does.files[name] = None
    elif name in known.NAMED and not _is_named(call):
        does.unknown[f"{name} of something computed"] = None
    elif not name and not isinstance(call.head, Call):
        does.unknown["something computed"] = None
    elif name and name not in known.KNOWN and name not in known.INDIRECT and name not in bound:
        does.unknown[name[:100]] = None


def _is_named(call: Call) -> bool:
    """Tell whether what is called is written down: a name, a text, or a part of a package."""
    first: Argument = call.arguments[0] if call.arguments else None
    if isinstance(first, Call):
        return first.name in {"::", ":::", "function", "quote"}
    return isinstance(first, Name | str)


def _named(call: Call) -> set[str]:
    return {
        argument if isinstance(argument, str) else argument.text
        for argument in call.arguments
        if isinstance(argument, str | Name)
    }
