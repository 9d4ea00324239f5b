"""How good the model is, as labels come in late; and a guess at it before they do.

Answers wait for their labels, and labels for their answers, by the request's id. What never finds
its other half is dropped, the oldest first. The guess rests on the model's own scores: it holds as
long as these mean what they meant, so a changed rule behind the labels never shows in it.
"""

from __future__ import annotations

import math
from collections import OrderedDict, deque
from collections.abc import Iterable, Mapping

import numpy as np

from modelwarden.core import Json
from modelwarden.core.values import dataclass
from modelwarden.detectors.counts import plain_text
from modelwarden.metrics.intervals import newcombe, of_share
from modelwarden.targets.frames import Column

WINDOW = 300
WAITING = 200_000
LEAST = 100
_DROP = 0.05  # of accuracy, or of a mean score, that matters
_LEVEL = 0.999
_AMOUNTS = 0.05  # share of labels with a point, beyond which they are amounts
_ERRORS = 1.25  # times the mean error of before that matters
_CAVEAT = "by the model's own scores, which are taken to mean what they meant"


@dataclass(frozen=True, slots=True)
class Worse:
    """The model is worse than it was.

    Attributes:
        rule: `performance-drop`, or `estimated-performance-drop` without labels.
        told: for people.
    """

    rule: str
    told: str


class Performance:
    """Real and estimated performance of one model.

    Attributes:
        joined: answers that met their label. dropped: that did not in time.
    """

    def __init__(self, accuracy: float | None = None, state: Mapping[str, Json] | None = None):
        """Go on from an earlier state; `accuracy` is what must be reached, None the first seen."""
        saved = state or {}
        self.joined = _whole(saved.get("joined"))
        self.dropped = _whole(saved.get("dropped"))
        self._needed = accuracy
        self._answers: OrderedDict[str, str] = OrderedDict(_pairs(saved.get("answers")))
        self._labels: OrderedDict[str, str] = OrderedDict(_pairs(saved.get("labels")))
        self._first = _errors(saved.get("first"))
        self._last = deque(_errors(saved.get("last")), maxlen=WINDOW)
        # An earlier version kept that labels are amounts, not how many are.
        self._amounts = self.joined if saved.get("regression") else _whole(saved.get("amounts"))
        self._sure_first = _numbers(saved.get("sure_first"))
        self._sure: deque[float] = deque(_numbers(saved.get("sure")), maxlen=WINDOW)

    def saved(self) -> dict[str, Json]:
        """Return the state, plain JSON."""
        return {
            "joined": self.joined,
            "dropped": self.dropped,
            "answers": [list(pair) for pair in self._answers.items()],
            "labels": [list(pair) for pair in self._labels.items()],
            "first": [list(pair) for pair in self._first],
            "last": [list(pair) for pair in self._last],
            "amounts": self._amounts,
            "sure_first": list(self._sure_first),
            "sure": list(self._sure),
        }

    def answered(self, ids: Column, predictions: Column) -> list[Worse]:
        """Take answers."""
        for key, value in zip(ids.tolist(), predictions.tolist(), strict=True):
            if key is not None and value is not None and value == value:
                self._meet(plain_text(key), answer=plain_text(value))
        return self._judged()

    def labelled(self, ids: Column, labels: Column) -> list[Worse]:
        """Take labels."""
        for key, value in zip(ids.tolist(), labels.tolist(), strict=True):
            if key is not None and value is not None and value == value:
                self._meet(plain_text(key), label=plain_text(value))
        return self._judged()

    def scored(self, scores: Column) -> list[Worse]:
        """Take how sure the model was of its answers, 0 to 1."""
        if scores.dtype.kind not in "if":
            return []
        known = [v for v in scores.astype(np.float64).tolist() if 0 <= v <= 1]
        take = max(0, WINDOW - len(self._sure_first))
        self._sure_first += known[:take]
        self._sure.extend(known[take:])
        if len(self._sure) < LEAST:
            return []
        before, after = np.array(self._sure_first), np.array(self._sure)
        gap = float(before.mean() - after.mean())
        error = math.sqrt(before.var() / len(before) + after.var() / len(after)) or 1e-9
        if gap < _DROP or gap / error < 4:
            return []
        told = (
            f"accuracy is estimated at {after.mean():.1%} over the last {len(after)} answers, "
            f"{before.mean():.1%} before, {_CAVEAT}"
        )
        return [Worse("estimated-performance-drop", told)]

    def _meet(self, key: str, *, answer: str | None = None, label: str | None = None) -> None:
        if answer is None:
            answer = self._answers.pop(key, None)
            if answer is None and label is not None:
                self._wait(self._labels, key, label)
        elif label is None:
            label = self._labels.pop(key, None)
            if label is None:
                self._wait(self._answers, key, answer)
        if answer is None or label is None:
            return
        self.joined += 1
        self._amounts += "." in label
        error = _error(answer, label)
        if self._needed is None and len(self._first) < WINDOW:
            self._first.append(error)
        else:
            self._last.append(error)

    def _wait(self, waiting: OrderedDict[str, str], key: str, value: str) -> None:
        waiting[key] = value
        if len(waiting) > WAITING:
            waiting.popitem(last=False)
            self.dropped += 1

    @property
    def _regression(self) -> bool:
        """Whether labels are amounts: one label with a point among many is a slip."""
        return self._amounts > _AMOUNTS * self.joined

    def _judged(self) -> list[Worse]:
        m = len(self._last)
        if m < LEAST:
            return []
        if self._regression:
            return self._of_amounts(_gaps(self._first), _gaps(self._last))
        after = np.array([wrong for wrong, _ in self._last])
        wrong = int(after.sum())
        if self._needed is not None:
            ends = of_share(m - wrong, m)
            if ends.high >= self._needed:
                return []
            told = f"{self._needed:.1%} is what it must have"
            return [self._worse(1 - wrong / m, m, told)]
        n, before = len(self._first), int(sum(wrong for wrong, _ in self._first))
        gap = newcombe(wrong, m, before, n, level=_LEVEL)
        if gap.low <= 0 or wrong / m - before / n < _DROP:
            return []
        return [self._worse(1 - wrong / m, m, f"{1 - before / n:.1%} before")]

    def _worse(self, accuracy: float, m: int, told: str) -> Worse:
        return Worse(
            "performance-drop", f"{accuracy:.1%} of the last {m} labelled answers are right, {told}"
        )

    def _of_amounts(self, before: np.ndarray, after: np.ndarray) -> list[Worse]:
        if len(before) < LEAST or len(after) < LEAST:
            return []
        error = math.sqrt(before.var() / len(before) + after.var() / len(after)) or 1e-12
        one, two = float(before.mean()), float(after.mean())
        if two < _ERRORS * one or (two - one) / error < 4:
            return []
        told = f"the mean error of the last {len(after)} labelled answers is {two:.4g}"
        told += f", {one:.4g} before"
        return [Worse("performance-drop", told)]

    @property
    def told(self) -> str:
        """What is known now, for people; empty when nothing is."""
        if not self.joined and self._answers and self._labels:
            return f"none of {len(self._labels)} labels has met its answer"
        m = len(self._last) or len(self._first)
        if not m or self._regression:
            return ""
        errors = [wrong for wrong, _ in self._last or self._first]
        ends = of_share(m - int(sum(errors)), m)
        return (
            f"accuracy {1 - sum(errors) / m:.1%} ({ends.low:.1%}–{ends.high:.1%}) over the last"
            f" {m} labelled answers"
        )


