"""`version-rot`."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.artifacts.known.rot import moved
from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.formats.pickle.reader import PickleStream

_MOST = 50


@rule(
    "version-rot",
    title="A pickle names a module that current releases no longer have",
    severity=Severity.LOW,
    reads=PickleStream,
    references=("CWE-1104",),
    weakness="vulnerable_dependency",
)
def version_rot(stream: PickleStream) -> Iterator[Hit]:
    """Name modules that moved or vanished since the pickle was written, with the release.

    Why: the file cannot be loaded with a current release of its library. Whoever needs it keeps
    an old one for it, with the vulnerabilities that were found since.

    Fix: load it once with the release that it was made with, in a sandbox, and save the model
    anew, best as ONNX, skops or safetensors; or train it again.

    Blind spot: modules of the libraries in the table are known, classes that moved inside of a
    module are not.
    """
    told: dict[str, list[int]] = {}
    for use in stream.uses:
        if moved(use.module) is not None:
            told.setdefault(use.module, []).append(use.at)
    for module, places in list(told.items())[:_MOST]:
        package, release = moved(module) or ("", "")
        facts = {"module": module[:200], "package": package, "gone_in": release}
        message = f"{module[:100]} is no longer in {package} {release}"
        yield Hit(message, Evidence(places[0], facts, (module,)))
