"""Stage `abnormal`: inputs that no test set has, tried on the live model.

Each trial is one call: real rows, one thing wrong with them. What comes back is read leniently
(`targets.probing`), held against the answers to the same rows as they are, and judged. A model that
dies or hangs is opened again, a few times at most; what time or that leaves untried is a gap.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from modelwarden.assess.abnormal import images, tables, texts, vectors
from modelwarden.assess.abnormal.judging import judge
from modelwarden.assess.abnormal.telling import (
    FINDINGS,
    FINE,
    STAGE,
    Tried,
    found,
    measurements,
    table,
)
from modelwarden.assess.abnormal.trials import (
    ALONE,
    DUPLICATES,
    ORDER,
    REPEAT,
    Choice,
    Operator,
    Trial,
)
from modelwarden.assess.context import Context
from modelwarden.assess.rules.brittle_input import Outcome
from modelwarden.assess.stage import StageResult
from modelwarden.core import (
    Gap,
    GapKind,
    seed_for,
)
from modelwarden.targets.errors import TargetError
from modelwarden.targets.frames import Frame, Inputs, Labels, take
from modelwarden.targets.probing import End, Reply, probe
from modelwarden.targets.spec import Modality

_LOSSES = 6  # of the model's process, before no more is tried
_LEAST_PATIENCE, _PATIENCE = 5.0, 20.0  # seconds, and times what ordinary rows take
_LONGEST = 60.0  # seconds for one trial, where ordinary rows do not need more
_WAITING = 0.5  # of the stage's seconds, for answers that do not come
_BUSY = 3.0  # times longer that ordinary rows take than at first: the machine is what is slow
_ALONE = 8
_CHARACTERS = 2_000_000  # of all texts that are tried together
_FEW = 20  # rows of a model that is asked one row a call
_BY_NAME = ("callable", "mlflow")  # are given a frame; what we lay out ourselves proves nothing


@dataclass(slots=True)
class _Run:
    """The trials of one model.

    Attributes:
        took: seconds that ordinary rows took. patience: how long others are waited for.
        until: when the stage's time is over.
        waiting: seconds that may still be spent on answers that do not come.
        steady: the model answers the same rows alike, so that a change means something.
        losses: of its process so far. gone: it does not come back.
        left: what was not tried, by operator, with why.
    """

    context: Context
    choice: Choice
    base: Reply
    weights: np.ndarray[tuple[int], np.dtype[np.float64]]
    took: float
    patience: float
    until: float
    waiting: float
    steady: bool = True
    losses: int = 0
    gone: bool = False
    tried: list[Tried] = field(default_factory=list)
    lost: set[str] = field(default_factory=set)
    left: dict[str, int] = field(default_factory=dict)

    def try_all(self) -> None:
        """Try everything, within the time that there is."""
        for trial in (*_packed(self.choice), *self._trials()):
            if self._passed_over(trial):
                self.left[trial.operator.name] = self.left.get(trial.operator.name, 0) + 1
                continue
            self._try(trial)

    def _passed_over(self, trial: Trial) -> bool:
        return (
            self.gone
            or time.monotonic() > self.until
            or self.losses >= _LOSSES
            or trial.operator.name in self.lost
            or self.waiting < self._wait_for(trial) / 2
        )

    def _wait_for(self, trial: Trial) -> float:
        """Return how many seconds an answer may honestly take."""
        return min(self.patience * trial.patience, max(_LONGEST, self.patience))

    def _trials(self) -> Iterator[Trial]:
        context, inputs = self.context, self.context.test.inputs
        if isinstance(inputs, Frame):
            train = context.train.inputs if context.train is not None else None
            learned = train if isinstance(train, Frame) else None
            named = context.model.adapter in _BY_NAME or context.model.protocol == "mlflow"
            bounds = context.features.bounds
            return tables.trials(self.choice, inputs, learned, bounds, named=named)
        if inputs.dtype.kind == "O":
            pages = context.project.modality is Modality.HTML
            return texts.trials(self.choice, inputs, pages=pages)
        if inputs.ndim == 4:
            rng = np.random.default_rng(seed_for(context.seed, STAGE, "images"))
            return images.trials(self.choice, rng)
        return vectors.trials(self.choice, inputs)

    def _try(self, trial: Trial) -> None:
        reply = self._reply(trial)
        margin = self.context.assess.abnormal.margin
        judgement = judge(trial, self.base, reply, self.weights, margin)
        if trial.operator is REPEAT and judgement.outcome is Outcome.CHANGED:
            self.steady = False
        elif judgement.outcome in (Outcome.CHANGED, Outcome.SPOILT) and not self.steady:
            judgement = replace(judgement, outcome=Outcome.KEPT)
        self.tried.append(Tried(trial, judgement))

    def _reply(self, trial: Trial) -> Reply:
        """Ask; an answer that does not come is a hang unless the machine is slow just now."""
        reply = self._asked(trial, self._wait_for(trial))
        if reply.end not in (End.LOST, End.LATE):
            return reply
        slower = self._slower()
        again = not self.gone and slower > _BUSY and self.waiting >= self.patience
        if reply.end is End.LATE and again:
            reply = self._asked(trial, 2 * self._wait_for(trial))
            if reply.end not in (End.LOST, End.LATE):
                return reply
            self._slower()
        self.losses += 1
        self.lost.add(trial.operator.name)
        return reply

    def _asked(self, trial: Trial, seconds: float) -> Reply:
        seconds = min(seconds, self.waiting)
        began = time.monotonic()
        if trial.operator is ALONE:
            reply = self._alone(trial, seconds)
        else:
            reply = probe(self.context.target, trial.inputs, seconds=seconds)
        if reply.end is End.LATE:
            self.waiting -= time.monotonic() - began
        return reply

    def _slower(self) -> float:
        """Return how many times longer ordinary rows take now than at first; or see it is gone."""
        reply, took = _timed(self.context, self.choice)
        if reply.end is End.ANSWERED:  # a fresh process answers its first question slowly
            reply, took = _timed(self.context, self.choice)
        self.gone = reply.end is not End.ANSWERED
        return took / max(self.took, _LEAST_PATIENCE / _PATIENCE)

    def _alone(self, trial: Trial, seconds: float) -> Reply:
        """Ask row by row; the first that is not answered stands for all."""
        replies = []
        for row in range(len(trial.like)):
            reply = probe(self.context.target, take(trial.inputs, [row]), seconds=seconds)
            if reply.end is not End.ANSWERED:
                return reply
            replies.append(reply)
        return _joined(replies)


def run(context: Context) -> StageResult:
    """Try abnormal inputs.

    Raises:
        TargetError: the model fails on ordinary rows, or cannot be opened again.
    """
    config = context.assess.abnormal
    until = time.monotonic() + config.seconds
    what = context.data.test or "test"
    choice, weights, base, took = _ordinary(context)
    if base.end is not End.ANSWERED or _bad(base).any():
        why = "ordinary rows, sent without padding, are not answered: " + (
            base.words or "some answers are no answers"
        )
        gap = Gap(what=what, why=why[:500], kind=GapKind.NOT_ASSESSABLE, stage=STAGE)
        return StageResult(gaps=(gap,), done=False)
    patience = max(_LEAST_PATIENCE, _PATIENCE * took)
    waiting = max(_WAITING * config.seconds, patience)
    work = _Run(context, choice, base, weights, took, patience, until, waiting)
    work.try_all()
    return StageResult(
        findings=tuple(found(context, work.tried)),
        measurements=tuple(measurements(context, work.tried)),
        tables=(table(work.tried),),
        gaps=tuple(_gaps(work, what)),
        notes=_notes(work),
    )


Weights = np.ndarray[tuple[int], np.dtype[np.float64]]


def _ordinary(context: Context) -> tuple[Choice, Weights, Reply, float]:
    """Return rows that the model answers, their weights, the answers, and the seconds they took.

    Rows that are not answered as they are – the data may hold what breaks the model – are left out.
    """
    rows, weights = _chosen(context)
    few = _affordable(take(context.test.inputs, rows))
    rows, weights = rows[few], weights[few] / weights[few].sum()
    choice = Choice(rows, take(context.test.inputs, rows))
    reply, took = _timed(context, choice)
    good = ~_bad(reply) if reply.end is End.ANSWERED else ~_incomplete(choice.inputs)
    if good.all() or not good.any():
        return choice, weights, reply, took
    rows, weights = rows[good], weights[good]
    choice = Choice(rows, take(context.test.inputs, rows))
    return choice, weights / weights.sum(), *_timed(context, choice)


def _affordable(inputs: Inputs) -> Labels:
    """Return the rows to take so that their texts together stay short enough to be tried often."""
    columns = inputs.columns if isinstance(inputs, Frame) else (inputs,)
    sizes = np.zeros(len(inputs), np.int64)
    for column in columns:
        if column.dtype.kind == "O":
            sizes += np.array([len(v) if isinstance(v, str) else 0 for v in column.tolist()])
    short = np.argsort(sizes, kind="stable")
    fit = int((np.cumsum(sizes[short]) <= _CHARACTERS).sum())
    return np.sort(short[: max(1, fit)])


def _timed(context: Context, choice: Choice) -> tuple[Reply, float]:
    began = time.perf_counter()
    reply = probe(context.target, choice.inputs, seconds=_LONGEST)
    return reply, time.perf_counter() - began


def _bad(reply: Reply) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    masks = [mask for mask in (reply.empty, reply.strange) if mask is not None]
    return np.logical_or.reduce(masks) if masks else np.zeros(1, np.bool_)


def _incomplete(inputs: Inputs) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Return the rows in which a value is missing."""
    columns = inputs.columns if isinstance(inputs, Frame) else (inputs.reshape(len(inputs), -1),)
    bad = np.zeros(len(inputs), np.bool_)
    for column in columns:
        if column.dtype.kind == "O":
            missing = np.array([value is None for value in column.reshape(-1).tolist()])
        else:
            missing = np.asarray(column != column)  # NaN and NaT
        bad |= np.asarray(missing, np.bool_).reshape(len(bad), -1).any(axis=1)
    return bad


