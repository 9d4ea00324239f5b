"""`python-load-program`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from modelwarden.artifacts.known.python_calls import Can
from modelwarden.artifacts.rules._python import MOST, Judged, asks, attack_of, evidence, judged
from modelwarden.core import Hit, Severity, rule
from modelwarden.formats.python.acts import When
from modelwarden.formats.python.reader import PythonFile


@rule(
    "python-load-program",
    title="Python code starts a program when a model is loaded",
    severity=Severity.HIGH,
    reads=PythonFile,
    references=("CWE-78", "CWE-829", "MITRE-ATLAS:AML.T0011"),
    weakness="custom_code_in_model",
)
def python_load_program(program: PythonFile) -> Iterator[Hit]:
    """Flag programs that are started by functions which loaders call.

    Why: `from_pretrained`, `_load_pyfunc`, `__setstate__`, the `initialize` of a handler and the
    constructor of a model run while a model is loaded, before it has answered anything.

    Fix: read what is started, and ask why a model needs it.

    Blind spot: which functions a loader calls is known for the common loaders only; commands that
    only ask the system something are left out.
    """
    for one in islice(_started(program), MOST):
        yield Hit(f"loading a model runs {one.shown[:160]}", evidence(one))


def _started(program: PythonFile) -> Iterator[Judged]:
    for one in judged(program):
        if one.can is not Can.PROGRAM or one.act.when is not When.LOAD or program.program:
            continue
        if attack_of(one) is None and one.act.nested != "decoded" and not asks(one.act):
            yield one
