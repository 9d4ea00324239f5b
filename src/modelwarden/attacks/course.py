"""One attack under way: whose turn it is, what is known, what a call may hold of it.

look()          who goes on, and how many rows they want
offer(room)     the next questions, as many as a call has room for
hear(…)         their answers, laid beside the candidates and told to search and judge
"""

from __future__ import annotations

import numpy as np

from modelwarden.attacks.asking import Answered
from modelwarden.attacks.judge import Judge
from modelwarden.attacks.known import Known, keys_for
from modelwarden.attacks.problem import (
    Attack,
    Candidates,
    Mask,
    Outcome,
    Problem,
    Proposal,
    Signs,
    Told,
    begins,
)
from modelwarden.core.values import dataclass
from modelwarden.targets.frames import Floats, Inputs, Labels

# Rounds in a row in which an input only asked what it had asked before.
STALLED = 64
# Inputs that are looked at first, then twice as many.
_STEP = 16


@dataclass(frozen=True, slots=True, eq=False)
class Offer:
    """Questions of one proposal.

    Attributes:
        proposal: as the search made it. candidates: (m, …) fitted. keys: of them; none where they
            are new, or gradients are asked for: one point has others for other weights.
        allowed: (m,) candidates that may be at all. fresh: rows that must be asked.
    """

    proposal: Proposal
    candidates: Candidates
    keys: list[object]
    allowed: Mask
    fresh: Labels


