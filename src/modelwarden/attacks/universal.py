"""One change for all inputs: found on one half of them, confirmed on the other.

A change that was found with an input says nothing about the next one; so what is reported is the
share of the *other* half that it fools, beside that of a change drawn at random. What it does to
each input is asked once more by itself, as every win is.

    universal(attack, target, problem, seed, queries)  ─▶  Universal

`Shared` for images and vectors in l∞ (along gradients where they are granted, and by squares that
stay where they help), `Trigger` for texts: a few words that are put in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Protocol

import numpy as np

from modelwarden.attacks.balls import Ball, Norm
from modelwarden.attacks.engine import Candidates, Mask, Outcome, Problem, decided
from modelwarden.attacks.judge import saved
from modelwarden.attacks.margins import Margins
from modelwarden.attacks.text.space import TextSpace
from modelwarden.core import InputError, seed_for
from modelwarden.core.values import dataclass
from modelwarden.targets.access import GradientTarget, LabelTarget, ScoreTarget
from modelwarden.targets.errors import AccessError
from modelwarden.targets.frames import Floats, Labels
from modelwarden.targets.spec import Access

# Inputs of the half that a change is learnt on, so that a step stays cheap.
_LEARNT_ON = 64
FEWEST = 8
_CLIPPED = 1.0
_STEPS = 60
_WORDS, _LONGEST = 40, 3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Universal:
    """What one change does to all inputs.

    Attributes:
        outcome: as of any attack; a success is an input that the change fools by itself.
        confirming: (n,) inputs that played no part in finding it.
        floor: of the confirming ones, the share that a random change fools.
        told: the change in words, where it has some.
    """

    outcome: Outcome
    confirming: Mask
    floor: float
    told: Mapping[str, str] = field(default_factory=dict)

    @property
    def confirmed(self) -> tuple[int, int]:
        """Return how many confirming inputs were fooled, and of how many."""
        fell = self.outcome.success & self.confirming
        return int(fell.sum()), int(self.confirming.sum())


class Together(Protocol):
    """An attack that needs all inputs at once."""

    @property
    def name(self) -> str:
        """As the catalogue has it."""

    def find(self, asking: Asking, seed: int, halves: Mask) -> Found:
        """Find the change with the inputs of `halves`."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Found:
    """Candidates of all inputs, under the change and under a random one."""

    candidates: Candidates
    random: Candidates
    told: Mapping[str, str] = field(default_factory=dict)


