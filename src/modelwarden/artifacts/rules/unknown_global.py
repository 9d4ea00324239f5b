"""The rule `unknown-global`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwarden.artifacts.known import Judgement
from modelwarden.artifacts.rules._pickles import cut, hits, shown, uses_of
from modelwarden.core import Hit, Severity, UseKind, rule
from modelwarden.formats.pickle.reader import PickleStream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelwarden.artifacts.known import Judged


@rule(
    "unknown-global",
    title="A pickle calls a function that nobody has looked at",
    severity=Severity.MEDIUM,
    reads=PickleStream,
    references=("CWE-502", "MITRE-ATLAS:AML.T0011"),
    weakness="unsafe_deserialization",
)
def unknown_global(stream: PickleStream) -> Iterator[Hit]:
    """Flag calls of functions that are on no list, neither of harmless nor of dangerous ones.

    Why: the call happens while the file is loaded, with arguments of the file's choosing. What
    the function does with them was not examined, so the file cannot be called clean.

    Fix: read the function in the library that it belongs to. If it is harmless, waive the finding
    for this file, or tell us, so that it joins the allow-list; if not, do not load the file.

    Blind spot: what a function of a known library does inside is taken from its allow-list.
    """
    chosen = (
        one
        for one in uses_of(stream)
        if one.ruling.judgement is Judgement.UNKNOWN and one.kind is UseKind.CALLED
    )
    yield from hits(chosen, message=shown, unexamined=_unexamined)


def _unexamined(one: Judged) -> str:
    return f"what {cut(one.target)} does when it is called with these arguments was not examined"
