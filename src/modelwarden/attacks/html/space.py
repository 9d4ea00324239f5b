"""The pages that are the same as given ones to whoever looks at them: nothing else may be asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

import numpy as np

from modelwarden.attacks.engine import Candidates, Mask
from modelwarden.attacks.html.edits.catalog import EXACT, edit_named, edited
from modelwarden.attacks.html.proof import Allowance, prove
from modelwarden.core import Json
from modelwarden.core.values import dataclass
from modelwarden.targets.frames import Floats, Inputs, Labels


def allowance_of(names: tuple[str, ...]) -> Allowance:
    """Return what any of these edits may change."""
    allows = [edit_named(name).allows for name in names]
    return Allowance(
        **{key: any(getattr(one, key) for one in allows) for key in Allowance.__slots__}
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PageSpace:
    """Pages that are proven to look and act as given ones.

    Attributes:
        x: (n,) sources of the pages. urls: (n,) their addresses, empty where not known.
        edits: names of the edits that may be used.
        eps: how many of them at once; None: any number.
        seed: of what edits draw.
    """

    x: Candidates
    urls: tuple[str, ...]
    edits: tuple[str, ...] = EXACT
    eps: float | None = None
    seed: int = 0
    _made: list[dict[tuple[str, ...], str]] = field(init=False)
    _names: list[dict[str, tuple[str, ...]]] = field(init=False)
    _proven: list[dict[str, bool]] = field(init=False)

    def __post_init__(self) -> None:
        """Begin with nothing made."""
        for name in self.edits:
            edit_named(name)
        for key in ("_made", "_names", "_proven"):
            object.__setattr__(self, key, [{} for _ in self.x])

    @property
    def origin(self) -> Candidates:
        """(n,) the pages as they are."""
        return self.x

    def take(self, at: Labels) -> PageSpace:
        """Return the space of some of the pages."""
        return PageSpace(
            x=self.x[at],
            urls=tuple(self.urls[i] for i in at.tolist()),
            edits=self.edits,
            eps=self.eps,
            seed=self.seed,
        )

    def made(self, i: int, names: tuple[str, ...]) -> str:
        """Return page i with edits made, and remember which they were."""
        key = tuple(sorted(set(names)))
        if key not in self._made[i]:
            html, done = edited(str(self.x[i]), self.urls[i], key, self.seed)
            self._made[i][key] = html
            kept = self._names[i].get(html)
            if kept is None or len(done) < len(kept):
                self._names[i][html] = done
        return self._made[i][key]

    def candidates(self) -> list[list[str]]:
        """Return, for each page, what was held against it so far."""
        return [list(known) for known in self._proven]

    def names(self, i: int, html: str) -> tuple[str, ...]:
        """Return the edits that a candidate was made with; empty where it was not made here."""
        return self._names[i].get(html, ())

    def rank(self, name: str) -> int:
        """Return when an edit is made among others."""
        return edit_named(name).phase

    def fit(
        self,
        at: Labels,
        candidates: Candidates,
        *,
        free: bool = False,
    ) -> tuple[Candidates, Mask]:
        """Return the candidates as they are, and which are proven the same as their page."""
        pairs = zip(at.tolist(), candidates.tolist(), strict=True)
        allowed = np.array([self._is_proven(i, html) for i, html in pairs], np.bool_)
        if not free and self.eps is not None and allowed.any():
            allowed[allowed] = self.cost(at[allowed], candidates[allowed]) <= self.eps
        return candidates, allowed

    def _is_proven(self, i: int, html: object) -> bool:
        if not isinstance(html, str):
            return False
        known = self._proven[i]
        if html not in known:
            known[html] = not prove(str(self.x[i]), html, allowance_of(self.edits))
        return known[html]

    def inside(self, at: Labels, candidates: Candidates) -> Mask:
        """Tell which are proven, with no more edits than are allowed."""
        return self.fit(at, candidates)[1]

    def cost(self, at: Labels, candidates: Candidates) -> Floats:
        """Return how many edits each is made of."""
        pairs = zip(at.tolist(), candidates.tolist(), strict=True)
        return np.array([len(self.names(i, str(html))) for i, html in pairs], np.float64)

    def inputs(self, at: Labels, candidates: Candidates) -> Inputs:  # noqa: ARG002 -- all spaces
        """Return the pages: they are what the target takes."""
        return candidates

    def conditions(self) -> Mapping[str, Json]:
        """Return what is counted, and that each candidate was proven."""
        return {"norm": "page edits", "eps": self.eps, "edits": len(self.edits), "proven": True}
