"""An endpoint as attacks see it: labels, or scores, with every row on the campaign's account.

A few seeds are asked again between the questions of an attack. An endpoint whose answers to them
have changed is another model than the one that was attacked, or gives its classes in another
order; what was learnt since the last look is then worth nothing, and is not reported.
"""

from __future__ import annotations

import numpy as np

from modelwarden.core import GapKind
from modelwarden.protocols.tensors import Tensor
from modelwarden.redteam.asking import NO_DEFENCE, Line, Refused
from modelwarden.redteam.meter import EndedError
from modelwarden.redteam.reading import Told, labels_of
from modelwarden.targets.answers import decided, scores_in
from modelwarden.targets.errors import TargetError
from modelwarden.targets.frames import Floats, Inputs, Labels, take
from modelwarden.targets.spec import TargetSpec

WATCHED = 4  # seeds that are asked again
_EVERY = 64  # batches
_NEAR = 1e-4  # two answers to one input may differ by so much


class ChangedError(TargetError):
    """The endpoint is not the one that it was."""

    hint = (
        "Let nobody deploy while a campaign runs; --resume asks again what was answered since the "
        "last answers that agreed."
    )


class Live:
    """A target that gives labels.

    Attributes:
        line: to the target. told: how its answers are read.
        standing: the class that a refused row stays; None: a refusal is an error.
        refused: rows that were refused.
        watched: seeds that are asked again, and what was answered to them.
    """

    def __init__(self, line: Line, told: Told) -> None:
        """Ask nothing yet."""
        self.line, self.told = line, told
        self.standing: int | None = None
        self.refused = self.rows = self.calls = 0
        self.watched: tuple[Inputs, Labels, Floats | None] | None = None
        self._looked = 0
        self._looking = False
        # When the last answers that agreed were asked for, on any lane, and their name on record.
        self._agreed = [(0.0, "")]

    def beside(self, line: Line) -> Live:
        """Return the same target, asked over another line, with an account of its own."""
        twin = type(self)(line, self.told)
        twin.standing, twin.watched = self.standing, self.watched
        twin._agreed = self._agreed  # noqa: SLF001 -- one target
        return twin

    @property
    def spec(self) -> TargetSpec:
        """What is known of the target."""
        return self.told.spec

    def labels(self, inputs: Inputs) -> Labels:
        """Return (n,) positions in `spec.classes`."""
        parts = [self._labels(part, rows) for part, rows in self._asked(inputs)]
        return np.concatenate(parts) if parts else np.empty(0, np.int64)

    def _labels(self, part: tuple[Tensor, ...] | Refused, rows: int) -> Labels:
        if isinstance(part, Refused):
            return np.full(rows, self._stands(part), np.int64)
        try:
            self.told.check(part)
            return labels_of(part, self.told, rows)
        except TargetError as error:
            self.line.disown(error.message)
            raise

    def _stands(self, part: Refused) -> int:
        """Return the class of rows that were refused: who is refused has not got through."""
        if self.standing is not None and part.status in NO_DEFENCE:
            what = f"the target no longer answers as it did (status {part.status}): {part.why}"
            raise TargetError(
                what,
                kind=GapKind.NOT_ASSESSABLE,
                hint="A token that ran out, or an address that moved: mend it, then --resume.",
            )
        if self.standing is None:
            raise TargetError(
                f"the target refuses (status {part.status}): {part.why}",
                kind=GapKind.NOT_ASSESSABLE,
                hint="Ask it the same with curl; look at its log.",
            )
        self.refused += len(part.rows)
        return self.standing

    def _asked(self, inputs: Inputs) -> list[tuple[tuple[Tensor, ...] | Refused, int]]:
        found = []
        tile = self.line.tile
        for start in range(0, len(inputs), tile):
            rows = np.arange(start, min(start + tile, len(inputs)))
            whole = len(rows) == len(inputs)
            for _, n, part in self.line.ask(inputs if whole else take(inputs, rows)):
                found.append((part, n))
                self.calls += 1
                self.rows += n
            if self.line.batch - self._looked >= _EVERY:
                self.look()
        return found

    def answers(self, inputs: Inputs) -> tuple[Labels, Floats | None]:
        """Return decisions, and scores where there are some."""
        return self.labels(inputs), None

    def watch(self, inputs: Inputs, labels: Labels, scores: Floats | None) -> bool:
        """Ask some seeds again from now on; tell whether they are answered alike a second time."""
        again, others = self.answers(inputs)
        self._looked = self.line.batch
        if not _alike(labels, scores, again, others):
            return False
        self._agree()
        self.watched = (inputs, labels, scores)
        return True

    def look(self) -> None:
        """Ask the watched seeds again.

        Raises:
            ChangedError: they are answered otherwise than before.
            EndedError: a limit of the campaign is reached.
        """
        if self.watched is None or self._looking or self.line.batch == self._looked:
            return
        inputs, labels, scores = self.watched
        self._looking, refused = True, self.refused
        about, self.line.about = self.line.about, "the same seeds again"
        try:
            again, others = self.answers(inputs)
        finally:
            self._looking, self.line.about = False, about
        # Who is blocked by now is told nothing, so also nothing of a change.
        blocked = self.refused > refused
        if blocked or _alike(labels, scores, again, others):
            self._looked = self.line.batch
            if not blocked:
                self._agree()
            return
        what = "answers the same inputs otherwise than before"
        if scores is not None and others is not None and _permuted(scores, others):
            what = "gives its classes in another order than before"
        error = ChangedError(f"the target {what}: it changed while it was asked")
        self.line.disown_after(*self._agreed[0], why=error.message)
        raise error

    def changed(self) -> None:
        """Tell that the target is another one than an earlier run asked, and disown all of that.

        Raises:
            ChangedError: always.
        """
        error = ChangedError("the target answers the seeds otherwise than before it was resumed")
        self.line.disown_after(0.0, "", why=error.message)
        raise error

    def _agree(self) -> None:
        """Note that the last answers were what they were before."""
        self._agreed[0] = max(self._agreed[0], (self.line.began, self.line.last))

    def looked(self) -> bool:
        """Look once more at the end of an attack; tell whether there was budget for it."""
        try:
            self.look()
        except EndedError:
            return False
        return True


