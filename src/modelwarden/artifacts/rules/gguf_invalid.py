"""`gguf-invalid`."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.formats.gguf.reader import GgufModel

_OTHERS = {"overflow", "hole", "trailing", "padding"}


@rule(
    "gguf-invalid",
    title="A GGUF file breaks its specification",
    severity=Severity.MEDIUM,
    reads=GgufModel,
    references=("CWE-1284", "CWE-125"),
    weakness="unsigned_or_altered_artifact",
)
def gguf_invalid(model: GgufModel) -> Iterator[Hit]:
    """Flag keys and tensors that come twice, overlap, leave the file or have unknown types.

    Why: one loader refuses such a file, another reads past the bytes or takes the other of two
    values, so what was checked need not be what runs.

    Fix: ask the publisher for the file again, and compare its digest with the published one.

    Blind spot: metadata that is well formed and wrong is a matter of the model.
    """
    for fault in model.faults:
        if fault.kind not in _OTHERS:
            facts = {"fault": fault.kind, "what": fault.what, "why": fault.why}
            yield Hit(fault.why, Evidence(fault.at, facts))
