"""Many inputs attacked at once: they advance together, and their questions are merged.

The contract, for whoever writes an attack or a space:

    Attack    a frozen value: parameters and a name. `search(problem, seed, queries)` begins.
    Search    the state of all inputs, as arrays. Asked, again and again and for any subset `at` of
              the positions 0 … n − 1:
                `width(at)`            how many candidates each asks next; 0 gives the input up
                `propose(at, widths)`  that many candidates of each, the rows of one together
                `learn(told)`          what came of them
              What an input proposes depends on its own past and its own stream alone
              (`streams.Streams`), never on which others are asked beside it.
    Space     what may be changed: `fit` brings candidates to the nearest allowed ones – budget,
              box, grid, constraints –, `inputs` shows them as the target is asked.

All else is done here. Candidates are fitted *before* they are asked, so an attack learns about
what it would deliver. A repeat costs nothing: its answer is known. No input is ever asked more than
`queries` rows, those of the judge included. Calls are filled: an input whose candidates do not fit
any more waits for the next. An input ends with a win that the judge confirms, with its budget,
when its search gives it up, or when it only repeats itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias, runtime_checkable

import numpy as np
import numpy.typing as npt

from modelwarden.attacks.judge import Judge
from modelwarden.core import Json
from modelwarden.targets.access import GradientTarget, LabelTarget, ScoreTarget
from modelwarden.targets.budget import BudgetExhaustedError
from modelwarden.targets.errors import AccessError
from modelwarden.targets.frames import Floats, Inputs, Labels, joined
from modelwarden.targets.spec import Access

Mask: TypeAlias = npt.NDArray[np.bool_]
# (m, …): floats of arrays, encoded rows of tables, objects that are str.
Candidates: TypeAlias = npt.NDArray[np.generic]

# Rounds in a row in which an input only asked what it had asked before.
STALLED = 64


class Space(Protocol):
    """What candidates may be; position i stands for input i of the problem."""

    @property
    def origin(self) -> Candidates:
        """(n, …) the inputs as they are, as candidates."""

    def fit(
        self, at: Labels, candidates: Candidates, *, free: bool = False
    ) -> tuple[Candidates, Mask]:
        """Return the nearest allowed candidates, and which of them are allowed at all.

        Args:
            at: (m,) positions of the inputs that they belong to.
            candidates: (m, …).
            free: the budget (eps, edits) may be exceeded, as boundary attacks do on their way;
                all else holds.
        """

    def inside(self, at: Labels, candidates: Candidates) -> Mask:
        """Tell which fitted candidates keep the budget; what does not is no win."""

    def cost(self, at: Labels, candidates: Candidates) -> Floats:
        """Return how far each is from its input, in the unit of the budget."""

    def inputs(self, at: Labels, candidates: Candidates) -> Inputs:
        """Return fitted candidates as the target is asked."""

    def conditions(self) -> Mapping[str, Json]:
        """Return what a measurement must say of it: norm, eps, low, high, grid."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Problem:
    """The inputs that are attacked.

    Attributes:
        space: what may be changed of them.
        y: (n,) positions of their true classes.
        rows: (n,) numbers that name them wherever they appear; their streams hang on these.
        goal: (n,) classes that are to be reached; None wants any other than the true one.
        clean: (n, k) scores of the inputs as they are; None where they are not known.
        classes: how many there are.
    """

    space: Space
    y: Labels
    rows: Labels
    classes: int
    goal: Labels | None = None
    clean: Floats | None = None

    def __len__(self) -> int:
        """Inputs."""
        return len(self.y)

    def reached(self, at: Labels, labels: Labels) -> Mask:
        """Tell which answers are what an attacker wants."""
        if self.goal is None:
            return np.asarray(labels != self.y[at])
        return np.asarray(labels == self.goal[at])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Proposal:
    """What is to be asked next.

    Attributes:
        at: (m,) positions of the inputs; those of one input stand together.
        candidates: (m, …), fitted or not.
        weights: (m, k) of the logits whose gradient is wanted; None wants none.
        free: the candidates may exceed the budget.
    """

    at: Labels
    candidates: Candidates
    weights: Floats | None = None
    free: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Told:
    """What came of a proposal, row by row.

    Attributes:
        at: (m,) as proposed.
        candidates: (m, …) as they were asked: fitted.
        answered: (m,) False where nothing was asked: not allowed, or beyond the budget.
        labels: (m,) −1 where not answered.
        scores: (m, k) NaN where not answered; logits of a proposal with weights; None where the
            target gives labels only.
        gradients: (m, …) of a proposal with weights.
        won: (m,) answered as the attacker wants, within the budget. The judge has not spoken yet;
            where it refuses, the search goes on.
        known: (m,) the answer was known already, and cost nothing.
    """

    at: Labels
    candidates: Candidates
    answered: Mask
    labels: Labels
    scores: Floats | None
    gradients: Floats | None
    won: Mask
    known: Mask


