"""Extract: copy the target from its answers, and measure how often the copy answers alike.

A third of the seeds is held out: the copy never learns from them. What else is asked is made of
known inputs – columns of two rows, halves of two texts, points between two arrays –, and of those
the ones about which the copy so far is least sure.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from modelwarden.core import Json, Location, Table, TableKind, seed_for
from modelwarden.core.seen import findings
from modelwarden.core.values import dataclass
from modelwarden.metrics.intervals import of_share
from modelwarden.metrics.values import measured
from modelwarden.redteam.engagement import STAGE, Clean, Engagement, GoalResult
from modelwarden.redteam.live import LiveScores
from modelwarden.redteam.meter import EndedError
from modelwarden.redteam.rules.endpoint_copied import Copied, endpoint_copied
from modelwarden.redteam.surrogate import Surrogate, learnt, teller_of
from modelwarden.targets.errors import TargetError
from modelwarden.targets.frames import Floats, Frame, Inputs, Labels, joined, take

_ROWS = 1000  # that are asked beside the seeds where no budget says otherwise
_ROUNDS = 4
_LEAST = 12  # seeds


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Step:
    """The copy after so many rows."""

    rows: int
    agree: int
    n: int


def run(engagement: Engagement) -> GoalResult:
    """Copy every target from the seeds of every file."""
    result = GoalResult()
    for number in range(len(engagement.lines)):
        for seeds in range(len(engagement.seeds)):
            source = engagement.seeds[seeds][1].source
            try:
                result += _copied(engagement, number, engagement.cleaned(number, seeds))
            except EndedError as error:
                return result + GoalResult(gaps=(engagement.gap(source, error.message),))
            except TargetError as error:
                if not result.measurements:
                    raise
                result += GoalResult(gaps=(engagement.gap(source, error.message, error.kind),))
    return result


def _copied(engagement: Engagement, number: int, clean: Clean) -> GoalResult:
    if len(clean.seeds) < _LEAST:
        why = f"{len(clean.seeds)} seeds are too few: {_LEAST} are needed, a third is held out"
        return GoalResult(gaps=(engagement.gap(clean.seeds.source, why),))
    campaign = engagement.campaign
    rng = np.random.default_rng(seed_for(campaign.seed, "extract", number, clean.number))
    order = rng.permutation(len(clean.seeds))
    held, pool = np.sort(order[: len(order) // 3]), np.sort(order[len(order) // 3 :])
    inputs: Inputs = take(clean.seeds.inputs, pool)
    answers = _answers(
        clean, clean.labels[pool], None if clean.scores is None else clean.scores[pool]
    )
    tell = teller_of(inputs)
    clean.live.line.about = f"extract on {clean.seeds.source}"
    clean.live.standing = int(np.bincount(clean.labels).argmax())
    left = engagement.meter.left()
    rows = _ROWS if left is None else max(0, min(left - 8, 10 * _ROWS))
    copy = learnt(tell, inputs, answers, rng)
    steps = [_agreed(copy, clean, held, len(pool))]
    ended = None
    for each in [rows // _ROUNDS] * _ROUNDS if rows >= _ROUNDS else []:
        asked = _chosen(copy, inputs, each, rng)
        try:
            labels, scores = clean.live.answers(asked)
        except EndedError as error:
            ended = error.message
            break
        inputs = joined([inputs, asked])
        answers = np.concatenate((answers, _answers(clean, labels, scores)))
        copy = learnt(tell, inputs, answers, rng)
        steps.append(_agreed(copy, clean, held, len(inputs)))
    clean.live.looked()
    return _told(engagement, number, clean, held, steps, ended)


def _answers(clean: Clean, labels: Labels, scores: Floats | None) -> Floats:
    """Return what the copy learns: scores where they are shown, else labels."""
    if scores is not None and isinstance(clean.live, LiveScores):
        return scores
    return np.asarray(np.eye(len(clean.classes))[labels])


def _chosen(copy: Surrogate, inputs: Inputs, count: int, rng: np.random.Generator) -> Inputs:
    """Return inputs to ask: half of them where the copy is least sure, half at random."""
    made = mixed(inputs, 4 * count, rng)
    scores = np.sort(copy.scores(made), axis=1)
    sure = scores[:, -1] - scores[:, -2] if scores.shape[1] > 1 else scores[:, -1]
    doubtful = np.argsort(sure, kind="stable")[: count // 2]
    rest = np.setdiff1d(np.arange(4 * count), doubtful)
    return take(made, np.concatenate((doubtful, rng.permutation(rest)[: count - count // 2])))


def mixed(inputs: Inputs, count: int, rng: np.random.Generator) -> Inputs:
    """Return inputs that are made of two known ones each."""
    n = len(inputs)
    first, second = rng.integers(n, size=count), rng.integers(n, size=count)
    if isinstance(inputs, Frame):
        columns = tuple(
            np.where(rng.random(count) < 0.5, column[first], column[second])
            for column in inputs.columns
        )
        return Frame(inputs.names, columns)
    if inputs.dtype.kind == "O":
        out = np.empty(count, object)
        out[:] = [
            _halves(str(inputs[a]), str(inputs[b]), rng)
            for a, b in zip(first.tolist(), second.tolist(), strict=True)
        ]
        return out
    share = rng.random(count).reshape(-1, *([1] * (inputs.ndim - 1)))
    real = inputs.astype(np.float64)
    between = share * real[first] + (1 - share) * real[second]
    if inputs.dtype.kind in "iu":
        between = np.rint(between)
    return between.astype(inputs.dtype)


def _halves(first: str, second: str, rng: np.random.Generator) -> str:
    a, b = first.split(), second.split()
    i, j = int(rng.integers(len(a) + 1)), int(rng.integers(len(b) + 1))
    return " ".join([*a[:i], *b[j:]]) or first


def _agreed(copy: Surrogate, clean: Clean, held: Labels, rows: int) -> _Step:
    found = copy.labels(take(clean.seeds.inputs, held))
    return _Step(rows=rows, agree=int((found == clean.labels[held]).sum()), n=len(held))


def _told(
    engagement: Engagement,
    number: int,
    clean: Clean,
    held: Labels,
    steps: list[_Step],
    ended: str | None,
) -> GoalResult:
    target, last = engagement.campaign.targets[number], steps[-1]
    most = int(np.bincount(clean.labels[held]).max())
    conditions: dict[str, Json] = {
        **engagement.conditions(target),
        "seeds": clean.seeds.source,
        "seeds_digest": clean.seeds.digest,
        "asked": last.rows,
        "copy": "kernel ridge",
        "always_the_most_frequent": most / last.n,
    }
    share = of_share(last.agree, last.n)
    one = measured(
        "extraction_agreement", last.agree / last.n, share, last.n, conditions=conditions
    )
    seen = Copied(
        path=target.model.url or target.model.path,
        location=Location(route=target.model.url, path=target.model.path),
        agree=last.agree,
        n=last.n,
        most=most,
        rows=last.rows,
        seeds=clean.seeds.source,
    )
    rows = [(s.rows, s.agree / s.n, *of_share(s.agree, s.n)) for s in steps]
    table = Table(
        name="extraction",
        title=f"How often a copy of {target.name} answers alike, by the rows it learnt from",
        stage=STAGE,
        kind=TableKind.LINES,
        meaning="The higher and the sooner, the cheaper a copy is; on it, attacks cost nothing.",
        columns=("rows", "agreement", "low", "high"),
        rows=tuple(rows),
    )
    told = f"a copy learnt from {last.rows:,} answers agrees on {last.agree} of {last.n}"
    gaps = () if ended is None else (engagement.gap("extract", ended),)
    return GoalResult(
        measurements=(replace(one, stage=STAGE),),
        findings=tuple(findings(endpoint_copied, seen, STAGE)),
        tables=(table,),
        notes=(f"{told} held-out seeds",),
        gaps=gaps,
    )
