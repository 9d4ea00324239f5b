"""`onnx-invalid`."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.formats.onnx.reader import OnnxModel


@rule(
    "onnx-invalid",
    title="An ONNX tensor and its bytes contradict each other",
    severity=Severity.MEDIUM,
    reads=OnnxModel,
    references=("CWE-1284", "CWE-190"),
    weakness="unsigned_or_altered_artifact",
)
def onnx_invalid(model: OnnxModel) -> Iterator[Hit]:
    """Flag tensors whose shape, type, bytes or place break the specification.

    Why: a loader that trusts the shape reads past the bytes or makes a buffer of an overflown
    size; others refuse the file, or choose other values than the next loader. No exporter writes
    such a model.

    Fix: ask the publisher for the file again, and compare its digest with the published one.

    Blind spot: integers that are packed in a variable number of bytes are counted within bounds.
    """
    for fault in model.faults:
        facts = {"fault": fault.kind, "tensor": fault.what, "why": fault.why}
        yield Hit(fault.why, Evidence(fault.at, facts, (fault.kind, fault.what, fault.why)))
