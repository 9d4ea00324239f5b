"""`tflite-invalid`."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.formats.tflite.reader import TfliteModel


@rule(
    "tflite-invalid",
    title="A TensorFlow Lite model contradicts itself",
    severity=Severity.MEDIUM,
    reads=TfliteModel,
    references=("CWE-1284",),
    weakness="unsigned_or_altered_artifact",
)
def tflite_invalid(model: TfliteModel) -> Iterator[Hit]:
    """Flag constants whose shape does not fit their bytes, unknown types and unknown versions.

    Why: one interpreter refuses such a file, another reads past the bytes, so what was checked need
    not be what runs. No converter writes them.

    Fix: ask the publisher for the file again, and compare its digest with the published one.

    Blind spot: bytes between the parts of the file that nothing points to are not seen.
    """
    for fault in model.faults:
        if fault.kind != "reference":
            facts = {"fault": fault.kind, "what": fault.what, "why": fault.why}
            yield Hit(fault.why, Evidence(fault.at, facts))
