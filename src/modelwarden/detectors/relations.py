"""How the numbers of a reference hang together, and whether those of a window still do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from modelwarden.core.values import dataclass
from modelwarden.detectors.profile import Relations
from modelwarden.targets.frames import Floats

MOST = 64  # features; of more, those with the first names
_CLIP = 3.0
_LEAST = 100

Small = npt.NDArray[np.float32]


def relations_of(names: Sequence[str], x: Floats) -> Relations | None:
    """Return the correlations of a reference (n, d); None of too few rows or features.

    Values are cut at three robust deviations, so that a single one does not make a correlation.
    """
    moving = [
        i
        for i in range(x.shape[1])
        if np.isfinite(x[:, i]).mean() > 0.5 and _unit(x[:, i]) > 0  # more than half is there
    ][:MOST]
    if len(moving) < 2 or len(x) < _LEAST:
        return None
    kept = x[:, moving]
    centre = np.array([float(np.median(c[np.isfinite(c)])) for c in kept.T])
    unit = np.array([_unit(c) for c in kept.T])
    z = standardised(kept, centre, unit)
    correlation, noise = _correlations(z)
    upper = np.triu_indices(len(moving), 1)
    return Relations(
        features=tuple(names[i] for i in moving),
        centre=_short(centre, 9),
        unit=_short(unit, 9),
        correlation=_short(correlation[upper], 4),
        noise=_short(noise[upper], 4),
        rows=len(x),
    )


def _unit(column: Floats) -> float:
    known = column[np.isfinite(column)]
    if not known.size:
        return 0.0
    low, high = np.quantile(known, [0.25, 0.75])
    return float(high - low) / 1.349 or float(known.std())


def _short(values: Floats, digits: int) -> tuple[float, ...]:
    return tuple(float(f"{value:.{digits}g}") for value in values)


def standardised(x: Floats, centre: Floats, unit: Floats) -> Small:
    """Return values in deviations from the middle, cut at three; a missing one is 0."""
    z = np.clip((x - centre) / unit, -_CLIP, _CLIP)
    np.copyto(z, 0.0, where=np.isnan(z))
    return np.asarray(z, np.float32)


def _scaled(z: Small) -> Small:
    """Return columns without their mean, divided by their spread."""
    u: Small = z - z.mean(axis=0)
    spread = np.sqrt(np.einsum("ij,ij->j", u, u) / np.float32(len(u)))
    u /= np.where(spread > 0, spread, np.float32(1))
    return u


def _correlations(z: Small) -> tuple[Floats, Floats]:
    """Return (k, k) correlations, and the variance of each product of two."""
    u = _scaled(z)
    mean = np.asarray(u.T @ u, np.float64) / len(u)
    u *= u
    square = np.asarray(u.T @ u, np.float64) / len(u)
    return mean, np.maximum(square - mean**2, 1e-6)


@dataclass(frozen=True, slots=True)
class Moved:
    """Two features that hang together otherwise than before."""

    first: str
    second: str
    before: float
    after: float
    z: float


class Related:
    """The correlations of a reference ready to be compared with.

    Attributes:
        columns: positions of the features among those of a coder.
    """

    def __init__(self, relations: Relations, names: Sequence[str]) -> None:
        self.relations = relations
        self.columns = np.array([names.index(name) for name in relations.features], np.int64)
        self._centre, self._unit = np.array(relations.centre), np.array(relations.unit)
        self._upper = np.triu_indices(len(self.columns), 1)
        self._flat = self._upper[0] * len(self.columns) + self._upper[1]
        self._before = np.array(relations.correlation)
        self._noise = np.array(relations.noise)

    @property
    def pairs(self) -> int:
        """How many are compared."""
        return len(self._before)

    def standardised(self, numbers: Floats) -> Small:
        """Return (rows, k) of numbers as `Coder.numbers` gives them."""
        return standardised(numbers[:, self.columns], self._centre, self._unit)

    def moved(self, z: Small, effective: float, needed: float, margin: float) -> Iterator[Moved]:
        """Yield the pairs whose correlation changed, the surest first.

        Args:
            z: (rows, k) of a window.
            effective: rows that it is worth.
            needed: normal deviate of the test.
            margin: least change that matters.
        """
        u = _scaled(z)
        after = (u.T @ u).reshape(-1).take(self._flat) / np.float32(len(u))
        gap = np.abs(after - self._before)
        found = np.flatnonzero(gap >= margin)
        if not len(found):
            return
        # How much a product of two varies is asked of those few alone.
        first, second = self._upper[0][found], self._upper[1][found]
        square = np.square(u[:, first] * u[:, second]).mean(axis=0, dtype=np.float64)
        noise = np.maximum(square - after[found].astype(np.float64) ** 2, 1e-6)
        known = self._noise[found]
        error = np.sqrt(np.maximum(noise, known) / effective + known / self.relations.rows)
        sure = gap[found] / error
        for i in np.argsort(-sure, kind="stable").tolist():
            if sure[i] <= needed:
                break
            yield Moved(
                first=self.relations.features[first[i]],
                second=self.relations.features[second[i]],
                before=float(self._before[found[i]]),
                after=float(after[found[i]]),
                z=float(sure[i]),
            )
