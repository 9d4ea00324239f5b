"""Rule: answers that depend on more than the row."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.assess.rules._seen import Seen
from modelwarden.core import Evidence, Hit, Json, Severity, rule
from modelwarden.core.values import dataclass

_HOW = {
    "repeat": "when the same rows were asked a second time",
    "order": "when the same rows were asked in another order",
    "batch": "when the same rows were asked one by one",
}
# A change in the last digits of a float is the library's; one that anybody could see is not.
VISIBLE = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked(Seen):
    """The same rows, asked in two ways.

    Attributes:
        how: `repeat`, `order` or `batch`.
        n: rows. changed: that got another label, or another value.
        largest: difference of a score, or of a value in units of their spread; 0 without scores.
        refused: what a batch of a single row was answered in place of an answer.
    """

    how: str
    n: int
    changed: int
    largest: float
    refused: str = ""


@rule(
    "inconsistent-predictions",
    title="Answers that depend on more than the row that is asked",
    severity=Severity.HIGH,
    reads=Asked,
    references=("MITRE-ATLAS:AML.M0008",),
)
def inconsistent_predictions(seen: Asked) -> Iterator[Hit]:
    """Flag a model that answers the same row in two ways: asked again, in another order, or alone.

    Alone it is asked beside copies of itself, and in a batch of one row.

    Why: the decision about one case then hangs on which other cases are in the same batch, or on
    chance. No measurement can be repeated, a decision cannot be explained afterwards, and whoever
    can add rows to a batch can move the decision about another's.

    Fix: switch the model to evaluation mode (dropout and batch statistics off), fix its seeds, and
    compute means and ranks from stored training statistics, never from the batch.

    Blind spot: at most 256 rows are asked again, and batches have one row or those of a tile: what
    happens between is not tried. Changes below 0.001 of a score are taken for
    the rounding of the library.
    """
    if seen.refused:
        told: dict[str, Json] = {"rows": seen.n, "answered": seen.refused[:200]}
        yield Hit(
            f"a batch of one row is not answered: {seen.refused[:200]}",
            Evidence(facts=told, identity=(seen.how, "one row")),
        )
        return
    if seen.largest < VISIBLE and seen.changed <= seen.n * VISIBLE:
        return
    largest = f", scores by up to {seen.largest:.3g}" if seen.largest else ""
    yield Hit(
        f"{seen.changed} of {seen.n} answers changed {_HOW[seen.how]}{largest}",
        Evidence(
            facts={"rows": seen.n, "changed": seen.changed, "largest_change": seen.largest},
            identity=(seen.how,),
        ),
    )
