"""Rule: a column that no longer is what it was."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.core.seen import Seen
from modelwarden.detectors.breaks import Break


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken(Seen):
    """One way in which a column of one set is not that of another."""

    frame: str
    against: str
    name: str
    found: Break


@rule(
    "schema-break",
    title="A column is no longer what it was",
    severity=Severity.HIGH,
    reads=Broken,
    references=("MITRE-ATLAS:AML.M0008",),
)
def schema_break(seen: Broken) -> Iterator[Hit]:
    """Flag columns that are missing, new or moved, of another type, unit, sign, range or date form.

    How severe it is: high where values mean something else than before – another type, unit, sign
    or form of date, a column gone, a code for missing, many new words, values far beyond all that
    training had. Columns in another order are medium: a model that tells them by name does not
    mind. Values that go on less than half of training's width beyond it are medium, less
    than a tenth low: a later time brings them. A column that rises along the rows and goes on
    rising is a clock, and nothing is said.

    Why: the pipeline in front of the model changed, and the model answers all the same. A price in
    cents, a date the other way round, a new word for an old category: each row is answered with
    full confidence and means nothing.

    Fix: mend what writes the column. Where the change is wanted, train the model on the new form.

    Blind spot: new values and values out of range count only beyond what chance brings: 1 % and
    0.5 % of the rows, and p below 1e-4 and 1e-6. Columns of free text and of identifiers have no
    values to be held against.
    """
    facts = {"kind": seen.found.kind, "against": seen.against, **seen.found.facts}
    yield Hit(
        f"column {seen.name} of {seen.frame} {seen.found.told}"
        if seen.found.kind in {"missing column", "extra column", "order", "type"}
        else f"column {seen.name} of {seen.frame}: {seen.found.told}",
        Evidence(facts=facts, identity=(seen.frame, seen.against, seen.name, seen.found.kind)),
    )
