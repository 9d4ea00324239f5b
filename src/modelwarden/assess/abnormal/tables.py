"""Abnormal values in the columns of a table, and tables of another form."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from modelwarden.assess.abnormal import words
from modelwarden.assess.abnormal.trials import (
    BAD_ROW,
    Choice,
    Meaning,
    Operator,
    Seen,
    Trial,
)
from modelwarden.targets.frames import Column, Frame

NULL = Operator("null", Meaning.OTHER, "no value")
INFINITE = Operator("infinite", Meaning.OTHER, "plus and minus infinity")
EMPTY = Operator("empty", Meaning.OTHER, "an empty text")
WRONG = Operator("wrong-type", Meaning.WRONG, "a word where numbers stand, numbers for words")
NUMERIC_TEXT = Operator("numeric-text", Meaning.SAME, "the number written as text")
COMMA = Operator("decimal-comma", Meaning.SAME, "the number as text with a decimal comma")
RANGE = Operator("out-of-range", Meaning.OTHER, "beyond all values that the data have")
OUTLIER = Operator("outlier", Meaning.OTHER, "a million times the usual spread away")
SENTINEL = Operator("sentinel", Meaning.OTHER, "what people write for a missing value")
UNSEEN = Operator("unseen-category", Meaning.OTHER, "a word that the data do not have")
CASE = Operator("case-and-space", Meaning.SAME, "other case, and space around it")
ALIKE = Operator("homoglyph", Meaning.SAME, "letters that look the same, of another alphabet")
INVISIBLE = Operator("zero-width", Meaning.SAME, "characters that nobody sees within")
LONG = Operator("over-long", Meaning.OTHER, "a text of 20,000 characters")
MISSING = Operator("missing-column", Meaning.WRONG, "the table without the column")
EXTRA = Operator("extra-column", Meaning.EXACT, "a column more at the end")
REORDERED = Operator("reordered-columns", Meaning.EXACT, "the columns in another order")
OPERATORS = (
    NULL, INFINITE, EMPTY, WRONG, NUMERIC_TEXT, COMMA, RANGE, OUTLIER, SENTINEL, UNSEEN, CASE,
    ALIKE, INVISIBLE, LONG, MISSING, EXTRA, REORDERED,
)  # fmt: skip

UNSEEN_WORD = "never seen before"
_NUMBERS_FOR_MISSING = (-999.0, 9999.0, -1.0)
_WORDS_FOR_MISSING = ("N/A", "?", "unknown")
_DATES = (np.datetime64("1900-01-01", "us"), np.datetime64("2099-12-31", "us"))
_LOOKED_AT, _CUT = 100_000, 5_000  # rows and characters, for how common something is
# Spreads from the middle. A heavy tail has values at ten, and a model that answers them is not hit
# by what is tried, a hundred thousand times as far.
_TRIED, _FAR = 1e6, 1e4

Bounds = Mapping[str, tuple[float | None, float | None]]


@dataclass(frozen=True, slots=True)
class Known:
    """What the data show of one column.

    Attributes:
        test: the column of the test set. train: that of the training set; None without one.
    """

    name: str
    test: Column
    train: Column | None
    bounds: tuple[float | None, float | None] = (None, None)

    @property
    def columns(self) -> list[Column]:
        """Both."""
        return [self.test] if self.train is None else [self.test, self.train]

    @property
    def rows(self) -> int:
        """Of both."""
        return sum(map(len, self.columns))


def trials(
    choice: Choice, test: Frame, train: Frame | None, bounds: Bounds, *, named: bool
) -> Iterator[Trial]:
    """Yield every trial of a table: those of its form, column by column, a spoilt row.

    `named` says that the model itself is given the columns by name; else their order and number
    are the business of whoever lays them out, which is us.
    """
    base = choice.inputs
    if not isinstance(base, Frame):
        raise TypeError(base)
    same = np.arange(len(base))
    if named:
        yield from _whole(base)
    for name in base.names:
        there = train is not None and name in train.names
        known = Known(
            name,
            test[name],
            train[name] if train is not None and there else None,
            bounds.get(name, (None, None)),
        )
        for operator, values, seen, example in _changed(known, base[name]):
            patience = 10.0 if operator is LONG else 1.0
            yield Trial(
                operator=operator,
                feature=name,
                inputs=base.with_column(name, values),
                like=same,
                seen=seen,
                example=example,
                retyped=(values.dtype.kind == "O") != (base[name].dtype.kind == "O"),
                patience=patience,
            )
        if len(base.names) > 1:
            yield Trial(operator=MISSING, feature=name, inputs=base.without([name]), like=same)
    if len(base) > 1:
        yield from _bad_rows(base)


def _whole(base: Frame) -> Iterator[Trial]:
    same = np.arange(len(base))
    free = next(f"extra_{i}" for i in range(9_999) if f"extra_{i}" not in base.names)
    more = base.with_column(free, np.arange(len(base), dtype=np.float64))
    yield Trial(operator=EXTRA, feature=None, inputs=more, like=same)
    if len(base.names) > 1:
        order = _reordered(base)
        yield Trial(operator=REORDERED, feature=None, inputs=base.only(order), like=same)


def _reordered(base: Frame) -> list[str]:
    """Return the names turned round among columns of one kind, so that no type gives it away."""
    kinds: dict[str, list[str]] = {}
    for name, column in zip(base.names, base.columns, strict=True):
        kind = column.dtype.kind
        kinds.setdefault("number" if kind in "iuf" else kind, []).append(name)
    if all(len(names) == 1 for names in kinds.values()):
        return [*base.names[::-1]]
    turned = {name: other for names in kinds.values() for name, other in _pairs(names)}
    return [turned[name] for name in base.names]


def _pairs(names: list[str]) -> Iterator[tuple[str, str]]:
    return zip(names, names[::-1], strict=True)


def _bad_rows(base: Frame) -> Iterator[Trial]:
    """Yield tables whose last row is abnormal in every column that can be."""
    others = np.arange(len(base)) < len(base) - 1
    for numbers, word, example in (
        (np.nan, None, "no values"),
        (1e12, words.too_long("x"), "1e12"),
    ):
        frame = base
        for name, column in zip(base.names, base.columns, strict=True):
            values: Column
            if column.dtype.kind in "iuf":
                values = column.astype(np.float64)
                values[-1] = numbers
            elif column.dtype.kind == "O":
                values = _objects([*column.tolist()[:-1], word])
            else:
                continue
            frame = frame.with_column(name, values)
        yield Trial(
            operator=BAD_ROW,
            feature=None,
            inputs=frame,
            like=np.arange(len(base)),
            judged=others,
            example=example,
            patience=10.0,
        )


Changed = tuple[Operator, Column, Seen | None, str]


def _changed(known: Known, base: Column) -> Iterator[Changed]:
    kind = base.dtype.kind
    if kind in "iuf":
        yield from _numbers(known, base)
    elif kind == "b":
        yield NULL, _objects([None] * len(base)), Seen(0, known.rows), "no value"
        yield NUMERIC_TEXT, _objects([str(v) for v in base.tolist()]), None, "'True'"
        yield WRONG, _objects(["word"] * len(base)), None, "'word'"
    elif kind == "M":
        yield from _dates(known, base)
    elif kind == "O":
        yield from _words(known, base)


def _numbers(known: Known, base: Column) -> Iterator[Changed]:
    n = len(base)
    values = [c.astype(np.float64) for c in known.columns]
    finite = np.concatenate([v[np.isfinite(v)] for v in values])
    of = known.rows
    nulls = sum(int(np.isnan(v).sum()) for v in values)
    yield NULL, np.full(n, np.nan), Seen(nulls, of), "no value"
    ends = np.where(np.arange(n) % 2 == 0, np.inf, -np.inf)
    infinite = sum(int(np.isinf(v).sum()) for v in values)
    yield INFINITE, ends, Seen(infinite, of), "inf"
    yield WRONG, _objects(["word"] * n), Seen(0, of), "'word'"
    yield EMPTY, _objects([""] * n), Seen(0, of), "''"
    written = [None if v != v else f"{v:.12g}" for v in base.astype(np.float64).tolist()]
    told = next((w for w in written if w is not None), "0")
    yield NUMERIC_TEXT, _objects(written), Seen(0, of), repr(told)
    comma = [None if w is None else _with_comma(w) for w in written]
    yield COMMA, _objects(comma), Seen(0, of), repr(_with_comma(told))
    if not len(finite):
        return
    yield _beyond(known, finite, n)
    low, middle, high = np.quantile(finite, [0.25, 0.5, 0.75])
    spread = float(high - low) or float(finite.std()) or max(1.0, abs(float(middle)))
    apart = np.where(np.arange(n) % 2 == 0, middle + _TRIED * spread, middle - _TRIED * spread)
    far = int((np.abs(finite - middle) > _FAR * spread).sum()) if high > low else 0
    yield OUTLIER, _as(base, apart), Seen(far, of), f"{apart[0]:.6g}"
    stand = [s for s in _NUMBERS_FOR_MISSING if s < finite.min() or s > np.quantile(finite, 0.995)]
    if stand:
        filled = np.resize(np.array(stand), n)
        there = int(np.isin(finite, [s for s in stand if s != -1.0]).sum())
        yield SENTINEL, _as(base, filled), Seen(there, of), f"{stand[0]:g}"


def _beyond(known: Known, finite: Column, n: int) -> Changed:
    """Return values outside of the bounds that are stated, or of all that the data have."""
    low, high = float(finite.min()), float(finite.max())
    width = (high - low) or max(1.0, abs(high))
    stated = known.bounds
    below = low - width if stated[0] is None or not np.isfinite(stated[0]) else stated[0] - width
    above = high + width if stated[1] is None or not np.isfinite(stated[1]) else stated[1] + width
    filled = np.where(np.arange(n) % 2 == 0, above, below)
    seen: Seen | None = None
    test = known.test.astype(np.float64)
    ends = [e for e in stated if e is not None]
    if ends:
        first = -np.inf if stated[0] is None else stated[0]
        last = np.inf if stated[1] is None else stated[1]
        seen = Seen(int(((test < first) | (test > last)).sum()), len(test))
    elif known.train is not None:
        learned = known.train.astype(np.float64)
        learned = learned[np.isfinite(learned)]
        if len(learned):
            outside = (test < learned.min()) | (test > learned.max())
            seen = Seen(int(outside.sum()), len(test))
    return RANGE, _as(known.test, filled), seen, f"{above:.6g}"


def _as(base: Column, values: Column) -> Column:
    """Return whole numbers where the column has them and they fit."""
    numbers = values.astype(np.float64)
    whole = base.dtype.kind in "iu" and bool((np.abs(numbers) < 2**53).all())
    return np.round(numbers).astype(np.int64) if whole else numbers


def _with_comma(text: str) -> str:
    return text.replace(".", ",") if "." in text else f"{text},0"


def _dates(known: Known, base: Column) -> Iterator[Changed]:
    n, of = len(base), known.rows
    missing = sum(int(np.isnat(c).sum()) for c in known.columns)
    yield NULL, np.full(n, "NaT", base.dtype), Seen(missing, of), "no value"
    stand = np.resize(np.array(_DATES), n).astype(base.dtype)
    there = sum(int((c == _DATES[0].astype(c.dtype)).sum()) for c in known.columns)
    yield SENTINEL, stand, Seen(there, of), "1900-01-01"
    yield RANGE, np.full(n, np.datetime64("2199-01-01"), base.dtype), None, "2199-01-01"
    yield WRONG, _objects(["word"] * n), None, "'word'"
    written = [None if v is None else str(v)[:19] for v in base.astype("datetime64[s]").tolist()]
    yield NUMERIC_TEXT, _objects(written), None, repr(next(filter(None, written), ""))


def _words(known: Known, base: Column) -> Iterator[Changed]:
    looked = [c[:_LOOKED_AT] for c in known.columns]
    of = sum(map(len, looked))
    counts = Counter(v if v is None else v[:_CUT] for c in looked for v in c.tolist())
    n = len(base)

    def share(test: Callable[[str], bool]) -> Seen:
        return Seen(sum(k for v, k in counts.items() if v is not None and test(v)), of)

    def each(change: Callable[[str], str]) -> Column:
        return _objects([None if v is None else change(v) for v in base.tolist()])

    shown = next((v for v in base.tolist() if v), "a")
    yield NULL, _objects([None] * n), Seen(counts[None], of), "no value"
    yield EMPTY, _objects([""] * n), share(lambda v: not v.strip()), "''"
    yield WRONG, np.arange(n, dtype=np.float64), Seen(0, of), "0.0"
    yield UNSEEN, _objects([UNSEEN_WORD] * n), _unseen(known), repr(UNSEEN_WORD)
    yield CASE, each(words.spaced), _misspelt(counts, of), repr(words.spaced(shown))[:80]
    if any(v is not None and words.mixed(v) for v in base.tolist()):
        small = next(v for v in base.tolist() if v is not None and words.mixed(v))
        yield CASE, each(str.lower), _misspelt(counts, of), repr(small.lower())[:80]
    yield ALIKE, each(words.alike), share(words.has_alike), repr(words.alike(shown))[:80]
    yield INVISIBLE, each(words.invisible), share(words.has_invisible), "with U+200B"
    yield LONG, each(words.too_long), share(lambda v: len(v) >= _CUT), "20,000 letters"
    stand = _objects([_WORDS_FOR_MISSING[i % 3] for i in range(n)])
    yield SENTINEL, stand, share(words.stands_for_missing), repr(_WORDS_FOR_MISSING[0])


def _unseen(known: Known) -> Seen | None:
    if known.train is None:
        return None
    learned = set(known.train.tolist())
    test = known.test[:_LOOKED_AT].tolist()
    return Seen(sum(v is not None and v not in learned for v in test), len(test))


def _misspelt(counts: Counter[str | None], of: int) -> Seen:
    """Count the rows whose word is another, more frequent one in other case or space."""
    best: dict[str, int] = {}
    for value, k in counts.items():
        if value is not None:
            key = words.folded(value)
            best[key] = max(best.get(key, 0), k)
    odd = sum(k for v, k in counts.items() if v is not None and k < best[words.folded(v)])
    return Seen(odd, of)


def _objects(values: list[str | None]) -> Column:
    column = np.empty(len(values), np.object_)
    column[:] = values
    return column
