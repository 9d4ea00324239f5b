"""Whole checks of honest models on clean data: what is cried where nothing is wrong.

    libs/bin/python benchmarks/clean_checks.py [--seeds 0] [--only WORD] [--keep FOLDER]

In an environment with scikit-learn, pandas and pyarrow. Each of three dozen kinds of data is drawn anew
from the seed, its size as well; a model that suits it is fitted to the training rows and checked
through all of `data`, `performance`, `slices`, `fairness` and `abnormal`, in the sandbox and with
settings as they come but for time. It prints every finding above `info`, and the kinds of gaps.
"""

# ruff: noqa: E501 -- a kind is a line

from __future__ import annotations

import argparse
import json
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, QuantileTransformer, StandardScaler
from sklearn.svm import LinearSVC

import modelwarden

R = np.random.Generator
STAGES = ("data", "performance", "slices", "fairness", "abnormal")


@dataclass
class Kind:
    """One kind of data, with what it takes to check it.

    Attributes:
        draw: makes n rows; the label stands in `y`.
        sizes: least and most training rows; half as many to test, and a later frame where asked.
        model: fitted to the training frame without `y`.
        data: more lines of the section.
    """

    draw: Callable[[R, int], pd.DataFrame]
    model: Callable[[pd.DataFrame], Any]
    task: str = "binary"
    modality: str = "tabular"
    sizes: tuple[int, int] = (1500, 5000)
    later: bool = False
    data: dict[str, Any] = field(default_factory=dict)


def chance(odds: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-odds))


def yes(rng: R, odds: np.ndarray) -> np.ndarray:
    return (rng.random(len(odds)) < chance(odds)).astype(int)


def choose(rng: R, odds: np.ndarray) -> np.ndarray:
    return (odds + rng.gumbel(size=odds.shape)).argmax(axis=1)


def some(rng: R, names: str, n: int, p: list[float] | None = None) -> np.ndarray:
    return rng.choice(names.split(), n, p=p)


def ward(rng: R, n: int) -> pd.DataFrame:
    """Measurements that are missing where nobody thought them needed."""
    age = rng.gamma(9, 7, n).clip(18, 95).round()
    pressure = rng.normal(110 + age / 4, 14, n).round()
    sugar = rng.lognormal(1.7, 0.25, n).round(2)
    sugar[rng.random(n) < chance((80 - age) / 15)] = np.nan
    smokes = some(rng, "no yes former", n, [0.5, 0.2, 0.3])
    odds = (age - 60) / 14 + (pressure - 125) / 22 + 0.9 * (smokes == "yes") - 0.5
    return pd.DataFrame(
        {
            "y": yes(rng, odds),
            "age": age,
            "pressure": pressure,
            "sugar": sugar,
            "smokes": smokes,
            "sex": some(rng, "f m", n),
        }
    )


def branches(rng: R, n: int) -> pd.DataFrame:
    """Groups whose base rates differ."""
    branch = some(rng, "harbour market station", n, [0.5, 0.3, 0.2])
    size = rng.normal(0, 1, n) + 0.3 * (branch == "market")
    visits = rng.poisson(4, n)
    odds = 1.1 * size + 0.25 * (visits - 4) - 0.6 + 0.5 * (branch == "market")
    return pd.DataFrame(
        {
            "y": yes(rng, odds),
            "branch": branch,
            "size": size,
            "visits": visits,
            "noise": rng.exponential(1, n),
        }
    )


def fog(rng: R, n: int) -> pd.DataFrame:
    """A region in which nobody can tell."""
    x = rng.uniform(-2, 2, (n, 5))
    dim = (x[:, 0] > 0.6) & (x[:, 1] < 0.2)
    odds = np.where(dim, 0, 3.5 * x[:, 2] + 2 * x[:, 3])
    table = pd.DataFrame(x, columns=["east", "north", "depth", "heat", "salt"])
    return table.assign(y=yes(rng, odds), boat=some(rng, "a b c", n))


def answers(rng: R, n: int) -> pd.DataFrame:
    """Questions with few answers: rows repeat by themselves."""
    mind = rng.normal(size=n)
    asked = {
        f"q{i}": np.where(mind + rng.logistic(size=n) > i / 2 - 1, "agree", "disagree")
        for i in range(5)
    }
    odds = np.stack([np.zeros(n), mind, 1.8 * mind - 0.5], axis=1)
    made = pd.DataFrame(asked)
    return made.assign(y=choose(rng, odds), region=some(rng, "n e s w", n))


