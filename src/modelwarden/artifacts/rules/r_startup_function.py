"""`r-startup-function`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from modelwarden.artifacts.known.r_functions import STARTS
from modelwarden.artifacts.rules._pickles import HITS
from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.formats.identified.kind import plain
from modelwarden.formats.rdata.reader import RData


@rule(
    "r-startup-function",
    title="An R workspace carries a function that R calls by itself",
    severity=Severity.HIGH,
    reads=RData,
    references=("CWE-829", "MITRE-ATLAS:AML.T0011"),
    weakness="custom_code_in_model",
)
def r_startup_function(data: RData) -> Iterator[Hit]:
    """Flag workspaces that bind `.First`, `.Last` and other names that R looks for.

    Why: R calls `.First` when it starts with the workspace, and `.Last` when it ends; once loaded
    into a session, the name stays and is saved with it. A model has no use for them.

    Fix: do not load the workspace; ask for the model in a file of its own (`saveRDS`).

    Blind spot: functions that take the place of R's own by having their name.
    """
    found = ((n, at) for n, at, function in data.roots if function and n in STARTS)
    for name, at in islice(found, HITS):
        yield Hit(f"binds the function {plain(name)!r}", Evidence(at, {"name": plain(name)}))
