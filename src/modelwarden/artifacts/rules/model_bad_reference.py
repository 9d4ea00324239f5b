"""`model-bad-reference`."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.formats.described import Checked


@rule(
    "model-bad-reference",
    title="A model points outside of itself",
    severity=Severity.HIGH,
    reads=Checked,
    references=("CWE-125", "CWE-787"),
    weakness="custom_code_in_model",
)
def model_bad_reference(model: Checked) -> Iterator[Hit]:
    """Flag nodes, features, categories, offsets and counts that do not exist in the file.

    Why: most libraries follow them without a check. XGBoost and LightGBM read outside of their
    arrays, or run in a circle, at the first prediction; LightGBM does while it loads. With chosen
    numbers that can run code.

    Fix: do not load the file; if it was cut off on the way, fetch it again.

    Blind spot: a well-formed model with planted values is a matter of testing the model.
    """
    for fault in model.faults:
        if fault.kind == "reference":
            facts = {"fault": fault.kind, "what": fault.what, "why": fault.why}
            yield Hit(fault.why, Evidence(fault.at, facts))
