"""The addresses that the owner of a domain may use in place of given ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

import numpy as np

from modelwarden.attacks.engine import Candidates, Mask
from modelwarden.attacks.urls.edits import NAMES, url_edit, url_edited
from modelwarden.attacks.urls.rules import broken
from modelwarden.core import Json
from modelwarden.core.values import dataclass
from modelwarden.targets.frames import Floats, Inputs, Labels


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class UrlSpace:
    """Valid addresses of the same owners.

    Attributes:
        x: (n,) addresses. edits: that may be used. eps: how many at once; None: any number.
        seed: of what edits draw.
    """

    x: Candidates
    edits: tuple[str, ...] = NAMES
    eps: float | None = None
    seed: int = 0
    _names: list[dict[str, tuple[str, ...]]] = field(init=False)

    def __post_init__(self) -> None:
        """Begin with nothing made."""
        for name in self.edits:
            url_edit(name)
        object.__setattr__(self, "_names", [{} for _ in self.x])

    @property
    def origin(self) -> Candidates:
        """(n,) the addresses as they are."""
        return self.x

    def take(self, at: Labels) -> UrlSpace:
        """Return the space of some of the addresses."""
        return UrlSpace(x=self.x[at], edits=self.edits, eps=self.eps, seed=self.seed)

    def made(self, i: int, names: tuple[str, ...]) -> str:
        """Return address i with edits made, and remember which they were."""
        url, done = url_edited(str(self.x[i]), names, self.seed)
        kept = self._names[i].get(url)
        if kept is None or len(done) < len(kept):
            self._names[i][url] = done
        return url

    def names(self, i: int, url: str) -> tuple[str, ...]:
        """Return the edits that a candidate was made with; empty where it was not made here."""
        return self._names[i].get(url, ())

    def rank(self, name: str) -> int:
        """Return when an edit is made among others."""
        return NAMES.index(name)

    def fit(
        self, at: Labels, candidates: Candidates, *, free: bool = False
    ) -> tuple[Candidates, Mask]:
        """Return the candidates as they are, and which are valid and of the same owner."""
        pairs = zip(at.tolist(), candidates.tolist(), strict=True)
        allowed = np.array(
            [isinstance(url, str) and not broken(str(self.x[i]), url) for i, url in pairs], np.bool_
        )
        if not free and self.eps is not None and allowed.any():
            allowed[allowed] = self.cost(at[allowed], candidates[allowed]) <= self.eps
        return candidates, allowed

    def inside(self, at: Labels, candidates: Candidates) -> Mask:
        """Tell which are valid, with no more edits than are allowed."""
        return self.fit(at, candidates)[1]

    def cost(self, at: Labels, candidates: Candidates) -> Floats:
        """Return how many edits each is made of."""
        pairs = zip(at.tolist(), candidates.tolist(), strict=True)
        return np.array([len(self.names(i, str(url))) for i, url in pairs], np.float64)

    def inputs(self, at: Labels, candidates: Candidates) -> Inputs:  # noqa: ARG002 -- all spaces
        """Return the addresses: they are what the target takes."""
        return candidates

    def conditions(self) -> Mapping[str, Json]:
        """Return what is counted, and that the owner stays the same."""
        return {"norm": "address edits", "eps": self.eps, "edits": len(self.edits)}
