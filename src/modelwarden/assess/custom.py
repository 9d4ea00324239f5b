"""A user's own checks: typed functions in the user's project, judged and reported as ours are.

    from modelwarden.assess.custom import Case, Found, Number, check

    @check("night-shift", title="Cases at night are decided otherwise", severity="high")
    def night_shift(case: Case) -> Iterator[Found | Number]:
        '''What it looks at.

        Why: …  Fix: …
        '''
        night = case.test.inputs["hour"] >= 22
        right = case.right[night]
        yield Number.share("night_accuracy", int(right.sum()), len(right), higher_is_better=True)
        if right.mean() < 0.8:
            yield Found(f"{right.mean():.1%} right at night", feature="hour")

The stage `checks` runs them (`assess.checks`).
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from modelwarden.assess.asking import Answers
from modelwarden.assess.context import Context
from modelwarden.assess.truth import Judged
from modelwarden.core import (
    Confidence,
    Json,
    RuleInfo,
    Severity,
    seed_for,
)
from modelwarden.metrics.intervals import Interval, wilson
from modelwarden.targets.data import DataSet
from modelwarden.targets.frames import Inputs

STAGE = "checks"
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Case:
    """What a check is given.

    Attributes:
        test, train: the data; `train` is None without a training set.
        classes: in the order of the scores; empty of a regression.
        positive: position of the positive class of a binary task.
        seed: of the run.
    """

    test: DataSet
    train: DataSet | None
    classes: tuple[str | int | float | bool, ...]
    positive: int | None
    seed: int
    _context: Context

    @property
    def answers(self) -> Answers:
        """The model's answers to every row of the test set, asked once for all."""
        return self._context.answers()

    @property
    def judged(self) -> Judged:
        """The labelled rows with their answers."""
        return self._context.judged()

    @property
    def right(self) -> npt.NDArray[np.bool_]:
        """Of each labelled row, whether its decision is right; of a classifier."""
        seen = self.judged
        if seen.y is None or seen.said is None:
            raise TypeError("a regression has no decisions: use case.judged.truth and .values")
        return np.asarray(seen.y == seen.said, np.bool_)

    def ask(self, inputs: Inputs) -> Answers:
        """Ask the model for other rows: changed ones, made ones.

        Raises:
            TargetError: the model failed, or answered something that is no answer.
        """
        return self._context.ask(self._context.target, inputs, "rows of a check")

    def rng(self, *names: str) -> np.random.Generator:
        """Return a source of chance that is the same in every run with the same seed."""
        return np.random.default_rng(seed_for(self.seed, STAGE, *names))


@dataclass(frozen=True, slots=True)
class Found:
    """Something that a check has found.

    Attributes:
        message: the fact, in one line.
        feature: the column that it is about. rows: of the test set that it is about.
        facts: what a sceptic wants to see: plain values.
        identity: what makes it the same finding in the next run; by default the feature.
    """

    message: str
    feature: str | None = None
    rows: Sequence[int] = ()
    facts: Mapping[str, Json] = field(default_factory=dict)
    identity: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """Something that a check has measured; `[policy.measure]` can ask for it by name.

    Attributes:
        name: in small letters, with `_`. meaning: one line for people.
        low, high: ends of its interval at 95 %; None where it has none.
        n: rows that it rests on.
        group: that it is of; None of all.
    """

    name: str
    value: float
    n: int
    higher_is_better: bool
    low: float | None = None
    high: float | None = None
    unit: str | None = None
    group: Json = None
    meaning: str = ""
    conditions: Mapping[str, Json] = field(default_factory=dict)

    @staticmethod
    def share(
        name: str,
        hit: int,
        n: int,
        *,
        higher_is_better: bool,
        group: Json = None,
        meaning: str = "",
    ) -> Number:
        """Return a share with its Wilson interval.

        Raises:
            ValueError: there are no rows, or more hits than rows.
        """
        if not 0 <= hit <= n or n < 1:
            raise ValueError(f"{name}: {hit} of {n} is no share")
        ends: Interval = wilson(hit, n)
        return Number(
            name=name,
            value=hit / n,
            low=ends.low,
            high=ends.high,
            n=n,
            higher_is_better=higher_is_better,
            group=group,
            meaning=meaning,
            conditions={"interval": "Wilson score"},
        )


Function = Callable[[Case], Iterable[Found | Number]]


@dataclass(frozen=True, slots=True)
class Check:
    """A check with what the report says of it."""

    info: RuleInfo
    confidence: Confidence
    run: Function


def check(
    name: str,
    *,
    title: str,
    severity: Severity | str = Severity.MEDIUM,
    confidence: Confidence | str = Confidence.HIGH,
    references: Sequence[str] = (),
) -> Callable[[Function], Check]:
    """Turn a function into a check; its docstring is its page, as that of our own rules is.

    Raises:
        ValueError: the name is not of the form `some-words`, or the severity is none.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(f"the name of a check is small words joined by '-', not {name!r}")
    level, sure = Severity(severity), Confidence(confidence)

    def wrap(function: Function) -> Check:
        info = RuleInfo(
            id=name,
            title=title,
            severity=level,
            help=_page(function.__doc__ or title),
            references=tuple(references),
        )
        return Check(info, sure, function)

    return wrap


def _page(doc: str) -> str:
    return inspect.cleandoc(doc)


__all__ = ["Answers", "Case", "Check", "Found", "Judged", "Number", "check"]
