"""Classes that run a text of their state, or load bytes of it or a file that it names.

They are told by their package and by the keys of the state, because a class can be reached along
many paths.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING

from modelwarden.core.patterns import lazily

if TYPE_CHECKING:
    from modelwarden.formats.pickle.uses import Argument

# What SciPy writes into the state of a distribution: three functions that hand on their arguments.
_PLAIN = r"[\w ,.=+-]*"
_TEMPLATE = lazily(
    rf"\s*def _parse_args\(self, {_PLAIN}\):\s+return \({_PLAIN}\), {_PLAIN}"
    rf"\s+def _parse_args_rvs\(self, {_PLAIN}\):\s+return self\._argcheck_rvs\({_PLAIN}\)"
    rf"\s+def _parse_args_stats\(self, {_PLAIN}moments='mv'\):"
    rf"\s+return \({_PLAIN}\), {_PLAIN}, moments\s*"
)
# A formula is evaluated as Python: names of columns, operators, and calls of patsy's and NumPy's
# own transformations.
_CALLS = "C|I|Q|Treatment|Sum|Poly|Diff|Helmert|bs|cr|cc|te|center|standardize|scale|poly"
_FORMULA = lazily(
    rf"(?:(?:{_CALLS}|np\.(?:log|log10|log1p|log2|exp|expm1|sqrt|abs|power|sin|cos|tan))\("
    r"|[^\W\d]\w*+(?!\s*[\w(.\[])|\d++(?:\.\d++)?|'[\w .-]*'|\"[\w .-]*\"|[\s~+\-*:/|,()=])*"
)
# SciPy's distributions, in whatever module somebody imports them.
_DISTRIBUTION = lazily(r"\.(?:rv_\w+|\w+_gen)\Z")

# joblib before 0.10 wrote each array to a file of its own, which is unpickled where it holds
# objects. Its wrappers name a file beside this one; whoever scans the folder has it examined.
_FILE_WRAPPERS = frozenset({"NDArrayWrapper", "ZNDArrayWrapper"})
_BESIDE = lazily(r"(?!\.\.?\Z)[^/\\:\x00-\x1f]+")


class State(Enum):
    """What restoring does with a state: keep it, run source in it, read a file, or untold."""

    PLAIN = "plain"
    RUNS = "runs"
    READS = "reads"
    UNTOLD = "untold"


def state_of(module: str, name: str, state: Argument | None) -> State:
    """Judge the state that `module.name` is restored from; None when it was not looked at."""
    path = f"{module}.{name}"
    template = None if state is None else state.template
    formula = None if state is None else state.formula
    if path.startswith("scipy.stats.") or _DISTRIBUTION.search(path):
        return _judged(template, _TEMPLATE, needed=True)
    if name.rpartition(".")[2] in _FILE_WRAPPERS:
        return _file_of(None if state is None else state.filename)
    if path.startswith("skorch."):  # the bytes in it are examined as a file
        return State.PLAIN if template is not None else State.UNTOLD
    needed = path.startswith("statsmodels.") and name.endswith("Data")
    for text, allowed in ((template, _TEMPLATE), (formula, _FORMULA)):
        found = _judged(text, allowed, needed=needed)
        if found is not State.PLAIN:
            return found
    return State.PLAIN


def _file_of(name: str | None) -> State:
    """Judge the name of the file that an array is read from; one beside this file is plain."""
    if not name:
        return State.UNTOLD
    return State.PLAIN if _BESIDE.fullmatch(name) else State.READS


def _judged(text: str | None, allowed: re.Pattern[str], *, needed: bool) -> State:
    if text is None:
        return State.UNTOLD if needed else State.PLAIN
    return State.PLAIN if not text or allowed.fullmatch(text) else State.RUNS
