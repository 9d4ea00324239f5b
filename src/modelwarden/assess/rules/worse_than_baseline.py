"""Rule: a measurement that is clearly worse than in an earlier report."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.assess.rules._seen import Seen
from modelwarden.core import Change, Evidence, Hit, Json, Measurement, Severity, rule
from modelwarden.core.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed(Seen):
    """One measurement beside the earlier one; `paired` is their difference, sample by sample."""

    change: Change
    n: int
    paired: Measurement | None = None


@rule(
    "worse-than-baseline",
    title="Clearly worse than in the earlier report",
    severity=Severity.HIGH,
    reads=Changed,
    references=("MITRE-ATLAS:AML.M0008",),
)
def worse_than_baseline(seen: Changed) -> Iterator[Hit]:
    """Flag a measurement whose interval lies wholly on the worse side of the earlier one's.

    Only measurements taken under the same conditions are compared: the same data by digest, the
    same settings. Robust accuracy is compared sample by sample where the attacked samples of the
    earlier run stand beside its report.

    Why: this change made the model worse, by more than chance explains, on the same rows.

    Fix: look at what changed since the earlier report; where the loss is wanted, take the new
    report as the baseline from now on.

    Blind spot: intervals of the same rows overlap even where a row-by-row comparison would tell
    the two apart: give the earlier model as [model.reference] for that.
    """
    change = seen.change
    if change.how != "worse":
        return
    about = f" of {change.group}" if change.group is not None else ""
    facts: dict[str, Json] = {
        "measure": change.name,
        "before": change.before,
        "before_low": change.before_low,
        "before_high": change.before_high,
        "after": change.after,
        "after_low": change.after_low,
        "after_high": change.after_high,
    }
    told = f"{change.name}{about} went from {change.before:.4g} to {change.after:.4g}"
    pair = seen.paired
    if pair is None:
        told += f" (n = {seen.n})"
    else:  # the two intervals may overlap: this is the one that decided
        moved = f"{pair.value:+.3f} ({pair.low:+.3f} to {pair.high:+.3f})"
        told += f": {moved} on the same {pair.n} samples"
        facts |= {"paired": pair.value, "paired_low": pair.low, "paired_high": pair.high}
    yield Hit(
        told,
        Evidence(facts=facts, identity=(change.name, str(change.group), change.stage)),
    )
