"""Streams of abuse and of honest use, judged as the firewall judges them: what is told, how soon.

    python benchmarks/firewall_abuse.py DATA [--seeds N …] [--tuning] [--patient]

DATA is the folder with `mnist-10k` and `spambase`; digits come from scikit-learn. Thresholds were
set on other sets (`--tuning` shows these: phishing URLs, android malware, breast cancer), never
on the reported ones. The reference is 55 % of a set; a forest is the model; square, boundary and
signs are this project's own attacks. A stream is 300 queries at most, one row each; it counts as
found when an alarm of a client was raised. `--patient` has longer streams instead: square against a
logistic regression, hidden among 9, 19 or 39 honest rows for each of its own, by one client or
twenty, in up to 1,500 rows, and honest streams of as many. `--hidden N …` hides all 200 queries of
square, each among N - 1 honest rows, in 200 N rows, beside the same honest rows without it.
"""

from __future__ import annotations

import argparse
import json
import statistics
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path

import duckdb
import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from modelwarden.attacks.balls import Ball, Norm
from modelwarden.attacks.catalog import entry_of
from modelwarden.attacks.engine import Problem, run
from modelwarden.firewall.fitting import normal_of
from modelwarden.firewall.normal import Scorer
from modelwarden.firewall.searches.clients import Clients
from modelwarden.targets.local import function_target
from modelwarden.targets.spec import Modality, TargetSpec, Task

LONG = 300
PATIENT = 1500


@dataclass
class World:
    """A data set, a model of it, and the box of its values."""

    name: str
    reference: np.ndarray
    fresh: np.ndarray
    labels: np.ndarray
    scores: Callable
    low: np.ndarray
    high: np.ndarray


def table(path):
    return duckdb.sql(f"SELECT * FROM '{path}'").df()


def sets(folder, tuning):
    from sklearn.datasets import load_breast_cancer, load_digits

    if tuning:
        cancer = load_breast_cancer()
        yield "breast-cancer", cancer.data, cancer.target
        frame = table(folder / "phishing-urls" / "phishing_urls.parquet")
        x = frame.drop(columns=["label", "url"]).select_dtypes("number").to_numpy(float)
        yield "phishing-urls", x, frame["label"].to_numpy().astype(int)
        frame = table(folder / "android-malware" / "tuandromd.parquet").drop_duplicates()
        yield "android", frame.drop(columns="label").to_numpy(float), frame["label"].to_numpy()
        return
    digits = load_digits()
    yield "digits", digits.data, digits.target
    with np.load(folder / "mnist-10k" / "mnist_10k.npz", allow_pickle=False) as found:
        yield "mnist-10k", found["x"].reshape(-1, 784) / 255.0, found["y"]
    frame = table(folder / "spambase" / "spambase.parquet")
    yield "spambase", frame.drop(columns="label").to_numpy(float), frame["label"].to_numpy()


def patient_sets(folder):
    yield from sets(folder, tuning=False)
    frame = table(folder / "nsl-kdd" / "train20.parquet").drop_duplicates()
    x = frame.drop(columns=["label", "difficulty"], errors="ignore").select_dtypes("number")
    kept = np.random.default_rng(0).permutation(len(x))[:8000]
    yield "nsl-kdd", x.to_numpy(float)[kept], frame["label"].to_numpy()[kept]
    yield from sets(folder, tuning=True)


def linear():
    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=200))


def world(name, x, y, seed, made=lambda: RandomForestClassifier(40, random_state=0)):
    order = np.random.default_rng(seed).permutation(len(x))
    x, y = x[order].astype(float), np.unique(y[order], return_inverse=True)[1].astype(np.int64)
    cut = int(0.55 * len(x))
    model = made().fit(x[:cut], y[:cut])
    low, high = x[:cut].min(axis=0), x[:cut].max(axis=0)
    return World(name, x[:cut], x[cut:], y[cut:], model.predict_proba, low, high)


