"""Whether groups lie apart because their labels do, and equal scores mean the same in all of them.

Where one group has more positive cases, a model whose scores are right in every group still answers
positive more often there, finds more of its cases and calls more of its others positive: not all
gaps can be closed at once. What such a model would show is worked out from the scores themselves,
made right over all groups together; a model that is unfair to a group beyond that differs from it.

Source: Kleinberg, Mullainathan and Raghavan 2016; Corbett-Davies and Goel 2018 (inframarginality).
"""

from __future__ import annotations

import numpy as np

from modelwarden.assess.context import Context
from modelwarden.assess.slices.losses import recalibrated
from modelwarden.assess.truth import Judged
from modelwarden.metrics import rates
from modelwarden.metrics.groups import LEAST_ROWS
from modelwarden.targets.frames import Floats, Labels

_NOTABLE = 0.1  # of a regression's spread, by which the labels of groups differ
_BEYOND = 2.58  # standard errors


def expected_rates(seen: Judged, code: Labels, groups: int) -> Floats | None:
    """Return the rates of `metrics.groups.RATES`, (5, groups), that the scores let one expect.

    None where there are no scores, or no rows.

    Args:
        seen: labelled rows of a binary task.
        code: (n,) group of each.
        groups: how many.
    """
    at = seen.at_positive
    if seen.scores is None or seen.y is None or seen.said is None or at is None or not seen.n:
        return None
    score = recalibrated(seen.scores[:, at], seen.y == at)
    said = (seen.said == at).astype(np.float64)

    def total(values: Floats) -> Floats:
        return np.bincount(code, values, groups).astype(np.float64)

    n, positive = total(np.ones(len(code))), total(score)
    chosen, found = total(said), total(said * score)
    right = found + total((1 - said) * (1 - score))
    return np.stack(
        [
            # More positive answers than the mean score says are explained by nothing.
            rates.share(chosen, n),
            rates.share(found, positive),
            rates.share(chosen - found, n - positive),
            rates.share(found, chosen),
            rates.share(right, n),
        ]
    )


def unexplained(
    family: int,
    seen: Judged,
    code: Labels,
    pair: tuple[int, int],
    observed: Floats,
    expected: Floats,
) -> float:
    """Return how much of the gap between two groups the scores do not let one expect.

    Args:
        family: which of the rates.
        seen: labelled rows of a binary task.
        code: (n,) group of each.
        pair: the groups.
        observed: (groups,) the rate.
        expected: (5, groups).
    """
    one, two = pair
    if family:
        far = observed[one] - observed[two] - (expected[family, one] - expected[family, two])
        return float(abs(far))
    at = seen.at_positive
    if seen.scores is None or seen.y is None or at is None:
        return float("inf")
    off = seen.scores[:, at] - (seen.y == at)
    return float(abs(off[code == one].mean() - off[code == two].mean()))


def borne_out(seen: Judged, code: Labels, groups: int, context: Context) -> bool:
    """Return whether the labels of groups differ, and what is said is right in all of them.

    Then a model that follows the attribute repeats what it was taught. In which groups what is said
    is off must be shown beyond chance, as small groups always are a little.

    Args:
        seen: labelled rows.
        code: (n,) group of each, negative for none.
        groups: how many.
        context: has the margins.
    """
    with np.errstate(over="ignore", invalid="ignore"):  # errors without a bound bear nothing out
        return _borne_out(seen, code, groups, context)


def _borne_out(seen: Judged, code: Labels, groups: int, context: Context) -> bool:
    fairness = context.assess.fairness
    if seen.truth is not None and seen.values is not None:
        truth, said = seen.truth, seen.values
        margin = fairness.error_margin * float(np.abs(said - truth).mean()) / 2
        differ = _NOTABLE * float(truth.std())
    elif seen.y is not None and seen.scores is not None and seen.at_positive is not None:
        truth, said = (
            (seen.y == seen.at_positive).astype(np.float64),
            seen.scores[:, seen.at_positive],
        )
        margin = differ = fairness.margin / 2
    else:
        return False
    whole = float((said - truth).mean())
    means = []
    for at in range(groups):
        rows = code == at
        if rows.sum() < LEAST_ROWS:
            continue
        off = (said - truth)[rows] - whole
        error = float(off.std(ddof=1)) / float(rows.sum()) ** 0.5
        far = abs(float(off.mean()))
        if not np.isfinite(far) or far > max(margin, _BEYOND * error):
            return False
        means.append(float(truth[rows].mean()))
    return len(means) > 1 and max(means) - min(means) >= differ
