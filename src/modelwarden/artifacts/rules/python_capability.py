"""`python-capability`."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.artifacts.known.python_calls import Can
from modelwarden.artifacts.rules._python import judged, ran
from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.formats.python.reader import PythonFile


@rule(
    "python-capability",
    title="Python code can start programs, connect or evaluate code",
    severity=Severity.INFO,
    reads=PythonFile,
    references=("CWE-829",),
    weakness="custom_code_in_model",
)
def python_capability(program: PythonFile) -> Iterator[Hit]:
    """Sum up what the functions of a file can do that loading a model does not call.

    Why: it does nothing by itself. Who reviews the code of a model begins with these lines.

    Fix: nothing, unless the model has no business with it.

    Blind spot: a list, not a judgement.
    """
    abilities: dict[Can, int] = {}
    lines: dict[Can, int] = {}
    for one in judged(program):
        if not ran(one.act) or program.program:
            abilities[one.can] = abilities.get(one.can, 0) + 1
            lines.setdefault(one.can, one.act.line)
    if abilities:
        names = ", ".join(f"{can.value} (line {lines[can]})" for can in abilities)
        counts = {can.name.lower(): number for can, number in abilities.items()}
        where = Evidence(facts={"uses": counts}, line=min(lines.values()))
        yield Hit(f"when it is called, it {names}", where)