def recorded(w, attack, seed, count=LONG):
    """Return the rows that one of our attacks asks about one input after another."""
    asked = []
    span = np.where(w.high > w.low, w.high - w.low, 1.0)

    def scores(rows):
        real = w.low + np.asarray(rows, float).reshape(len(rows), -1) * span
        asked.extend(real)
        return w.scores(real)

    x = ((w.fresh - w.low) / span).clip(0, 1).astype(np.float32)
    classes = int(w.labels.max()) + 1
    right = np.flatnonzero(w.scores(w.fresh).argmax(axis=1) == w.labels)
    spec = TargetSpec(
        task=Task.MULTICLASS, modality=Modality.VECTOR, classes=tuple(range(classes)), tile=1
    )
    target = function_target(scores, spec, x[:2])
    asked.clear()
    for at in np.random.default_rng(seed).permutation(right)[:20]:
        one = np.array([at])
        ball = Ball(x=x[one], norm=Norm.LINF, eps=0.1, low=0, high=1)
        problem = Problem(
            space=ball, y=w.labels[one], rows=one, classes=classes, clean=w.scores(w.fresh[one])
        )
        run(entry_of(attack).load(), target, problem, seed=seed, queries=count - len(asked))
        if len(asked) >= count - 2:
            break
    return np.array(asked[:count])


def nes(w, rng, start):
    span, x = w.high - w.low, start.copy()
    while True:
        step = np.zeros_like(x)
        for _ in range(10):
            u = rng.normal(size=x.shape)
            for sign in (1, -1):
                yield np.clip(x + sign * 0.01 * span * u, w.low, w.high)
            step += u * rng.normal()
        x = np.clip(x + 0.01 * span * np.sign(step), w.low, w.high)


def hopskipjump(w, rng, start):
    span = w.high - w.low
    other = rng.uniform(w.low, w.high)
    while True:
        a, b = start, other
        for _ in range(10):  # towards the boundary, by halves
            middle = (a + b) / 2
            yield middle
            a, b = (middle, b) if rng.random() < 0.5 else (a, middle)
        for _ in range(20):  # the direction of the boundary there
            yield np.clip(b + 0.02 * span * rng.normal(size=b.shape), w.low, w.high)
        other = np.clip(b + 0.05 * span * rng.normal(size=b.shape), w.low, w.high)


def extraction_noise(w, rng):
    while True:
        yield rng.uniform(w.low, w.high)


def extraction_augmented(w, rng):
    """Synthetic rows around a few seeds, as a substitute model is trained by."""
    known = [*w.fresh[rng.permutation(len(w.fresh))[:10]]]
    span = w.high - w.low
    while True:
        base = known[rng.integers(len(known))]
        row = np.clip(base + 0.05 * span * rng.choice([-1, 1], size=base.shape), w.low, w.high)
        known.append(row)
        yield row


def membership(w, rng):
    """Each row in question and eight of its neighbours, as label-only inference asks them."""
    span = w.high - w.low
    for row in w.reference[rng.permutation(len(w.reference))]:
        yield row
        for _ in range(8):
            yield np.clip(row + 0.01 * span * rng.normal(size=row.shape), w.low, w.high)


def disguised(rows, w, rng):
    """The same attack, each query under fresh noise, drawn anew until it is far from the last."""
    span = w.high - w.low
    for row in rows:
        yield np.clip(row + 0.08 * span * rng.normal(size=row.shape), w.low, w.high)


def hidden(rows, w, rng):
    others = iter(w.fresh[rng.permutation(len(w.fresh))])
    for row in rows:
        yield from islice(others, 9)
        yield row