def _chosen(context: Context) -> tuple[Labels, Weights]:
    """Return rows, each class answered in equal number as far as there are, and their weights."""
    n = len(context.test)
    most = min(n, context.assess.abnormal.rows if context.target.spec.tile > 1 else _FEW)
    rng = np.random.default_rng(seed_for(context.seed, STAGE, "rows"))
    try:
        labels = context.answers().labels
    except TargetError:  # of some row; what breaks is this stage's to find
        labels = None
    if labels is None:
        return np.sort(rng.choice(n, most, replace=False)), np.full(most, 1 / most)
    shuffled = rng.permutation(n)
    groups = [shuffled[labels[shuffled] == c] for c in np.unique(labels)]
    picked: list[int] = []
    turn = 0
    while len(picked) < most:
        picked += [int(group[turn]) for group in groups if turn < len(group)]
        turn += 1
    rows = np.sort(np.array(picked[:most], np.int64))
    given = labels[rows]
    shares = {c: (labels == c).mean() / (given == c).sum() for c in np.unique(given)}
    weights = np.array([shares[c] for c in given], np.float64)
    return rows, weights / weights.sum()


def _packed(choice: Choice) -> Iterator[Trial]:
    """Yield the same rows, packed in other ways."""
    n = len(choice)
    same = np.arange(n)

    def packed(operator: Operator, like: Labels) -> Trial:
        return Trial(operator=operator, feature=None, inputs=take(choice.inputs, like), like=like)

    yield packed(REPEAT, same)
    if n > 1:
        yield packed(ORDER, same[::-1].copy())
        yield packed(DUPLICATES, np.repeat(same, 2))
        few = np.unique(np.linspace(0, n - 1, min(n, _ALONE)).astype(np.int64))
        yield packed(ALONE, few)


