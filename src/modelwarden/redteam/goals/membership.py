"""Infer membership: are rows that the target was trained on answered more surely than others?

The attacker knows rows of the training data (`[knowledge] sample`) and rows that were not among
them (`[seeds]`), and looks for a threshold on how sure the target is of the truth. Whoever runs the
exercise knows both, so what a stranger could tell is measured.

Source: Yeom et al. 2018, "Privacy risk in machine learning"; the true-positive rate at a low
false-positive rate as in Carlini et al. 2022.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from modelwarden.core import InputError, Json, Location, Measurement, seed_for
from modelwarden.core.seen import findings
from modelwarden.metrics.intervals import of_share
from modelwarden.metrics.ranking import roc_auc
from modelwarden.metrics.values import measured
from modelwarden.redteam.engagement import STAGE, Clean, Engagement, GoalResult
from modelwarden.redteam.live import LiveScores
from modelwarden.redteam.meter import EndedError
from modelwarden.redteam.rules.members_told import Told, members_told
from modelwarden.targets.frames import Column, Floats, Labels
from modelwarden.targets.labels import plain, same

_RATE = 0.01
_FEW = 100  # rows without which one in a hundred cannot be told
_TINY = 1e-12


def run(engagement: Engagement) -> GoalResult:
    """Ask members and others of every target."""
    if engagement.sample is None:
        raise InputError(
            "the goal membership needs [knowledge] sample: rows that the target was trained on",
            hint="Name them there; [seeds] are then rows that it was not trained on.",
        )
    result = GoalResult()
    for number in range(len(engagement.lines)):
        for seeds in range(len(engagement.seeds)):
            try:
                clean = engagement.cleaned(number, seeds)
                result += _inferred(engagement, number, clean)
            except EndedError as error:
                return result + GoalResult(gaps=(engagement.gap("membership", error.message),))
    return result


def _inferred(engagement: Engagement, number: int, clean: Clean) -> GoalResult:
    sample, target = engagement.sample, engagement.campaign.targets[number]
    if sample is None:
        raise TypeError("checked before")
    rng = np.random.default_rng(seed_for(engagement.campaign.seed, "membership", number))
    left = engagement.meter.left()
    most = len(sample) if left is None else min(len(sample), max(left - 8, 0))
    if most < 2 or len(clean.seeds) < 2:
        return GoalResult(gaps=(engagement.gap("membership", "too few rows are left to compare"),))
    pick = np.sort(rng.permutation(len(sample))[:most])
    members = sample.take(pick)
    clean.live.line.about = f"membership of {sample.source}"
    labels, scores = clean.live.answers(members.inputs)
    clean.live.looked()
    others = _sure(clean, clean.seeds.y, clean.labels, clean.scores)
    inside = _sure(clean, members.y, labels, scores)
    truth = np.concatenate((np.ones(len(inside), bool), np.zeros(len(others), bool)))
    conditions: dict[str, Json] = {
        **engagement.conditions(target),
        "seeds": clean.seeds.source,
        "members": len(inside),
        "others": len(others),
        "attack": "threshold on the true class" if clean.stated else "threshold on the top score",
    }
    area = roc_auc(truth, np.concatenate((inside, others)))
    auc = measured(
        "membership_auc",
        area.value,
        None,
        len(truth),
        conditions={**conditions, "interval": "DeLong, logit scale"},
    )
    auc = replace(auc, low=area.low, high=area.high, stage=STAGE)
    made: list[Measurement] = [auc]
    notes = []
    caught, n = _caught(inside, others), len(inside)
    if len(others) >= _FEW:
        rate = measured(
            "membership_tpr_at_1pct_fpr",
            caught / n,
            of_share(caught, n),
            n,
            conditions={**conditions, "fixed": "the threshold, taken from the others"},
        )
        made.append(replace(rate, stage=STAGE))
    else:
        notes.append(
            f"{len(others)} others are too few to tell one in a hundred: {_FEW} are needed"
        )
    seen = Told(
        path=target.model.url or target.model.path,
        location=Location(route=target.model.url, path=target.model.path),
        auc=area.value,
        low=0.0 if area.low is None else area.low,
        caught=caught,
        members=n,
        others=len(others),
        seeds=clean.seeds.source,
    )
    return GoalResult(
        measurements=tuple(made),
        findings=tuple(findings(members_told, seen, STAGE)),
        notes=tuple(notes),
    )


def _sure(clean: Clean, truth: Column | None, labels: Labels, scores: Floats | None) -> Floats:
    """Return how sure the target is of the truth: on the scale of logits, or right and wrong."""
    y = labels
    if truth is not None:
        at = {same(name): i for i, name in enumerate(clean.classes)}
        y = np.array([at.get(same(plain(v)), -1) for v in truth.tolist()], np.int64)
    if scores is None or not isinstance(clean.live, LiveScores):
        return np.asarray(labels == y, np.float64)
    mine = scores[np.arange(len(scores)), np.maximum(y, 0)]
    if scores.min() < 0 or scores.max() > 1:
        return np.asarray(np.where(y >= 0, mine, scores.min()))
    safe = np.clip(mine, _TINY, 1 - _TINY)
    return np.asarray(np.where(y >= 0, np.log(safe) - np.log1p(-safe), np.log(_TINY)))


def _caught(inside: Floats, others: Floats) -> int:
    """Return the members above a threshold that at most one in a hundred others passes."""
    spare = int(np.floor(_RATE * len(others)))
    threshold = np.sort(others)[::-1][spare]
    return int((inside > threshold).sum())
