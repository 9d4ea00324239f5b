"""`python-load-effect`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from modelwarden.artifacts.known.python_calls import Can
from modelwarden.artifacts.rules._python import (
    MOST,
    Judged,
    attack_of,
    evidence,
    judged,
    loads_beside,
)
from modelwarden.core import Hit, Severity, rule
from modelwarden.formats.python.acts import When
from modelwarden.formats.python.reader import PythonFile

_EFFECTS = frozenset(
    (Can.SEND, Can.NETWORK, Can.UNPICKLE, Can.NATIVE, Can.WRITE, Can.HOOK, Can.FILE_CODE)
)


@rule(
    "python-load-effect",
    title="Loading a model connects, unpickles or changes files",
    severity=Severity.LOW,
    reads=PythonFile,
    references=("CWE-829", "MITRE-ATLAS:AML.T0011"),
    weakness="custom_code_in_model",
)
def python_load_effect(program: PythonFile) -> Iterator[Hit]:
    """Name what functions that loaders call do besides computing, and pickles beside the code.

    Why: handlers and constructors of models often read weights and fetch files; it is as well to
    know which, because a pickle that is loaded there runs code of its own.

    Fix: check that the pickles which it loads were scanned, and where it connects to.

    Blind spot: which functions a loader calls is known for the common loaders only.
    """
    for one in islice(_effects(program), MOST):
        what = "importing it" if one.act.when is When.IMPORT else "loading a model"
        yield Hit(f"{what} runs {one.shown[:160]}, which {one.can.value}", evidence(one))


def _effects(program: PythonFile) -> Iterator[Judged]:
    for one in judged(program):
        when = one.act.when
        beside = when is When.IMPORT and not program.program and loads_beside(one)
        if (when is When.LOAD or beside) and one.can in _EFFECTS and attack_of(one) is None:
            yield one
