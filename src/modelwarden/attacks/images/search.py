"""Attacks on pictures beyond norms: every corruption, every turn, and patches that learn.

Each goes from what a person would hardly mind to the severity that is allowed; what matters most to
the model is found by its scores where there are some, by trying where there are none.
"""

from __future__ import annotations

from collections.abc import Callable, Generator

import numpy as np

from modelwarden.attacks.engine import Candidates, Problem
from modelwarden.attacks.images.corruptions import CORRUPTIONS
from modelwarden.attacks.images.space import (
    DRAW,
    DRAWS,
    FREE,
    KIND,
    LEFT,
    LEVEL,
    PATCH,
    RIGHT,
    TOP,
    TURN,
    PictureSpace,
)
from modelwarden.attacks.scripts import Heard, Script, Scripts
from modelwarden.core import InputError, seed_for
from modelwarden.core.values import dataclass
from modelwarden.targets.frames import Floats, Labels
from modelwarden.targets.spec import Access

_TOGETHER = 16
_HALVES = 6
_BORED = 40


def space_of(problem: Problem, name: str) -> PictureSpace:
    """Return the space of a problem whose inputs are pictures.

    Raises:
        InputError: they are something else.
    """
    if not isinstance(problem.space, PictureSpace):
        raise InputError(f"the attack {name} needs pictures and a severity")
    return problem.space


class _Picture:
    """One picture of a problem, as scripts see it."""

    def __init__(self, problem: Problem, i: int, seed: int, name: str) -> None:
        self.space = space_of(problem, name)
        self.rng = np.random.default_rng(seed_for(seed, name, int(problem.rows[i])))

    def none(self, count: int = 1) -> Floats:
        """Return candidates that change nothing."""
        out = np.zeros((count, self.space.numbers))
        out[:, KIND] = -1
        return out


def _scripts(problem: Problem, tell: Callable[[int], Script]) -> Scripts:
    return Scripts(problem, tell)


@dataclass(frozen=True, slots=True, kw_only=True)
class RandomChanges:
    """Random changes of random severity up to the one that is allowed: the floor.

    Attributes:
        name: of the attack. access: what it needs.
    """

    name: str = "random-changes"
    access: Access = Access.LABELS

    def search(self, problem: Problem, seed: int, queries: int) -> Scripts:
        """Begin.

        Raises:
            InputError: the inputs are no pictures.
        """
        space_of(problem, self.name)

        def script(i: int) -> Script:
            picture = _Picture(problem, i, seed, self.name)
            for turn in range(queries):
                yield self._drawn(picture, min(1 + turn, _TOGETHER))

        return Scripts(problem, script)

    def _drawn(self, picture: _Picture, count: int) -> Candidates:
        rng, most = picture.rng, picture.space.eps
        out = picture.none(count)
        family = rng.integers(3, size=count)
        out[:, DRAW] = rng.integers(DRAWS, size=count)
        kinds = rng.integers(len(CORRUPTIONS), size=count)
        out[:, KIND] = np.where(family == 0, kinds, -1)
        out[:, LEVEL] = np.where(family == 0, rng.uniform(0, most, count), 0.0)
        moves = rng.uniform(-most, most, (count, 4))
        out[:, TURN : TURN + 4] = np.where((family == 1)[:, None], moves, 0.0)
        out[:, PATCH] = np.where(family == 2, most, 0.0)
        pixels = rng.integers(2, size=(count, out.shape[1] - FREE)).astype(np.float64)
        out[:, FREE:] = np.where((family == 2)[:, None], pixels, 0.0)
        out[:, TOP : LEFT + 1] = np.where((family == 2)[:, None], rng.random((count, 2)), 0.0)
        return out


@dataclass(frozen=True, slots=True, kw_only=True)
class Corruptions:
    """Every corruption at the severity that is allowed; then other draws of the random ones.

    Attributes:
        name: of the attack. access: what it needs.

    Source: Hendrycks & Dietterich 2019 for the kinds. They take the mean over corruptions, an
    attacker the worst.
    """

    name: str = "corruptions"
    access: Access = Access.LABELS

    def search(self, problem: Problem, seed: int, queries: int) -> Scripts:  # noqa: ARG002 -- ends
        """Begin.

        Raises:
            InputError: the inputs are no pictures.
        """
        space_of(problem, self.name)

        def script(i: int) -> Script:
            picture = _Picture(problem, i, seed, self.name)
            kinds = np.arange(len(CORRUPTIONS))
            first = self._made(picture, kinds, np.zeros(len(kinds)), picture.space.eps)
            heard = yield first
            order = kinds[heard.margin.argsort(kind="stable")]
            again = np.array([k for k in order.tolist() if CORRUPTIONS[k].random], np.int64)
            for draw in range(1, DRAWS):
                yield self._made(
                    picture, again, np.full(len(again), float(draw)), picture.space.eps
                )
            # Some do their worst on the way: less fog may hide less and mislead more.
            for share in (0.75, 0.5):
                level = share * picture.space.eps
                yield self._made(picture, order, np.zeros(len(order)), level)

        return Scripts(problem, script)

    def _made(self, picture: _Picture, kinds: Labels, draws: Floats, level: float) -> Floats:
        out = picture.none(len(kinds))
        out[:, KIND], out[:, LEVEL], out[:, DRAW] = kinds, level, draws
        return out


