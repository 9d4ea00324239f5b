"""Whether labels were flipped, beyond the noise that the task has by itself, and which.

Noise and flips look different. Where a task is uncertain, other labels lie near the boundary and
become rare, without end, the surer a learner is. Flipped labels do not care: however sure the
learner is, the same share of rows says otherwise. So the question is whether the share of other
labels has a floor.

Several learners answer out of sample, and their answers are mixed as predicts the labels best. How
the truth follows from the mixed scores, and which shares of the classes were written down wrongly,
is fitted together and held against no flips by its likelihood. Only if the floor is there, and wide
enough to matter, are rows named: the likeliest ones, as many as keep the list mostly right.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from modelwarden.detectors.designs import Design
from modelwarden.detectors.few_columns import FewColumns
from modelwarden.detectors.hard_parts import in_one_part
from modelwarden.detectors.kinds import KindsOfCodes
from modelwarden.detectors.learners import (
    Bent,
    Coded,
    CodedSlopes,
    Learner,
    Ridge,
    Squared,
    Worded,
    blended,
    folds_of,
    log_loss,
    neighbours,
    out_of_sample,
)
from modelwarden.detectors.noise import fitted, unseen_share
from modelwarden.detectors.one_into_other import evenly, of_its_own
from modelwarden.detectors.together import WordsTogether
from modelwarden.detectors.trees import Boosted
from modelwarden.targets.frames import Floats, Labels

# p of no flips, with the share of the surest rows that must be flipped as the model itself expects.
# Where a learner is sure of nearly all rows, there is little between its scores that could tell a
# floor from a steep slope, and the precision says more.
LEVELS = ((1e-3, 0.6), (0.01, 0.9), (0.1, 0.95))
# Where the learner is equally sure of all rows, nothing tells at all; a small share is then taken
# for flips, as a rule that holds for nine rows of ten without any in between is no uncertain task.
CLEAR, CLEAR_SHARE = (0.3, 0.75), 0.12
CLEAR_ROWS, CLEAR_TRUTH = 0.8, 0.9  # of the rows, that must be as sure, once flips are set aside
SHARE = 0.01  # of labels that are wrong, or nothing is said
LEAST_ROWS, LEAST_CLASS = 200, 20
MOST_CLASSES = 30
CEILING = 0.2  # of one class, while another has less than a third of that
NAMED = 0.67  # of the named rows that are wrong, as expected
_LEAST_CHANCE = 0.1  # of each named row
_SET_ASIDE = 0.5  # chance from which on a row is not learned from again
_LEARN = 8000
_FOLDS = 4
_MOST_PARTS, _TREE_CLASSES = 400, 5  # features and classes for trees
# Features of which pairs and products are looked at, and classes for products.
_MOST_FEW, _PRODUCT_CLASSES = 100, 10
# Learners for forms of their own: heard only where they tell clearly more than the others, whose
# scores of a plain task say better how sure it is.
_SPECIAL = frozenset(
    ("slopes of codes", "kinds of codes", "few columns", "products", "words together")
)
_WORTH = 0.97
_FIT = 6000  # rows that the shares are fitted to


@dataclass(frozen=True, slots=True, eq=False)
class Flips:
    """What the labels look like.

    Attributes:
        p: that there are no flips beyond the noise. share: of labels that are flipped.
        rows: the likeliest flips, the surest first; none where there are no flips.
        suspected: the class that each of them is likelier of. chance: that each is flipped.
        expected: flips among all rows. loss: log loss of the learners out of sample.
        learner: names of those that had a say.
        unseen: the largest share of flips that the data do not speak against (95 %), where none
            are shown; else 0.
        clear: share of the rows of whose true class the learners are sure.
        ceiling: they would be a quarter of one class and hardly any of another, as of an outcome
            that nothing foretells for sure, and no class is taken for a kind of its own.
        in_one_part: they would lie in one part of the rows alone, which may as well be hard.
    """

    p: float
    share: float
    rows: Labels
    suspected: Labels
    chance: Floats
    expected: float
    loss: float
    learner: str
    clear: float = 1.0
    unseen: float = 0.0
    ceiling: bool = False
    in_one_part: bool = False

    @property
    def precision(self) -> float:
        """Share of the named rows that are flipped, as expected."""
        return float(self.chance.mean()) if len(self.chance) else 0.0

    @property
    def told(self) -> float:
        """Share of all flips that is among the named rows, as expected."""
        return float(self.chance.sum()) / self.expected if self.expected > 0 else 0.0

    @property
    def certain(self) -> bool:
        """There are flips, enough of them, and most of the surest rows are."""
        sure = self.chance[self.chance >= 0.5]
        return (
            self.share >= SHARE
            and len(sure) >= 5
            and not self.ceiling
            and _shown(self.p, self.share, self.clear, sure)
        )


def _shown(p: float, share: float, clear: float, sure: Floats) -> bool:
    levels = (*LEVELS, CLEAR) if share <= CLEAR_SHARE and clear >= CLEAR_ROWS else LEVELS
    return any(p <= most and float(sure.mean()) >= least for most, least in levels)


def flips(design: Design, y: Labels, k: int, rng: np.random.Generator) -> Flips | None:
    """Return what the labels look like; None where there are too few rows or classes to tell.

    Args:
        design: features of (n,) rows.
        y: (n,) classes 0 to k − 1.
        k: how many.
        rng: draws the folds.
    """
    counts = np.bincount(y, minlength=k)
    if len(y) < LEAST_ROWS or k < 2 or k > MOST_CLASSES or counts.min() < LEAST_CLASS:
        return None
    fold = folds_of(y, _FOLDS, rng)
    learn = np.ones(len(y), np.bool_)
    if len(y) > _LEARN * 4 // 3:
        learn[rng.permutation(len(y))[_LEARN * 4 // 3 :]] = False
    first = _answered(design, y, k, fold, learn)
    made = _judged(design, first, y, k, fold)
    if not made.certain or made.in_one_part:
        return made
    learn[made.rows[made.chance >= _SET_ASIDE]] = False
    again = _answered(design, y, k, fold, learn)
    if again.loss >= first.loss:
        return made
    better = _judged(design, again, y, k, fold)
    more = better.certain and len(better.rows) > len(made.rows)
    return replace(better, p=made.p, in_one_part=False) if more else made


@dataclass(frozen=True, slots=True, eq=False)
class _Answered:
    """Mixed answers out of sample: (n, k) log probabilities, their log loss, and who was heard."""

    scores: Floats
    loss: float
    learner: str


def _answered(
    design: Design, y: Labels, k: int, fold: Labels, learn: npt.NDArray[np.bool_]
) -> _Answered:
    """Ask all learners, taught on the rows to `learn` from, and mix what they say."""
    asked = _learners(design, k)
    answers = [out_of_sample(learner, design, y, k, fold, learn) for learner in asked.values()]
    mixed, weights = blended(answers, y)
    plain = [i for i, name in enumerate(asked) if name not in _SPECIAL]
    if len(plain) < len(asked):
        known, shares = blended([answers[i] for i in plain], y)
        if log_loss(mixed, y) > _WORTH * log_loss(known, y):
            mixed, weights, asked = known, shares, {n: asked[n] for n in asked if n not in _SPECIAL}
    heard = [
        name for name, weight in zip(asked, weights.tolist(), strict=True) if weight > 0.1
    ] or list(asked)
    scores = np.log(mixed / mixed.sum(axis=1, keepdims=True))
    return _Answered(scores, log_loss(mixed, y), ", ".join(heard))


def _ceiling(wrong: Floats) -> bool:
    off = 1 - np.diag(wrong)
    return float(off.max()) > CEILING and float(off.min()) < float(off.max()) / 3


def _learners(design: Design, k: int) -> dict[str, Learner]:
    made: dict[str, Learner] = {
        "logistic": Ridge(10.0),
        "logistic with a heavy ridge": Ridge(300.0),
        "kernel": Bent(),
        "neighbours": neighbours,
    }
    if design.wordings is not None:
        made["words"] = Worded("words", 1.0)
        made["words with a light ridge"] = Worded("words", 0.3)
        made["words together"] = WordsTogether()
        made["letters"] = Worded("letters", 0.5)
        made["letters with a light ridge"] = Worded("letters", 0.1)
    if design.codes:
        made["codes"] = Coded()
        made["slopes of codes"] = CodedSlopes()
        made["kinds of codes"] = KindsOfCodes()
    if design.wordings is None and design.x.shape[1] <= _MOST_FEW:
        made["few columns"] = FewColumns()
        if k <= _PRODUCT_CLASSES:
            made["products"] = Squared()
    if design.x.shape[1] <= _MOST_PARTS and k <= _TREE_CLASSES:
        made["trees"] = Boosted(rounds=80, rate=0.1, depth=4)
    return made


def _judged(design: Design, answered: _Answered, y: Labels, k: int, fold: Labels) -> Flips:
    scores = answered.scores
    some = np.arange(0, len(y), -(-len(y) // _FIT))
    noise = fitted(scores, y, k, some)
    if noise.chosen and not evenly(design, noise, scores, y, fold):
        noise = fitted(scores, y, k, some, choose=False)
    chance, other = noise.chances(y)
    order = np.argsort(-chance, kind="stable")
    mean = chance[order].cumsum() / np.arange(1, len(y) + 1)
    named = order[(mean >= NAMED) & (chance[order] >= _LEAST_CHANCE)]
    made = Flips(
        p=noise.p,
        share=noise.share(),
        rows=named.astype(np.int64),
        suspected=other[named],
        chance=chance[named],
        expected=float(chance.sum()),
        loss=answered.loss,
        learner=answered.learner,
        clear=float((noise.truth.max(axis=1) >= CLEAR_TRUTH).mean()),
        ceiling=noise.p <= LEVELS[0][0]
        and _ceiling(noise.wrong)
        and not (noise.chosen and of_its_own(design, noise, y, CEILING)),
    )
    if made.certain:
        return replace(made, in_one_part=in_one_part(design, noise, y, fold))
    return replace(made, unseen=unseen_share(scores[some], y[some], k))
