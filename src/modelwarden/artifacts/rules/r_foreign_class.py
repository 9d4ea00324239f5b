"""`r-foreign-class`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from modelwarden.artifacts.known.r_functions import OWN_CLASSES
from modelwarden.artifacts.rules._pickles import HITS
from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.formats.identified.kind import plain
from modelwarden.formats.rdata.reader import RData


@rule(
    "r-foreign-class",
    title="R data restore a value by code of a package",
    severity=Severity.MEDIUM,
    reads=RData,
    references=("CWE-829",),
    weakness="custom_code_in_model",
)
def r_foreign_class(data: RData) -> Iterator[Hit]:
    """Flag values kept by an alternative class which R does not bring, or which maps files.

    Why: reading such a value loads the package that is named, and calls its code with what the
    file holds. The class `mmap` maps a file whose path stands in the data.

    Fix: ask for the object without such values (`x[]` copies it), or install the package from
    where you trust it first.

    Blind spot: what the package does.
    """
    found = ((c, t) for c, t in data.classes if not c or c[0] not in OWN_CLASSES)
    for names, texts in islice(found, HITS):
        named = plain(".".join(reversed(names[:2])) or "a class without a name")
        facts = {"class": named, "texts": plain(", ".join(texts[:5]), 200)}
        why = f"what restoring {named!r} does was not examined"
        yield Hit(f"restores a value by {named!r}", Evidence(facts=facts), unexamined=why)
