"""`hdf5-external-storage`."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.formats.hdf5.reader import Hdf5File


@rule(
    "hdf5-external-storage",
    title="An HDF5 dataset takes its bytes from another file",
    severity=Severity.HIGH,
    reads=Hdf5File,
    references=("CWE-73", "CWE-200"),
    weakness="archive_path_escape",
)
def hdf5_external_storage(file: Hdf5File) -> Iterator[Hit]:
    """Flag datasets whose raw data lies in other files.

    Why: reading such a dataset reads any file that the name points to, byte by byte: a key file
    becomes weights, and leaves with the model. Model files are not written so.

    Fix: do not load the file; ask for one that holds its own data.

    Blind spot: none known.
    """
    for dataset in file.datasets:
        if dataset.external:
            facts = {
                "dataset": dataset.path[:200],
                "files": [n[:200] for n in dataset.external[:5]],
            }
            message = f"{dataset.path[:120]} is read from {dataset.external[0][:120]!r}"
            yield Hit(message, Evidence(facts=facts))
