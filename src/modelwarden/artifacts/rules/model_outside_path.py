"""`model-outside-path`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.formats.described import Checked
from modelwarden.formats.places import escapes

_MOST = 100


@rule(
    "model-outside-path",
    title="A model names a file outside of its own folder",
    severity=Severity.HIGH,
    reads=Checked,
    references=("CWE-22", "CWE-200", "CWE-918"),
    weakness="archive_path_escape",
)
def model_outside_path(model: Checked) -> Iterator[Hit]:
    """Flag weights and linked models at an absolute path, a way up, a drive or an address.

    Why: loading reads whatever file that is, or asks a server of the author's choice: a key file
    becomes weights and leaves with the next copy of the model, and another server can change the
    model at any time. Unpacking or saving can write to the same place.

    Fix: do not load the file; ask for one whose data lies beside it.

    Blind spot: whether a plain name is a symbolic link is seen where the folder is scanned.
    """
    for fault in model.faults:
        if fault.kind == "path":
            facts = {"what": fault.what, "why": fault.why}
            yield Hit(fault.why, Evidence(fault.at, facts))
    out = ((place, why) for place in model.places if (why := escapes(place.path)))
    for place, why in islice(out, _MOST):
        facts = {"what": place.what, "path": place.path[:200], "why": why}
        message = f"{place.what[:80]}: {place.path[:120]!r} {why}"
        yield Hit(message, Evidence(at=place.at, facts=facts, identity=(place.path[:500],)))
