"""Planted wrong labels: recall and precision of ours, and of cleanlab where it can be imported.

    python benchmarks/label_flips.py [--data FOLDER] [--seed 8] [--rows 2000] [--only WORD]

FOLDER holds `spambase/spambase.parquet`, `sms-spam/sms.parquet` and `adult/train.parquet`, each
with a column `label`; without it the sets that come with scikit-learn are used alone. cleanlab is
asked at its defaults, on probabilities out of fold of a usual model of scikit-learn.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from sklearn.datasets import load_breast_cancer, load_digits, make_classification
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from modelwarden.data.label_errors import design_of_inputs
from modelwarden.detectors.designs import design_of
from modelwarden.detectors.label_errors import flips
from modelwarden.targets.frames import Frame, take

KINDS = (("clean", 0.0), ("all", 0.05), ("all", 0.10), ("one class", 0.05))


def sets(folder: Path | None, rows: int) -> Iterator[tuple[str, object, np.ndarray]]:
    """Yield name, inputs and classes."""
    x, y = load_breast_cancer(return_X_y=True)
    yield "cancer", framed(x), y
    for k in (2, 3):
        x, y = make_classification(
            rows, 20, n_informative=8, n_redundant=4, n_classes=k, flip_y=0, random_state=5
        )
        yield f"{k} classes", framed(x), y
    x, y = load_digits(return_X_y=True)
    yield "digits", x.reshape(-1, 1, 8, 8).astype(np.float32), y
    if folder is None:
        return
    import duckdb

    for name, file in (
        ("spambase", "spambase/spambase.parquet"),
        ("sms", "sms-spam/sms.parquet"),
        ("adult", "adult/train.parquet"),
    ):
        table = duckdb.execute("select * from read_parquet(?)", [str(folder / file)]).df()
        at = np.random.default_rng(77).permutation(len(table))[:rows]
        table = table.iloc[at]
        y = np.unique(table.pop("label"), return_inverse=True)[1]
        if name == "sms":
            texts = np.empty(len(table), object)
            texts[:] = table["text"].tolist()
            yield name, texts, y
        else:
            columns = [
                c.to_numpy()
                if c.dtype.kind in "biuf"
                else np.array([None if v != v else v for v in c.tolist()], object)
                for _, c in table.items()
            ]
            yield name, Frame(tuple(table.columns), tuple(columns)), y


def framed(x: np.ndarray) -> Frame:
    return Frame(tuple(f"x{i}" for i in range(x.shape[1])), tuple(x.T.copy()))


def spoilt(y: np.ndarray, kind: str, share: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return labels with some of them wrong, and which."""
    rng = np.random.default_rng(seed)
    k, made, wrong = int(y.max()) + 1, y.copy(), np.zeros(len(y), bool)
    if kind == "all":
        wrong = rng.random(len(y)) < share
        made[wrong] = (y[wrong] + rng.integers(1, k, wrong.sum())) % k
    elif kind == "one class":
        first = int(np.bincount(y).argmax())
        rows = np.flatnonzero(y == first)
        wrong[rng.choice(rows, min(int(share * len(y)), len(rows) // 3), replace=False)] = True
        made[wrong] = (first + 1) % k
    return made, wrong


def theirs(inputs: object, y: np.ndarray) -> np.ndarray | None:
    try:
        from cleanlab.filter import find_label_issues
    except ImportError:
        return None
    if isinstance(inputs, Frame):
        x, model = design_of(inputs).x, HistGradientBoostingClassifier(max_iter=80)
    elif inputs.dtype.kind == "O":
        x, model = inputs.tolist(), make_pipeline(TfidfVectorizer(), LogisticRegression())
    else:
        x = inputs.reshape(len(inputs), -1)
        model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=300))
    return find_label_issues(y, cross_val_predict(model, x, y, cv=4, method="predict_proba"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--seed", type=int, default=8)
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--only", default="")
    chosen = parser.parse_args()
    for name, inputs, y in sets(chosen.data, chosen.rows):
        if chosen.only not in name:
            continue
        few = take(inputs, np.arange(min(len(y), chosen.rows)))
        y = y[: chosen.rows]
        for kind, share in KINDS:
            made, wrong = spoilt(y, kind, share, chosen.seed)
            began = time.process_time()
            rng = np.random.default_rng(chosen.seed)
            found = flips(design_of_inputs(few), made, int(y.max()) + 1, rng)
            took = time.process_time() - began
            named = np.zeros(len(y), bool)
            if found is not None and found.certain:
                named[found.rows] = True
            told = {"set": name, "kind": kind, "share": share, "wrong": int(wrong.sum())}
            told |= scored("", named, wrong) | {"cpu_seconds": round(took, 1)}
            other = theirs(few, made)
            if other is not None:
                told |= scored("cleanlab_", other, wrong)
            print(json.dumps(told), flush=True)


def scored(whose: str, named: np.ndarray, wrong: np.ndarray) -> dict[str, float]:
    good = int((named & wrong).sum())
    return {
        f"{whose}named": int(named.sum()),
        f"{whose}recall": round(good / max(int(wrong.sum()), 1), 2),
        f"{whose}precision": round(good / max(int(named.sum()), 1), 2),
    }


if __name__ == "__main__":
    main()
