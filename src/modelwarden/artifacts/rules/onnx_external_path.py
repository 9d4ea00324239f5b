"""`onnx-external-path`."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.formats.onnx.reader import OnnxModel
from modelwarden.formats.places import escapes


@rule(
    "onnx-external-path",
    title="An ONNX tensor takes its bytes from outside of the model's folder",
    severity=Severity.HIGH,
    reads=OnnxModel,
    references=("CWE-22", "CWE-200", "CVE-2022-25882", "CVE-2024-27318"),
    weakness="archive_path_escape",
)
def onnx_external_path(model: OnnxModel) -> Iterator[Hit]:
    """Flag tensors whose external data has an absolute path, a way up, a drive or an address.

    Why: loading reads whatever file that is: a key file becomes weights, and leaves with the next
    copy of the model or with its answers. Saving the model again can write to the same place.

    Fix: do not load the file; ask for one whose data lies beside it.

    Blind spot: whether a plain name is a symbolic link is seen where the folder is scanned.
    """
    told: set[str] = set()
    for place in model.places:
        why = escapes(place.location)
        if why and place.location not in told:
            told.add(place.location)
            facts = {"tensor": place.tensor[:200], "location": place.location[:200], "why": why}
            message = f"{place.tensor[:120]!r} is read from {place.location[:120]!r}, which {why}"
            yield Hit(message, Evidence(at=place.at, facts=facts))
