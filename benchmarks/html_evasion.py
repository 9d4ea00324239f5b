"""Phishing pages that evade detectors: share, rows, speed, and what a browser says of them.

    python benchmarks/html_evasion.py [--pages N] [--real ZIP] [--browser N]
        [--pictures N] [--train N] [--train-seed N] [--seed N] [--keep DIR]

Detectors: the four shipped examples, and five trained here with scikit-learn on generated pages of
another seed (logistic regression over words, and over runs of one to four tags; random forest,
boosted histograms, a network over character n-grams of the source). Each is measured on held-out
pages first. Pages are generated; a zip of real ones is added where it is named. Those that a
detector misses as they are do not count. Browser: that many evasions, spread over detectors, are
shown before and after in Chromium with the network cut; `--keep` writes every evasion beside its
page, for checks of another make. Pages that are left are held against their address: how many
would be told with any page there. Pictures: of that many pages, the last, texts are shown as
pictures. Scores and labels are attacked apart. Prints JSON.
"""

from __future__ import annotations

import argparse
import json
import platform
import re
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Collection
from pathlib import Path

import numpy as np
import sklearn
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.feature_extraction.text import HashingVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline

from modelwarden.attacks.engine import Problem, run
from modelwarden.attacks.html.browser import Browser, differences, found
from modelwarden.attacks.html.dom import Page
from modelwarden.attacks.html.edits.catalog import EXACT
from modelwarden.attacks.html.pictures import pictured, seen_otherwise
from modelwarden.attacks.html.proof import prove
from modelwarden.attacks.html.search import PageEdits, RandomPageEdits, shrunk
from modelwarden.attacks.html.space import PageSpace
from modelwarden.attacks.minimal import minimal
from modelwarden.metrics.intervals import wilson
from modelwarden.redteam.phishing.detectors import KINDS, example, words_of
from modelwarden.redteam.phishing.features import matrix_of
from modelwarden.redteam.phishing.pages import made, sample
from modelwarden.targets.local import function_target
from modelwarden.targets.spec import Access, Modality, TargetSpec, Task
from modelwarden.targets.tiled import limited

Judge = Callable[[list[Page]], np.ndarray]


def trained(n: int, seed: int) -> dict[str, Judge]:
    """Return detectors of other makes."""
    train = sample(seed, n)
    y = np.array(train.y)
    words = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, max_features=20_000),
        LogisticRegression(C=10, max_iter=1000),
    ).fit([words_of(p) for p in train.pages], y)
    forest = RandomForestClassifier(200, random_state=seed).fit(matrix_of(train.pages), y)
    boosted = HistGradientBoostingClassifier(random_state=seed).fit(matrix_of(train.pages), y)
    grams = make_pipeline(
        HashingVectorizer(analyzer="char", ngram_range=(3, 5), n_features=4096),
        MLPClassifier((32,), max_iter=60, early_stopping=True, random_state=seed),
    ).fit([p.html[:50_000] for p in train.pages], y)
    tags = make_pipeline(
        TfidfVectorizer(analyzer=runs_of_tags, sublinear_tf=True, max_features=20_000),
        LogisticRegression(C=10, max_iter=1000),
    ).fit([p.html for p in train.pages], y)
    return {
        "tags-linear": lambda ps: tags.predict_proba([p.html for p in ps])[:, 1],
        "words-linear": lambda ps: words.predict_proba([words_of(p) for p in ps])[:, 1],
        "forest-200": lambda ps: forest.predict_proba(matrix_of(ps))[:, 1],
        "boosted-histograms": lambda ps: boosted.predict_proba(matrix_of(ps))[:, 1],
        "characters-network": lambda ps: grams.predict_proba([p.html[:50_000] for p in ps])[:, 1],
    }


def runs_of_tags(html: str) -> list[str]:
    """Return all runs of one to four tags of a source, with the names of their attributes."""
    tags = [
        " ".join([name.lower(), *sorted(re.findall(r"([\w-]+)\s*=", rest.lower()))])
        for name, rest in re.findall(r"<(/?[a-zA-Z][\w-]*)([^>]*)", html[:100_000])
    ]
    return [">".join(tags[i : i + n]) for n in (1, 2, 3, 4) for i in range(len(tags) - n + 1)]


def example_judge(kind: str) -> Judge:
    """Return a shipped detector."""
    detector = example(kind)
    return lambda pages: detector.scores(pages)[:, 1]