class Course:
    """The state of one attack on all inputs.

    Attributes:
        judge: of its wins. asked: (n,) rows of each input. calls: that it took part in.
    """

    def __init__(
        self,
        attack: Attack,
        problem: Problem,
        seed: int,
        queries: int,
        *,
        scored: bool,
        tile: int,
    ) -> None:
        n = len(problem)
        self.attack, self.problem = attack, problem
        self.search = attack.search(problem, seed, queries)
        self.judge = Judge(problem)
        self.asked = np.zeros(n, np.int64)
        self.rows = self.calls = self.repeats = 0
        self._scored = scored
        # Few rows: the judge has half of them at most.
        self._times = max(1, min(problem.confirmations, tile, queries // 2))
        self._most = queries - self._times
        self._known = Known()
        self._stalled = np.zeros(n, np.int64)
        self._live = np.arange(n)
        self._widths = np.zeros(0, np.int64)

    def look(self, room: int | None = None) -> int:
        """Settle who goes on, and how many candidates each wants to ask; return how many in all.

        Args:
            room: rows of a call that this attack has to itself: who stands behind those that fill
                it is left for later, and need not begin yet. None looks at all.
        """
        live = self._living()
        if room is None:
            if not len(live):
                self._live = live
                return 0
            widths = np.minimum(self.search.width(live), self._left(live))
            if not widths.all():
                live, widths = live[widths > 0], widths[widths > 0]
            self._live, self._widths = live, widths
            return int(widths.sum())
        step = _STEP
        going: list[Labels] = []
        wanted: list[Labels] = []
        total, start = 0, 0
        while start < len(live) and total < room:
            part = live[start : start + step]
            start, step = start + step, 2 * step
            widths = np.minimum(self.search.width(part), self._left(part))
            kept = widths > 0
            going.append(part[kept])
            wanted.append(widths[kept])
            total += int(widths.sum())
        self._live = np.concatenate((*going, live[start:]))
        self._widths = np.concatenate(wanted) if wanted else np.zeros(0, np.int64)
        return total

    def _living(self) -> Labels:
        """Return who goes on: neither won, nor waiting for the judge, nor only repeating itself."""
        if not len(self._live) and not self.judge.returns:
            return self._live
        out = self.judge.success | (self._stalled >= STALLED)
        out[self.judge.waiting] = True
        live, back = self._live, self.judge.take_back()
        if len(back):
            live = np.concatenate((live, back[~np.isin(back, live)]))
        return live[~out[live]]

    def _left(self, at: Labels | slice) -> Labels:
        """Return the rows that these inputs may still be asked, without those of the judge."""
        return np.maximum(self._most - self.asked[at], 0)

    def offer(self, room: int, *, alone: bool) -> Offer | None:
        """Return the next questions, of whole inputs as many as there is room for.

        Args:
            room: rows that the call still holds.
            alone: nothing else is in it: then one input is asked whatever it wants.
        """
        if not len(self._live):
            return None
        chosen = int((np.cumsum(self._widths) <= room).sum())
        if not chosen and not alone:
            return None
        chosen = max(chosen, 1)
        at, widths = self._live[:chosen], self._widths[:chosen]
        # Who was asked goes to the end of the queue.
        self._live = np.concatenate((self._live[chosen:], at))
        proposal = self.search.propose(at, widths)
        candidates, allowed = self.problem.space.fit(
            proposal.at, proposal.candidates, free=proposal.free
        )
        unlike = proposal.new or proposal.weights is not None
        keys = [] if unlike else keys_for(proposal.at, candidates)
        offer = self._sorted_out(proposal, candidates, keys, allowed)
        self._stalled[at] += 1
        self._stalled[proposal.at[offer.fresh]] = 0
        return offer

    def _sorted_out(
        self, proposal: Proposal, candidates: Candidates, keys: list[object], allowed: Mask
    ) -> Offer:
        """Tell what must be asked, within each input's budget, from what is known already."""
        owners = proposal.at
        known = self._known.find(keys)
        new = allowed
        if known is not None:
            new = new & ~known
        if len(set(keys)) < len(keys):
            new = new & _first_of(keys)
        wanted = np.bincount(owners, minlength=len(self.asked))
        if new.all() and (self.asked + wanted <= self._most).all():
            # As it mostly is: nothing is known, nothing asked twice, and all of it is paid for.
            return Offer(proposal, candidates, keys, allowed, np.arange(len(owners)))
        rank = np.cumsum(new) - 1
        first = begins(owners)
        before = np.repeat(rank[first] - new[first] + 1, np.diff(first, append=len(owners)))
        fresh = np.flatnonzero(new & (rank - before < self._left(owners)))
        return Offer(proposal, candidates, keys, allowed, fresh)

    def inputs(self, offer: Offer) -> Inputs:
        """Return what is to be asked; it is counted as asked from here on."""
        at = offer.proposal.at[offer.fresh]
        self.asked += np.bincount(at, minlength=len(self.asked))
        self.rows += len(at)
        every = len(at) == len(offer.proposal.at)
        chosen = offer.candidates if every else offer.candidates[offer.fresh]
        return self.problem.space.inputs(at, chosen)

    def hear(self, offer: Offer, answered: Answered | None) -> None:
        """Take in the answers to what was fresh; None where nothing was."""
        told = self._told(offer, answered)
        self.repeats += int(told.known.sum())
        self.judge.see(told)
        self.search.learn(told)

    def _told(self, offer: Offer, answered: Answered | None) -> Told:
        """Lay fresh and known answers beside the candidates, and remember the fresh ones."""
        owners, fresh = offer.proposal.at, offer.fresh
        m, kept = len(owners), offer.proposal.weights is None and not offer.proposal.new
        every = len(fresh) == m
        if answered is not None and kept:
            keys = offer.keys if every else [offer.keys[i] for i in fresh.tolist()]
            self._known.add(keys, answered.labels, answered.scores)
        known = np.zeros(m, np.bool_)
        if every and answered is not None:
            spread, seen = answered, np.ones(m, np.bool_)
        else:
            spread = self._spread(offer, answered)
            if kept:
                self._recall(offer, spread.labels, spread.scores)
            seen = spread.labels >= 0
            known[:] = seen
            known[fresh] = False
        won = seen & self.problem.reached(owners, spread.labels)
        if won.any():
            won[won] = self.problem.space.inside(owners[won], offer.candidates[won])
        return Told(
            at=owners,
            candidates=offer.candidates,
            answered=seen,
            labels=spread.labels,
            scores=spread.scores,
            gradients=spread.gradients,
            won=won,
            known=known,
        )

    def _spread(self, offer: Offer, answered: Answered | None) -> Answered:
        """Lay the answers to what was fresh where they belong; the rest has none yet."""
        m = len(offer.proposal.at)
        labels = np.full(m, -1, np.int64)
        scores = np.full((m, self.problem.classes), np.nan) if self._scored else None
        wants = offer.proposal.weights is not None
        gradients = np.zeros((m, *offer.candidates.shape[1:])) if wants else None
        if answered is not None:
            labels[offer.fresh] = answered.labels
            if scores is not None and answered.scores is not None:
                scores[offer.fresh] = answered.scores
            if gradients is not None and answered.gradients is not None:
                gradients[offer.fresh] = answered.gradients
        return Answered(labels, scores, gradients)

    def _recall(self, offer: Offer, labels: Labels, scores: Floats | None) -> None:
        """Put in what was known before, and the one answer to equal candidates of this proposal."""
        missing = np.flatnonzero(offer.allowed & (labels < 0))
        found = self._known.find([offer.keys[i] for i in missing.tolist()])
        if found is None:
            return
        at = missing[found]
        labels[at], recalled = self._known.answers([offer.keys[i] for i in at.tolist()])
        if scores is not None and recalled is not None:
            scores[at] = recalled

    def judged(self, room: int) -> tuple[Labels, Inputs | None]:
        """Return the inputs whose wins are asked next, and the wins; counted as asked."""
        times = self._times
        at = self.judge.waiting[: room // times]
        if not len(at):
            return at, None
        self.asked[at] += times
        self.rows += times * len(at)
        return at, self.judge.inputs(at, times)

    def outcome(self) -> Outcome:
        """Return what the attack came to."""
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


def _first_of(keys: list[object]) -> Mask:
    """Return which keys were not there before in the list."""
    seen: set[object] = set()
    return np.array([not (key in seen or seen.add(key)) for key in keys], np.bool_)  # type: ignore[func-returns-value]
