"""`model-outside-path`."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.formats.described import PlainModel


@rule(
    "model-outside-path",
    title="A model takes its numbers from outside of its folder",
    severity=Severity.HIGH,
    reads=PlainModel,
    references=("CWE-22", "CWE-200", "CWE-918"),
    weakness="archive_path_escape",
)
def model_outside_path(model: PlainModel) -> Iterator[Hit]:
    """Flag weights whose place is an absolute path, a way up, a drive or an address.

    Why: loading reads whatever file that is, or asks a server of the author's choice: a key file
    becomes weights, and another server can change the model at any time.

    Fix: do not load the file; ask for one whose data lies beside it.

    Blind spot: whether a plain name is a symbolic link is seen where the folder is scanned.
    """
    for fault in model.faults:
        if fault.kind == "path":
            facts = {"fault": fault.kind, "what": fault.what, "why": fault.why}
            yield Hit(fault.why, Evidence(fault.at, facts))