def meters(rng: R, n: int) -> pd.DataFrame:
    """Many rows, of which the later ones have moved by next to nothing."""
    x = rng.normal(size=(n, 6)) * [1, 2, 5, 1, 1, 3] + [0, 10, -3, 0, 1, 0]
    if n > 20_000:  # only the training set is as large
        x += [0, 0.03, 0.1, 0.015, 0, 0]
    table = pd.DataFrame(x, columns=list("abcdef"))
    return table.assign(y=yes(rng, 0.8 * x[:, 0] + 0.3 * (x[:, 1] - 10) + 0.2 * x[:, 2]))


def trips(rng: R, n: int) -> pd.DataFrame:
    """Rides with a number, a day and an hour."""
    day = pd.Timestamp("2023-02-01") + pd.to_timedelta(rng.integers(0, 500, n), unit="D")
    hour = rng.integers(0, 24, n)
    far = rng.gamma(2, 3, n)
    odds = 0.25 * far - 1.4 + np.sin(hour / 24 * 2 * np.pi)
    return pd.DataFrame(
        {
            "ride": rng.permutation(10**6)[:n],
            "y": yes(rng, odds),
            "day": np.asarray(day.values, "M8[us]"),
            "hour": hour,
            "far": far,
            "paid": some(rng, "card cash app", n, [0.6, 0.1, 0.3]),
        }
    )


def shop(rng: R, n: int) -> pd.DataFrame:
    """Words without number."""
    share = 1 / (np.arange(400) + 3)
    item = rng.choice(400, n, p=share / share.sum())
    price = np.round(rng.lognormal(2 + (item % 7) / 5, 0.5, n), 2)
    maker = rng.choice(60, n)
    odds = 0.8 * np.sin(item) + 0.5 * np.log(price) - 1.2
    return pd.DataFrame(
        {
            "y": yes(rng, odds),
            "item": [f"i{i:03}" for i in item],
            "price": price,
            "maker": [f"maker {i}" for i in maker],
        }
    )


def few(rng: R, n: int) -> pd.DataFrame:
    """A small study."""
    x = rng.normal(size=(n, 7))
    table = pd.DataFrame(x, columns=[f"m{i}" for i in range(7)])
    return table.assign(y=yes(rng, x[:, 0] * 1.2 - x[:, 1]), sex=some(rng, "f m", n))


def letters(rng: R, n: int) -> pd.DataFrame:
    """Short texts about two things, of which some words are common to both."""
    book = np.random.default_rng(5)
    known = [
        "".join(book.choice(list("abdegiklmnoprstu"), book.integers(2, 9))) for _ in range(900)
    ]
    y = rng.integers(0, 2, n)
    own = [known[:60], known[60:120]]
    made = []
    for c in y:
        words = [
            *rng.choice(own[c], rng.integers(1, 5)),
            *rng.choice(known[120:], rng.integers(3, 25)),
        ]
        made.append(" ".join(rng.permutation(words)) + rng.choice([".", "!", "", "?"]))
    return pd.DataFrame({"y": y, "text": made})


def yields(rng: R, n: int) -> pd.DataFrame:
    """A number whose scatter grows with its size."""
    rain, sun = rng.gamma(6, 10, n), rng.normal(6, 2, n)
    soil = some(rng, "clay loam sand", n)
    mean = rain / 10 + sun + 2 * (soil == "loam")
    return pd.DataFrame(
        {
            "y": mean + rng.normal(size=n) * (0.5 + mean / 12),
            "rain": rain,
            "sun": sun,
            "soil": soil,
            "field": rng.integers(1, 40, n),
        }
    )


def species(rng: R, n: int) -> pd.DataFrame:
    """Six classes, some of them rare, that overlap."""
    middle = np.random.default_rng(3).normal(size=(6, 4)) * 2.2
    y = rng.choice(6, n, p=[0.35, 0.25, 0.15, 0.11, 0.08, 0.06])
    x = middle[y] + rng.normal(size=(n, 4))
    return pd.DataFrame(x, columns=["long", "wide", "tall", "deep"]).assign(
        y=np.array(["oak", "elm", "ash", "fir", "yew", "box"])[y]
    )


