"""Steps along the gradient, with losses that no scale of the logits can silence.

The loss is a difference of logits: of one chosen class against the true one, or of whichever other
class is nearest. Its gradient does not vanish where cross-entropy's does, and with steps of a fixed
length the scale of the logits plays no part at all. Several classes are steered to side by side;
those that come nearest go on, and get the rows of those that do not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from modelwarden.attacks.balls import SLACK, Ball, Norm, flattened, onto_l1, onto_l2
from modelwarden.attacks.corners import ball_of
from modelwarden.attacks.engine import Mask, Problem, Proposal, Told
from modelwarden.attacks.streams import Streams
from modelwarden.targets.frames import Floats, Labels
from modelwarden.targets.spec import Access

# Where a float32 softmax gives the other classes exactly nothing, and cross-entropy no gradient.
SATURATED = 80.0
_ROUNDED, _TINIEST, _NEARLY, _SOME = 1e-10, 1e-300, 0.9, 10
_CHAINS, _SPARSE_CHAINS = 9, 5  # the fewer are for l1, where each needs more steps
# Steps of one chain before it begins anew. In l2 where a chain begins decides more than how long it
# goes on, so there all that follow the opening begin at random.
_LONGEST, _LONGEST_L2 = 100, 70
_OPENING = 20  # steps towards the nearest other class, before all are tried
# Shares of the rows after which only so many chains go on.
_CUTS = ((0.36, 4), (0.63, 2))
_PACED, _PACED_L2 = 50, 70  # steps that the lengths of steps are planned for
# In l1: steps between looks at how many places are changed, and what a look may do.
_LOOK, _SPARSER, _SHORTER, _SHORTEST = 3, 0.95, 1.5, 0.1
# Also in l1: until so many steps of a chain it may go so many times as far.
_WIDER = ((15, 3.0), (30, 2.0))
_MOMENTUM = 0.75
_HOPELESS = 2.0  # times as far from a win as the class that came nearest
_RISES = 0.75
_NUMBERS = 600_000  # of all chains of one input: fewer chains for large pictures

Small = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Apgd:
    """Auto-PGD on margins, untargeted first, then towards each class, in l∞, l2, l1 and l0.

    Attributes:
        name: of the attack. access: what it needs.

    Source: Croce and Hein 2020, "Reliable evaluation of adversarial robustness with an ensemble of
    diverse parameter-free attacks", algorithm 1 for the steps; Croce and Hein 2021, "Mind the box:
    l1-APGD for sparse adversarial attacks on image classifiers", for those in l1; losses as in
    Carlini and Wagner 2017, "Towards evaluating the robustness of neural networks", f6.
    """

    name: str = "apgd"
    access: Access = Access.GRADIENTS

    def search(self, problem: Problem, seed: int, queries: int) -> _Search:
        """Begin.

        Raises:
            InputError: the inputs are no arrays.
        """
        return _Search(self, ball_of(problem, self.name), problem, seed, queries)


class _Search:
    """Chains of each input: (n, c, d) where they are, (n, c) how they fare."""

    def __init__(self, attack: Apgd, ball: Ball, problem: Problem, seed: int, queries: int) -> None:
        n, size = len(problem), int(np.prod(ball.x.shape[1:]))
        self._ball, self._problem = ball, problem
        self._nearest = ball.norm in (Norm.L1, Norm.L2)
        self._streams = Streams(seed, attack.name, problem.rows.tolist())
        others = problem.classes - 1 if problem.goal is None else 1
        most = _SPARSE_CHAINS if ball.norm is Norm.L1 else _CHAINS
        wanted = min(most, max(others, 4))
        self._opening = min(_OPENING, max(2, queries // 4))
        paid = max(1, (queries - 1 - self._opening) // 20)
        self._chains = c = max(1, min(wanted, paid, _NUMBERS // max(size, 1)))
        # In l1 the last chain first goes where the first does, and looks at every step.
        self._hasty = c - 1 if ball.norm is Norm.L1 and c > 1 else c
        near = ball.norm is Norm.L2
        self._steps, self._paced = (_LONGEST_L2, _PACED_L2) if near else (_LONGEST, _PACED)
        self._cuts = self._planned(queries - 1 - self._opening)
        self._live = np.ones((n, c), np.bool_)
        self._peak = np.full((n, c), -np.inf)
        self._real = flattened(ball.real).astype(np.float32)
        self._at: Small = np.repeat(self._real[:, None, :], c, axis=1)
        self._before, self._best = self._at.copy(), self._at.copy()
        self._slope = np.zeros((n, c, size), np.float32)
        self._best_slope = np.zeros((n, c, size), np.float32)
        self._value, self._top = np.full((n, c), -np.inf), np.full((n, c), -np.inf)
        self._marked = np.full((n, c), -np.inf)
        self._length = np.ones((n, c))
        self._marked_length = np.zeros((n, c))
        self._step, self._rises, self._since, self._period = (
            np.zeros((n, c), np.int64) for _ in range(4)
        )
        self._turn, self._target = np.zeros((n, c), np.int64), np.zeros((n, c), np.int64)
        self._share, self._places = np.full((n, c), 0.2), np.full((n, c), float(size))
        self._reach, self._anew = np.ones((n, c)), np.zeros((n, c), np.bool_)
        self._opened = np.zeros(n, np.int64)
        self._logits = self._first_logits()
        self._order = self._targets()
        self._came = np.full(self._order.shape, -np.inf)  # how near to a win each class came
        self._rows: tuple[Labels, Labels] = (np.empty(0, np.int64), np.empty(0, np.int64))
        self._seen, self._flat = np.zeros(n, np.int64), np.zeros(n, np.int64)
        self._soft = _are_shares(problem.clean)
        self._shut = saturated(problem)

    def _planned(self, rows: int) -> tuple[tuple[int, int], ...]:
        """Return after how many steps of all chains that are left how many go on."""
        cuts, before, spent, width = [], 0, 0.0, self._chains
        for share, kept in _CUTS:
            if kept < width:
                before += max(8, int((share - spent) * rows / width))
                cuts.append((before, kept))
                spent, width = share, kept
        return tuple(cuts)

    def _first_logits(self) -> Floats:
        clean = self._problem.clean
        shape = (len(self._problem), self._problem.classes)
        return np.zeros(shape) if clean is None else clean.astype(np.float64).copy()

    def _targets(self) -> Labels:
        """Return (n, k − 1) the other classes, the nearest first; the goal alone where one is."""
        problem = self._problem
        if problem.goal is not None:
            return problem.goal[:, None]
        ranked = self._logits.copy()
        ranked[np.arange(len(problem)), problem.y] = -np.inf
        return np.asarray((-ranked).argsort(axis=1, kind="stable")[:, :-1], np.int64)

    def width(self, at: Labels) -> Labels:
        """One chain until the opening is over, then all that are left side by side."""
        return np.where(self._opened[at] < self._opening, 1, self._live[at].sum(axis=1))

    def propose(self, at: Labels, widths: Labels) -> Proposal:
        """Return the next point of each chain, and the weights of its loss."""
        owners = np.repeat(at, widths)
        nth = np.arange(len(owners)) - np.repeat(np.cumsum(widths) - widths, widths)
        opening = self._opened[owners] < self._opening
        going = (~self._live[owners]).argsort(axis=1, kind="stable")
        chains = np.where(opening, 0, going[np.arange(len(owners)), nth])
        self._begin(owners[~opening], chains[~opening])
        self._rows = (owners, chains)
        points = self._next(owners, chains)
        weights = self._weights(owners, chains, opening)
        self._opened[at] += 1
        shape = (len(owners), *self._ball.x.shape[1:])
        # In l1 and l2 the points are brought into ball and box here, to the nearest that are in
        # both: straight lines would cost sparsity, and draw what is at an end away from it.
        free = self._nearest
        return Proposal(at=owners, candidates=points.reshape(shape), weights=weights, free=free)

    def _begin(self, o: Labels, c: Labels) -> None:
        """Set chains that have run their length, or whose opening is over, to a new start."""
        fresh = (self._opened[o] == self._opening) | (self._step[o, c] >= self._steps)
        o, c = o[fresh], c[fresh]
        if not len(o):
            return
        self._turn[o, c] += 1
        self._target[o, c] = self._chosen(o, c)
        start = self._real[o].copy()
        # The first towards each class begins at the input itself, all later ones at random; in l2
        # the opening was the only one from there.
        again = self._place(c, self._turn[o, c] - 1) >= self._order.shape[1]
        again |= self._ball.norm is Norm.L2
        if again.any():
            start[again] = self._scattered(o[again], self._turn[o, c][again] * 16 + c[again])
        for state in (self._at, self._before, self._best):
            state[o, c] = start
        for state in (self._value, self._top, self._marked):
            state[o, c] = -np.inf
        for counts in (self._step, self._rises, self._since, self._period):
            counts[o, c] = 0
        self._length[o, c], self._marked_length[o, c] = 1.0, 0.0
        self._share[o, c], self._places[o, c] = 0.2, self._real.shape[1]
        self._reach[o, c] = _WIDER[0][1] if self._ball.norm is Norm.L1 else 1.0

    def _scattered(self, o: Labels, steps: Labels) -> Small:
        size = self._real.shape[1]
        ball = self._ball
        if ball.norm is Norm.LINF:
            share = self._streams.uniform(o, steps, size)
            least, most = flattened(ball.least[o]), flattened(ball.most[o])
            return (least + share * (most - least)).astype(np.float32)
        moved = self._streams.normal(o, steps, size)
        reach = np.sqrt((moved**2).sum(axis=1)) if ball.norm is Norm.L2 else np.abs(moved).sum(1)
        far = ball.eps if ball.norm is Norm.L2 else ball.eps / 2
        moved *= (far / np.maximum(reach, 1e-300))[:, None]
        return (self._real[o] + moved).astype(np.float32)

    def _next(self, o: Labels, c: Labels) -> Floats:
        here = self._at[o, c].astype(np.float64)
        step = self._step[o, c]
        ahead = self._fitted(o, c, here + self._stride(o, c))
        drift = here - self._before[o, c]
        eased = here + _MOMENTUM * (ahead - here) + (1 - _MOMENTUM) * drift
        sparse = self._ball.norm is Norm.L1
        if self._ball.norm is Norm.L2:
            eased = self._fitted(o, c, eased)
        moved = np.where((step >= 2)[:, None] & (not sparse), eased, ahead)
        stays = (step == 0) | self._anew[o, c]
        return np.where(stays[:, None], here, moved)

    def _fitted(self, o: Labels, c: Labels, points: Floats) -> Floats:
        if self._nearest:
            real = flattened(self._ball.real[o])
            low = flattened(self._ball.least[o]) - real
            high = flattened(self._ball.most[o]) - real
            eps = self._ball.eps * (1 - SLACK)
            if self._ball.norm is Norm.L2:
                return real + onto_l2(points - real, low, high, eps)
            return real + onto_l1(points - real, low, high, eps * self._reach[o, c])
        shape = (len(o), *self._ball.x.shape[1:])
        return flattened(self._ball.fit(o, points.reshape(shape))[0].astype(np.float64))

    def _stride(self, o: Labels, c: Labels) -> Floats:
        """Return the step of each chain along its gradient, in the geometry of the norm."""
        slope, eps = self._slope[o, c].astype(np.float64), self._ball.eps
        length = 2 * eps * (self._length[o, c] * self._reach[o, c])[:, None]
        if self._ball.norm is Norm.LINF:
            return np.asarray(length * np.sign(slope), np.float64)
        if self._ball.norm is Norm.L2:
            size = np.sqrt((slope**2).sum(axis=1, keepdims=True))
            return np.asarray(length * slope / np.maximum(size, 1e-300), np.float64)
        # l1 and l0: the steepest places that can still move, fewer as the steps grow shorter.
        ball, here = self._ball, self._at[o, c]
        least, most = flattened(ball.least[o]), flattened(ball.most[o])
        steep = np.where(slope > 0, here < most - 1e-7, here > least + 1e-7) * np.abs(slope)
        size = slope.shape[1]
        some = (
            self._share[o, c] if ball.norm is Norm.L1 else self._length[o, c] * max(1, eps) / size
        )
        count = np.maximum(1, (some * size).astype(np.int64))
        rank = (-steep).argsort(axis=1, kind="stable").argsort(axis=1, kind="stable")
        chosen = (rank < count[:, None]) & (steep > 0)
        if ball.norm is Norm.L0:
            return np.where(chosen, np.sign(slope) * (most - least), 0.0)
        many = np.maximum(chosen.sum(axis=1, keepdims=True), 1)
        return np.where(chosen, np.sign(slope) * length / 2 / many, 0.0)

    def _weights(self, o: Labels, c: Labels, opening: Mask) -> Floats:
        """Return d loss / d logits: +1 for the class that is steered to, −1 for the true one."""
        problem = self._problem
        rows = np.arange(len(o))
        weights = np.zeros((len(o), problem.classes))
        aim = self._aim(o, c, opening)
        away = problem.y[o]
        if problem.goal is not None:
            away = _runner_up(self._logits[o], aim)
        weights[rows, aim] += 1.0
        weights[rows, away] -= 1.0
        if self._soft:
            # The module answers with shares: their logarithms are steered, as far as known.
            known = np.maximum(self._logits[o], 1e-12)
            weights /= known
            weights /= np.abs(weights).max(axis=1, keepdims=True)
        return weights

    def _aim(self, o: Labels, c: Labels, opening: Mask) -> Labels:
        """Return the class that each chain steers to."""
        if self._problem.goal is not None:
            return self._problem.goal[o]
        listed = self._order[o, self._target[o, c]]
        return np.where(opening, _runner_up(self._logits[o], self._problem.y[o]), listed)

    def _chosen(self, o: Labels, c: Labels) -> Labels:
        """Return which class a chain that begins anew steers to, counted from the nearest on.

        Once all classes were steered to, the one that came nearest has the rows of those that
        ended far from it.
        """
        place = self._place(c, self._turn[o, c] - 1)
        count = self._order.shape[1]
        listed = place % count
        near = self._came[o].argmax(axis=1)
        best = self._came[o, near]
        hopeless = (place >= count) & (self._came[o, listed] < _HOPELESS * best) & (best < 0)
        return np.asarray(np.where(hopeless, near, listed), np.int64)

    def _place(self, c: Labels, turn: Labels) -> Labels:
        """Return which class a chain steers to in a turn, counted from the nearest on."""
        later = self._hasty + c + (turn - 1) * self._chains
        return np.where(turn == 0, np.where(c == self._hasty, 0, c), later)

    def learn(self, told: Told) -> None:
        """Take in losses and gradients; halve steps that no longer help."""
        if told.scores is None or told.gradients is None:
            return
        o, c = self._rows
        seen = told.answered
        o, c = o[seen], c[seen]
        logits, slope = told.scores[seen], flattened(told.gradients[seen])
        # Clean answers are shares, but what a softmax was given may be seen here.
        self._soft = self._soft and _are_shares(logits)
        points = flattened(told.candidates[seen].astype(np.float64)).astype(np.float32)
        opening = self._opened[o] <= self._opening
        value = self._loss(o, c, logits, opening)
        self._notice(o, slope)
        still = ~slope.any(axis=1)
        slope[still] = self._slope[o, c][still]
        self._before[o, c] = self._at[o, c]
        self._at[o, c], self._slope[o, c] = points, slope
        rises = value > self._value[o, c]
        self._value[o, c] = value
        better = value > self._top[o, c]
        bo, bc = o[better], c[better]
        self._best[bo, bc], self._best_slope[bo, bc] = points[better], slope[better]
        self._top[bo, bc] = value[better]
        steered = np.where(opening, -np.inf, value)
        self._peak[o, c] = np.maximum(self._peak[o, c], steered)
        np.maximum.at(self._came, (o, self._target[o, c]), steered)
        self._rises[o, c] += rises
        self._step[o, c] += 1
        self._since[o, c] += 1
        self._check(o, c)
        self._narrow(o, c)
        self._cut(np.unique(o))

    def _cut(self, at: Labels) -> None:
        """Let only the chains go on that came nearest, where it is time."""
        for steps, kept in self._cuts:
            due = at[self._opened[at] == self._opening + steps]
            if len(due):
                best = (-self._peak[due]).argsort(axis=1, kind="stable")[:, :kept]
                self._live[due] = False
                self._live[due[:, None], best] = True

    def _loss(self, o: Labels, c: Labels, logits: Floats, opening: Mask) -> Floats:
        rows = np.arange(len(o))
        aim = self._aim(o, c, opening)
        away = self._problem.y[o]
        if self._problem.goal is not None:
            away = _runner_up(logits, aim)
        self._logits[o] = logits
        if self._soft:
            logits = np.log(np.maximum(logits, 1e-30))
        return np.asarray(logits[rows, aim] - logits[rows, away])

    def _notice(self, o: Labels, slope: Floats) -> None:
        """Count gradients that are exactly zero."""
        self._seen[o] += 1
        np.add.at(self._flat, o, (~slope.any(axis=1)).astype(np.int64))

    def _check(self, o: Labels, c: Labels) -> None:
        """Halve the steps of chains that rose too seldom, and go back to their best points."""
        if self._ball.norm is Norm.L1:
            self._look(o, c)
            return
        whole = np.where(self._turn[o, c] == 0, self._opening, self._paced)
        first = np.maximum(1, (0.22 * whole).astype(np.int64))
        least = np.maximum(1, (0.06 * whole).astype(np.int64))
        less = np.maximum(1, (0.03 * whole).astype(np.int64))
        period = np.where(self._period[o, c] == 0, first, self._period[o, c])
        due = self._since[o, c] >= period
        o, c, period, least, less = o[due], c[due], period[due], least[due], less[due]
        if not len(o):
            return
        seldom = self._rises[o, c] < _RISES * period
        stuck = (self._marked_length[o, c] == self._length[o, c]) & (
            self._marked[o, c] >= self._top[o, c]
        )
        self._marked_length[o, c], self._marked[o, c] = self._length[o, c], self._top[o, c]
        halve = seldom | stuck
        ho, hc = o[halve], c[halve]
        self._length[ho, hc] /= 2
        self._at[ho, hc] = self._before[ho, hc] = self._best[ho, hc]
        self._slope[ho, hc] = self._best_slope[ho, hc]
        self._value[ho, hc] = self._top[ho, hc]
        self._since[o, c], self._rises[o, c] = 0, 0
        self._period[o, c] = np.maximum(period - less, least)

    def _look(self, o: Labels, c: Labels) -> None:
        """Where the best change grew sparser go on from it by whole steps, else by shorter ones."""
        due = self._since[o, c] >= np.where(c == self._hasty, 1, _LOOK)
        o, c = o[due], c[due]
        if not len(o):
            return
        best = self._best[o, c]
        places = (np.abs(best - self._real[o]) > 1e-7).sum(axis=1).astype(np.float64)
        sparser = places < _SPARSER * self._places[o, c]
        self._share[o, c] = np.maximum(places, 1) / best.shape[1] / 1.5
        shorter = np.maximum(self._length[o, c] / _SHORTER, _SHORTEST)
        self._length[o, c] = np.where(sparser, 1.0, shorter)
        self._places[o, c], self._since[o, c] = places, 0
        so, sc = o[sparser], c[sparser]
        self._at[so, sc] = self._before[so, sc] = self._best[so, sc]
        self._slope[so, sc] = self._best_slope[so, sc]
        self._value[so, sc] = self._top[so, sc]

    def _narrow(self, o: Labels, c: Labels) -> None:
        """Draw chains that went farther than they may towards their inputs, when it is time.

        What is best far away leads to what is best within, in l1 more than in any other norm.
        """
        self._anew[o, c] = False
        wide = self._reach[o, c] > 1
        o, c = o[wide], c[wide]
        if not len(o):
            return
        step = self._step[o, c]
        reach = np.select([step < until for until, _ in _WIDER], [far for _, far in _WIDER], 1.0)
        due = reach < self._reach[o, c]
        o, c = o[due], c[due]
        if not len(o):
            return
        self._reach[o, c] = reach[due]
        here = self._fitted(o, c, self._best[o, c].astype(np.float64))
        self._at[o, c] = self._before[o, c] = here
        for state in (self._value, self._top, self._marked):
            state[o, c] = -np.inf
        places = (np.abs(here - self._real[o]) > 1e-7).sum(axis=1).astype(np.float64)
        self._share[o, c] = np.maximum(places, 1) / here.shape[1] / 1.5
        self._places[o, c], self._length[o, c], self._since[o, c] = places, 1.0, 0
        self._anew[o, c] = True

    def signs(self) -> Mapping[str, float]:
        """Return the shares of inputs whose loss was saturated, or whose gradient was zero."""
        asked = self._seen > 0
        count = max(1, int(asked.sum()))
        return {
            "saturated_loss": float(self._shut.mean()),
            "zero_gradients": float((asked & (self._flat >= self._seen * 0.9)).sum() / count),
        }


def _runner_up(logits: Floats, own: Labels) -> Labels:
    """Return the largest class of each row but its own."""
    others = logits.copy()
    others[np.arange(len(own)), own] = -np.inf
    return np.asarray(others.argmax(axis=1), np.int64)


def saturated(problem: Problem) -> Mask:
    """Tell of which inputs the clean scores leave cross-entropy no gradient.

    A share of exactly zero has underflown where its class has others that are tiny; elsewhere it
    may be the rest of a rounded one. Scores that nearly all inputs have alike are at their limit.
    """
    clean, rows = problem.clean, np.arange(len(problem))
    if clean is None or not len(clean):
        return np.zeros(len(problem), np.bool_)
    if _are_shares(clean):
        least = np.min(clean, axis=0, where=clean > 0, initial=1.0)
        clean = np.log(np.maximum(clean, np.where(least < _ROUNDED, _TINIEST, least)))
    others = clean.copy()
    others[rows, problem.y] = -np.inf
    gap = clean[rows, problem.y] - others.max(axis=1)
    return np.asarray((gap > SATURATED) | _alike(problem.clean))


def _alike(clean: Floats | None) -> Mask:
    """Tell which inputs have the same scores, whatever the class, where nearly all have them."""
    if clean is None or len(clean) < _SOME:
        return np.zeros(0 if clean is None else len(clean), np.bool_)
    ordered = np.sort(clean, axis=1)
    _, which, counts = np.unique(ordered, axis=0, return_inverse=True, return_counts=True)
    most = int(counts.argmax())
    return np.asarray((which.reshape(-1) == most) & (counts[most] >= _NEARLY * len(clean)))


def _are_shares(clean: Floats | None) -> bool:
    """Tell whether the module answers with shares of one rather than with logits."""
    if clean is None or not len(clean):
        return False
    return bool(clean.min() >= 0 and np.abs(clean.sum(axis=1) - 1).max() <= 1e-3)
