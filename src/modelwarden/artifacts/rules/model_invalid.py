"""`model-invalid`."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.formats.described import APART, Checked


@rule(
    "model-invalid",
    title="A model contradicts itself",
    severity=Severity.MEDIUM,
    reads=Checked,
    references=("CWE-1284", "CWE-20"),
    weakness="unsigned_or_altered_artifact",
)
def model_invalid(model: Checked) -> Iterator[Hit]:
    """Flag counts, names, sizes and types that do not agree with each other, or break the format.

    Why: a loader refuses such a file, or makes of it another model than the next loader does. No
    library writes it: the file was changed, or damaged.

    Fix: ask the publisher for the file again, and compare its digest with the published one.

    Blind spot: numbers that agree with each other may still be wrong.
    """
    for fault in model.faults:
        if fault.kind not in APART:
            facts = {"fault": fault.kind, "what": fault.what, "why": fault.why}
            yield Hit(fault.why, Evidence(fault.at, facts, (fault.kind, fault.what, fault.why)))