def people(rng: R, n: int) -> pd.DataFrame:
    """Four protected columns that decide nothing."""
    skill, years = rng.normal(size=n), rng.integers(0, 30, n)
    return pd.DataFrame(
        {
            "y": yes(rng, 1.3 * skill + years / 12 - 1.4),
            "skill": skill,
            "years": years,
            "sex": some(rng, "f m x", n, [0.5, 0.47, 0.03]),
            "origin": some(rng, "a b c d e f", n, [0.4, 0.2, 0.15, 0.1, 0.1, 0.05]),
            "faith": some(rng, "p q r", n),
            "age": rng.integers(18, 70, n),
        }
    )


def fraud(rng: R, n: int) -> pd.DataFrame:
    """Three in a hundred."""
    amount, speed = rng.lognormal(3, 1.2, n), rng.exponential(1, n)
    odds = -5.2 + 0.5 * np.log(amount) + 0.7 * speed
    return pd.DataFrame(
        {
            "y": yes(rng, odds),
            "amount": amount.round(2),
            "speed": speed,
            "land": some(rng, "aa bb cc dd", n),
            "hour": rng.integers(0, 24, n),
        }
    )


def wild(rng: R, n: int) -> pd.DataFrame:
    """Tails without end."""
    made = {f"t{i}": rng.standard_t(1.3, n) for i in range(5)}
    table = pd.DataFrame(made).assign(
        p=rng.pareto(0.9, n), z=np.where(rng.random(n) < 0.7, 0, rng.lognormal(0, 3, n))
    )
    return table.assign(y=yes(rng, 2 * np.tanh(table["t0"]) + np.tanh(table["t1"])))


def wages(rng: R, n: int) -> pd.DataFrame:
    """Groups whose means differ, in the label as in the answers."""
    sex, town = some(rng, "f m", n), some(rng, "north south east", n, [0.5, 0.3, 0.2])
    years = rng.integers(0, 35, n)
    mean = 30 + years * 0.6 + 1.5 * (sex == "m") + 3 * (town == "north")
    return pd.DataFrame(
        {
            "y": mean + rng.normal(0, 6, n),
            "sex": sex,
            "town": town,
            "years": years,
            "hours": rng.normal(38, 4, n).round(),
        }
    )


def calls(rng: R, n: int) -> pd.DataFrame:
    """Counts, and a reference that nobody has declared to be one."""
    load, day = rng.gamma(2, 1, n), rng.integers(0, 7, n)
    mean = np.exp(0.3 * load + 0.2 * (day > 4) + 0.3)
    return pd.DataFrame(
        {
            "y": rng.poisson(mean).astype(float),
            "load": load,
            "day": day,
            "line": some(rng, "l1 l2 l3 l4", n),
            "ref": [f"C-{i:06}" for i in rng.permutation(10**6)[:n]],
        }
    )


def knots(rng: R, n: int) -> pd.DataFrame:
    """What one column says turns on another."""
    x = rng.normal(size=(n, 4))
    shape = some(rng, "round flat", n)
    odds = 2.5 * x[:, 0] * np.where(shape == "flat", 1, -1) + x[:, 1]
    return pd.DataFrame(x, columns=["u", "v", "w", "s"]).assign(shape=shape, y=yes(rng, odds))


def labelled(rng: R, n: int) -> pd.DataFrame:
    """Classes that lie apart, for a model that gives no scores; rows that are numbered."""
    y = rng.integers(0, 3, n)
    x = np.random.default_rng(8).normal(size=(3, 8))[y] * 1.1 + rng.normal(size=(n, 8))
    return pd.DataFrame(x, columns=[f"v{i}" for i in range(8)]).assign(y=y, row=np.arange(n))


def holes(rng: R, n: int) -> pd.DataFrame:
    """Cells that are missing for their own value's sake."""
    x = rng.normal(size=(n, 6))
    y = yes(rng, x[:, 0] + x[:, 1] - x[:, 2])
    x[rng.random((n, 6)) < chance(2 * x - 1.5)] = np.nan
    return pd.DataFrame(x, columns=[f"h{i}" for i in range(6)]).assign(
        y=y, kind=np.where(rng.random(n) < 0.2, None, some(rng, "k l m", n))
    )


def broad(rng: R, n: int) -> pd.DataFrame:
    """Many columns for few rows."""
    x = rng.normal(size=(n, 50)) @ (np.eye(50) + 0.5 * np.eye(50, k=1))
    table = pd.DataFrame(x, columns=[f"f{i:02}" for i in range(50)])
    return table.assign(y=yes(rng, x[:, 0] + x[:, 10] - x[:, 20]))


