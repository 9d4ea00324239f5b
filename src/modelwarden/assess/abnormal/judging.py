"""From a model's reply to an abnormal input to an outcome: survived, refused, or brittle."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from modelwarden.assess.abnormal.trials import BAD_ROW, Meaning, Trial
from modelwarden.assess.rules.brittle_input import Outcome
from modelwarden.core import Severity
from modelwarden.metrics.intervals import Interval, wilson
from modelwarden.targets.probing import End, Reply

# A change in the last digits of a float is the library's; one that anybody could see is not.
VISIBLE = 1e-3
MOVED = 0.25  # of the spread of a regression's values
OFTEN = 0.01  # of all answers: high
_NUMBERLESS = ("null", "infinite")
Mask = npt.NDArray[np.bool_]

# What Python raises by accident, where code never thought of the value.
_ACCIDENTS = frozenset(
    """
    KeyError IndexError AttributeError ZeroDivisionError AssertionError RecursionError NameError
    UnboundLocalError OverflowError FloatingPointError UnicodeEncodeError UnicodeDecodeError
    StopIteration SystemError SystemExit KeyboardInterrupt MemoryError LinAlgError TypeError
    RuntimeError Exception BaseException ArithmeticError OSError NotImplementedError
    """.split()
)
_SAYS_NO = re.compile(
    r"must|expect|require|invalid|unknown|not allowed|unsupported|missing|not accept|should be|"
    r"unseen",
    re.IGNORECASE,
)
_SLIPS = re.compile(
    r"object has no attribute|unsupported operand|not subscriptable|not iterable|"
    r"not supported between|argument must be a string or a (real )?number|bad operand|"
    r"has no len|not callable|object is not|concatenate|NoneType|is not in list|math domain|"
    r"empty sequence|zero-size array|could not be broadcast|values to unpack|index out of",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What became of one trial.

    Attributes:
        hit, n: rows that the outcome is of, and that were judged.
        ends: interval of the share.
        weighted: share with each answer weighed as often as it is given.
        words: what the model said.
    """

    outcome: Outcome
    hit: int
    n: int
    ends: Interval
    weighted: float
    words: str = ""


def judge(
    trial: Trial, base: Reply, reply: Reply, weights: npt.NDArray[np.float64], margin: float
) -> Judgement:
    """Say what became of a trial.

    Args:
        trial: what was asked.
        base: the answers to the same rows as they are.
        reply: the answer.
        weights: (rows of the base,) that add up to 1.
        margin: share of decisions that may change before it counts.
    """
    n = len(trial.like)
    looked = np.ones(n, np.bool_) if trial.judged is None else trial.judged
    if reply.end is not End.ANSWERED:
        outcome = _of_failure(trial, reply)
        words = f"{reply.raised}: {reply.words}" if reply.raised else reply.words
        return _judgement(outcome, looked, looked, trial, weights, words)
    empty = _mask(reply.empty, n) & looked
    strange = _mask(reply.strange, n) & looked
    changed = _changed(trial, base, reply) & looked & ~empty & ~strange
    spoilt = trial.operator is BAD_ROW
    if trial.operator.meaning is not Meaning.WRONG:
        for outcome, rows in ((Outcome.EMPTY, empty), (Outcome.RANGE, strange)):
            if rows.any():
                named = Outcome.SPOILT if spoilt else outcome
                return _judgement(named, rows, looked, trial, weights)
    found = _judgement(Outcome.CHANGED, changed, looked, trial, weights)
    if trial.operator.meaning is Meaning.EXACT:
        if changed.any():
            named = Outcome.SPOILT if spoilt else Outcome.CHANGED
            return _judgement(named, changed, looked, trial, weights)
    elif trial.operator.meaning is Meaning.SAME and found.ends.low >= margin:
        return found
    return Judgement(
        outcome=Outcome.KEPT,
        hit=found.hit,
        n=found.n,
        ends=found.ends,
        weighted=found.weighted,
    )


