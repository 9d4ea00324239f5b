"""The pages that are the same as given ones to whoever looks at them: nothing else may be asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

import numpy as np

from modelwarden.attacks.engine import Candidates, Mask
from modelwarden.attacks.html import pictures
from modelwarden.attacks.html.edits.catalog import EXACT, edit_named, edited
from modelwarden.attacks.html.proof import Allowance, prove
from modelwarden.core import Json
from modelwarden.core.values import dataclass
from modelwarden.targets.frames import Floats, Inputs, Labels


def allowance_of(names: tuple[str, ...]) -> Allowance:
    """Return what any of these edits may change."""
    allows = [edit_named(name).allows for name in names if name != pictures.NAME]
    return Allowance(
        **{key: any(getattr(one, key) for one in allows) for key in Allowance.__slots__}
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PageSpace:
    """Pages that are proven to look and act as given ones.

    Attributes:
        x: (n,) sources of the pages. urls: (n,) their addresses, empty where not known.
        edits: names of the edits that may be used; `image-for-text` joins them where there are
            twins.
        eps: how many of them at once; None: any number.
        seed: of what edits draw.
        twins: (n,) the pages with pictures for texts, as a browser proved them (`pictures`); None
            where there is none. Empty: pictures are left out. Other edits are then proven of the
            page, or of its twin.
    """

    x: Candidates
    urls: tuple[str, ...]
    edits: tuple[str, ...] = EXACT
    eps: float | None = None
    seed: int = 0
    twins: tuple[str | None, ...] = ()
    _made: list[dict[tuple[str, ...], str]] = field(init=False)
    _names: list[dict[str, tuple[str, ...]]] = field(init=False)
    _proven: list[dict[str, bool]] = field(init=False)

    def __post_init__(self) -> None:
        """Begin with nothing made."""
        for name in self.edits:
            if name != pictures.NAME:
                edit_named(name)
        if any(self.twins) and pictures.NAME not in self.edits:
            object.__setattr__(self, "edits", (pictures.NAME, *self.edits))
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
            twins=tuple(self.twins[i] for i in at.tolist()) if self.twins else (),
        )

    def made(self, i: int, names: tuple[str, ...]) -> str:
        """Return page i with edits made, and remember which they were."""
        key = tuple(sorted(set(names)))
        if key not in self._made[i]:
            base, shown = str(self.x[i]), list[str]()
            if pictures.NAME in key and (twin := self._twin(i)) is not None:
                base, shown = twin, [pictures.NAME]
            others = tuple(name for name in key if name != pictures.NAME)
            html, done = edited(base, self.urls[i], others, self.seed)
            done = (*shown, *done)
            self._made[i][key] = html
            kept = self._names[i].get(html)
            if kept is None or len(done) < len(kept):
                self._names[i][html] = done
        return self._made[i][key]

    def _twin(self, i: int) -> str | None:
        return self.twins[i] if self.twins else None

    def candidates(self) -> list[list[str]]:
        """Return, for each page, what was held against it so far."""
        return [list(known) for known in self._proven]

    def names(self, i: int, html: str) -> tuple[str, ...]:
        """Return the edits that a candidate was made with; empty where it was not made here."""
        return self._names[i].get(html, ())

    def rank(self, name: str) -> int:
        """Return when an edit is made among others."""
        return -1 if name == pictures.NAME else edit_named(name).phase

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
            allowed, twin = allowance_of(self.edits), self._twin(i)
            bases = [str(self.x[i])] if twin is None else [str(self.x[i]), twin]
            if pictures.NAME in self.names(i, html):
                bases.reverse()
            known[html] = any(not prove(base, html, allowed) for base in bases)
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
        """Return what is counted, and that each candidate was proven, and how."""
        proven: dict[str, Json] = {"proven": True}
        if any(self.twins):
            proven = {"proven": "but for pictures", "weaker": pictures.WEAKER}
        return {"norm": "page edits", "eps": self.eps, "edits": len(self.edits), **proven}
