"""Rule: personal data in texts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.core.seen import Seen
from modelwarden.detectors.personal import Personal


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding(Seen):
    """A column of texts that holds personal data of one kind."""

    frame: str
    name: str
    found: Personal


@rule(
    "personal-data",
    title="Texts hold personal data",
    severity=Severity.MEDIUM,
    reads=Holding,
    references=("CWE-359", "MITRE-ATLAS:AML.T0024"),
)
def personal_data(seen: Holding) -> Iterator[Hit]:
    """Flag e-mail addresses, phone, account, card and national numbers in columns of texts.

    Numbers with check digits are checked; forms that other things have too must come in three rows
    and one of two thousand. The report shows the shape alone, never a value.

    Why: a model may learn them by heart and give them away, and who holds them has duties.

    Fix: take them out or put a placeholder in their place, and train again.

    Blind spot: names, addresses and numbers in other forms are not recognised. The first 50,000
    rows and 5,000 characters of each are looked at.
    """
    found = seen.found
    kinds = f"{found.kind}es" if found.kind.endswith("s") else f"{found.kind}s"
    yield Hit(
        f"column {seen.name} of {seen.frame} holds {kinds} in {len(found.rows)} of "
        f"{found.n} rows, of the form {found.shape}",
        Evidence(
            facts={"kind": found.kind, "rows": len(found.rows), "n": found.n, "shape": found.shape},
            identity=(seen.frame, seen.name, found.kind),
        ),
    )
