"""`python-attack-later`."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.artifacts.rules._python import MOST, attack_of, evidence, judged, ran
from modelwarden.core import Confidence, Hit, Severity, rule
from modelwarden.formats.python.reader import PythonFile


@rule(
    "python-attack-later",
    title="Python code holds an attack that nothing runs at load",
    severity=Severity.MEDIUM,
    reads=PythonFile,
    confidence=Confidence.MEDIUM,
    references=("CWE-506", "CWE-829", "MITRE-ATLAS:AML.T0011"),
    weakness="custom_code_in_model",
)
def python_attack_later(program: PythonFile) -> Iterator[Hit]:
    """Flag functions, called later, that run what they fetched or decoded, or send secrets.

    Why: loading the model does not run it; using the model, or running the file, may.

    Fix: read the function and what calls it.

    Blind spot: some honest installers fetch and start a program, too.
    """
    found = 0
    for one in judged(program):
        attack = attack_of(one)
        if attack is None or (ran(one.act) and not program.program):
            continue
        yield Hit(f"{one.shown[:160]} {attack}", evidence(one))
        found += 1
        if found >= MOST:
            return
