"""`python-hidden-code`."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.artifacts.known.python_calls import Can, ability
from modelwarden.artifacts.rules._python import MOST, rendered
from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.formats.python.acts import Act, Kind
from modelwarden.formats.python.reader import PythonFile

_GRAVE = frozenset((Can.PROGRAM, Can.CODE, Can.FILE_CODE, Can.NATIVE, Can.UNPICKLE, Can.SEND))
_WAYS = frozenset("os sys builtins __builtins__ subprocess __import__ eval exec".split())


@rule(
    "python-hidden-code",
    title="Python code hides what it does",
    severity=Severity.HIGH,
    reads=PythonFile,
    references=("CWE-506", "CWE-94", "MITRE-ATLAS:AML.T0011"),
    weakness="custom_code_in_model",
)
def python_hidden_code(program: PythonFile) -> Iterator[Hit]:
    """Flag dangerous names put together from pieces, decoded code, and ways around imports.

    Why: `getattr(os, "sys" + "tem")`, `exec(b64decode(…))` and a walk through `__subclasses__` do
    what a plain line would do, and are written so that nobody reads it.

    Fix: treat the file as hostile until its author shows the plain code.

    Blind spot: what is decoded with a key that the file does not hold stays unknown; running it is
    then reported as dynamic code.
    """
    if program.odd_encoding:
        facts = {"encoding": program.encoding}
        yield Hit(f"is written in the encoding {program.encoding}", Evidence(facts=facts, line=1))
    seen: set[tuple[int, str]] = set()
    for act in program.acts:
        message = _hidden(act)
        if message is None or (act.line, message) in seen:
            continue
        seen.add((act.line, message))
        facts = {"call": act.path[:200], "when": act.when.value}
        yield Hit(message, Evidence(facts=facts, line=act.line, identity=(act.path, rendered(act))))
        if len(seen) >= MOST:
            return


def _hidden(act: Act) -> str | None:
    if act.kind is Kind.MACHINERY:
        name = act.path.rpartition(".")[2]
        if act.path.startswith("__globals__") and name not in _WAYS:
            return None
        return f"reaches {name} through the inside of Python"
    can = ability(act.path)
    if act.kind is Kind.COMPUTED or can is None or can not in _GRAVE:
        return None
    if act.made:
        how = "decodes" if act.made == "decoded" else "puts together"
        return f"{how} the name of {act.path[:80]}, which {can.value}"
    if act.nested == "decoded":
        return f"decodes code that calls {act.path[:80]}, which {can.value}"
    if can is Can.CODE and any(value.made == "decoded" for value in act.args):
        return f"{act.path[:80]} runs code that was decoded"
    return None
