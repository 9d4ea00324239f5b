"""`xgboost-hidden-data`."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.formats.xgboost import XgboostBinary


@rule(
    "xgboost-hidden-data",
    title="An XGBoost model has bytes behind its end",
    severity=Severity.MEDIUM,
    reads=XgboostBinary,
    references=("CWE-1286", "MITRE-ATLAS:AML.T0018"),
    weakness="unsigned_or_altered_artifact",
)
def xgboost_hidden_data(model: XgboostBinary) -> Iterator[Hit]:
    """Flag what stands behind the last part of the old binary format.

    Why: XGBoost does not read it, so it is there for somebody else: an archive, a script, a copy
    of another model. It is examined as a file of its own here.

    Fix: ask the publisher for the file again; loading and saving it drops those bytes.

    Blind spot: data hidden in the reserved fields and statistics of a tree looks like numbers.
    """
    for fault in model.faults:
        if fault.kind == "trailing":
            yield Hit(fault.why, Evidence(fault.at, {"fault": fault.kind, "why": fault.why}))
