"""The rule `safetensors-invalid`."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.formats.safetensors import Safetensors

_OTHERS = {"hole", "trailing", "duplicate"}


@rule(
    "safetensors-invalid",
    title="safetensors file breaks its specification",
    severity=Severity.MEDIUM,
    reads=Safetensors,
    references=("CWE-1286",),
    weakness="unsigned_or_altered_artifact",
)
def safetensors_invalid(file: Safetensors) -> Iterator[Hit]:
    """Flag what the safetensors specification forbids in the header.

    Why: the reference loader refuses such a file; others read the same bytes differently, so what
    one program checks need not be what another one loads. A writer that follows the
    specification does not make such files: it was damaged, or built by hand.

    Fix: ask the publisher for the file again, and compare its digest with the published one.

    Blind spot: tensors whose numbers are wrong are valid safetensors.
    """
    for fault in file.faults:
        if fault.kind not in _OTHERS:
            facts = {"fault": fault.kind, "tensor": fault.what, "why": fault.why}
            message = f"{fault.what!r}: {fault.why}" if fault.what else fault.why
            yield Hit(message, Evidence(fault.at, facts, (fault.kind, fault.what, fault.why)))
    if file.more_faults:
        yield Hit(f"{file.more_faults} more faults of this kind or others")
