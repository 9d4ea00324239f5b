"""`model-hidden-data`."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.formats.described import Checked


@rule(
    "model-hidden-data",
    title="A model has bytes that are no part of it",
    severity=Severity.MEDIUM,
    reads=Checked,
    references=("CWE-1286", "MITRE-ATLAS:AML.T0018"),
    weakness="unsigned_or_altered_artifact",
)
def model_hidden_data(model: Checked) -> Iterator[Hit]:
    """Flag what stands behind the last part of a model, or between its parts.

    Why: its library does not read it, so it is there for somebody else: an archive, a script, a
    copy of another model. It is examined as a file of its own here.

    Fix: ask the publisher for the file again; loading and saving it drops those bytes.

    Blind spot: data hidden in unused fields and statistics looks like numbers.
    """
    for fault in model.faults:
        if fault.kind == "trailing":
            facts = {"fault": fault.kind, "what": fault.what, "why": fault.why}
            yield Hit(fault.why, Evidence(fault.at, facts))
