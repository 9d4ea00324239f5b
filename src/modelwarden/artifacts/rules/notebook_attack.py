"""`notebook-attack`."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.artifacts.rules._python import MOST, attack_of, evidence, judged
from modelwarden.core import Hit, Severity, rule
from modelwarden.formats.python.reader import PythonFile


@rule(
    "notebook-attack",
    title="A notebook, or Python in a script, attacks whoever runs it",
    severity=Severity.HIGH,
    reads=PythonFile,
    references=(
        "CWE-506",
        "CWE-829",
        "MITRE-ATLAS:AML.T0011",
    ),
    weakness="custom_code_in_model",
)
def notebook_attack(one: PythonFile) -> Iterator[Hit]:
    """Flag cells that run what they fetched or decoded, send secrets, open a shell, or destroy.

    Why: notebooks are run from top to bottom to see what they do, and so is Python that stands in
    a command of a script.

    Fix: do not run it; read the cell or the command.

    Blind spot: shell lines are looked at as scripts; what a package does that a cell installs is
    not seen.
    """
    found = 0
    for act in judged(one) if one.program else ():
        attack = attack_of(act)
        if attack is None and act.act.nested == "decoded":
            attack = f"{act.can.value} in code that it has just decoded"
        if attack is not None and found < MOST:
            found += 1
            yield Hit(f"{act.shown[:160]} {attack}", evidence(act))
