"""`gguf-hidden-data`."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.formats.gguf.reader import GgufModel

_KINDS = {"hole", "trailing", "padding"}


@rule(
    "gguf-hidden-data",
    title="A GGUF file holds bytes that belong to no tensor",
    severity=Severity.MEDIUM,
    reads=GgufModel,
    references=("CWE-1286", "MITRE-ATLAS:AML.T0018"),
    weakness="unsigned_or_altered_artifact",
)
def gguf_hidden_data(model: GgufModel) -> Iterator[Hit]:
    """Flag holes between tensors, padding that is not zero, and bytes behind the last tensor.

    Why: another program may find a file there (an archive, a script), and no writer of GGUF leaves
    such bytes. They are examined as a file of their own here.

    Fix: ask the publisher for the file again; writing it anew drops them.

    Blind spot: data hidden in the numbers of a tensor looks like any weights.
    """
    for fault in model.faults:
        if fault.kind in _KINDS:
            yield Hit(fault.why, Evidence(fault.at, {"fault": fault.kind, "why": fault.why}))
