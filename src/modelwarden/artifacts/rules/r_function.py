"""`r-function`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from modelwarden.artifacts.known.r_code import judged
from modelwarden.artifacts.rules._pickles import HITS, listed
from modelwarden.artifacts.rules._rdata import evidence, shown
from modelwarden.core import Hit, Severity, rule
from modelwarden.formats.rdata.reader import RData


@rule(
    "r-function",
    title="R data carry functions that nobody has looked at",
    severity=Severity.MEDIUM,
    reads=RData,
    references=("CWE-829", "MITRE-ATLAS:AML.T0011"),
    weakness="custom_code_in_model",
)
def r_function(data: RData) -> Iterator[Hit]:
    """Flag stored functions and promises that open files, or call what is on no list.

    Why: a model with functions of its own runs them when it is used. Those that call only what R
    brings for computing were looked at; what others do depends on functions that were not.

    Fix: read the functions (`print` shows them) before the model is used, or ask for one without.

    Blind spot: functions of packages are known by their names only, not by what they do.
    """
    found = ((c, d) for c, d in judged(data) if d.unknown or d.files)
    for code, does in islice(found, HITS):
        names = [*does.files, *does.unknown]
        why = f"what {shown(code)[:80]} does was not examined"
        yield Hit(f"{shown(code)} calls {listed(names)}", evidence(code, names), unexamined=why)
