"""Whether a column still is what it was: its type, words, range, unit, and form of date.

Each is decided beyond chance: new words turn up in any large table, and the largest of a thousand
values is passed by the next thousand half of the time.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from modelwarden.core import Json, Severity
from modelwarden.detectors.clusters import Clusters
from modelwarden.detectors.counts import as_numbers, word_of, words_in
from modelwarden.targets.frames import Column, Floats, Labels
from modelwarden.targets.labels import all_missing

SIGNIFICANT = 1e-4
OUT_OF_RANGE = 1e-6  # of each end of each column
_LEAST = 5  # rows that make a break
_SHARE = 0.005
_UNSEEN = 0.01
_LEAST_KNOWN = 30
_MOST_WORDS = 1000
_SAMPLE = 20_000
_LONGEST = 200
_FAR = 0.5  # of the reference's width, that values lie beyond it in the middle
_NEAR = 0.1
_BETWEEN = 2.0  # widths of the reference between it and a clock that goes on
_HEAD = 200  # rows that tell most columns from a clock
_STEPS = 10  # different values of a clock
_MANY = 0.2  # of the rows with words never seen
_UNITS = {
    10.0: "tenths",
    100.0: "hundredths, percent or cents",
    1000.0: "thousandths or thousands",
    1e6: "millionths or millions",
    1e9: "billionths or billions",
    60.0: "minutes and seconds, or hours and minutes",
    3600.0: "hours and seconds",
    24.0: "days and hours",
    12.0: "years and months, or feet and inches",
    7.0: "weeks and days",
    365.25: "years and days",
    2.54: "inches and centimetres",
    30.48: "feet and centimetres",
    3.2808: "metres and feet",
    2.2046: "kilograms and pounds",
    1.6093: "miles and kilometres",
    28.3495: "ounces and grams",
    57.2958: "radians and degrees",
}
_DATES = {
    "YYYY-MM-DD": r"\d{4}-\d\d-\d\d",
    "YYYY/MM/DD": r"\d{4}/\d\d?/\d\d?",
    "YYYYMMDD": r"(?:19|20)\d{6}",
    "YYYY-MM-DD with a time": r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d.*",
    "DD.MM.YYYY": r"\d\d?\.\d\d?\.\d{4}",
    "DD-MM-YYYY": r"\d\d?-\d\d?-\d{4}",
    "D Mon YYYY": r"\d\d? [A-Za-z]{3,9}\.? \d{4}",
    "Mon D, YYYY": r"[A-Za-z]{3,9}\.? \d\d?, \d{4}",
    "D-Mon-YY": r"\d\d?-[A-Za-z]{3}-\d\d(?:\d\d)?",
}
_REWRITTEN = frozenset(("type", "unit", "sign", "date format"))
_VARIANTS = 0.8  # of what is new, that is known in another case or with other spaces
_SLASHED = re.compile(r"(\d\d?)/(\d\d?)/(?:\d{4}|\d\d)")
_NUMBER = re.compile(
    r"\s*[-+]?(?:\d{1,3}(?:[.,' ]\d{3})+|\d+)(?:[.,]\d+)?(?:[eE][-+]?\d+)?\s*%?\s*"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """One way in which a column is no longer what it was.

    Attributes:
        kind: `missing column`, `extra column`, `order`, `type`, `unseen values`, `range`, `unit`,
            `sign` or `date format`.
        told: for people.
        rows: that show it; empty where all do.
        severity: high where values mean something else than before, lower where they only go on a
            little further, as those of a later time do.
    """

    kind: str
    told: str
    facts: dict[str, Json]
    rows: tuple[int, ...] = ()
    severity: Severity = Severity.HIGH


def kind_of(column: Column) -> str:
    """Return `number`, `word`, `date` or, where no value is known, `nothing`."""
    if all_missing(column):
        return "nothing"
    return {"O": "word", "M": "date", "m": "date"}.get(column.dtype.kind, "number")


def breaks_of(
    reference: Column, current: Column, clusters: Clusters | None = None
) -> Iterator[Break]:
    """Yield what broke from the reference (n,) to the current column (m,).

    Where rows come in clusters, chance is that of clusters: a word counts once in each, and so does
    the largest value.
    """
    before, after = kind_of(reference), kind_of(current)
    if "nothing" in {before, after}:
        return
    if before != after:
        told = f"holds {after}s, {before}s before"
        if after == "word" and before == "number":
            known = _texts(current)
            written = sum(_NUMBER.fullmatch(text) is not None for text in known) / len(known)
            if written > 0.5:
                told += f"; {written:.0%} are numbers that are written as text"
        yield Break(kind="type", told=told, facts={"before": before, "after": after})
    elif before == "word":
        yield from _words(reference, current, clusters)
    elif before == "number":
        yield from _numbers(reference, current, clusters)


def rewritten(reference: Column, current: Column) -> bool:
    """Tell whether a column holds what it held, in another form, so that no value is the same."""
    if any(found.kind in _REWRITTEN for found in breaks_of(reference, current)):
        return True
    if kind_of(reference) != "word" or kind_of(current) != "word":
        return False
    known = set(words_in(reference))
    new = [word for word in words_in(current) if word not in known]
    folded = {_folded(word) for word in known}
    return bool(new) and sum(_folded(word) in folded for word in new) > _VARIANTS * len(new)


def _texts(column: Column) -> list[str]:
    step = max(1, len(column) // _SAMPLE)
    return [word[:_LONGEST] for v in column[::step].tolist() if (word := word_of(v)) is not None]


def date_format(column: Column) -> str | None:
    """Return the form in which dates are written, where 95 of 100 values are; None of no dates."""
    texts = Counter(text.strip() for text in _texts(column))
    if texts.total() < _LEAST:
        return None
    needed = 0.95 * texts.total()
    for name, pattern in _DATES.items():
        form = re.compile(pattern)
        if sum(times for text, times in texts.items() if form.fullmatch(text)) >= needed:
            return name
    found = {text: m for text in texts if (m := _SLASHED.fullmatch(text))}
    if sum(texts[text] for text in found) < needed:
        return None
    first, second = (max(int(m[part]) for m in found.values()) for part in (1, 2))
    if first > 12 >= second:
        return "DD/MM/YYYY"
    return "MM/DD/YYYY" if second > 12 >= first else "two numbers and a year with /"


def _words(reference: Column, current: Column, clusters: Clusters | None) -> Iterator[Break]:
    one, two = date_format(reference), date_format(current)
    if one is not None:
        if two != one and (two is not None or len(_texts(current)) >= _LEAST):
            told = f"dates are written {two or 'in no single form'}, {one} before"
            yield Break(kind="date format", told=told, facts={"before": one, "after": two})
        return
    yield from unseen(reference, current, clusters)


def unseen(reference: Column, current: Column, clusters: Clusters | None = None) -> Iterator[Break]:
    """Yield a break where more rows hold a word that the reference lacks than chance brings.

    How much of the current rows is new by chance is the share of the reference's words that it
    holds once only (Good 1953), taken generously.
    """
    known = words_in(reference)
    found = words_in(current)
    n, m = sum(known.values()), sum(found.values())
    if n < _LEAST_KNOWN or not m or len(known) > max(20, min(_MOST_WORDS, n // 10)):
        return  # free text, names or identifiers: every row is new
    new = Counter({word: times for word, times in found.items() if word not in known})
    count = new.total()
    share = count / m
    if count < _LEAST or share < _UNSEEN:
        return
    drawn = known, found
    if clusters is not None:
        drawn = _once_each(reference, clusters.here), _once_each(current, clusters.there)
    draws, later = drawn[0].total(), drawn[1].total()
    once = sum(times == 1 for times in drawn[0].values())
    expected = min(1.0, (once + 3 * once**0.5 + 1) / draws)
    strange = sum(drawn[1][word] for word in new)
    if float(special.bdtrc(strange - 1, later, expected)) > SIGNIFICANT:
        return
    folded = {_folded(word) for word in known}
    variants = sum(times for word, times in new.items() if _folded(word) in folded)
    shown = ", ".join(repr(word[:40]) for word, _ in new.most_common(3))
    told = f"{count} of {m} rows hold values never seen before ({shown})"
    if variants > _VARIANTS * count:
        told += ", known ones in other case or with other spaces"
    facts: dict[str, Json] = {
        "rows": count,
        "of": m,
        "expected_by_chance": round(expected * m, 1),
        "values": [word[:80] for word, _ in new.most_common(10)],
    }
    grave = share >= _MANY or variants > _VARIANTS * count
    yield Break(
        kind="unseen values",
        told=told,
        facts=facts,
        rows=tuple(i for i, value in enumerate(current.tolist()) if word_of(value) in new),
        severity=Severity.HIGH if grave else Severity.MEDIUM,
    )


def _once_each(column: Column, clusters: Labels) -> Counter[str]:
    """Return in how many clusters each word stands."""
    pairs = set(zip(column.tolist(), clusters.tolist(), strict=True))
    return Counter(word for value, _ in pairs if (word := word_of(value)) is not None)


def _folded(word: str) -> str:
    return " ".join(word.casefold().split())


def _numbers(reference: Column, current: Column, clusters: Clusters | None) -> Iterator[Break]:
    here, there = as_numbers(reference), as_numbers(current)
    finite = np.isfinite(there)
    infinite = np.flatnonzero(np.isinf(there))
    if len(infinite) and not np.isinf(here).any():
        told = f"{len(infinite)} of {len(there)} values are infinite, none before"
        facts: dict[str, Json] = {"rows": len(infinite), "of": len(there)}
        yield Break(kind="range", told=told, facts=facts, rows=tuple(infinite.tolist()))
    known = here[np.isfinite(here)]
    if min(len(known), int(finite.sum())) < _LEAST_KNOWN:
        return
    kept = None if clusters is None else clusters.only(np.isfinite(here), finite)
    other = _unit(known, there[finite], _rows_of(kept, known, there[finite]))
    if other is not None:
        yield other
        return
    yield from _range(known, there, finite, kept)


def _rows_of(clusters: Clusters | None, here: Floats, there: Floats) -> tuple[int, int]:
    """Return how many draws there were of each: rows, or clusters."""
    if clusters is None:
        return len(here), len(there)
    return len(np.unique(clusters.here)), len(np.unique(clusters.there))


_LEVELS = np.array([0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95])


def _unit(here: Floats, there: Floats, draws: tuple[int, int]) -> Break | None:
    """Return a break where the quantiles of one are those of the other, times a factor of units."""
    one, two = np.quantile(here, _LEVELS), np.quantile(there, _LEVELS)
    width = one[-1] - one[0]
    if width <= 0 or len(np.unique(one)) < 3:
        return None
    flipped = -two[::-1]
    moved = np.abs(two - one).max()
    if np.abs(flipped - one).max() <= 0.1 * width < 0.5 * width <= moved:
        told = "all values have the opposite sign"
        return Break(kind="sign", told=told, facts={"median": two[3], "median_before": one[3]})
    if np.abs(two - (1.8 * one + 32)).max() <= 0.05 * 1.8 * width and moved > 0.5 * width:
        told = "values look like Fahrenheit, Celsius before"
        return Break(kind="unit", told=told, facts={"median": two[3], "median_before": one[3]})
    if np.abs(1.8 * two + 32 - one).max() <= 0.05 * width and moved > 0.5 * width:
        told = "values look like Celsius, Fahrenheit before"
        return Break(kind="unit", told=told, facts={"median": two[3], "median_before": one[3]})
    strong = np.abs(one) > 0.02 * np.abs(one).max()
    if strong.sum() < 3 or np.abs(two).max() == 0:
        return None
    ratio = float(np.median(two[strong] / one[strong]))
    if ratio <= 0 or moved < 0.3 * max(width, 1e-300):
        return None
    if np.abs(two - ratio * one).max() > 0.1 * abs(ratio) * np.abs(one).max():
        return None
    factor = max(ratio, 1 / ratio)
    unit = min(_UNITS, key=lambda known: abs(np.log(known / factor)))
    if abs(np.log(unit / factor)) > 0.09 or not _apart(here, there, draws):
        return None
    times = f"{unit:g} times as large" if ratio > 1 else f"{unit:g} times smaller"
    return Break(
        kind="unit",
        told=f"all values are {times} as before, as between {_UNITS[unit]}",
        facts={"factor": ratio, "median": two[3], "median_before": one[3]},
    )


def _apart(here: Floats, there: Floats, draws: tuple[int, int]) -> bool:
    """Return whether two samples differ by more than chance: of heavy tails the quantiles do not.

    Twice the unit of the statistic of Kolmogorov and Smirnov, which chance exceeds in 0.07 %.
    """
    one, two = np.sort(here), np.sort(there)
    at = np.concatenate([one, two])
    first = np.searchsorted(one, at, side="right") / len(one)
    second = np.searchsorted(two, at, side="right") / len(two)
    beyond = 2.0 * math.sqrt(1 / draws[0] + 1 / draws[1])
    return float(np.abs(first - second).max()) >= beyond


def goes_on(reference: Column, current: Column) -> bool:
    """Return whether a column rises (or falls) along the rows and just goes on doing so: a clock.

    What such a column holds later lies beyond all of before, and nothing broke. Another set may
    lie between the two, so it may go on as much as two widths later. Of times the rows may stand in
    any order. A number of the row, which begins anew in each set, is as harmless.
    """
    kinds = {kind_of(reference), kind_of(current)}
    if len(kinds) > 1 or not kinds <= {"number", "date"}:
        return False
    if kinds == {"number"} and not (_rises(head := _finite(reference[:_HEAD])) or _rises(-head)):
        return False
    here, there = _finite(reference), _finite(current)
    if min(len(here), len(there)) < _LEAST_KNOWN:
        return False
    if kinds == {"date"}:
        ends = (float(here.min()), float(here.max())), (float(there.min()), float(there.max()))
        if not (_follows(*ends[0], ends[1][0]) or _follows(-ends[0][1], -ends[0][0], -ends[1][1])):
            return False
        here, there = np.sort(here), np.sort(there)
    elif here[0] == there[0] and all(bool((np.diff(rows) == 1).all()) for rows in (here, there)):
        return True
    for one, two in ((here, there), (-here, -there)):
        if _follows(one[0], one[-1], two[0]) and _rises(one) and _rises(two):
            return len(np.unique(one)) >= _STEPS and len(np.unique(two)) >= _STEPS
    return False


def _follows(first: float, last: float, then: float) -> bool:
    """Return whether what begins at `then` goes on from a range, at most two widths beyond it."""
    width = last - first
    return width > 0 and 0 <= then - last <= _BETWEEN * width


def _finite(column: Column) -> Floats:
    values = as_numbers(column)
    return values[np.isfinite(values)]


def _rises(values: Floats) -> bool:
    return bool((values[1:] >= values[:-1]).all())


def _all_outermost(k: int, m: int, n: int) -> float:
    """Return the chance that the k outermost of m + n like values are all among the m.

    Source: Rosenbaum 1954, "Tables for a nonparametric test of location".
    """
    ways = special.gammaln([m + 1, m + n - k + 1, m - k + 1, m + n + 1])
    return float(np.exp(ways[0] + ways[1] - ways[2] - ways[3]))


def _range(
    here: Floats, there: Floats, finite: npt.NDArray[np.bool_], clusters: Clusters | None
) -> Iterator[Break]:
    if goes_on(here, there):
        return
    low, high = float(here.min()), float(here.max())
    m = int(finite.sum())
    n, drawn = _rows_of(clusters, here, there[finite])
    if clusters is not None:
        # Larger clusters have farther extremes: they count as more of them.
        drawn = math.ceil(drawn * max(1.0, (m / drawn) / (len(here) / n)))
    for below in (True, False):
        beyond = finite & (there < low if below else there > high)
        k = int(beyond.sum())
        if k < _LEAST or k / m < _SHARE:
            continue
        whose = k if clusters is None else len(np.unique(clusters.there[beyond[finite]]))
        if _all_outermost(whose, drawn, n) > OUT_OF_RANGE:
            continue
        values, times = np.unique(there[beyond], return_counts=True)
        edge, word = (low, "below") if below else (high, "above")
        told = f"{k} of {m} values lie {word} {edge:.6g}, the {'least' if below else 'most'} before"
        by = abs(float(np.median(there[beyond])) - edge) / max(high - low, 1e-300)
        facts: dict[str, Json] = {"rows": k, "of": m, "bound": edge}
        if high > low:  # a column that was constant has no width to count in
            facts["beyond_by_widths"] = by
        most = int(times.argmax())
        negative = below and low >= 0 and float(values[0]) < 0
        coded = bool(times[most] > 0.8 * k and k > _LEAST)
        if coded:
            told += f"; most are {values[most]:.6g}, a code for missing?"
            facts["value"] = float(values[most])
        elif negative:
            told += ", which is negative now"
        severity = Severity.LOW if by < _NEAR else Severity.MEDIUM
        if negative or by >= _FAR or (coded and by >= _NEAR):
            severity = Severity.HIGH
        yield Break(
            kind="range",
            told=told,
            facts=facts,
            rows=tuple(np.flatnonzero(beyond).tolist()),
            severity=severity,
        )


def differing_columns(
    reference: tuple[str, ...], current: tuple[str, ...]
) -> Iterator[tuple[str, Break]]:
    """Yield columns that are missing, those that came new, and a change of their order."""
    for name in reference:
        if name not in current:
            near = [
                other
                for other in current
                if other not in reference and _folded(other) == _folded(name)
            ]
            told = "is missing" + (f"; {near[0]!r} has come new" if near else "")
            yield name, Break(kind="missing column", told=told, facts={})
    for name in current:
        if name not in reference:
            told = "was not there before"
            yield name, Break(kind="extra column", told=told, facts={}, severity=Severity.MEDIUM)
    here = [name for name in reference if name in current]
    there = [name for name in current if name in reference]
    moved = [name for name, other in zip(here, there, strict=False) if name != other]
    if moved:
        told = (
            f"stands in another place, as {len(moved)} columns do: a model that tells columns by "
            "their place takes each for another one"
        )
        yield moved[0], Break(kind="order", told=told, facts={}, severity=Severity.MEDIUM)
