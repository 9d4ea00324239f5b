"""`xgboost-bad-tree`."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.formats.xgboost import XgboostBinary


@rule(
    "xgboost-bad-tree",
    title="A tree of an XGBoost model points outside of itself",
    severity=Severity.HIGH,
    reads=XgboostBinary,
    references=("CWE-125", "CWE-787"),
    weakness="custom_code_in_model",
)
def xgboost_bad_tree(model: XgboostBinary) -> Iterator[Hit]:
    """Flag nodes, features and counts of the old binary format that do not exist.

    Why: XGBoost reads this format without checks: predicting follows a node or a feature out of
    its arrays, or runs in a circle, with numbers that the file chose.

    Fix: do not load the file; ask for a model in XGBoost's JSON or UBJSON format.

    Blind spot: a well-formed tree with planted values is a matter of testing the model.
    """
    for fault in model.faults:
        if fault.kind != "trailing":
            facts = {"fault": fault.kind, "what": fault.what, "why": fault.why}
            yield Hit(fault.why, Evidence(fault.at, facts))
