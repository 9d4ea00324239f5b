"""The rule `torch-unreferenced-record`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwarden.artifacts.rules._archives import hits
from modelwarden.core import Severity, rule
from modelwarden.formats.archive import Oddity
from modelwarden.formats.torch.zipped import TorchArchive

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelwarden.core import Hit


@rule(
    "torch-unreferenced-record",
    title="Record among the tensors that no pickle refers to",
    severity=Severity.LOW,
    reads=TorchArchive,
    references=("CWE-436",),
    weakness="unsigned_or_altered_artifact",
)
def torch_unreferenced_record(archive: TorchArchive) -> Iterator[Hit]:
    """Flag records in the folder of the storages that are not shown to be storages.

    Why: torch skips them, so they are a place for something else. Each has
    been opened and examined as whatever it is.

    Fix: save the object again with torch, which leaves them out.

    Blind spot: a storage of the right size can still hold bytes that are no
    useful numbers.
    """
    return hits(archive, Oddity.UNREFERENCED)
