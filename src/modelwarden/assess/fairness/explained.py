"""Whether groups lie apart because their labels do, and equal scores mean the same in all of them.

Where one group has more positive cases, a model whose scores are right in every group still answers
positive more often there, finds more of its cases and calls more of its others positive: not all
gaps can be closed at once. What such a model would show is worked out from the scores themselves,
made right over all groups together; a model that is unfair to a group beyond that differs from it.

Source: Kleinberg, Mullainathan and Raghavan 2016; Corbett-Davies and Goel 2018 (inframarginality).
"""

from __future__ import annotations

import numpy as np

from modelwarden.assess.slices.losses import recalibrated
from modelwarden.assess.truth import Judged
from modelwarden.metrics import rates
from modelwarden.targets.frames import Floats, Labels


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