def sure(rng: R, n: int) -> pd.DataFrame:
    """Classes that hardly touch, and numbers that come rounded."""
    y = (rng.random(n) < 0.4).astype(int)
    x = np.round(rng.normal(size=(n, 5)) + 2.2 * y[:, None] * [1, 1, 0, 0, 1], 1)
    return pd.DataFrame(x, columns=["c1", "c2", "c3", "c4", "c5"]).assign(
        y=np.where(y == 1, "ill", "well"), site=some(rng, "s1 s2", n)
    )


def prepared(
    *numbers: str, words: tuple[str, ...] = (), rare: int | None = None
) -> ColumnTransformer:
    parts: list[tuple[str, Any, list[str]]] = [
        ("numbers", make_pipeline(SimpleImputer(), StandardScaler()), list(numbers))
    ]
    if words:
        one_hot = OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=rare)
        parts.append(("words", one_hot, list(words)))
    return ColumnTransformer(parts, sparse_threshold=0)  # trees take no sparse ones


def visits(rng: R, n: int) -> pd.DataFrame:
    """Patients who come several times; those of another set are others."""
    sizes = rng.integers(2, 15, n)
    who = np.repeat(np.arange(n), sizes)[:n]
    own = rng.normal(size=(3, who[-1] + 1))[:, who]
    pressure = (125 + 11 * own[0] + rng.normal(size=n) * 7).round()
    sugar = np.exp(1.7 + 0.2 * own[1] + 0.1 * rng.normal(size=n)).round(2)
    smokes = np.where(own[2] > 0.6, "yes", "no")
    odds = (pressure - 125) / 12 + 1.5 * (sugar - 5.6) + 0.9 * (smokes == "yes") - 0.4
    keys = rng.permutation(10**6)
    return pd.DataFrame(
        {
            "y": yes(rng, odds),
            "patient": [f"P{keys[w]:06}" for w in who],
            "pressure": pressure,
            "sugar": sugar,
            "smokes": smokes,
            "sex": some(rng, "f m", who[-1] + 1)[who],
        }
    )


