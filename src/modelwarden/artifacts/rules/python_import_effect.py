"""`python-import-effect`."""

from __future__ import annotations

import re
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

_HERE = re.compile(
    r"(?:https?|grpc|ws)://(?:127\.\d+\.\d+\.\d+|localhost|\[::1\]|0\.0\.0\.0)(?::\d+)?(?:/|$)"
)
_EFFECTS = frozenset(
    (Can.SEND, Can.NETWORK, Can.UNPICKLE, Can.NATIVE, Can.WRITE, Can.HOOK, Can.FILE_CODE)
)


@rule(
    "python-import-effect",
    title="Importing Python code connects, unpickles or changes the system",
    severity=Severity.MEDIUM,
    reads=PythonFile,
    references=("CWE-829", "MITRE-ATLAS:AML.T0011"),
    weakness="custom_code_in_model",
)
def python_import_effect(program: PythonFile) -> Iterator[Hit]:
    """Flag network connections, pickles, native code and changed files at the import of a file.

    Why: importing should define things and no more. Code that connects or writes then does so on
    every machine that loads the model, before anybody has used it.

    Fix: read the line; ask the publisher to move it into a function that is called on purpose.

    Blind spot: a pickle that lies beside the code is examined itself, and `python-load-effect`
    names it; caches and logs that libraries keep for themselves are not told from other files.
    """
    for one in islice(_effects(program), MOST):
        yield Hit(f"at import, {one.shown[:160]} {one.can.value}", evidence(one))


def _effects(program: PythonFile) -> Iterator[Judged]:
    for one in judged(program):
        importing = one.act.when is When.IMPORT and not program.program and not _stays_here(one)
        if importing and one.can in _EFFECTS and attack_of(one) is None and not loads_beside(one):
            yield one


def _stays_here(one: Judged) -> bool:
    """Tell whether only the machine itself is asked, as examples of clients do."""
    first = one.act.args[0] if one.act.args else one.act.named.get("url")
    address = (first.text or "") if first is not None else ""
    return one.can in {Can.SEND, Can.NETWORK} and _HERE.match(address) is not None