def _judgement(
    outcome: Outcome,
    rows: Mask,
    looked: Mask,
    trial: Trial,
    weights: npt.NDArray[np.float64],
    words: str = "",
) -> Judgement:
    hit, n = int(rows.sum()), int(looked.sum())
    whole = weights[trial.like[looked]].sum()
    share = float(weights[trial.like[rows]].sum() / whole) if whole else 0.0
    shown = " ".join(words.split())
    shown = f"{shown[:160]}…" if len(shown) > 160 else shown
    return Judgement(
        outcome=outcome, hit=hit, n=n, ends=wilson(hit, n), weighted=share, words=shown
    )


def _mask(mask: Mask | None, n: int) -> Mask:
    return np.zeros(n, np.bool_) if mask is None else mask


def _of_failure(trial: Trial, reply: Reply) -> Outcome:
    if reply.end is End.LATE:
        return Outcome.HANG
    if reply.end is End.LOST:
        return Outcome.LOST
    if reply.end is End.UNSENT:
        return Outcome.UNSENT
    if reply.end is End.SHAPE:
        return Outcome.REFUSED if trial.operator.meaning is Meaning.WRONG else Outcome.SHAPE
    return Outcome.REFUSED if refuses(trial, reply) else Outcome.CRASH


def refuses(trial: Trial, reply: Reply) -> bool:
    """Tell whether an exception is a refusal, not an accident.

    Whoever breaks the contract, and be it the type of a column, may be told so in any way. Else an
    error counts as meant when its type is no accident's, or its words name the column or say what
    is asked for. A server refuses by a status of 4xx.
    """
    raised, words = reply.raised or "", reply.words
    if trial.operator.meaning is Meaning.WRONG or trial.retyped:
        return True
    if raised.startswith("HTTP "):
        return raised.startswith("HTTP 4")
    if _SLIPS.search(words):
        return False
    if raised not in _ACCIDENTS:
        return bool(words.strip())
    if raised == "TypeError":
        return True
    named = trial.feature is not None and trial.feature in words and " " in words.strip("'\" ")
    return named or (bool(_SAYS_NO.search(words)) and " " in words.strip())


def _changed(trial: Trial, base: Reply, reply: Reply) -> Mask:
    """Return the rows that are answered otherwise than the rows they are like."""
    n = len(trial.like)
    exact = trial.operator.meaning is Meaning.EXACT
    if reply.values is not None and base.values is not None:
        before = base.values[trial.like]
        spread = float(base.values.std()) or max(1.0, float(np.abs(base.values).max(initial=0)))
        apart = np.abs(reply.values - before) / spread
        return np.asarray(apart > (VISIBLE if exact else MOVED), np.bool_)
    if reply.labels is None or base.labels is None:
        return np.zeros(n, np.bool_)
    turned = np.asarray(reply.labels != base.labels[trial.like], np.bool_)
    if reply.scores is None or base.scores is None:
        return turned
    unit = max(1.0, float(np.ptp(base.scores)))
    apart = np.abs(reply.scores - base.scores[trial.like]).max(axis=1) / unit
    moved = np.asarray(apart > VISIBLE, np.bool_)
    return moved if exact else turned & moved


def severity(trial: Trial, judgement: Judgement) -> Severity:
    """Return how bad it is: how common such rows are, times the share of answers that break."""
    if judgement.outcome in (Outcome.LOST, Outcome.HANG):
        return Severity.HIGH
    if trial.operator.meaning is Meaning.EXACT:
        return Severity.MEDIUM  # how rows are packed is nobody's fault: any batch may be so
    hit = 0.0 if trial.seen is None else trial.seen.share * judgement.weighted
    if hit > 0:
        return Severity.HIGH if hit >= OFTEN else Severity.MEDIUM
    # What the data do not hold so far: a change in silence, and NaN for NaN, are worth knowing.
    known = judgement.outcome is Outcome.CHANGED or (
        judgement.outcome is Outcome.EMPTY and trial.operator.name in _NUMBERLESS
    )
    return Severity.INFO if known else Severity.LOW


__all__ = ["Judgement", "judge", "refuses", "severity"]
