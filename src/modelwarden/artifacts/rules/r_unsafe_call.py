"""`r-unsafe-call`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from modelwarden.artifacts.known.r_code import judged
from modelwarden.artifacts.rules._pickles import HITS, listed
from modelwarden.artifacts.rules._rdata import evidence, shown
from modelwarden.core import Hit, Severity, rule
from modelwarden.formats.rdata.reader import RData


@rule(
    "r-unsafe-call",
    title="R data carry code that runs programs or text",
    severity=Severity.HIGH,
    reads=RData,
    references=("CWE-94", "CWE-502", "MITRE-ATLAS:AML.T0011"),
    weakness="custom_code_in_model",
)
def r_unsafe_call(data: RData) -> Iterator[Hit]:
    """Flag functions, promises and expressions that run programs or text, load code, or connect.

    Why: the code is part of the model: a function runs when a method of the model calls it, a
    promise when its variable is looked at, a formula or a call with `predict` and `update`. No
    model needs the system to predict.

    Fix: do not use the file; ask for the coefficients or trees alone, or for PMML or ONNX.

    Blind spot: a name that is put together from pieces is `r-function`'s.
    """
    for code, does in islice(((c, d) for c, d in judged(data) if d.runs), HITS):
        names = list(does.runs)
        yield Hit(f"{shown(code)} calls {listed(names)}", evidence(code, names))
