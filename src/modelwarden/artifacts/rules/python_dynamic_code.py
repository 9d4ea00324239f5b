"""`python-dynamic-code`."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.artifacts.known.python_calls import Can, ability
from modelwarden.artifacts.rules._python import MOST, is_handed, ran, rendered
from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.formats.python.acts import Act, Kind
from modelwarden.formats.python.reader import PythonFile

_IMPORTS = frozenset(("builtins.__import__", "importlib.import_module", "importlib.__import__"))
_GATES = frozenset("os subprocess builtins sys ctypes".split())


@rule(
    "python-dynamic-code",
    title="Python code runs what cannot be read from it",
    severity=Severity.MEDIUM,
    reads=PythonFile,
    references=("CWE-95", "CWE-470", "CWE-829"),
    weakness="custom_code_in_model",
)
def python_dynamic_code(program: PythonFile) -> Iterator[Hit]:
    """Flag evaluated texts and imports by computed names, at import or load.

    Why: what runs then is decided by something outside of the file, so nobody can tell from the
    file what it does. This is also a gap.

    Fix: read where the text or the name comes from; write the import out.

    Blind spot: names that are computed from the file's own package are taken for that package.
    """
    seen: set[tuple[int, str]] = set()
    for act in program.acts:
        message = _dynamic(act)
        if message is None or not ran(act) or program.program or (act.line, act.path) in seen:
            continue
        seen.add((act.line, act.path))
        facts = {"call": f"{act.path}({rendered(act)})"[:200], "when": act.when.value}
        yield Hit(
            f"at {act.when.value}, {message}",
            Evidence(facts=facts, line=act.line, identity=(act.path, rendered(act))),
            unexamined=f"line {act.line} {message}",
        )
        if len(seen) >= MOST:
            return


def _dynamic(act: Act) -> str | None:
    if act.kind is Kind.COMPUTED:
        if act.path in _IMPORTS:
            return "imports a module whose name is computed"
        if act.path.partition(".")[0] in _GATES and act.path.count(".") <= 1:
            return f"takes something out of {act.path} by a name that is computed"
        return None
    if act.kind not in {Kind.CALL, Kind.HANDED} or ability(act.path) is not Can.CODE:
        return None
    if act.kind is Kind.HANDED and not is_handed(act.path, Can.CODE):
        return None
    if act.kind is Kind.HANDED:
        return f"hands {act.path} on to be called"
    first = act.args[0] if act.args else None
    if first is not None and first.is_const and act.path in {"builtins.exec", "builtins.eval"}:
        return None
    return f"runs code by {act.path} that is not written in it"
