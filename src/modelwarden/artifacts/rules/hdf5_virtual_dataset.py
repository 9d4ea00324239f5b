"""`hdf5-virtual-dataset`."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.formats.hdf5.reader import Hdf5File


@rule(
    "hdf5-virtual-dataset",
    title="An HDF5 dataset is made of datasets in other files",
    severity=Severity.MEDIUM,
    reads=Hdf5File,
    references=("CWE-73",),
    weakness="archive_path_escape",
)
def hdf5_virtual_dataset(file: Hdf5File) -> Iterator[Hit]:
    """Flag virtual datasets whose sources are outside of the file.

    Why: reading one opens the other files with the rights of whoever loads the model.

    Fix: ask for a file that holds its own data.

    Blind spot: of several sources only the first is named.
    """
    for dataset in file.datasets:
        if any(name != "." for name in dataset.virtual):
            facts = {"dataset": dataset.path[:200], "files": [n[:200] for n in dataset.virtual]}
            message = f"{dataset.path[:120]} is made of data in {dataset.virtual[0][:120]!r}"
            yield Hit(message, Evidence(facts=facts))
