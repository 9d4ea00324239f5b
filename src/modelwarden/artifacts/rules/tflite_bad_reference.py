"""`tflite-bad-reference`."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.formats.tflite.reader import TfliteModel


@rule(
    "tflite-bad-reference",
    title="A TensorFlow Lite model points outside of itself",
    severity=Severity.HIGH,
    reads=TfliteModel,
    references=("CWE-125", "CWE-787", "CVE-2020-15209", "CVE-2020-15211"),
    weakness="custom_code_in_model",
)
def tflite_bad_reference(model: TfliteModel) -> Iterator[Hit]:
    """Flag indices of tensors, buffers, operators and subgraphs that do not exist, and bad offsets.

    Why: an interpreter that does not check them reads and writes behind its arrays: with chosen
    numbers that runs code. Most programs do not verify a model before they use it.

    Fix: do not load the file; if it was cut off on the way, fetch it again.

    Blind spot: subgraphs that call each other in a circle of more than one.
    """
    for fault in model.faults:
        if fault.kind == "reference":
            facts = {"fault": fault.kind, "what": fault.what, "why": fault.why}
            yield Hit(fault.why, Evidence(fault.at, facts))
