"""`r-promise`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from modelwarden.artifacts.known.r_code import judged
from modelwarden.artifacts.rules._pickles import HITS, listed
from modelwarden.artifacts.rules._rdata import evidence, shown
from modelwarden.core import Hit, Severity, rule
from modelwarden.formats.rdata.code import Kind
from modelwarden.formats.rdata.reader import RData


@rule(
    "r-promise",
    title="R data carry a promise that reading evaluates",
    severity=Severity.CRITICAL,
    reads=RData,
    references=("CWE-502", "CVE-2024-27322", "MITRE-ATLAS:AML.T0011"),
    weakness="unsafe_deserialization",
)
def r_promise(data: RData) -> Iterator[Hit]:
    """Flag promises that are not the variable of an environment, and that nobody has evaluated.

    Why: a promise is code in place of a value: looking at the value runs it, with the rights of
    whoever looks. R itself saves the value; a promise as the object of a file, in a list or among
    the variables of a workspace was put there by hand. R before 4.4 runs it at the first touch.

    Fix: do not read the file; read others with R 4.4 or later.

    Blind spot: promises among the variables of an environment are honest leftovers of functions;
    what they call is `r-unsafe-call`'s and `r-function`'s.
    """
    found = ((c, d) for c, d in judged(data) if c.kind is Kind.PROMISE and not c.binding)
    for code, _ in islice(found, HITS):
        calls = [call.name for call in code.calls if call.name]
        words = f", which calls {listed(calls)}" if calls else ""
        yield Hit(f"{shown(code)} in place of a value{words}", evidence(code, calls))
