"""`python-import-attack`."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.artifacts.rules._python import MOST, attack_of, evidence, judged, ran
from modelwarden.core import Hit, Severity, rule
from modelwarden.formats.python.reader import PythonFile


@rule(
    "python-import-attack",
    title="Python code attacks whoever imports it",
    severity=Severity.CRITICAL,
    reads=PythonFile,
    references=("CWE-506", "CWE-829", "MITRE-ATLAS:AML.T0011"),
    weakness="custom_code_in_model",
)
def python_import_attack(program: PythonFile) -> Iterator[Hit]:
    """Flag code that runs what it fetched or decoded, sends secrets or destroys, as it is loaded.

    Why: a model that brings Python files has them imported by whoever loads it, with all of their
    rights. Code that downloads and starts something, opens a shell to the network, or sends the
    environment or credentials away, has no honest reason to be there.

    Fix: do not load the model. Keep the file for your security team, and revoke the credentials of
    every machine on which it was imported.

    Blind spot: data flow is followed through the names of one file; what another file, or a program
    that is started, does with a value is not seen.
    """
    found = 0
    for one in judged(program):
        attack = attack_of(one)
        if attack is None and one.act.nested == "decoded":
            attack = f"{one.can.value} in code that it has just decoded"
        if attack is not None and ran(one.act) and not program.program:
            yield Hit(f"at {one.act.when.value}, {one.shown[:160]} {attack}", evidence(one))
            found += 1
            if found >= MOST:
                return