class LiveScores(Live):
    """A target that gives scores; decisions follow from them."""

    def scores(self, inputs: Inputs) -> Floats:
        """Return (n, k)."""
        parts = [self._scores(part, rows) for part, rows in self._asked(inputs)]
        return np.concatenate(parts) if parts else np.empty((0, len(self.spec.classes)))

    def labels(self, inputs: Inputs) -> Labels:
        """Return (n,) positions in `spec.classes`."""
        return self.decided(self.scores(inputs))

    def decided(self, scores: Floats) -> Labels:
        """Return the decisions that follow from scores."""
        return decided(scores, self.told.reading, self.spec.threshold)

    def answers(self, inputs: Inputs) -> tuple[Labels, Floats | None]:
        """Return decisions and scores."""
        scores = self.scores(inputs)
        return self.decided(scores), scores

    def _scores(self, part: tuple[Tensor, ...] | Refused, rows: int) -> Floats:
        if isinstance(part, Refused):
            out = np.zeros((rows, len(self.spec.classes)))
            out[:, self._stands(part)] = 1.0
            return out
        try:
            self.told.check(part)
            return scores_in(part, self.told.reading, rows)
        except TargetError as error:
            self.line.disown(error.message)
            raise


def _alike(first: Labels, scores: Floats | None, second: Labels, others: Floats | None) -> bool:
    if scores is None or others is None:
        return bool((first == second).all())
    near = np.abs(scores - others) <= _NEAR * np.maximum(1.0, np.abs(scores))
    return bool(near.all())


def _permuted(first: Floats, second: Floats) -> bool:
    return bool(np.allclose(np.sort(first, axis=1), np.sort(second, axis=1), atol=_NEAR))
