"""Phishing addresses that evade detectors trained on real ones, under the rules of `attacks.urls`.

    python benchmarks/url_evasion.py TABLE.parquet [--attacked N]

The table has columns `url` and `label` (1 is phishing). Half of it trains three detectors: a linear
one over character n-grams, a random forest and boosted histograms over numbers of the address; the
other half measures them and gives the addresses that are attacked, with labels alone. Prints JSON.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path

import duckdb
import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from modelwarden.attacks.engine import Problem, run
from modelwarden.attacks.html.search import shrunk
from modelwarden.attacks.minimal import minimal
from modelwarden.attacks.urls.rules import broken
from modelwarden.attacks.urls.search import RandomUrlEdits, UrlEdits
from modelwarden.attacks.urls.space import UrlSpace
from modelwarden.metrics.intervals import wilson
from modelwarden.redteam.phishing.addresses import address_features
from modelwarden.targets.local import function_target
from modelwarden.targets.spec import Access, Modality, TargetSpec, Task
from modelwarden.targets.tiled import limited


def numbers(urls: list[str]) -> np.ndarray:
    return np.array([[*address_features(url).values()] for url in urls])


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("table", type=Path)
    arguments.add_argument("--attacked", type=int, default=200)
    arguments.add_argument("--queries", type=int, default=60)
    given = arguments.parse_args()
    place = str(given.table).replace("'", "''")
    rows = duckdb.sql(f"select url, label from '{place}' order by hash(url)").fetchall()
    urls, y = [str(u) for u, _ in rows], np.array([int(v) for _, v in rows])
    half = len(urls) // 2
    grams = make_pipeline(
        TfidfVectorizer(analyzer="char", ngram_range=(3, 4), max_features=20_000),
        LogisticRegression(C=10, max_iter=500),
    ).fit(urls[:half], y[:half])
    x = numbers(urls[:half])
    forest = RandomForestClassifier(100, random_state=0).fit(x, y[:half])
    boosted = HistGradientBoostingClassifier(random_state=0).fit(x, y[:half])
    judges = {
        "characters-linear": lambda some: grams.predict_proba(some),
        "numbers-forest": lambda some: forest.predict_proba(numbers(some)),
        "numbers-boosted": lambda some: boosted.predict_proba(numbers(some)),
    }
    report = {}
    for name, judge in judges.items():
        said = judge(urls[half:]).argmax(axis=1)
        caught = [u for u, one, t in zip(urls[half:], said, y[half:], strict=True) if one and t]
        chosen = np.empty(min(given.attacked, len(caught)), object)
        chosen[:] = caught[: len(chosen)]
        n = len(chosen)
        spec = TargetSpec(
            task=Task.BINARY, modality=Modality.TEXT, classes=(0, 1), positive=1, tile=64
        )
        # The two kinds of rows settle how the answers are read.
        target = function_target(lambda some, j=judge: j(list(some)), spec, chosen)
        target = limited(target, Access.LABELS)
        told = {"held_out_accuracy": float((said == y[half:]).mean()), "n": n}
        for attack in (UrlEdits(), RandomUrlEdits()):
            space = UrlSpace(x=chosen)
            problem = Problem(space=space, y=np.ones(n, np.int64), rows=np.arange(n), classes=2)
            outcome = run(attack, target, problem, queries=given.queries)
            won = np.flatnonzero(outcome.success)
            one = {
                "evaded_share": len(won) / n,
                "interval": list(wilson(len(won), n)),
                "median_rows": float(np.median(outcome.queries[won])) if len(won) else None,
                "broken": sum(bool(broken(chosen[i], outcome.candidates[i])) for i in won),
            }
            if isinstance(attack, UrlEdits):
                left = np.full(n, 30)
                small = minimal(target, problem, outcome.candidates, outcome.success, left, shrunk)
                names = [space.names(i, str(small.candidates[i])) for i in won]
                one["minimal_edits_median"] = float(np.median([len(k) for k in names] or [0]))
                one["edits"] = Counter(k for some in names for k in some).most_common(6)
            told[attack.name] = one
        report[name] = told
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
