"""`network-invalid`."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.formats.network import Checked


@rule(
    "network-invalid",
    title="A model file contradicts itself",
    severity=Severity.MEDIUM,
    reads=Checked,
    references=("CWE-1284",),
    weakness="unsigned_or_altered_artifact",
)
def network_invalid(model: Checked) -> Iterator[Hit]:
    """Flag sizes, offsets, types and references that break the file's own format.

    Why: one loader refuses such a file, another reads past its end or takes other bytes than the
    next one, so what was checked need not be what runs. No exporter writes them.

    Fix: ask the publisher for the file again, and compare its digest with the published one.

    Blind spot: numbers are not looked at: values that make a model misbehave are the assessment's.
    """
    for fault in model.faults:
        facts = {"fault": fault.kind, "what": fault.what, "why": fault.why}
        yield Hit(fault.why, Evidence(fault.at, facts, (fault.kind, fault.what, fault.why)))