def _joined(replies: list[Reply]) -> Reply:
    def all_of(name: str) -> np.ndarray[tuple[int, ...], np.dtype[np.generic]] | None:
        parts = [getattr(reply, name) for reply in replies]
        return None if any(part is None for part in parts) else np.concatenate(parts)

    fields = ("labels", "scores", "values", "empty", "strange")
    return Reply(end=End.ANSWERED, **{name: all_of(name) for name in fields})  # type: ignore[arg-type]


def _gaps(work: _Run, what: str) -> Iterator[Gap]:
    if not work.left:
        return
    names = ", ".join(f"{name} ({count})" for name, count in work.left.items())
    lost = [n for n in work.left if n in work.lost]
    if work.gone:
        why = f"the model no longer answers ordinary rows, so these were not tried: {names}"
    elif work.losses >= _LOSSES:
        why = f"the model's process was lost {work.losses} times, so these were not tried: {names}"
    elif len(lost) == len(work.left):
        why = f"the model's process was lost by the first of them; not tried on more: {names}"
    elif time.monotonic() <= work.until:
        why = (
            "so long was waited for answers that did not come that these, some of which may take "
            f"their time, were not tried: {names}"
        )
    else:
        seconds = work.context.assess.abnormal.seconds
        why = f"the {seconds:g} seconds of [assess.abnormal] were over before these: {names}"
    yield Gap(what=what, why=why, kind=GapKind.BUDGET, stage=STAGE)


def _notes(work: _Run) -> tuple[str, ...]:
    brittle: dict[str, set[str | None]] = {}
    for one in work.tried:
        if one.judgement.outcome not in FINE:
            brittle.setdefault(one.trial.operator.name, set()).add(one.trial.feature)
    told = [
        f"abnormal: {name} breaks {len(features)} columns; the table has all, the findings "
        f"{FINDINGS} of {len(features)} columns"
        for name, features in brittle.items()
        if len(features) > FINDINGS
    ]
    if not work.steady:
        told.append(
            "abnormal: the model answers the same rows otherwise each time, so changes tell nothing"
        )
    return tuple(told)