def real_pages(place: Path) -> list[Page]:
    """Return the pages of a zip; they are named by an address of no meaning."""
    out = []
    with zipfile.ZipFile(place) as pages:
        for name in sorted(pages.namelist()):
            if name.endswith(".html"):
                text = pages.read(name).decode("utf-8", "replace")
                out.append(Page(html=text, url="https://files-7.example.net/a/login.php?id=77"))
    return out


def by_address(judge: Judge, pages: list[Page]) -> int:
    """Return at how many addresses ordinary pages, too, are told as bad: no edit helps."""
    ordinary = made(77, 20, phishing=False)
    twins = [[Page(html=one.html, url=page.url) for one in ordinary] for page in pages]
    return sum(bool((judge(some) >= 0.5).all()) for some in twins)


def attacked(
    judge: Judge,
    pages: list[Page],
    access: Access,
    queries: int,
    *,
    floor: bool,
    without: Collection[str] = (),
    smaller: bool = True,
) -> dict:
    """Return what came of attacking the pages that are detected as they are."""
    detected = [page for page in pages if judge([page])[0] >= 0.5]
    x = np.empty(len(detected), object)
    x[:] = [page.html for page in detected]
    edits = tuple(name for name in EXACT if name not in without)
    space = PageSpace(x=x, urls=tuple(page.url for page in detected), edits=edits)
    spent = [0.0]
    urls = dict(zip(x.tolist(), space.urls, strict=True))

    def answer(inputs: np.ndarray) -> np.ndarray:
        start = time.process_time()
        for i, candidates in enumerate(space.candidates()):
            for html in candidates:
                urls.setdefault(html, space.urls[i])
        known = dict.fromkeys(inputs.tolist())
        scores = judge([Page(html=html, url=urls.get(html, "")) for html in known])
        told = dict(zip(known, scores.tolist(), strict=True))
        bad = np.array([told[html] for html in inputs.tolist()])
        spent[0] += time.process_time() - start
        return np.stack((1 - bad, bad), axis=1)

    spec = TargetSpec(
        task=Task.BINARY,
        modality=Modality.HTML,
        classes=("ordinary", "phishing"),
        positive=1,
        threshold=0.5,
        tile=32,
    )
    target = limited(function_target(answer, spec, x), access)
    n = len(detected)
    problem = Problem(space=space, y=np.ones(n, np.int64), rows=np.arange(n), classes=2)
    attack = RandomPageEdits() if floor else PageEdits()
    spent[0], start = 0.0, time.process_time()
    outcome = run(attack, target, problem, queries=queries)
    used = time.process_time() - start - spent[0]
    candidates = sum(len(known) for known in space.candidates())
    won = np.flatnonzero(outcome.success)
    failed = [i for i in won if prove(x[i], outcome.candidates[i])]
    told = {
        "pages": len(pages),
        "detected": n,
        "evaded": len(won),
        "evaded_share": len(won) / max(n, 1),
        "interval": list(wilson(len(won), n)),
        "left_told_by_address": by_address(
            judge, [page for i, page in enumerate(detected) if not outcome.success[i]]
        ),
        "median_rows": float(np.median(outcome.queries)),
        "largest_rows": int(outcome.queries.max(initial=0)),
        "rows_with_confirmation": True,
        "candidates": candidates,
        "candidates_per_cpu_second": candidates / max(used, 1e-9),
        "failed_proofs": len(failed),
    }
    if not floor and not smaller:
        told["edits"] = Counter(
            n for i in won for n in space.names(i, str(outcome.candidates[i]))
        ).most_common(8)
        told["pairs"] = [
            (str(x[i]), space.urls[i], str(outcome.candidates[i]), int(i)) for i in won
        ]
    elif not floor:
        left = np.full(n, 40)
        small = minimal(target, problem, outcome.candidates, outcome.success, left, shrunk)
        names = [space.names(i, str(small.candidates[i])) for i in won]
        told["minimal_edits_median"] = float(np.median([len(one) for one in names] or [0]))
        told["minimality_rows_median"] = float(np.median(small.queries[won])) if len(won) else 0
        told["edits"] = Counter(n for one in names for n in one).most_common(8)
        told["pairs"] = [
            (str(x[i]), space.urls[i], str(c[i]), int(i))
            for c in (outcome.candidates, small.candidates)
            for i in won
        ]
    return told


