"""`model-custom-code`."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.formats.described import PlainModel


@rule(
    "model-custom-code",
    title="A model needs code that its library does not have",
    severity=Severity.MEDIUM,
    reads=PlainModel,
    references=("CWE-829", "MITRE-ATLAS:AML.T0011"),
    weakness="custom_code_in_model",
)
def model_custom_code(model: PlainModel) -> Iterator[Hit]:
    """Flag layers, functions and scripts that are none of the format's own.

    Why: the model works only with code that comes from elsewhere, or that stands in the file; it
    runs with the rights of whoever loads the model.

    Fix: ask the publisher what the code is and where it comes from; prefer a model without.

    Blind spot: what the code does is not looked at.
    """
    for fault in model.faults:
        if fault.kind == "code":
            facts = {"fault": fault.kind, "what": fault.what, "why": fault.why}
            yield Hit(fault.why, Evidence(fault.at, facts), unexamined=fault.why)
