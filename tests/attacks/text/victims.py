"""A small spam filter whose words are known, as a target."""

from __future__ import annotations

import numpy as np

from modelwarden.attacks.engine import Problem
from modelwarden.attacks.text.guide import guide_of
from modelwarden.attacks.text.search import objects
from modelwarden.attacks.text.space import TextSpace
from modelwarden.targets.local import function_target
from modelwarden.targets.spec import Modality, TargetSpec, Task

WEIGHT = {"free": 2.0, "prize": 2.0, "win": 1.5, "cash": 1.0, "lunch": -2.0, "later": -1.0}
SPAM = "free cash for you,win a prize now,claim the free prize today,cash and win and free".split(
    ","
)
HAM = "see you later,lunch at one,are you home,lunch later today".split(",")


def scores(texts):
    z = np.array([sum(WEIGHT.get(w, 0.0) for w in str(t).lower().split()) - 0.6 for t in texts])
    yes = 1 / (1 + np.exp(-z))
    return np.stack([1 - yes, yes], axis=1)


def victim(labels_only=False, rows=None, eps=None, guided=True):
    texts = objects([*SPAM, *HAM])
    y = scores(texts).argmax(axis=1)
    spec = TargetSpec(task=Task.BINARY, modality=Modality.TEXT, classes=(0, 1), positive=1, tile=32)
    answer = (lambda t: scores(t).argmax(axis=1)) if labels_only else scores
    target = function_target(answer, spec, texts)
    rows = np.arange(len(texts)) if rows is None else np.asarray(rows)
    guide = guide_of([*SPAM * 3, *HAM * 3], [1] * 12 + [0] * 12) if guided else None
    space = TextSpace(x=texts[rows], eps=eps, guide=guide)
    clean = None if labels_only else scores(texts)[rows]
    return target, Problem(space=space, y=y[rows], rows=rows, classes=2, clean=clean)
