"""What attacks, spaces and the engine say to each other.

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
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeAlias, runtime_checkable

import numpy as np
import numpy.typing as npt

from modelwarden.core import Json
from modelwarden.targets.frames import Floats, Inputs, Labels
from modelwarden.targets.spec import Access

Mask: TypeAlias = npt.NDArray[np.bool_]
# (m, …): floats of arrays, encoded rows of tables, objects that are str.
Candidates: TypeAlias = npt.NDArray[np.generic]


def begins(owners: Labels) -> Labels:
    """Return where the rows of each input begin; those of one stand together.

    >>> begins(np.array([4, 4, 2])).tolist()
    [0, 2]
    """
    new = np.ones(len(owners), np.bool_)
    np.not_equal(owners[1:], owners[:-1], out=new[1:])
    return np.flatnonzero(new)


class Space(Protocol):
    """What candidates may be; position i stands for input i of the problem."""

    @property
    def origin(self) -> Candidates:
        """(n, …) the inputs as they are, as candidates."""

    def take(self, at: Labels) -> Space:
        """Return the space of some of the inputs, in this order."""

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
        confirmations: how often the judge asks about a win; more than half must hold.
        apart: the judge asks about each win by itself, as answers depend on who is asked beside.
    """

    space: Space
    y: Labels
    rows: Labels
    classes: int
    goal: Labels | None = None
    clean: Floats | None = None
    confirmations: int = 1
    apart: bool = False

    def __len__(self) -> int:
        """Inputs."""
        return len(self.y)

    def take(self, at: Labels) -> Problem:
        """Return the problem of some of the inputs, in this order."""
        return replace(
            self,
            space=self.space.take(at),
            y=self.y[at],
            rows=self.rows[at],
            goal=None if self.goal is None else self.goal[at],
            clean=None if self.clean is None else self.clean[at],
        )

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
        new: none was asked before, nor is any twice among them: they are not sought among what is
            known, and their answers are not kept.
    """

    at: Labels
    candidates: Candidates
    weights: Floats | None = None
    free: bool = False
    new: bool = False


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

    def part(self, rows: Labels) -> Told:
        """Return some of the rows, in this order."""
        return Told(
            at=self.at[rows],
            candidates=self.candidates[rows],
            answered=self.answered[rows],
            labels=self.labels[rows],
            scores=None if self.scores is None else self.scores[rows],
            gradients=None if self.gradients is None else self.gradients[rows],
            won=self.won[rows],
            known=self.known[rows],
        )


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

    def take(self, at: Labels) -> Outcome:
        """Return it with its inputs in this order; what was asked in all stays as it is."""
        return replace(
            self,
            success=self.success[at],
            candidates=self.candidates[at],
            queries=self.queries[at],
            refused=self.refused[at],
        )


def joined_outcomes(found: Sequence[Outcome]) -> Outcome:
    """Return what an attack came to on several parts of a problem, one after another."""
    if len(found) == 1:
        return found[0]
    sizes = np.array([len(one.success) for one in found], np.float64)
    names = dict.fromkeys(name for one in found for name in one.signs)
    return Outcome(
        attack=found[0].attack,
        success=np.concatenate([one.success for one in found]),
        candidates=np.concatenate([one.candidates for one in found]),
        queries=np.concatenate([one.queries for one in found]),
        refused=np.concatenate([one.refused for one in found]),
        rows=sum(one.rows for one in found),
        calls=sum(one.calls for one in found),
        repeats=sum(one.repeats for one in found),
        signs={
            name: float(np.average([one.signs.get(name, 0.0) for one in found], weights=sizes))
            for name in names
        },
    )
