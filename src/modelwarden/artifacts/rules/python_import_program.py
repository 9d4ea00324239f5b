"""`python-import-program`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from modelwarden.artifacts.known.python_calls import Can
from modelwarden.artifacts.rules._python import MOST, Judged, asks, attack_of, evidence, judged
from modelwarden.core import Hit, Severity, rule
from modelwarden.formats.python.acts import When
from modelwarden.formats.python.reader import PythonFile


@rule(
    "python-import-program",
    title="Python code starts a program when it is imported",
    severity=Severity.HIGH,
    reads=PythonFile,
    references=("CWE-78", "CWE-829", "MITRE-ATLAS:AML.T0011"),
    weakness="custom_code_in_model",
)
def python_import_program(program: PythonFile) -> Iterator[Hit]:
    """Flag programs that are started by importing a file.

    Why: importing is what every loader does with the Python files of a model; no question is asked
    before the program starts.

    Fix: read what is started. Move it into a function that somebody calls on purpose, or load the
    weights without this code.

    Blind spot: commands that only ask the system something (`git rev-parse`, `nvidia-smi`,
    `--version`) are left out, and so is what runs below `if __name__ == "__main__"` only.
    """
    for one in islice(_started(program), MOST):
        yield Hit(f"at import, {one.shown[:160]} starts a program", evidence(one))


def _started(program: PythonFile) -> Iterator[Judged]:
    for one in judged(program):
        if one.can is not Can.PROGRAM or one.act.when is not When.IMPORT or program.program:
            continue
        if attack_of(one) is None and one.act.nested != "decoded" and not asks(one.act):
            yield one
