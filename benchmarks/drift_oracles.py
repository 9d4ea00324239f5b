"""The tests of drift beside alibi-detect's own, number by number, on the same columns.

    pip install '.[assess]' alibi-detect==0.13.0      # in an environment of its own
    python benchmarks/drift_oracles.py [--rows 12000] [--seed 0] [--fail]

`KSDrift` and `ChiSquareDrift` without correction, on twenty columns of many kinds (those of
`drift_pairs.py`) of which some have moved. Ours count in bins and by the limit law, so statistic
and p are not the same to the last digit: the benchmark prints the largest distance of the
Kolmogorov–Smirnov statistic, and of the p of the words, and where the two disagree at 1e-4.
Of two words theirs has Yates's correction, which ours has not. `--fail` exits 1 above 0.005 of the
statistic, 0.02 of a p of words, or at such a disagreement.
"""

from __future__ import annotations

import argparse
import json
import sys

import numpy as np
from alibi_detect.cd import ChiSquareDrift, KSDrift
from drift_pairs import columns

from modelwarden.detectors import moves
from modelwarden.detectors.counts import as_numbers, word_of
from modelwarden.targets.data import DataSet
from modelwarden.targets.frames import Column, Frame

STATISTIC, CHANCE = 0.005, 0.02


def moved(made: dict[str, Column]) -> dict[str, Column]:
    """Return the columns with a shift, another scale and another mix in three of them."""
    made["normal"] = made["normal"] + 0.15
    made["gamma"] = made["gamma"] * 1.25
    rows = np.arange(len(made["six"])) % 12 == 0
    made["six"] = np.where(rows, "f", made["six"])
    return made


def data(name: str, made: dict[str, Column]) -> DataSet:
    return DataSet(name, Frame(tuple(made), tuple(made.values())), None, Frame((), ()))


def both_known(values: Column) -> np.ndarray:
    numbers = as_numbers(values)
    return numbers[~np.isnan(numbers)].reshape(-1, 1)


def coded(values: Column, codes: dict[str, int]) -> np.ndarray:
    words = (word_of(value) for value in values.tolist())
    return np.array([codes.setdefault(w, len(codes)) for w in words if w is not None])[:, None]


def compared(here: Column, there: Column, kind: str) -> tuple[float, float]:
    """Return alibi-detect's statistic and p for one column."""
    if kind == "distribution":
        said = KSDrift(both_known(here), p_val=1e-4).predict(
            both_known(there), drift_type="feature"
        )
    else:
        codes: dict[str, int] = {}
        one, two = coded(here, codes), coded(there, codes)
        test = ChiSquareDrift(one, p_val=1e-4, categories_per_feature={0: len(codes)})
        said = test.predict(two, drift_type="feature")
    return float(said["data"]["distance"][0]), float(said["data"]["p_val"][0])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=12_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--fail", action="store_true")
    given = parser.parse_args()
    rng = np.random.default_rng(given.seed)
    one = data("train", columns(rng, given.rows))
    two = data("test", moved(columns(rng, given.rows)))
    tested, _ = moves.tested_features(one, two)
    statistics, chances, apart = {}, {}, []
    for look, change in tested:
        # Words too rare for a chi-square test share a cell of ours: there the two tests differ.
        if change.kind not in {"distribution", "mix"} or look.feature == "many":
            continue
        theirs, p = compared(look.here, look.there, change.kind)
        if change.kind == "distribution":
            statistics[look.feature] = abs(change.effect - theirs)
        else:
            chances[look.feature] = abs(change.p - p)
        if (change.p <= 1e-4) != (p <= 1e-4):
            apart.append([look.feature, change.p, p])
    worst = max(statistics.values()), max(chances.values())
    print(
        json.dumps(
            {
                "rows": given.rows,
                "columns": [len(statistics), len(chances)],
                "statistic_apart_at_most": worst[0],
                "p_of_words_apart_at_most": worst[1],
                "other_decision_at_1e-4": apart,
            }
        )
    )
    return int(given.fail and (bool(apart) or worst[0] > STATISTIC or worst[1] > CHANCE))


if __name__ == "__main__":
    sys.exit(main())
