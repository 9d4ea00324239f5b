"""What the rules on R data share: words and facts about a piece of code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwarden.core import Evidence
from modelwarden.formats.identified.kind import plain

if TYPE_CHECKING:
    from collections.abc import Iterable

    from modelwarden.core.findings import Json
    from modelwarden.formats.rdata.code import Code

_NAMES = 20


def shown(code: Code) -> str:
    """Return what the code is, in words."""
    words = {"promise": "a promise", "function": "a function", "language": "an expression"}
    return words[code.kind.value] + (f" {plain(code.where)!r}" if code.where else "")


def evidence(code: Code, names: Iterable[str] = ()) -> Evidence:
    """Return the facts about a piece of code."""
    told = sorted(names)
    facts: dict[str, Json] = {"kind": code.kind.value, "name": plain(code.where)}
    if told:
        facts["calls"] = ", ".join(told[:_NAMES])
    return Evidence(at=code.at, facts=facts, identity=(code.kind.value, code.where, *told[:64]))
