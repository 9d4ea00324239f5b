"""The measurements of judged rows: their intervals are those of the data, not of the seed."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from modelwarden.assess.measures import of_classes, table_of
from modelwarden.assess.truth import Judged
from modelwarden.targets.spec import Modality, TargetSpec, Task

RIGHT, WRONG = (383, 367), (231, 219)


@pytest.fixture
def seen():
    y = np.repeat([0, 0, 1, 1], [RIGHT[0], WRONG[0], WRONG[1], RIGHT[1]])
    said = np.repeat([0, 1, 0, 1], [RIGHT[0], WRONG[0], WRONG[1], RIGHT[1]])
    spec = TargetSpec(task=Task.BINARY, modality=Modality.VECTOR, classes=(0, 1), positive=1)
    return Judged(np.arange(len(y)), spec, y=y, said=said, classes=(0, 1), positive=1)


@pytest.mark.parametrize("seed", range(4))
def test_ends_of_bootstrapped_intervals_hardly_hang_on_the_seed(seen, seed):
    got = {m.name: m for m in of_classes(seen, table_of(seen), seed)}["recall_macro"]

    shares = [r / (r + w) for r, w in zip(RIGHT, WRONG, strict=True)]
    error = (
        sum(p * (1 - p) / (r + w) / 4 for p, r, w in zip(shares, RIGHT, WRONG, strict=True)) ** 0.5
    )
    ends = stats.norm.interval(0.95, np.mean(shares), error)
    assert (got.low, got.high) == pytest.approx(ends, abs=0.1 * error)