class Asking:
    """Asks about some inputs and counts each one's rows."""

    def __init__(self, target: LabelTarget, problem: Problem, queries: int) -> None:
        self.target, self.problem = target, problem
        self.margins = Margins.of(problem)
        self.asked = np.zeros(len(problem), np.int64)
        self.queries = queries
        self.rows = self.calls = 0

    def left(self, at: Labels) -> int:
        """Return the rows that each of these may still be asked, but for those of the judge."""
        return int(self.queries - 3 - self.asked[at].max(initial=0))

    def _count(self, at: Labels) -> None:
        self.asked += np.bincount(at, minlength=len(self.asked))
        self.rows += len(at)
        self.calls += -(-len(at) // self.target.spec.tile)

    def about(self, at: Labels, candidates: Candidates) -> tuple[Labels, Floats]:
        """Return the decisions on fitted candidates, and their margins (−1 or 1 by labels)."""
        self._count(at)
        inputs = self.problem.space.inputs(at, candidates)
        if isinstance(self.target, ScoreTarget):
            scores = np.asarray(self.target.scores(inputs), np.float64)
            return decided(self.target, scores), self.margins(at, scores)
        labels = np.asarray(self.target.labels(inputs), np.int64)
        return labels, np.where(self.problem.reached(at, labels), -1.0, 1.0)

    def slopes(self, at: Labels, candidates: Candidates) -> tuple[Labels, Floats]:
        """Return decisions, and the gradients of the margins that are not beaten by far yet."""
        target, problem = self.target, self.problem
        if not isinstance(target, GradientTarget):
            raise AccessError("the target gives no gradients")
        self._count(at)
        inputs = problem.space.inputs(at, candidates)
        clean = problem.clean
        logits = clean[at] if clean is not None else np.zeros((len(at), problem.classes))
        own = problem.y[at]
        weights = np.zeros((len(at), problem.classes))
        rows = np.arange(len(at))
        others = logits.copy()
        others[rows, own] = -np.inf
        weights[rows, others.argmax(axis=1)] += 1
        weights[rows, own] -= 1
        told = target.gradients(inputs, weights)
        logits, gradients = told.logits, told.gradients.copy()
        others = logits.copy()
        others[rows, own] = -np.inf
        gradients[logits[rows, own] - others.max(axis=1) < -_CLIPPED] = 0
        return decided(target, told.scores), gradients


def universal(
    attack: Together, target: LabelTarget, problem: Problem, *, seed: int = 0, queries: int = 500
) -> Universal:
    """Find one change for all inputs with one half, and try it on all of them.

    Args:
        attack: `Shared` or `Trigger`.
        target: as the attacker sees it.
        problem: the inputs.
        seed: root of all chance; it also says which half is which.
        queries: rows that each input may be asked at most.

    Raises:
        InputError: there are too few inputs to split, or too few rows.
        TargetError: the model failed, or answered something that is no answer.
    """
    n = len(problem)
    if n < 2 * FEWEST:
        raise InputError(
            f"one change for all inputs needs {2 * FEWEST} of them to be found on one half and "
            f"confirmed on the other: there are {n}",
            hint="Raise samples, or leave this attack out.",
        )
    if queries < FEWEST:
        raise InputError(f"{attack.name} needs {FEWEST} rows an input, not {queries}")
    # Which half an input belongs to hangs on its own number; the order makes the halves equal.
    draws = [seed_for(seed, attack.name, int(row)) for row in problem.rows]
    halves = np.zeros(n, np.bool_)
    halves[np.argsort(draws, kind="stable")[: n // 2]] = True
    asking = Asking(target, problem, queries)
    found = attack.find(asking, seed, halves)
    every = np.arange(n)
    by_chance, _ = asking.about(every, found.random)
    floor = problem.reached(every, by_chance)
    success = _confirmed(asking, found.candidates)
    candidates = problem.space.origin.copy()
    candidates[success] = found.candidates[success]
    outcome = Outcome(
        attack=attack.name,
        success=success,
        candidates=candidates,
        queries=asking.asked,
        refused=np.zeros(n, np.int64),
        rows=asking.rows,
        calls=asking.calls,
        repeats=0,
    )
    return Universal(
        outcome=outcome,
        confirming=~halves,
        floor=float(floor[~halves].mean()),
        told=found.told,
    )


def _confirmed(asking: Asking, candidates: Candidates) -> Mask:
    """Return which inputs the change fools, asked, saved, read back and asked again."""
    problem = asking.problem
    every = np.arange(len(problem))
    once, _ = asking.about(every, candidates)
    fell = problem.reached(every, once) & problem.space.inside(every, candidates)
    at = np.flatnonzero(fell)
    again, _ = asking.about(at, saved(candidates[at]))
    success = np.zeros(len(problem), np.bool_)
    success[at] = problem.reached(at, again)
    return success


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """One perturbation, added to every image or vector, in l∞.

    Attributes:
        name: of the attack. access: what it needs; it uses gradients where they are granted.

    Source: Moosavi-Dezfooli et al. 2017, "Universal adversarial perturbations", for the idea;
    Shafahi et al. 2020, "Universal adversarial training", for steps on a clipped loss.
    """

    name: str = "universal"
    access: Access = Access.SCORES

    def find(self, asking: Asking, seed: int, halves: Mask) -> Found:
        """Find it with the inputs of `halves`.

        Raises:
            InputError: the inputs are no arrays in l∞.
        """
        ball = asking.problem.space
        if not isinstance(ball, Ball) or ball.norm is not Norm.LINF:
            raise InputError(f"the attack {self.name} needs images or vectors in linf")
        rng = np.random.default_rng(seed_for(seed, self.name, "search"))
        learnt = np.flatnonzero(halves)
        learnt = np.sort(rng.permutation(learnt)[:_LEARNT_ON])
        shape = ball.x.shape[1:]
        change = rng.choice([-1.0, 1.0], shape) * ball.eps
        chance = change
        if isinstance(asking.target, GradientTarget):
            change = self._climbed(asking, ball, learnt, change)
        change = self._squares(asking, ball, learnt, change, rng)
        every = np.arange(len(ball.x))
        return Found(candidates=_under(ball, every, change), random=_under(ball, every, chance))

    def _climbed(self, asking: Asking, ball: Ball, at: Labels, change: Floats) -> Floats:
        """Return the best of some steps along the mean gradient."""
        best, most = change, -1.0
        now, pace = np.zeros_like(change), np.zeros_like(change)
        steps = min(_STEPS, asking.left(at) // 2)
        for step in range(steps):
            labels, slopes = asking.slopes(at, _under(ball, at, now))
            fooled = float(asking.problem.reached(at, labels).mean())
            if fooled > most:
                best, most = now, fooled
            size = np.abs(slopes).reshape(len(at), -1).sum(axis=1)
            slopes /= np.maximum(size, 1e-300).reshape(-1, *(1,) * (slopes.ndim - 1))
            pace = 0.8 * pace + slopes.mean(axis=0)
            length = 0.5 * ball.eps * (1 - step / steps) + 0.02 * ball.eps
            now = np.clip(now + length * np.sign(pace), -ball.eps, ball.eps)
        return best

    def _squares(
        self, asking: Asking, ball: Ball, at: Labels, change: Floats, rng: np.random.Generator
    ) -> Floats:
        """Set squares of it to an end, and keep what lowers the mean of the clipped margins."""
        picture = change if change.ndim == 3 else change.reshape(1, 1, -1)
        level = np.inf
        if asking.left(at) > 0:
            level = self._level(asking, ball, at, change)
        while (left := asking.left(at)) > 0:
            tried = picture.copy()
            c, h, w = picture.shape
            share = 0.3 * min(1.0, 2 * left / asking.queries) ** 2 + 1 / (h * w)
            if h == 1:
                places = rng.random(w) < share
                tried[:, :, places] = ball.eps * rng.choice([-1.0, 1.0], (c, 1, 1))
            else:
                side = int(np.clip(round(np.sqrt(share * h * w)), 1, min(h, w)))
                top, near = rng.integers(h - side + 1), rng.integers(w - side + 1)
                ends = ball.eps * rng.choice([-1.0, 1.0], (c, 1, 1))
                tried[:, top : top + side, near : near + side] = ends
            if (tried == picture).all():
                continue
            came = self._level(asking, ball, at, tried.reshape(change.shape))
            if came < level:
                picture, level = tried, came
        return picture.reshape(change.shape)

    def _level(self, asking: Asking, ball: Ball, at: Labels, change: Floats) -> float:
        """Return the mean margin in units of its spread when clean, beaten ones counted alike."""
        _, margins = asking.about(at, _under(ball, at, change))
        unit = np.maximum(np.abs(asking.margins.clean()[at]), 1e-9)
        return float(np.maximum(margins / np.median(unit), -0.1).mean())


def _under(ball: Ball, at: Labels, change: Floats) -> Candidates:
    """Return the inputs with a change added, within box and ball."""
    return ball.fit(at, ball.real[at] + change)[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """Up to three words that, put at the end of any text of a class, change the answer.

    Attributes:
        name: of the attack. access: what it needs.

    Source: Wallace et al. 2019, "Universal adversarial triggers for attacking and analyzing NLP",
    by scores or labels instead of gradients; the words come from what the training texts tell.
    """

    name: str = "universal-trigger"
    access: Access = Access.LABELS

    def find(self, asking: Asking, seed: int, halves: Mask) -> Found:
        """Find one for each class with the texts of `halves`.

        Raises:
            InputError: the inputs are no texts.
        """
        problem, space = asking.problem, asking.problem.space
        if not isinstance(space, TextSpace):
            raise InputError(f"the attack {self.name} needs texts")
        rng = np.random.default_rng(seed_for(seed, self.name, "search"))
        candidates, random = space.origin.copy(), space.origin.copy()
        told: dict[str, str] = {}
        for one in np.unique(problem.y).tolist():
            mine = problem.y == one
            learnt = np.flatnonzero(mine & halves)[:_LEARNT_ON]
            words = self._words(space, one)
            if not len(learnt) or not words:
                continue
            chosen = self._chosen(asking, space, learnt, words)
            drawn = [words[int(k)] for k in rng.integers(len(words), size=len(chosen))]
            for i in np.flatnonzero(mine).tolist():
                candidates[i] = _with(space, i, chosen)
                random[i] = _with(space, i, drawn)
            told[str(one)] = " ".join(chosen)
        return Found(candidates=candidates, random=random, told=told)

    def _words(self, space: TextSpace, one: int) -> list[str]:
        guide = space.guide
        return [] if guide is None else list(guide.helps(one, None)[:_WORDS])

    def _chosen(self, asking: Asking, space: TextSpace, at: Labels, words: list[str]) -> list[str]:
        """Return the words that lower the mean margin most, one after another."""
        chosen: list[str] = []
        level = np.inf
        room = int(min(_LONGEST, space.budget.min(initial=_LONGEST)))
        while len(chosen) < room:
            tried: list[tuple[float, str]] = []
            for word in words:
                if asking.left(at) <= 0:
                    break
                texts = np.empty(len(at), object)
                texts[:] = [_with(space, i, [*chosen, word]) for i in at.tolist()]
                _, margins = asking.about(at, texts)
                tried.append((float(margins.mean()), word))
            if not tried or min(tried)[0] >= level:
                break
            level, best = min(tried)
            chosen.append(best)
        return chosen or words[:1]


def _with(space: TextSpace, i: int, words: list[str]) -> str:
    text = str(space.x[i])
    return f"{text.rstrip()} {' '.join(words)}" if text.strip() else " ".join(words)


__all__ = ["Found", "Shared", "Together", "Trigger", "Universal", "universal"]