class Search(Protocol):
    """The state of an attack on all inputs."""

    def width(self, at: Labels) -> Labels:
        """Return how many candidates each of these inputs asks next; 0 gives it up."""

    def propose(self, at: Labels, widths: Labels) -> Proposal:
        """Return candidates; `widths` are those asked for, or fewer at the end of a budget."""

    def learn(self, told: Told) -> None:
        """Take in what came of the last proposal."""


class Attack(Protocol):
    """An attack with its parameters."""

    @property
    def name(self) -> str:
        """As the catalogue has it."""

    @property
    def access(self) -> Access:
        """The least that it needs."""

    def search(self, problem: Problem, seed: int, queries: int) -> Search:
        """Begin; `queries` is what each input may be asked."""


@runtime_checkable
class Signs(Protocol):
    """A search that notices when a model hides its gradients."""

    def signs(self) -> Mapping[str, float]:
        """Return what was noticed, by name: shares of the inputs."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Outcome:
    """What an attack came to; every win was confirmed by the judge.

    Attributes:
        attack: its name.
        success: (n,).
        candidates: (n, …) the first confirmed win, the input itself where there is none.
        queries: (n,) rows asked for each input, those of the judge included.
        refused: (n,) wins that did not hold when the judge asked again.
        rows: that were asked. calls: in which. repeats: questions whose answers were known.
        signs: what the search noticed about the model.
    """

    attack: str
    success: Mask
    candidates: Candidates
    queries: Labels
    refused: Labels
    rows: int
    calls: int
    repeats: int
    signs: Mapping[str, float] = field(default_factory=dict)


def run(
    attack: Attack, target: LabelTarget, problem: Problem, *, seed: int = 0, queries: int = 500
) -> Outcome:
    """Attack every input of a problem.

    Args:
        attack: which, with its parameters.
        target: the model, as the attacker sees it (`targets.tiled.limited`).
        problem: the inputs.
        seed: root of all chance.
        queries: rows that each input may be asked at most.

    A target with a budget of its own ends the attack by a `BudgetExhaustedError`: the outcome is
    then what was confirmed so far.

    Raises:
        AccessError: the attack needs more than the target gives.
        TargetError: the model failed, or answered something that is no answer.
    """
    _check_access(attack, target)
    if queries < 2:
        raise ValueError("an attack needs two rows an input: one to win, one for the judge")
    return _Engine(attack, target, problem, seed, queries).run()


def _check_access(attack: Attack, target: LabelTarget) -> None:
    if attack.access is Access.GRADIENTS and not isinstance(target, GradientTarget):
        raise AccessError(f"{attack.name} needs gradients, which the target does not give")
    if attack.access is Access.SCORES and not isinstance(target, ScoreTarget):
        raise AccessError(f"{attack.name} needs scores, and the target gives labels only")


@runtime_checkable
class Decides(Protocol):
    """A target that knows which decisions follow from its scores, without being asked again."""

    def decided(self, scores: Floats) -> Labels:
        """Return (n,) positions in the classes."""


def decided(target: LabelTarget, scores: Floats) -> Labels:
    """Return the decisions that follow from scores: by the target's own rule where it has one."""
    if isinstance(target, Decides):
        return np.asarray(target.decided(scores), np.int64)
    return np.asarray(scores.argmax(axis=1), np.int64)