def _error(answer: str, label: str) -> tuple[float, float | None]:
    """Return whether an answer is wrong, and by how much where both are amounts."""
    try:
        gap = abs(float(answer) - float(label))
    except ValueError:
        return float(answer != label), None
    return float(answer != label), gap if math.isfinite(gap) else None


def _gaps(errors: Iterable[tuple[float, float | None]]) -> np.ndarray:
    return np.array([gap for _, gap in errors if gap is not None])


def _errors(value: Json) -> list[tuple[float, float | None]]:
    """Return errors of a state; one that an earlier version kept is either of the two."""
    found: list[tuple[float, float | None]] = []
    for one in value if isinstance(value, list) else ():
        wrong, gap = one if isinstance(one, list) and len(one) == 2 else (one, one)
        if isinstance(wrong, int | float):
            found.append((float(wrong), float(gap) if isinstance(gap, int | float) else None))
    return found


def _whole(value: Json) -> int:
    return value if type(value) is int else 0


def _numbers(value: Json) -> list[float]:
    return (
        [float(v) for v in value if isinstance(v, int | float)] if isinstance(value, list) else []
    )


def _pairs(value: Json) -> list[tuple[str, str]]:
    if not isinstance(value, list):
        return []
    return [(str(p[0]), str(p[1])) for p in value if isinstance(p, list) and len(p) == 2]
