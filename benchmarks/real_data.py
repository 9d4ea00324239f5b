"""What must be found on real data, by the real command: each line with what is due, and whether.

    python benchmarks/real_data.py SHARED [--only NAME,...] [--keep FOLDER] [--fail]

In an environment with scikit-learn, pandas and pyarrow, SHARED holds the
published sets and models (`adult`, `toxicity`, …). Each case is a project of its own, checked with
`modelwarden check` in the sandbox; boosted trees are fitted to the training rows where the case is
about a model. Prints a line of JSON for each case; `--fail` exits 1 where something due is missing.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import joblib
import pandas as pd
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder

Report = dict[str, Any]
Due = Iterator[tuple[str, bool, object]]  # what is due, whether it is so, what was seen
ROOT = Path(__file__).resolve().parents[1]
TEXT = """from pathlib import Path

import joblib

HERE = Path(__file__).parent
VECTORIZER = joblib.load(HERE / "profanity_vectorizer.joblib")
MODEL = joblib.load(HERE / "profanity_model.joblib")


def predict(texts):
    return MODEL.predict_proba(VECTORIZER.transform(texts))
"""
NAMED = ("gay", "homosexual", "queer")


def boosted(frame: pd.DataFrame) -> Any:
    """Return boosted trees that were fitted to a frame with `label`."""
    words = make_column_selector(dtype_exclude="number")
    coded = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    columns = make_column_transformer((coded, words), remainder="passthrough")
    model = make_pipeline(columns, HistGradientBoostingClassifier(random_state=0))
    return model.fit(frame.drop(columns="label"), frame["label"])


def project(folder: Path, sets: dict[str, pd.DataFrame], lines: str = "") -> Path:
    """Lay out a project; a table has boosted trees of its training rows."""
    (folder / "model").mkdir(parents=True)
    for name, frame in sets.items():
        frame.to_parquet(folder / f"{name}.parquet", index=False)
    named = "\n".join(f'{name} = "{name}.parquet"' for name in sets)
    form = 'modality = "tabular"'
    model = 'adapter = "sklearn"'
    if "text" in sets["test"]:
        form, model = 'modality = "text"', 'adapter = "callable"\nentry = "predict.py:predict"'
        lines += '\ntext = "text"'
        (folder / "model" / "predict.py").write_text(TEXT)
    else:
        joblib.dump(boosted(sets["train"]), folder / "model" / "model.joblib")
    (folder / "modelwarden.toml").write_text(
        f'[project]\nname = "{folder.name}"\ntask = "binary"\n{form}\n\n[model]\npath = "model/"\n'
        f'{model}\n\n[limits]\nseconds = 900\n\n[data]\n{named}\nlabel = "label"\npositive = 1\n'
        f"{lines}\n"
    )
    return folder


def check(folder: Path, stages: str) -> Report:
    """Run the command; return its report."""
    command = [sys.executable, "-m", "modelwarden", "check", str(folder), "--stage", stages]
    done = subprocess.run([*command, "--format", "json"], capture_output=True, check=False)
    if not done.stdout:
        raise SystemExit(done.stderr.decode())
    report: Report = json.loads(done.stdout)
    return report | {"exit": done.returncode}


def told(report: Report, rule: str) -> list[str]:
    return [f["message"] for f in report["findings"] if f["rule"] == rule]


def toxicity(shared: Path, folder: Path) -> Due:
    """Check the published filter of profanity on sentences that differ in who they are about."""
    rows = pd.read_parquet(shared / "toxicity" / "identity_templates.parquet")
    made = project(folder, {"test": rows[["text", "label"]].sample(4000, random_state=0)})
    for name in ("profanity_vectorizer", "profanity_model"):
        shutil.copy(shared / "models" / "sklearn" / f"{name}.joblib", made / "model")
    report = check(made, "performance,fairness")
    found = told(report, "identity-term-bias")
    named = {message.split('"')[1] for message in found}
    yield "names gay, homosexual and queer", set(NAMED) <= named, found
    yield "and nothing else", named == set(NAMED) and len(found) == len(NAMED), sorted(named)
    model = joblib.load(made / "model" / "profanity_model.joblib")
    words = joblib.load(made / "model" / "profanity_vectorizer.joblib")
    benign = rows[rows["label"] == 0].drop_duplicates("text")
    flagged = model.predict(words.transform(benign["text"])) == 1
    for term in NAMED:
        holds = benign["text"].str.contains(rf"\b{term}\b", case=False).to_numpy()
        share = float(flagged[holds].mean())
        yield (
            f"flags benign sentences with {term!r}",
            share > 0.5,
            [round(share, 3), int(holds.sum())],
        )


def adult(shared: Path, folder: Path) -> Due:
    """Check boosted trees for whom they give a yes."""
    sets = {
        name: pd.read_parquet(shared / "adult" / f"{name}.parquet") for name in ("train", "test")
    }
    report = check(project(folder, sets, 'protected = ["sex"]'), "performance,fairness")
    found = told(report, "group-gap")
    yield "tells the gap between women and men", any("sex" in m for m in found), found
    gap = [
        (round(m["value"], 3), round(m["low"], 3), round(m["high"], 3))
        for m in report["measurements"]
        if m["name"] == "demographic_parity_difference"
    ]
    yield "25.1 % against 8.2 % is a gap of 0.17", any(0.14 < v < 0.20 for v, *_ in gap), gap


def german(shared: Path, folder: Path) -> Due:
    """Check a set that is too small for a verdict on fairness."""
    rows = pd.read_parquet(shared / "german-credit" / "german.parquet").sample(
        frac=1, random_state=0
    )
    rows = rows.drop(columns="personal_status_sex")
    sets = {"train": rows[:600], "test": rows[600:]}
    report = check(project(folder, sets, 'protected = ["sex", "foreign_worker"]'), "fairness")
    why = [gap["why"] for gap in report["gaps"] if gap.get("stage") == "fairness"]
    yield "leaves open what is too wide to tell", any("too wide" in one for one in why), why
    yield "and a group that is too small", any("too small" in one for one in why), len(why)
    yield "so it does not pass", report["exit"] != 0, [report["exit"], *told(report, "group-gap")]


def bank(shared: Path, folder: Path) -> Due:
    """Check what an order in time does: trained on the earlier 60 %, and shuffled."""
    rows = pd.read_parquet(shared / "bank-marketing" / "bank_additional_full.parquet")
    rows = rows.drop(columns="duration")
    at = int(0.6 * len(rows))
    mixed = rows.sample(frac=1, random_state=0)
    scores = []
    for train, test in ((mixed[:at], mixed[at:]), (rows[:at], rows[at:])):
        said = boosted(train).predict_proba(test.drop(columns="label"))[:, 1]
        scores.append(round(float(roc_auc_score(test["label"], said)), 3))
    yield "AUC 0.80 shuffled and 0.46 in time", scores[0] > 0.75 and scores[1] < 0.55, scores
    made = project(folder, {"train": rows[:at], "test": rows[at:]})
    report = check(made, "performance,data")
    for rule in ("order-effect", "label-drift", "feature-drift"):
        found = told(report, rule)
        yield f"tells {rule}", bool(found), [len(found), *found[:2]]


def nsl_kdd(shared: Path, folder: Path) -> Due:
    """Check a test set with attacks that training never saw."""
    unknown = ["attack", "difficulty"]
    sets = {
        "train": pd.read_parquet(shared / "nsl-kdd" / "train20.parquet").drop(columns=unknown),
        "test": pd.read_parquet(shared / "nsl-kdd" / "test.parquet").drop(columns=unknown),
    }
    report = check(project(folder, sets), "performance,data")
    for rule in ("feature-drift", "label-drift", "joint-drift"):
        found = told(report, rule)
        yield f"tells {rule}", bool(found), [len(found), *found[:2]]
    named = ("accuracy", "roc_auc")
    values = {m["name"]: round(m["value"], 3) for m in report["measurements"] if m["name"] in named}
    yield "accuracy 0.79 at AUC 0.96", 0.7 < values.get("accuracy", 0) < 0.85, values


def android(shared: Path, folder: Path) -> Due:
    """Check a table whose rows repeat."""
    rows = pd.read_parquet(shared / "android-malware" / "tuandromd.parquet")
    rows = rows[rows["label"].notna()].sample(frac=1, random_state=0)
    sets = {"train": rows[:3000], "test": rows[3000:]}
    found = told(check(project(folder, sets), "data"), "duplicate-rows")
    yield "tells rows that repeat", bool(found), found
    yield (
        "and test rows that were trained on",
        any("stand in the training set" in m for m in found),
        len(found),
    )


CASES: dict[str, Callable[[Path, Path], Due]] = {
    "toxicity": toxicity,
    "adult": adult,
    "german-credit": german,
    "bank-marketing": bank,
    "nsl-kdd": nsl_kdd,
    "android-malware": android,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shared", type=Path)
    parser.add_argument("--only", default=",".join(CASES))
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--fail", action="store_true")
    given = parser.parse_args()
    missed = 0
    for name in given.only.split(","):
        began = time.perf_counter()
        with tempfile.TemporaryDirectory() as place:
            lines = list(CASES[name](given.shared, (given.keep or Path(place)) / name))
        missed += sum(not held for _, held, _ in lines)
        shown = {what: [bool(held), seen] for what, held, seen in lines}
        spent = round(time.perf_counter() - began)
        print(json.dumps({"case": name, "seconds": spent, **shown}, ensure_ascii=False), flush=True)
    return 1 if missed and given.fail else 0


if __name__ == "__main__":
    sys.exit(main())