class _Engine:
    """One attack under way."""

    def __init__(
        self, attack: Attack, target: LabelTarget, problem: Problem, seed: int, queries: int
    ) -> None:
        n = len(problem)
        self.attack, self.target, self.problem = attack, target, problem
        self.queries = queries
        self.search = attack.search(problem, seed, queries)
        self.judge = Judge(problem)
        self.asked = np.zeros(n, np.int64)
        self.stalled = np.zeros(n, np.int64)
        self.known: list[dict[object, _Answer]] = [{} for _ in range(n)]
        self.rows = self.calls = self.repeats = 0

    def run(self) -> Outcome:
        """Go on until every input has ended, or the target may not be asked any more."""
        try:
            return self._run()
        except BudgetExhaustedError:
            # Wins that were confirmed stay; what the judge has not seen is no win.
            return self._outcome()

    def _run(self) -> Outcome:
        live = np.arange(len(self.problem))
        while True:
            live = self._living(live)
            widths = np.minimum(self.search.width(live), self.left(live))
            live, widths = live[widths > 0], widths[widths > 0]
            if len(live):
                chosen = self._packed(widths)
                self._round(live[:chosen], widths[:chosen])
                live = np.concatenate((live[chosen:], live[:chosen]))
            # Wins fill what is left of a tile; a tile of their own they get when nothing else is
            # to be asked.
            elif len(self.judge.waiting):
                live = np.concatenate((live, self._judged()))
            else:
                return self._outcome()

    def left(self, at: Labels) -> Labels:
        """Return the rows that these inputs may still be asked, without the one of the judge."""
        return np.maximum(self.queries - 1 - self.asked[at], 0)

    def _living(self, live: Labels) -> Labels:
        """Return who goes on: neither won, nor waiting for the judge, nor only repeating itself."""
        out = self.judge.success | (self.stalled >= STALLED)
        out[self.judge.waiting] = True
        back = self.judge.take_back()
        live = np.concatenate((live, back[~np.isin(back, live)]))
        return live[~out[live]]

    def _packed(self, widths: Labels) -> int:
        """Return how many of the inputs in the queue fill a tile, at least one."""
        return max(1, int((np.cumsum(widths) <= self.target.spec.tile).sum()))

    def _round(self, at: Labels, widths: Labels) -> None:
        proposal = self.search.propose(at, widths)
        owners = proposal.at
        fitted, allowed = self.problem.space.fit(owners, proposal.candidates, free=proposal.free)
        keys = keys_of(fitted)
        wants = proposal.weights is not None
        fresh, source = self._fresh(owners, keys, allowed, gradients=wants)
        # A free place in the tile is a place for the judge; gradients are another kind of call.
        answers = self._ask(owners[fresh], fitted[fresh], proposal, fresh)
        told = self._told(owners, fitted, keys, fresh, source, answers, wants=wants)
        worked = np.zeros(len(self.problem), np.bool_)
        worked[owners[fresh]] = True
        self.stalled[at] = np.where(worked[at], 0, self.stalled[at] + 1)
        self.judge.see(told)
        self.search.learn(told)

    def _fresh(
        self, owners: Labels, keys: list[object], allowed: Mask, *, gradients: bool
    ) -> tuple[Labels, dict[int, _Answer]]:
        """Return the rows that must be asked, within each input's budget, and known answers."""
        fresh: list[int] = []
        source: dict[int, _Answer] = {}
        left = self.left(owners).tolist()
        now: dict[int, set[object]] = {}
        for i, (owner, key) in enumerate(zip(owners.tolist(), keys, strict=True)):
            if not allowed[i]:
                continue
            answer = None if gradients else self.known[owner].get(key)
            if answer is not None:
                source[i] = answer
                self.repeats += 1
                continue
            mine = now.setdefault(owner, set())
            if len(mine) < left[i] and (key not in mine):
                mine.add(key)
                fresh.append(i)
            elif key in mine:
                self.repeats += 1
        return np.array(fresh, np.int64), source

    def _ask(self, at: Labels, candidates: Candidates, proposal: Proposal, fresh: Labels) -> _Batch:
        """Ask, with wins for the judge in what is left of the tile."""
        parts = [self.problem.space.inputs(at, candidates)] if len(at) else []
        self.asked += np.bincount(at, minlength=len(self.asked))
        if proposal.weights is not None:
            return self._ask_gradients(parts, proposal.weights[fresh])
        tile = self.target.spec.tile
        waiting = self.judge.waiting[: -len(at) % tile]
        if len(waiting):
            parts.append(self.judge.inputs(waiting))
            self.asked[waiting] += 1
        batch = self._answers(parts)
        if len(waiting):
            self.judge.decide(waiting, batch.labels[len(at) :])
        scores = None if batch.scores is None else batch.scores[: len(at)]
        return _Batch(batch.labels[: len(at)], scores, None)

    def _judged(self) -> Labels:
        """Ask about all wins that wait; return the inputs whose wins did not hold."""
        waiting = self.judge.waiting
        self.asked[waiting] += 1
        batch = self._answers([self.judge.inputs(waiting)])
        self.judge.decide(waiting, batch.labels)
        return self.judge.take_back()

    def _answers(self, parts: list[Inputs]) -> _Batch:
        if not parts:
            return _Batch(np.empty(0, np.int64), None, None)
        inputs = joined(parts)
        self._count(len(inputs))
        if isinstance(self.target, ScoreTarget):
            scores = np.asarray(self.target.scores(inputs), np.float64)
            return _Batch(decided(self.target, scores), scores, None)
        return _Batch(np.asarray(self.target.labels(inputs), np.int64), None, None)

    def _ask_gradients(self, parts: list[Inputs], weights: Floats) -> _Batch:
        if not parts:
            return _Batch(np.empty(0, np.int64), None, None)
        target = self.target
        if not isinstance(target, GradientTarget):
            raise AccessError(f"{self.attack.name} asked for gradients")
        inputs = joined(parts)
        self._count(len(inputs))
        logits, gradients = target.gradients(inputs, weights)
        return _Batch(decided(target, logits), logits, gradients)

    def _count(self, rows: int) -> None:
        self.rows += rows
        self.calls += -(-rows // self.target.spec.tile)

    def _told(
        self,
        owners: Labels,
        fitted: Candidates,
        keys: list[object],
        fresh: Labels,
        source: Mapping[int, _Answer],
        batch: _Batch,
        *,
        wants: bool,
    ) -> Told:
        """Lay fresh and known answers beside the candidates, and remember the fresh ones."""
        m, k = len(owners), self.problem.classes
        labels = np.full(m, -1, np.int64)
        labels[fresh] = batch.labels
        scored = isinstance(self.target, ScoreTarget)
        scores = np.full((m, k), np.nan) if scored else None
        if scores is not None and batch.scores is not None:
            scores[fresh] = batch.scores
        gradients = None
        if wants:
            gradients = np.zeros((m, *fitted.shape[1:]))
            if batch.gradients is not None:
                gradients[fresh] = batch.gradients
        else:
            for place, i in enumerate(fresh.tolist()):
                row = None if batch.scores is None else batch.scores[place]
                self.known[owners[i]][keys[i]] = _Answer(int(batch.labels[place]), row)
            for i, answer in source.items():
                labels[i] = answer.label
                if scores is not None and answer.scores is not None:
                    scores[i] = answer.scores
            self._twins(owners, keys, labels, scores)
        answered = labels >= 0
        known = answered.copy()
        known[fresh] = False
        won = answered & self.problem.reached(owners, labels)
        won[won] = self.problem.space.inside(owners[won], fitted[won])
        return Told(
            at=owners,
            candidates=fitted,
            answered=answered,
            labels=labels,
            scores=scores,
            gradients=gradients,
            won=won,
            known=known,
        )

    def _twins(
        self, owners: Labels, keys: list[object], labels: Labels, scores: Floats | None
    ) -> None:
        """Give equal candidates of one proposal the one answer that was asked for them."""
        for i in np.flatnonzero(labels < 0).tolist():
            answer = self.known[owners[i]].get(keys[i])
            if answer is not None:
                labels[i] = answer.label
                if scores is not None and answer.scores is not None:
                    scores[i] = answer.scores

    def _outcome(self) -> Outcome:
        signs = self.search.signs() if isinstance(self.search, Signs) else {}
        return Outcome(
            attack=self.attack.name,
            success=self.judge.success,
            candidates=self.judge.candidates,
            queries=self.asked,
            refused=self.judge.refused,
            rows=self.rows,
            calls=self.calls,
            repeats=self.repeats,
            signs=signs,
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Answer:
    """What is known of one candidate."""

    label: int
    scores: Floats | None


@dataclass(frozen=True, slots=True, eq=False)
class _Batch:
    """What one call brought."""

    labels: Labels
    scores: Floats | None
    gradients: Floats | None


_SPREAD = np.random.default_rng(20_000).integers(1, 1 << 63, 1 << 12, dtype=np.uint64) * 2 + 1


def keys_of(candidates: Candidates) -> list[object]:
    """Return a key for each candidate; equal ones have equal keys.

    Numbers are told apart by a 64-bit sum with odd random factors: of a million different
    candidates two meet with a chance below one in ten million.
    """
    if candidates.dtype.kind == "O":
        return [item if isinstance(item, str) else repr(item) for item in candidates]
    if not len(candidates):
        return []
    plain = np.ascontiguousarray(candidates).reshape(len(candidates), -1)
    raw = plain.view(np.uint8)
    if raw.shape[1] % 8:
        raw = np.pad(raw, ((0, 0), (0, -raw.shape[1] % 8)))
    words = np.ascontiguousarray(raw).view(np.uint64)
    mixed = (words ^ (words >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(32)
    return list((mixed * _factors(words.shape[1])).sum(axis=1, dtype=np.uint64).tolist())


def _factors(count: int) -> npt.NDArray[np.uint64]:
    """Return `count` odd factors."""
    if count <= len(_SPREAD):
        return _SPREAD[:count]
    turns = np.arange(-(-count // len(_SPREAD)), dtype=np.uint64) * 2
    return (_SPREAD[None, :] * (turns[:, None] * np.uint64(0x9E3779B97F4A7C15) + 1)).ravel()[:count]
