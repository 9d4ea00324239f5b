"""Rows that stand twice, within a set or in training and test set, and their labels."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from modelwarden.core import Finding, Gap, GapKind, Location
from modelwarden.core.seen import findings
from modelwarden.core.stages import RowMark, StageResult
from modelwarden.data.given import Given
from modelwarden.data.rules.label_conflict import Conflict, label_conflict
from modelwarden.detectors.breaks import kind_of
from modelwarden.detectors.broken import rows_of
from modelwarden.detectors.counts import as_numbers, plain_text
from modelwarden.detectors.duplicates import codes_of, overlap
from modelwarden.detectors.looks import frame_of
from modelwarden.detectors.phrases import Phrases
from modelwarden.detectors.repeats import EXPECTED, Repeat, Repeats, repeats
from modelwarden.detectors.rules.duplicate_rows import Repeated, duplicate_rows
from modelwarden.detectors.shingles import (
    LEAST_LENGTH,
    MOST_IMAGES,
    MOST_TEXTS,
    near_images,
    near_texts,
)
from modelwarden.targets.data import DataSet
from modelwarden.targets.frames import Column, Frame, Inputs, joined
from modelwarden.targets.labels import missing, positions
from modelwarden.targets.spec import Task

NAME = "data"
CONFLICT = 0.001
NEAR_CONFLICT, NEAR_SHARE = 0.005, 0.3
_LEAST = 3
_SURPRISE = 1e-3  # of labels that differ so often by chance
_SHOWN = 20
_SPREAD = 0.5  # standard deviations by which numbers as labels differ in earnest
_MOST_VECTOR = 512
_VARIANTS = 10  # near texts that may be copies of one; a form is filled more often
_ASKED = 500  # texts of which it is asked how many equal ones chance makes


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a row of the joined sets stands."""

    data: DataSet
    row: int


def run(given: Given) -> StageResult:
    """Find what repeats in training and test set, and between them."""
    sets = [one for one in (given.train, given.test) if one is not None and len(one)]
    inputs = _together([one.inputs for one in sets])
    if inputs is None:
        return StageResult()
    starts = np.cumsum([0, *(len(one) for one in sets)])
    found = _repeats_of(inputs)
    pairs: dict[tuple[str, str, str], list[tuple[_Place, _Place]]] = {}
    for repeat in found.pairs:
        one, two = _place(sets, starts, repeat.first), _place(sets, starts, repeat.second)
        how = "equal" if repeat.how == "equal" else "nearly equal"
        pairs.setdefault((two.data.name, one.data.name, how), []).append((two, one))
    result = StageResult(gaps=tuple(_unlooked(given, inputs)))
    total = int(starts[-1])

    def by_chance(frame: DataSet, against: DataSet) -> float:
        share = len(frame) * len(against) / total**2
        return found.by_chance * share * (1 if frame is against else 2)

    if given.train is not None and len(sets) == 2:
        sure = pairs.get(("test", "train", "equal"), [])
        result += _in_training(given, sure, by_chance(given.test, given.train))
    for (frame, against, how), some in pairs.items():
        chance = by_chance(some[0][0].data, some[0][1].data)
        repeated = StageResult()
        if (frame, against, how) != ("test", "train", "equal"):
            repeated = _repeated(given, some, frame, against, how, chance if how == "equal" else 0)
        result += repeated
        result += _conflicts(given, some, frame, against, how, chance, told=bool(repeated.findings))
    return result


def _unlooked(given: Given, inputs: Inputs) -> Iterator[Gap]:
    """Yield a gap where there are more texts or images than are compared by likeness."""
    if isinstance(inputs, Frame) or (inputs.dtype.kind != "O" and inputs.ndim != 4):
        return
    most, what = (MOST_TEXTS, "texts") if inputs.dtype.kind == "O" else (MOST_IMAGES, "images")
    if len(inputs) > most:
        yield Gap(
            what=given.project.name,
            why=f"nearly equal {what} were looked for among the first {most:,} of {len(inputs):,}"
            " only; equal ones among all",
            kind=GapKind.OVER_LIMIT,
            stage=NAME,
        )


def _place(sets: Sequence[DataSet], starts: np.ndarray, row: int) -> _Place:
    at = int(np.searchsorted(starts, row, side="right")) - 1
    return _Place(sets[at], row - int(starts[at]))


def _together(parts: list[Inputs]) -> Inputs | None:
    """Return the rows of all sets as one, with the columns that they share; None of none."""
    frames = [part for part in parts if isinstance(part, Frame)]
    if len(frames) == len(parts) and frames:
        names = [
            name
            for name in frames[0].names
            if all(name in frame.names for frame in frames)
            and len({kind_of(frame[name]) for frame in frames} - {"nothing"}) <= 1
        ]
        return joined([_plain(frame.only(names)) for frame in frames]) if names else None
    arrays = [part for part in parts if not isinstance(part, Frame)]
    shapes = {part.shape[1:] for part in arrays} | {part.dtype.kind == "O" for part in arrays}
    return joined(parts) if len(arrays) == len(parts) and len(shapes) == 2 else None


