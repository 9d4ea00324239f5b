"""`hdf5-user-block`."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.formats.hdf5.reader import Hdf5File


@rule(
    "hdf5-user-block",
    title="Other bytes stand before an HDF5 file",
    severity=Severity.LOW,
    reads=Hdf5File,
    references=("CWE-434",),
    weakness="unsigned_or_altered_artifact",
)
def hdf5_user_block(file: Hdf5File) -> Iterator[Hit]:
    """Flag a user block: free bytes that the format allows before its own.

    Why: a file with such a block can be two things at once, a model and a script or an archive.
    The block is examined as a file of its own.

    Fix: copy the model into a new file without the block.

    Blind spot: MATLAB writes a harmless block of its own.
    """
    if file.user_block:
        facts = {"size": file.user_block}
        yield Hit(
            f"{file.user_block} bytes stand before the HDF5 data", Evidence(at=0, facts=facts)
        )
