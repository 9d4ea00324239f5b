"""`torchserve-install`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.formats.torch.served import ServedModel


@rule(
    "torchserve-install",
    title="Archive has packages installed from elsewhere than the index",
    severity=Severity.MEDIUM,
    reads=ServedModel,
    references=("CWE-829", "CWE-494"),
    weakness="custom_code_in_model",
)
def torchserve_install(archive: ServedModel) -> Iterator[Hit]:
    """Flag requirements of a TorchServe archive with an address, a path or an index of their own.

    Why: where the server installs what archives ask for, such a line fetches and runs code from a
    place that the archive chooses.

    Fix: install named versions from an index that you trust, and remove the file.

    Blind spot: packages with plain names are not looked up here.
    """
    for line in islice(archive.installs, 20):
        yield Hit(f"asks to install {line[:120]!r}", Evidence(facts={"requirement": line}))
