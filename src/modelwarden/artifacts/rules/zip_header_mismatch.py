"""The rule `zip-header-mismatch`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwarden.artifacts.rules._archives import hits
from modelwarden.core import Severity, rule
from modelwarden.formats.archive import ArchiveView, Oddity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelwarden.core import Hit


@rule(
    "zip-header-mismatch",
    title="Headers of a zip archive disagree",
    severity=Severity.MEDIUM,
    reads=ArchiveView,
    references=("CWE-436", "MITRE-ATLAS:AML.T0076"),
    weakness="unsigned_or_altered_artifact",
)
def zip_header_mismatch(view: ArchiveView) -> Iterator[Hit]:
    """Flag zip headers that disagree with each other or with the data.

    Why: a loader and a scanner that believe different headers see different
    files. Torch, Python, Java and unzip each trust other fields, so such an
    archive can pass a check and still bring code along. No common tool writes
    one. Every reading that we know of has been examined.

    Fix: ask the publisher for a fresh copy, or unpack and pack it again in a
    sandbox and scan the result.

    Blind spot: time stamps, comments and version fields are not compared.
    """
    return hits(view, Oddity.HEADERS)