def abuse(w, seed) -> Iterator[tuple[str, list]]:
    rng = np.random.default_rng(1000 + seed)
    start = w.fresh[rng.integers(len(w.fresh))]
    square = recorded(w, "square", seed)
    yield "square", square
    yield "signs", recorded(w, "signs", seed)
    yield "boundary", recorded(w, "boundary", seed)
    yield "hopskipjump", islice(hopskipjump(w, rng, start), LONG)
    yield "nes", islice(nes(w, rng, start), LONG)
    yield "extraction, noise", islice(extraction_noise(w, rng), LONG)
    yield "extraction, augmented", islice(extraction_augmented(w, rng), LONG)
    yield "membership", islice(membership(w, rng), LONG)
    yield "adaptive", disguised(square, w, rng)
    yield "hidden 1:10", islice(hidden(square, w, rng), LONG)
    yield "ten clients", square


def camera(w, rng):
    """Frames that move from one scene to the next in four steps."""
    rows = w.fresh[rng.permutation(len(w.fresh))]
    for a, b in pairwise(rows):
        for share in (0, 0.25, 0.5, 0.75):
            yield a + share * (b - a)


def honest(w, seed):
    rng = np.random.default_rng(2000 + seed)
    fresh = w.fresh[rng.permutation(len(w.fresh))]
    yield "fresh", fresh[:LONG]
    yield "retries", np.repeat(fresh[: LONG // 5], 5, axis=0)
    hot = fresh[np.minimum(rng.geometric(0.05, LONG), len(fresh) - 1)]
    yield "hot items", hot
    yield "batch job", fresh[np.argsort(fresh[:, int(np.argmax(fresh.std(axis=0)))])][:LONG]
    span = w.high - w.low
    slow = np.linspace(0, 0.05, min(LONG, len(fresh)))[:, None]
    yield "drift", np.clip(fresh[:LONG] + slow * span * 0.5, w.low, w.high)
    if w.name not in ("spambase", "android"):
        yield "camera", islice(camera(w, rng), LONG)


def told_after(normal, scorer, rows, clients=1):
    """Return after how many rows an alarm was raised, and which; None without one."""
    known = Clients(normal)
    for number, row in enumerate(rows):
        judged = scorer.judged(np.asarray(row)[None])
        name = f"c{number % clients}"
        alarms = known.update(name, np.asarray(row)[None], judged)
        if alarms:
            return number + 1, alarms[0].pattern.value
    return None


def patient(w, seed) -> Iterator[tuple[str, np.ndarray, list[str]]]:
    """Yield streams and who sends each row: h and a number is honest, a and one is not."""
    rng = np.random.default_rng(4000 + seed)
    fresh = w.fresh[rng.permutation(len(w.fresh))][:PATIENT]
    square = recorded(w, "square", seed, 200)

    def senders(kind, count, rows):
        return [f"{kind}{number}" for number in rng.integers(0, count, len(rows))]

    yield "honest: fresh", fresh, ["h0"] * len(fresh)
    yield "honest: twenty clients", fresh, senders("h", 20, fresh)
    batch = fresh[np.argsort(fresh[:, int(np.argmax(fresh.std(axis=0)))])]
    yield "honest: batch job", batch, ["h0"] * len(batch)
    slow = np.linspace(0, 0.05, len(fresh))[:, None]
    drifted = np.clip(fresh + slow * (w.high - w.low) * 0.5, w.low, w.high)
    yield "honest: drift", drifted, ["h0"] * len(fresh)
    if w.name not in ("spambase", "android", "nsl-kdd"):
        seen = np.array([*islice(camera(w, rng), PATIENT)])
        yield "honest: camera", seen, ["h0"] * len(seen)
    for every in (10, 20, 40):
        others = iter(np.tile(fresh, (1 + PATIENT // len(fresh), 1)))
        mixed = [row for one in square for row in (*islice(others, every - 1), one)][:PATIENT]
        rows = np.array(mixed)
        yield f"one client, 1:{every}", rows, ["a0"] * len(rows)
        yield f"twenty clients, each 1:{every}", rows, senders("a", 20, rows)
    for count, times in ((20, 1), (60, 4)):
        others = iter(fresh)
        rows, names = [], []
        for one in square:
            beside = [*islice(others, times)]
            rows += [*beside, one]
            names += [*senders("h", count, beside), *senders("a", 20, [one])]
        yield f"twenty clients beside {count}", np.array(rows), names


def hidden_long(w, seed, every) -> Iterator[tuple[str, np.ndarray, list[str]]]:
    """Yield streams as `patient` does: all of a search, and the honest rows that hide it alone."""
    rng = np.random.default_rng(5000 + seed)
    fresh = w.fresh[rng.permutation(len(w.fresh))]
    for times in every:
        square = recorded(w, "square", seed, 200)
        count = len(square) * (times - 1)
        others = np.tile(fresh, (1 + count // len(fresh), 1))[:count]
        mixed = [*zip(*[iter(others)] * (times - 1), strict=True)]
        rows = np.array(
            [row for few, one in zip(mixed, square, strict=True) for row in (*few, one)]
        )
        for clients in (1, 20):
            sent = rng.integers(0, clients, len(rows))
            yield f"{clients} clients, each 1:{times}", rows, [f"a{number}" for number in sent]
            sent = rng.integers(0, clients, len(others))
            yield f"{clients} honest, {count} rows", others, [f"h{number}" for number in sent]


def played(normal, scorer, rows, names):
    """Return after how many rows an alarm was raised, and who was named in all of them."""
    known, judged, first, named = Clients(normal), scorer.judged(rows), None, set()
    for number, name in enumerate(names):
        for alarm in known.update(name, rows[number : number + 1], judged.only([number])):
            first = first or number + 1
            named |= set(alarm.clients)
    return first, named


def measure_patient(folder, seeds, patient):
    """Print for each kind of stream how many raised an alarm, when, and who was named."""
    found = {}
    for name, x, y in patient_sets(folder):
        for seed in seeds:
            w = world(name, x, y, seed, linear)
            normal = normal_of(w.reference, rate=0.01)
            scorer = Scorer(normal)
            for stream, rows, names in patient(w, seed):
                first, named = played(normal, scorer, rows, names)
                kinds = [sum(one.startswith(kind) for one in named) for kind in "ah"]
                found.setdefault(stream, []).append((first, *kinds))
                print(name, seed, stream, first or "quiet", *kinds, sep="  ")
    for stream, told in found.items():
        after = [first for first, *_ in told if first]
        summary = {
            "alarmed": len(after),
            "of": len(told),
            "median_queries": statistics.median(after) if after else None,
            "attackers_named": [many for _, many, _ in told],
            "honest_named": [few for *_, few in told],
        }
        print(stream, json.dumps(summary))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--tuning", action="store_true")
    parser.add_argument("--patient", action="store_true")
    parser.add_argument("--hidden", type=int, nargs="+", metavar="N")
    chosen = parser.parse_args()
    warnings.simplefilter("ignore")
    if chosen.hidden:
        every = chosen.hidden
        measure_patient(chosen.data, chosen.seeds, lambda w, seed: hidden_long(w, seed, every))
        return
    if chosen.patient:
        measure_patient(chosen.data, chosen.seeds, patient)
        return
    lines, found, alarmed = [], [], []
    for name, x, y in sets(chosen.data, chosen.tuning):
        for seed in chosen.seeds:
            w = world(name, x, y, seed)
            normal = normal_of(w.reference, rate=0.01)
            scorer = Scorer(normal)
            for stream, rows in abuse(w, seed):
                told = told_after(normal, scorer, rows, 10 if stream == "ten clients" else 1)
                found.append(told)
                lines.append([name, seed, stream, *(told or ("-", "missed"))])
            for stream, rows in honest(w, seed):
                told = told_after(normal, scorer, rows)
                alarmed.append(told)
                lines.append([name, seed, f"honest: {stream}", *(told or ("-", "quiet"))])
    after = [t[0] for t in found if t]
    print("\n".join("  ".join(map(str, line)) for line in lines))
    result = {
        "abuse": len(found),
        "found": len(after),
        "share": round(len(after) / len(found), 3),
        "median_queries": statistics.median(after),
        "honest": len(alarmed),
        "alarmed": sum(t is not None for t in alarmed),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