@dataclass(frozen=True, slots=True, kw_only=True)
class Spatial:
    """Turn, move and scale: a coarse grid of all three, then nearer to where it helped.

    Attributes:
        name: of the attack. access: what it needs.

    Source: Engstrom, Tran, Tsipras, Schmidt and Madry 2019, "Exploring the landscape of spatial
    robustness": a grid is stronger here than gradients.
    """

    name: str = "spatial"
    access: Access = Access.LABELS

    def search(self, problem: Problem, seed: int, queries: int) -> Scripts:
        """Begin.

        Raises:
            InputError: the inputs are no pictures.
        """
        space_of(problem, self.name)

        def script(i: int) -> Script:
            picture = _Picture(problem, i, seed, self.name)
            most = picture.space.eps
            heard = yield self._coarse(picture)
            order = heard.margin.argsort(kind="stable")
            pool = heard.candidates[order[:4]].astype(np.float64)
            level, bored = float(heard.margin[order[0]]), 0
            for turn in range(queries):
                reach = most / 2 / (1 + turn / 8)
                near = pool[picture.rng.integers(len(pool), size=_TOGETHER)].copy()
                steps = picture.rng.uniform(-reach, reach, (_TOGETHER, 4))
                near[:, TURN : TURN + 4] = np.clip(near[:, TURN : TURN + 4] + steps, -most, most)
                heard = yield near
                best = heard.margin.argsort(kind="stable")
                bored = bored + 1 if heard.margin[best[0]] >= level else 0
                if bored >= _BORED:
                    return
                level = min(level, float(heard.margin[best[0]]))
                pool = np.concatenate((heard.candidates[best[:2]].astype(np.float64), pool))[:4]

        return Scripts(problem, script)

    def _coarse(self, picture: _Picture) -> Floats:
        """Return the ends and the middles of all three, the simple ones first."""
        most = picture.space.eps
        ends = np.array([0.0, -most, most, -most / 2, most / 2])
        made = [
            (turn, down, right, near)
            for turn in ends
            for down in ends[:3]
            for right in ends[:3]
            for near in ends[:3]
        ]
        made.sort(key=lambda one: sum(v != 0 for v in one))
        out = picture.none(len(made) - 1)
        out[:, TURN : TURN + 4] = made[1:]
        return out


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """A small square of free pixels: where it lies and what it shows are learnt from the scores.

    Attributes:
        name: of the attack. access: what it needs.

    Source: Croce, Andriushchenko, Singh, Flammarion and Hein 2022, "Sparse-RS", image-specific
    patches: squares inside of the patch, and moves of it, are kept where they help.
    """

    name: str = "patch"
    access: Access = Access.SCORES

    def search(self, problem: Problem, seed: int, queries: int) -> Scripts:
        """Begin.

        Raises:
            InputError: the inputs are no pictures.
        """
        space_of(problem, self.name)

        def script(i: int) -> Script:
            picture = _Picture(problem, i, seed, self.name)
            if picture.space.side == 0:
                return
            yield from self._script(picture, queries)

        return Scripts(problem, script)

    def _script(self, picture: _Picture, queries: int) -> Script:
        heard = yield self._starts(picture)
        place = int(heard.margin.argmin())
        best, level = heard.candidates[place].copy(), float(heard.margin[place])
        asked = len(heard.margin)
        while asked < queries:
            tried = np.stack([self._changed(picture, best, asked / queries) for _ in range(4)])
            heard = yield tried
            asked += len(tried)
            place = int(heard.margin.argmin())
            if heard.margin[place] < level:
                best, level = heard.candidates[place].copy(), float(heard.margin[place])

    def _starts(self, picture: _Picture) -> Floats:
        """Return patches all over the picture, light, dark and of stripes."""
        c, side = picture.space.x.shape[1], int(picture.space.side)
        places = np.linspace(0, 1, 5)
        looks = [np.ones((c, side, side)), np.zeros((c, side, side))]
        looks.append(np.broadcast_to(np.arange(side) % 2, (c, side, side)).astype(np.float64))
        out = picture.none(len(looks) * 25)
        out[:, PATCH] = picture.space.eps
        out[:, TOP] = np.tile(np.repeat(places, 5), len(looks))
        out[:, LEFT] = np.tile(np.tile(places, 5), len(looks))
        out[:, FREE:] = np.repeat([look.ravel() for look in looks], 25, axis=0)
        return out[picture.rng.permutation(len(out))]

    def _changed(self, picture: _Picture, best: Floats, spent: float) -> Floats:
        """Return a patch with a square of it set anew, or moved a little."""
        rng, out = picture.rng, best.copy()
        c, side = picture.space.x.shape[1], int(picture.space.side)
        if rng.random() < 0.3:
            reach = max(0.4 * (1 - spent), 1.5 / min(picture.space.x.shape[2:]))
            out[TOP : LEFT + 1] = np.clip(out[TOP : LEFT + 1] + rng.uniform(-reach, reach, 2), 0, 1)
            return out
        size = max(1, round(side * np.sqrt(0.4 * 0.5 ** (4 * spent))))
        top, left = rng.integers(side - size + 1, size=2)
        content = out[FREE:].reshape(c, side, side).copy()
        content[:, top : top + size, left : left + size] = rng.integers(2, size=(c, 1, 1))
        out[FREE:] = content.ravel()
        return out


def shrunk(problem: Problem, i: int, win: Candidates) -> Generator[Candidates, Heard, Candidates]:
    """Halve the severity of a win between none and its own."""
    space = space_of(problem, "minimal")
    best = np.asarray(win, np.float64)
    near, far = 0.0, 1.0
    amounts = [LEVEL, TURN, TURN + 1, RIGHT, RIGHT + 1, PATCH]
    del i
    for _ in range(_HALVES):
        middle = (near + far) / 2
        tried = np.asarray(win, np.float64).copy()
        tried[amounts] *= middle
        if tried[PATCH] > 0 and space.sides(tried[PATCH : PATCH + 1])[0] == 0:
            near = middle
            continue
        heard = yield tried[None]
        if heard.won[0]:
            best, far = tried, middle
        else:
            near = middle
    return best