def _plain(frame: Frame) -> Frame:
    columns = (
        c.astype(np.float64) if c.dtype.kind in "biu" and np.abs(c).max(initial=0) < 2**53 else c
        for c in frame.columns
    )
    return Frame(frame.names, tuple(columns))


def _repeats_of(inputs: Inputs) -> Repeats:
    if isinstance(inputs, Frame):
        return repeats(inputs)
    if inputs.dtype.kind == "O":
        return _of_texts(inputs)
    if inputs.ndim == 4:
        every = np.ones(len(inputs), np.bool_)
        return Repeats((*_equal(inputs, every), *_unlike(near_images(inputs), inputs)))
    if inputs.ndim == 2 and inputs.shape[1] <= _MOST_VECTOR:
        return repeats(frame_of(inputs))
    return Repeats(tuple(_equal(inputs, np.ones(len(inputs), np.bool_))))


def _of_texts(texts: Column) -> Repeats:
    """Return the texts that repeat, though they are not put together of a few phrases."""
    plain = [str(v or "") for v in texts.tolist()]
    wanted = np.array([len(text) >= LEAST_LENGTH for text in plain])
    long = np.flatnonzero(wanted)
    equal = list(_equal(texts, wanted))
    near = list(_unlike(near_texts(texts), texts))
    if len(equal) + len(near) < _LEAST:
        return Repeats((*equal, *near))
    phrases = Phrases(plain)
    beside: dict[int, list[str]] = {}
    for pair in near:
        for row, other in ((pair.first, pair.second), (pair.second, pair.first)):
            if len(beside.setdefault(row, [])) < _VARIANTS:
                beside[row].append(plain[other])
    heads = {
        row: phrases.expected(plain[row], beside.get(row, ())) for row in {p.first for p in equal}
    }
    rare = [pair for pair in equal if heads[pair.first] <= EXPECTED]
    for pair in near:
        one, two = plain[pair.first], plain[pair.second]
        others = (*beside[pair.first], *beside[pair.second])
        if phrases.expected_near(one, two, others) <= EXPECTED:
            rare.append(pair)
    some = [plain[row] for row in long[:: -(-len(long) // _ASKED)].tolist()]
    expected = [phrases.expected(text) for text in some]
    chance = sum(value for value in expected if value <= EXPECTED)
    return Repeats(tuple(rare), chance / 2 * len(long) / len(some))


def _equal(inputs: Inputs, wanted: np.ndarray) -> Iterator[Repeat]:
    codes = codes_of(inputs, inputs)[0]
    first: dict[int, int] = {}
    for row in np.flatnonzero(wanted).tolist():
        head = first.setdefault(int(codes[row]), row)
        if head != row:
            yield Repeat(head, row, "equal")


def _unlike(pairs: Iterator[Repeat], inputs: Inputs) -> Iterator[Repeat]:
    """Yield near pairs that are not equal: those are told already."""
    codes = codes_of(inputs, inputs)[0]
    seen: set[tuple[int, int]] = set()
    for pair in pairs:
        if codes[pair.first] != codes[pair.second] and (pair.first, pair.second) not in seen:
            seen.add((pair.first, pair.second))
            yield pair


def _in_training(given: Given, sure: Sequence[tuple[_Place, _Place]], chance: float) -> StageResult:
    """Report test rows that training has: more than coincide, or rows that hardly could."""
    train, test = given.train, given.test
    if train is None or not len(train) or not len(test):
        return StageResult()
    shared = overlap(test.inputs, train.inputs)
    rows, others = shared.test.tolist(), shared.train.tolist()
    beyond, expected = shared.beyond(given.margins.in_training), shared.expected
    if not beyond:
        expected = 0.0
        rows, others = [two.row for two, _ in sure], [one.row for _, one in sure]
        least = max(_LEAST, given.margins.in_training * len(test))
        beyond = len(rows) >= max(least, _most_by(chance))
    path = given.path(test)
    seen = Repeated(
        path=path,
        location=Location(path=path, terms={"frame": "test", **rows_of(tuple(rows))}),
        n=len(test),
        count=len(rows),
        expected=expected,
        beyond=beyond,
        pairs=tuple(zip(rows[:_SHOWN], others[:_SHOWN], strict=True)),
    )
    found = tuple(findings(duplicate_rows, seen, NAME))
    marks = (
        _mark("test", row, f"equal to row {other} of the training set")
        for row, other in zip(rows, others, strict=True)
    )
    return StageResult(findings=found, rows=tuple(marks) if found else ())


def _mark(frame: str, row: int, detail: str, rule: str = duplicate_rows.id) -> RowMark:
    return RowMark(frame=frame, row=row, rule=rule, detail=detail)


def _repeated(
    given: Given,
    pairs: Sequence[tuple[_Place, _Place]],
    frame: str,
    against: str,
    how: str,
    chance: float,
) -> StageResult:
    within = frame == against
    data = pairs[0][0].data
    rows = sorted(
        {two.row for two, _ in pairs} | ({one.row for _, one in pairs} if within else set())
    )
    margins = given.margins
    margin = (margins.duplicates if how == "equal" else margins.near_duplicates) * len(data)
    enough = len(pairs) >= _most_by(chance) and len(rows) >= margin
    path = given.path(data)
    seen = Repeated(
        path=path,
        location=Location(path=path, terms={"frame": frame, **rows_of(tuple(rows))}),
        frame=frame,
        within=within,
        how=how,
        n=len(data),
        count=len(rows),
        expected=chance / len(data),
        beyond=enough and len(pairs) >= _LEAST,
        pairs=tuple((two.row, one.row) for two, one in pairs[:_SHOWN]),
    )
    found = tuple(findings(duplicate_rows, seen, NAME))
    if not found:
        return StageResult()
    marks: dict[int, RowMark] = {}
    for two, one in pairs:
        place = "" if within else f" of {against}"
        marks.setdefault(two.row, _mark(frame, two.row, f"{how} to row {one.row}{place}"))
        if within:
            marks.setdefault(one.row, _mark(frame, one.row, f"{how} to row {two.row}"))
    return StageResult(findings=found, rows=tuple(marks[row] for row in sorted(marks)))


def _most_by(chance: float) -> float:
    """Return the pairs that there may be where so many are expected, an estimate as well."""
    return 2 * chance + 4 * math.sqrt(chance)


def _conflicts(
    given: Given,
    pairs: Sequence[tuple[_Place, _Place]],
    frame: str,
    against: str,
    how: str,
    chance: float,
    *,
    told: bool,
) -> StageResult:
    """Report repeats whose labels differ.

    Equal rows must do so more often than chance makes equal rows. Nearly equal ones differ by the
    ordinary uncertainty of the task: where they are too few to be told themselves, they must differ
    more often than any two rows do.
    """
    wrong = [
        (two, one, *labels)
        for two, one in pairs
        if (labels := _labels(given, two, one)) is not None
    ]
    data = pairs[0][0].data
    if how == "equal":
        enough = len(wrong) >= max(CONFLICT * len(data), _most_by(chance))
    else:
        enough = len(wrong) >= max(NEAR_CONFLICT * len(data), NEAR_SHARE * len(pairs))
        enough &= told or _beyond_any(given, data, len(wrong), len(pairs))
    if not enough or len(wrong) < _LEAST:
        return StageResult()
    path = given.path(data)
    rows = sorted({two.row for two, *_ in wrong})
    seen = Conflict(
        path=path,
        location=Location(path=path, terms={"frame": frame, **rows_of(tuple(rows))}),
        frame=frame,
        against=against,
        how=how,
        pairs=tuple((two.row, one.row, a, b) for two, one, a, b in wrong[:_SHOWN]),
        count=len(wrong),
        n=len(data),
    )
    found: tuple[Finding, ...] = tuple(findings(label_conflict, seen, NAME))
    marks: dict[tuple[str, int], RowMark] = {}
    for two, one, a, b in wrong:
        for place, other, mine, its in ((two, one, a, b), (one, two, b, a)):
            marks.setdefault(
                (place.data.name, place.row),
                _mark(
                    place.data.name,
                    place.row,
                    f"{how} to row {other.row} of {other.data.name}, labelled {mine} and {its}",
                    label_conflict.id,
                ),
            )
    return StageResult(findings=found, rows=tuple(marks.values()))


def _beyond_any(given: Given, data: DataSet, wrong: int, pairs: int) -> bool:
    """Tell whether labels of pairs differ more often than those of any two rows."""
    if data.y is None or given.project.task is Task.REGRESSION:
        return False
    known = data.y[~missing(data.y)]
    sizes = np.bincount(positions(known)[1])
    share = 1 - float(((sizes / sizes.sum()) ** 2).sum())
    return share < 1 and float(special.bdtrc(wrong - 1, pairs, share)) <= _SURPRISE


def _labels(given: Given, one: _Place, two: _Place) -> tuple[str, str] | None:
    """Return the labels of two rows where they differ; None where they do not or one lacks."""
    if one.data.y is None or two.data.y is None:
        return None
    pair = one.data.y[one.row : one.row + 1], two.data.y[two.row : two.row + 1]
    if bool(missing(pair[0])[0]) or bool(missing(pair[1])[0]):
        return None
    if given.project.task is Task.REGRESSION:
        if pair[0].dtype.kind == "O" or pair[1].dtype.kind == "O":
            return None
        numbers = [float(as_numbers(value)[0]) for value in pair]
        spread = float(np.nanstd(as_numbers(two.data.y)))
        if abs(numbers[0] - numbers[1]) <= _SPREAD * spread:
            return None
        return f"{numbers[0]:.6g}", f"{numbers[1]:.6g}"
    words = [plain_text(value.tolist()[0])[:60] for value in pair]
    return (words[0], words[1]) if words[0] != words[1] else None