def browsed(pairs: list[tuple[str, str, str, int]], count: int) -> dict:
    """Return what a browser says of some evasions; pages that are not steady are told apart."""
    rng = np.random.default_rng(0)
    chosen = [pairs[i] for i in rng.permutation(len(pairs))[:count].tolist()]
    wrong: Counter[str] = Counter()
    same = unsteady = 0
    with Browser() as browser:
        for before, url, after, _ in chosen:
            first = browser.show(before, url)
            told = differences(first, browser.show(after, url))
            if not told:
                same += 1
            elif differences(first, browser.show(before, url)):
                unsteady += 1
            else:
                wrong.update(told)
    return {"shown": len(chosen), "same": same, "unsteady": unsteady, "differences": dict(wrong)}


def keep(folder: Path, name: str, pairs: list[tuple[str, str, str, int]]) -> None:
    """Write evasions, as found and as made small, beside their pages."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{name}.jsonl").open("w", encoding="utf-8") as out:
        for before, url, after, page in pairs:
            line = {"page": page, "url": url, "before": before, "after": after}
            out.write(json.dumps(line) + "\n")


def with_pictures(pages: list[Page]) -> dict:
    """Return how many pages have a twin with pictures for texts, and how much text they replace."""
    shares, seen = [], Counter()
    start = time.perf_counter()
    with Browser() as browser:
        for page in pages:
            twin = pictured(browser, page.html, page.url)
            if twin is None:
                continue
            before, after = browser.show(page.html, page.url), browser.show(twin, page.url)
            seen.update(seen_otherwise(before, after) or ["same"])
            texts = [len("".join(str(one.state["text"]).split())) for one in (before, after)]
            shares.append(1 - texts[1] / max(texts[0], 1))
    return {
        "pages": len(pages),
        "with_twin": len(shares),
        "letters_replaced_median": float(np.median(shares or [0])),
        "shown_again": dict(seen),
        "seconds_a_page": (time.perf_counter() - start) / len(pages),
    }


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--pages", type=int, default=200)
    arguments.add_argument("--queries", type=int, default=60)
    arguments.add_argument("--real", type=Path)
    arguments.add_argument("--browser", type=int, default=60)
    arguments.add_argument("--pictures", type=int, default=0, help="pages that get pictures")
    arguments.add_argument("--train", type=int, default=800)
    arguments.add_argument("--access", choices=["labels", "scores", "both"], default="both")
    arguments.add_argument("--only", nargs="*")
    arguments.add_argument("--seed", type=int, default=900, help="of the pages that are attacked")
    arguments.add_argument("--train-seed", type=int, default=31)
    arguments.add_argument("--keep", type=Path, help="folder for pages and their evasions")
    given = arguments.parse_args()
    pages = made(given.seed, given.pages, phishing=True)
    if given.real:
        pages += real_pages(given.real)
    held_out = sample(1_000_003, 250)
    y = np.array(held_out.y, bool)
    judges: dict[str, Judge] = {f"example-{kind}": example_judge(kind) for kind in KINDS}
    judges |= trained(given.train, given.train_seed)
    report: dict = {"detectors": {}, "versions": {"python": platform.python_version()}}
    report["versions"]["scikit-learn"] = sklearn.__version__
    levels = [Access.LABELS, Access.SCORES]
    if given.access != "both":
        levels = [Access(given.access)]
    pairs: list[tuple[str, str, str, int]] = []
    for name, judge in judges.items():
        if given.only and name not in given.only:
            continue
        bad = judge(held_out.pages) >= 0.5
        told: dict = {
            "held_out": {
                "n": len(y),
                "accuracy": float((bad == y).mean()),
                "found": float(bad[y].mean()),
                "false_alarms": float(bad[~y].mean()),
            }
        }
        for level in levels:
            told[level.value] = attacked(judge, pages, level, given.queries, floor=False)
            fresh = told[level.value].pop("pairs")
            if given.keep:
                keep(given.keep, f"{name}-{level.value}", fresh)
            pairs += fresh
        floor = attacked(judge, pages[: min(60, len(pages))], levels[0], given.queries, floor=True)
        told["floor"] = {k: floor[k] for k in ("detected", "evaded_share", "median_rows")}
        report["detectors"][name] = told
        print(json.dumps({name: told}), flush=True)
    if given.browser and found():
        report["browser"] = browsed(pairs, given.browser)
    if given.pictures and found():
        report["pictures"] = with_pictures(pages[-given.pictures :])
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