def halls(rng: R, n: int) -> pd.DataFrame:
    """Machines that are each run at their own heat and load."""
    many = max(30, n // 25)
    who = rng.integers(0, many, n)
    heat = rng.normal(60, 9, many)[who] + rng.normal(size=n) * 3
    load = rng.gamma(4, 1, many)[who] * rng.uniform(0.8, 1.2, n)
    first = int(rng.integers(1, 10**6))
    table = pd.DataFrame({"machine": first + who, "heat": heat, "load": load})
    return table.assign(y=0.4 * heat + 3 * load + rng.normal(size=n) * 2)


def ratings(rng: R, n: int) -> pd.DataFrame:
    """Whole numbers of a few steps, pulled by one mood: many rows are equal by chance."""
    mood = rng.normal(size=n)
    steps = {
        name: np.clip(np.round(3 + pull * mood + rng.normal(size=n) * 0.9), 1, 5).astype(int)
        for name, pull in (("food", 0.9), ("room", 0.7), ("staff", 1.1), ("price", 0.4))
    }
    nights = 1 + rng.poisson(1.2, n).clip(max=5)
    return pd.DataFrame({**steps, "nights": nights}).assign(y=yes(rng, 1.8 * mood - 0.3))


def orders(rng: R, n: int) -> pd.DataFrame:
    """Articles whose properties are what they are, ordered by ones and twos: repeats by nature."""
    book = np.random.default_rng(21)
    weight, price = book.lognormal(0, 1, 250).round(2), book.lognormal(3, 0.8, 250).round(2)
    kind = book.choice(list("abcdefgh"), 250)
    share = 1 / (np.arange(250) + 8)
    item = rng.choice(250, n, p=share / share.sum())
    pieces = 1 + rng.geometric(0.6, n).clip(max=8)
    odds = (
        0.9 * np.log(price[item]) - 3.2 + 0.3 * (pieces - 2) + 0.8 * np.isin(kind[item], ["a", "c"])
    )
    return pd.DataFrame(
        {
            "y": yes(rng, odds),
            "weight": weight[item],
            "price": price[item],
            "kind": kind[item],
            "pieces": pieces,
            "gift": rng.random(n) < 0.1,
        }
    )


def sensors(rng: R, n: int) -> pd.DataFrame:
    """Readings in steps of half a degree that hang on the hour: many are equal."""
    hour = rng.integers(0, 24, n)
    day = np.sin(hour / 24 * 2 * np.pi)
    heat = np.round((20 + 4 * day + rng.normal(size=n) * 1.5) * 2) / 2
    damp = np.round((60 - 1.5 * (heat - 20) + rng.normal(size=n) * 2) / 2) * 2
    wind = np.round(rng.gamma(2, 1.5, n) * 2) / 2
    odds = (heat - 20) / 3 + (wind - 3) / 2
    table = pd.DataFrame({"hour": hour, "heat": heat, "damp": damp, "wind": wind})
    return table.assign(y=yes(rng, odds))


def rare(rng: R, n: int) -> pd.DataFrame:
    """Words of which some hardly occur, in several columns, and two that go together."""
    share = 0.6 ** np.arange(14)
    town = rng.choice(14, n, p=share / share.sum())
    post = np.where(rng.random(n) < 0.97, town, rng.integers(0, 14, n))
    work = rng.choice(40, n, p=(lambda s: s / s.sum())(1 / (np.arange(40) + 1) ** 1.6))
    odds = 0.7 * np.cos(work) + 0.2 * np.sin(town) - 0.4
    age = rng.integers(18, 90, n)
    return pd.DataFrame(
        {
            "y": yes(rng, odds + (age - 50) / 25),
            "town": [f"t{v}" for v in town],
            "post": [f"p{v}" for v in post],
            "work": [f"w{v:02}" for v in work],
            "age": age,
        }
    )


def trifles(rng: R, n: int) -> pd.DataFrame:
    """Many rows, of which the test's differ by trifles: shares, missing cells and the label."""
    late = n <= 20_000
    kind = some(rng, "a b c d", n, [0.4, 0.3, 0.2, 0.1] if not late else [0.385, 0.31, 0.205, 0.1])
    x = rng.normal(size=(n, 4)) * (1.03 if late else 1)
    x[rng.random((n, 4)) < (0.058 if late else 0.05)] = np.nan
    odds = 1.5 * np.nan_to_num(x[:, 0]) - np.nan_to_num(x[:, 1]) + 0.8 * (kind == "b") - 1
    return pd.DataFrame(x, columns=list("rstu")).assign(kind=kind, y=yes(rng, odds + 0.04 * late))


def wards(rng: R, n: int) -> pd.DataFrame:
    """Three classes; in one ward of eight nobody can tell, in another all is plain."""
    ward_ = rng.choice(list("ABCDEFGH"), n)
    x = rng.normal(size=(n, 5))
    odds = np.stack([np.zeros(n), 2 * x[:, 0], 2 * x[:, 1] + 0.4], axis=1)
    odds *= np.where(ward_ == "C", 0.0, np.where(ward_ == "F", 3.0, 1.0))[:, None]
    return pd.DataFrame(x, columns=[f"l{i}" for i in range(5)]).assign(
        ward=ward_, y=choose(rng, odds)
    )


def rates(rng: R, n: int) -> pd.DataFrame:
    """Groups whose base rates are far apart, as what is known of them explains."""
    race = some(rng, "k l m n", n, [0.55, 0.25, 0.15, 0.05])
    means = {"k": 0.0, "l": -0.5, "m": 0.4, "n": -0.2}
    income = rng.normal(size=n) + np.array([means[r] for r in race])
    debts = rng.gamma(2, 1, n) - 0.5 * income
    return pd.DataFrame(
        {
            "y": yes(rng, 1.4 * income - 0.5 * debts + 0.6),
            "income": income,
            "debts": debts,
            "race": race,
            "sex": some(rng, "f m", n),
        }
    )


def crowd(rng: R, n: int) -> pd.DataFrame:
    """Users of whom each does much the same again, and nobody has said whose row is whose."""
    book = np.random.default_rng(22)
    shop, when = book.integers(0, 30, 400), book.normal(14, 4, 400)
    usual, often = book.normal(2.5, 0.7, 400), book.gamma(2, 1.5, 400)
    who = rng.integers(0, 400, n)
    hour = np.clip(np.round(when[who] + rng.normal(size=n)), 0, 23)
    spent = np.exp(usual[who] + 0.3 * rng.normal(size=n)).round()
    came = rng.poisson(often[who])
    odds = 0.7 * np.log(spent + 1) - 2.4 + 0.2 * came + 0.5 * np.sin(hour)
    return pd.DataFrame(
        {
            "y": yes(rng, odds),
            "shop": [f"s{v:02}" for v in shop[who]],
            "hour": hour.astype(int),
            "spent": spent,
            "visits": came,
        }
    )


def zeros(rng: R, n: int) -> pd.DataFrame:
    """Counts that are mostly nothing."""
    x = rng.poisson(0.25, (n, 8)) * rng.geometric(0.5, (n, 8))
    mean = 1.5 + 0.8 * x[:, 0] + 0.5 * x[:, 1] + 0.2 * x[:, 2]
    return pd.DataFrame(x, columns=[f"n{i}" for i in range(8)]).assign(
        y=mean + rng.gamma(2, 0.5, n) - 1
    )


def sparse(rng: R, n: int) -> pd.DataFrame:
    """Yes and no of rare things; the most frequent row has none of them."""
    share = np.random.default_rng(23).uniform(0.02, 0.12, 14)
    x = (rng.random((n, 14)) < share).astype(int)
    return pd.DataFrame(x, columns=[f"has{i}" for i in range(14)]).assign(
        y=yes(rng, 2 * x[:, 0] + 1.5 * x[:, 1] - 1.5 * x[:, 2] + x[:, 3] - 1)
    )


def remarks(rng: R, n: int) -> pd.DataFrame:
    """Short remarks of a fixed set of phrases: some stand there again."""
    starts = "please kindly urgently today soon now later again".split()
    deeds = "send check call refund replace return cancel confirm".split()
    things = "parcel invoice order account ticket card meter lamp phone key".split()
    tones = ["", " thank you", " it hurts", " at once", " as agreed", " see letter", " no hurry"]
    told = np.array([0.03, 0.1, 0.2, 0.35, 0.65, 0.8, 0.9, 0.97])  # by the deed, as often as that
    at = rng.integers(0, 8, n)
    y = (rng.random(n) < told[at]).astype(int)
    made = []
    for deed in at:
        number = "" if rng.random() < 0.3 else f" {rng.integers(10, 100000)}"
        made.append(
            f"{rng.choice(starts)} {deeds[deed]} the {rng.choice(things)}{number}{rng.choice(tones)}"
        )
    return pd.DataFrame({"y": y, "text": made})


def grades(rng: R, n: int) -> pd.DataFrame:
    """Five classes in an order, of which neighbours overlap; marks out of twenty."""
    skill = rng.normal(size=n)
    marks = {
        f"task{i}": np.clip(np.round(10 + 3.5 * skill + rng.normal(size=n) * 3), 0, 20)
        for i in range(4)
    }
    cuts = np.array([-1.2, -0.4, 0.4, 1.2])
    y = np.searchsorted(cuts, skill + rng.logistic(size=n) * 0.25)
    table = pd.DataFrame(marks).assign(school=some(rng, "s t u v w", n))
    return table.assign(y=np.array(list("edcba"))[y])


def linear(
    *numbers: str, words: tuple[str, ...] = (), strength: float = 1.0, rare: int | None = None
):
    def fitted(_: pd.DataFrame) -> Pipeline:
        model = LogisticRegression(C=strength, max_iter=2000)
        return make_pipeline(prepared(*numbers, words=words, rare=rare), model)

    return fitted


def ridge(*numbers: str, words: tuple[str, ...] = ()):
    return lambda _: make_pipeline(prepared(*numbers, words=words), Ridge())


def boosted(*numbers: str, words: tuple[str, ...] = (), regression: bool = False, steps: int = 150):
    def fitted(_: pd.DataFrame) -> Pipeline:
        kind = HistGradientBoostingRegressor if regression else HistGradientBoostingClassifier
        model = kind(
            learning_rate=0.06,
            max_iter=steps,
            max_leaf_nodes=8,
            min_samples_leaf=40,
            l2_regularization=5.0,
            early_stopping=True,
            random_state=0,
        )
        return make_pipeline(prepared(*numbers, words=words), model)

    return fitted


def normal_scores(train: pd.DataFrame) -> Pipeline:
    names = [c for c in train.columns if c.startswith("t")]
    squeeze = make_pipeline(
        SimpleImputer(), QuantileTransformer(n_quantiles=100, random_state=0), StandardScaler()
    )
    boost = HistGradientBoostingClassifier(
        max_leaf_nodes=6, learning_rate=0.06, max_iter=80, min_samples_leaf=40, random_state=0
    )
    return make_pipeline(ColumnTransformer([("n", squeeze, names)]), boost)


def of_texts(_: pd.DataFrame) -> Pipeline:
    return make_pipeline(TfidfVectorizer(), LogisticRegression(C=100, max_iter=2000))


WORDS = """
from pathlib import Path
import joblib

model = joblib.load(Path(__file__).parent / "model.joblib")

def predict(texts):
    return model.predict_proba([text if isinstance(text, str) else "" for text in texts])

predict.classes = [0, 1]
"""

KINDS: dict[str, Kind] = {
    "ward": Kind(ward, linear("age", "pressure", "sugar", words=("smokes",)), data={"protected": ["sex"]}),
    "branches": Kind(branches, linear("size", "visits", words=("branch",)), data={"protected": ["branch"]}, later=True),
    "fog": Kind(fog, boosted("east", "north", "depth", "heat", "salt"), sizes=(4000, 8000)),
    "answers": Kind(answers, linear(words=("q0", "q1", "q2", "q3", "q4", "region")), task="multiclass"),
    "meters": Kind(meters, linear(*"abcdef"), sizes=(25_000, 40_000), later=True),
    "trips": Kind(trips, boosted("hour", "far", words=("paid",)), later=True, data={"id": "ride", "order": "day"}),
    "shop": Kind(shop, linear("price", words=("item",), rare=8, strength=0.5), sizes=(4000, 8000), later=True),
    "few": Kind(few, linear(*(f"m{i}" for i in range(7)), strength=0.3), sizes=(300, 500), data={"protected": ["sex"]}),
    "letters": Kind(letters, of_texts, modality="text", sizes=(1200, 2400)),
    "yields": Kind(yields, ridge("rain", "sun", words=("soil",)), task="regression"),
    "species": Kind(species, linear("long", "wide", "tall", "deep"), task="multiclass", sizes=(2000, 4000)),
    "people": Kind(people, linear("skill", "years"), sizes=(3000, 6000), data={"protected": ["sex", "origin", "faith", "age"]}),
    "fraud": Kind(fraud, linear("amount", "speed", words=("land",)), sizes=(5000, 12000), data={"protected": ["land"]}),
    "wild": Kind(wild, normal_scores, later=True),
    "wages": Kind(wages, ridge("years", "hours", words=("sex", "town")), task="regression", data={"protected": ["sex", "town"]}),
    "calls": Kind(calls, boosted("load", "day", words=("line",), regression=True), task="regression", later=True),
    "knots": Kind(knots, boosted("u", "v", "w", "s", words=("shape",), steps=600), sizes=(4000, 8000)),
    "labelled": Kind(labelled, lambda _: make_pipeline(prepared(*(f"v{i}" for i in range(8))), LinearSVC(C=0.1)), task="multiclass"),
    "holes": Kind(holes, boosted(*(f"h{i}" for i in range(6)), words=("kind",)), sizes=(3000, 6000), later=True),
    "broad": Kind(broad, linear(*(f"f{i:02}" for i in range(50)), strength=0.02), sizes=(1200, 2500)),
    "sure": Kind(sure, linear("c1", "c2", "c3", "c4", "c5"), data={"protected": ["site"], "positive": "ill"}),
    "visits": Kind(visits, linear("pressure", "sugar", words=("smokes",)), later=True, data={"protected": ["sex"]}),
    "stays": Kind(visits, linear("pressure", "sugar", words=("smokes",)), task="binary", later=True, data={"cluster": "patient", "protected": ["sex"]}),
    "halls": Kind(halls, ridge("heat", "load"), task="regression", later=True, data={"cluster": "machine"}),
    "ratings": Kind(ratings, linear("food", "room", "staff", "price", "nights"), sizes=(2000, 6000), later=True),
    "orders": Kind(orders, linear("weight", "price", "pieces", words=("kind",)), sizes=(2000, 5000)),
    "sensors": Kind(sensors, linear("heat", "damp", "wind"), sizes=(2000, 5000), later=True),
    "rare": Kind(rare, linear("age", words=("town", "work"), rare=8, strength=0.3), sizes=(3000, 6000), later=True),
    "trifles": Kind(trifles, linear(*"rstu", words=("kind",)), sizes=(25_000, 40_000), later=True),
    "wards": Kind(wards, boosted(*(f"l{i}" for i in range(5)), words=("ward",)), task="multiclass", sizes=(4000, 8000)),
    "rates": Kind(rates, linear("income", "debts"), sizes=(4000, 8000), data={"protected": ["race", "sex"]}),
    "crowd": Kind(crowd, boosted("hour", "spent", "visits", words=("shop",)), sizes=(3000, 6000), later=True),
    "zeros": Kind(zeros, ridge(*(f"n{i}" for i in range(8))), task="regression", later=True),
    "sparse": Kind(sparse, linear(*(f"has{i}" for i in range(14))), sizes=(2000, 5000)),
    "remarks": Kind(remarks, of_texts, modality="text", sizes=(1500, 3000)),
    "grades": Kind(grades, linear(*(f"task{i}" for i in range(4))), task="multiclass", sizes=(3000, 5000)),
}  # fmt: skip


def project(folder: Path, name: str, kind: Kind, rng: R) -> Path:
    """Write the data, the fitted model and the settings; return the file of the settings."""
    n = int(rng.integers(*kind.sizes))
    sets = {"train": n, "test": min(max(n // 2, 250), 20_000)}
    if kind.later:
        sets["current"] = min(n // 2, 20_000)
    frames = {at: kind.draw(rng, rows) for at, rows in sets.items()}
    for at, frame in frames.items():
        frame.to_parquet(folder / f"{at}.parquet", index=False)
    x, y = frames["train"].drop(columns="y"), frames["train"]["y"]
    inputs = x["text"] if kind.modality == "text" else x.drop(columns=kind.data.get("id", []))
    model = kind.model(x)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(inputs, y)
    (folder / "model").mkdir()
    joblib.dump(model, folder / "model" / "model.joblib")
    adapter = "sklearn"
    if kind.modality == "text":
        (folder / "model" / "predict.py").write_text(WORDS)
        adapter = 'callable"\nentry = "predict.py:predict'
    lines = {**{at: f"{at}.parquet" for at in sets}, "label": "y", **kind.data}
    if kind.modality == "text":
        lines["text"] = "text"
    if kind.task == "binary":
        lines.setdefault("positive", 1)
    told = "\n".join(f"{key} = {json.dumps(value)}" for key, value in lines.items())
    file = folder / "modelwarden.toml"
    file.write_text(
        f'[project]\nname = "{name}"\ntask = "{kind.task}"\nmodality = "{kind.modality}"\n\n'
        f'[model]\npath = "model/"\nadapter = "{adapter}"\n\n'
        f"[limits]\nseconds = 900\n\n[assess.abnormal]\nseconds = 900\n\n[data]\n{told}\n"
    )
    return file


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", default="0", help="comma-separated")
    parser.add_argument("--only", default="", help="kinds, comma-separated")
    parser.add_argument("--keep", type=Path)
    chosen = parser.parse_args()
    names = [name for name in KINDS if not chosen.only or name in chosen.only.split(",")]
    runs = cried = 0
    began = time.process_time()
    for seed in map(int, chosen.seeds.split(",")):
        for name in names:
            rng = np.random.default_rng([seed, *name.encode()])
            with tempfile.TemporaryDirectory() as place:
                folder = chosen.keep / f"{name}-{seed}" if chosen.keep else Path(place)
                folder.mkdir(parents=True, exist_ok=bool(not chosen.keep))
                report = modelwarden.check(project(folder, name, KINDS[name], rng), stages=STAGES)
            found = [f for f in report.findings if f.severity.value != "info"]
            found = [f for f in found if f.stage in STAGES]
            runs, cried = runs + 1, cried + len(found)
            infos = sum(f.severity.value == "info" and f.stage in STAGES for f in report.findings)
            accuracy = next(
                (round(m.value, 3) for m in report.measurements if m.name in ("accuracy", "r2")),
                None,
            )
            print(
                json.dumps(
                    {
                        "kind": name,
                        "seed": seed,
                        "accuracy": accuracy,
                        "found": [f"{f.severity.value} {f.rule}: {f.message}"[:300] for f in found],
                        "info": infos,
                        "gaps": [
                            f"{g.stage} {g.kind.value}: {g.why}"[:160]
                            for g in report.gaps
                            if g.stage in STAGES
                        ],
                        "seconds": round(report.run.elapsed or 0, 1),
                    },
                    ensure_ascii=False,
                ),
                flush=True,
            )
    print(
        json.dumps(
            {"runs": runs, "findings": cried, "cpu_seconds": round(time.process_time() - began)}
        )
    )


if __name__ == "__main__":
    main()
