"""`model-custom-code`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from modelwarden.artifacts.known.networks import HITS, Does, does, hit
from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.formats.described import Checked
from modelwarden.formats.network import Network


@rule(
    "model-custom-code",
    title="A model needs code that its library does not have",
    severity=Severity.MEDIUM,
    reads=Checked,
    references=("CWE-829", "MITRE-ATLAS:AML.T0011"),
    weakness="custom_code_in_model",
)
def model_custom_code(model: Checked) -> Iterator[Hit]:
    """Flag operators, layers, functions, scripts and programs that are none of the format's.

    Why: what the library lacks comes from the application, from a library that is loaded with the
    model, or stands in the file; it is found by a name that the file chooses, and runs with the
    rights of whoever loads the model.

    Fix: find out which code it is, take it from its publisher, and run the model in a sandbox;
    prefer a model without.

    Blind spot: what the code does is not looked at. An operator newer than the list that we know
    is taken for a foreign one.
    """
    for fault in model.faults:
        if fault.kind == "code":
            facts = {"fault": fault.kind, "what": fault.what, "why": fault.why}
            yield Hit(fault.why, Evidence(fault.at, facts), unexamined=fault.why)
    if not isinstance(model, Network):
        return
    found = (one for one in model.operators if does(model.format, one) is Does.FOREIGN)
    for one in islice(found, HITS):
        yield hit(
            one,
            f"needs {one.name[:120]!r} from outside of its library",
            f"what {one.name[:80]!r} does is not in the file",
        )
