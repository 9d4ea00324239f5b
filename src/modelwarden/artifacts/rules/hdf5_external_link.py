"""`hdf5-external-link`."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.formats.hdf5.groups import LinkKind
from modelwarden.formats.hdf5.reader import Hdf5File


@rule(
    "hdf5-external-link",
    title="An HDF5 file links into another file",
    severity=Severity.MEDIUM,
    reads=Hdf5File,
    references=("CWE-73", "CWE-61"),
    weakness="archive_path_escape",
)
def hdf5_external_link(file: Hdf5File) -> Iterator[Hit]:
    """Flag links whose target lies in another file, and links of a kind that needs a plug-in.

    Why: a program that reads the model opens the other file, wherever the link points, with its
    own rights; what it reads becomes weights. A model is one file.

    Fix: ask for a file without links, or copy the linked data into it yourself.

    Blind spot: none known.
    """
    for link in file.links:
        if link.kind in {LinkKind.EXTERNAL, LinkKind.USER}:
            facts = {"link": link.path[:200], "file": (link.file or "")[:200]}
            facts |= {"target": (link.target or "")[:200], "kind": link.kind.value}
            where = repr(facts["file"]) if link.file else f"kind {link.target}"
            yield Hit(
                f"{link.path[:120]} is an {link.kind.value} link: {where}", Evidence(facts=facts)
            )
