"""Columns by which rows are ordered in time: numbers and dates, also where they stand as text."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from modelwarden.detectors.counts import as_numbers
from modelwarden.targets.frames import Column, Floats
from modelwarden.targets.labels import missing

_YEAR_FIRST = re.compile(r"(\d{4})([-/.]?)(\d\d?)\2(\d\d?)(?:[T ](.*))?")
_YEAR_LAST = re.compile(r"(\d\d?)([-/.])(\d\d?)\2(\d{4})(?:[T ](.*))?")
_CLOCK = re.compile(r"(\d\d?):(\d\d)(?::(\d\d(?:\.\d+)?))?(?:Z|([+-])(\d\d):?(\d\d))?")
_SORTS = re.compile(r"\d{4}[-./ ]?[A-Za-z]?\d{1,2}")  # 2021-03, 2021Q2, 2021W05


def keys_of_time(column: Column) -> Floats | None:
    """Return numbers (n,) that rise with time, NaN of what is missing; None where none is told.

    Text is read as numbers, as dates with the year first, or with the year last where some day
    beyond the twelfth, or points between the parts, tell the day from the month.
    """
    if column.dtype.kind != "O":
        return as_numbers(column)
    gone = missing(column)
    words = [str(value).strip() for value in column[~gone].tolist()]
    known = _numbers(words)
    if known is None:
        known = _dates(words)
    if known is None and all(map(_SORTS.fullmatch, words)) and len({len(w) for w in words}) == 1:
        known = np.unique(np.array(words), return_inverse=True)[1].astype(np.float64)
    if known is None:
        return None
    made = np.full(len(column), np.nan)
    made[~gone] = known
    return made


def _numbers(words: Sequence[str]) -> Floats | None:
    try:
        return np.array([float(word) for word in words], np.float64)
    except ValueError:
        return None


def _dates(words: Sequence[str]) -> Floats | None:
    parts = [_YEAR_FIRST.fullmatch(word) for word in words]
    if all(parts):
        return _seconds([(p[1], p[3], p[4], p[5]) for p in parts if p])
    parts = [_YEAR_LAST.fullmatch(word) for word in words]
    if not all(parts):
        return None
    first = max(int(p[1]) for p in parts if p)
    second = max(int(p[3]) for p in parts if p)
    points = all(p[2] == "." for p in parts if p)
    if first > 12 >= second or (points and second <= 12):
        return _seconds([(p[4], p[3], p[1], p[5]) for p in parts if p])
    if second > 12 >= first:
        return _seconds([(p[4], p[1], p[3], p[5]) for p in parts if p])
    return None


def _seconds(dates: Sequence[tuple[str, str, str, str | None]]) -> Floats | None:
    made = np.empty(len(dates))
    for at, (year, month, day, clock) in enumerate(dates):
        time = _CLOCK.fullmatch(clock) if clock else None
        if clock and time is None:
            return None
        try:
            date = np.datetime64(f"{year}-{int(month):02}-{int(day):02}", "s")
        except ValueError:
            return None
        made[at] = float(date.astype(np.int64))
        if time:
            made[at] += int(time[1]) * 3600 + int(time[2]) * 60 + float(time[3] or 0)
        if time and time[4]:  # the clock is so far ahead of UTC
            ahead = int(time[5]) * 3600 + int(time[6]) * 60
            made[at] += ahead if time[4] == "-" else -ahead
    return made
