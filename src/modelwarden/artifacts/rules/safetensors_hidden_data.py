"""The rule `safetensors-hidden-data`."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.formats.safetensors import Safetensors


@rule(
    "safetensors-hidden-data",
    title="safetensors file holds bytes that belong to no tensor",
    severity=Severity.MEDIUM,
    reads=Safetensors,
    references=("CWE-1286", "MITRE-ATLAS:AML.T0018"),
    weakness="unsigned_or_altered_artifact",
)
def safetensors_hidden_data(file: Safetensors) -> Iterator[Hit]:
    """Flag holes between the tensors and bytes behind the last one.

    Why: the specification wants every byte owned by a tensor, so that nothing can travel along.
    What stands in a hole can be another file (an archive, a pickle, a program) that something
    else finds; it is examined as such here, and reported on its own.

    Fix: ask the publisher for the file again; rewriting it with the safetensors library drops
    what no tensor owns.

    Blind spot: data hidden in the numbers of a tensor looks like any weights.
    """
    for fault in file.faults:
        if fault.kind in ("hole", "trailing"):
            facts = {"fault": fault.kind, "before": fault.what, "why": fault.why}
            yield Hit(
                f"{fault.why} ({fault.kind})",
                Evidence(fault.at, facts, (fault.kind, fault.what, fault.why)),
            )
