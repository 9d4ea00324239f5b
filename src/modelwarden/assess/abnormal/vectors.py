"""Abnormal values in rows of numbers without names."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from modelwarden.assess.abnormal.trials import BAD_ROW, Choice, Meaning, Operator, Seen, Trial
from modelwarden.targets.frames import Column, Frame

NAN = Operator("null", Meaning.WRONG, "one value that is NaN")
INFINITE = Operator("infinite", Meaning.WRONG, "one value that is infinite")
RANGE = Operator("out-of-range", Meaning.OTHER, "one value beyond all that the data have")
OUTLIER = Operator("outlier", Meaning.OTHER, "one value a million times the range away")
SENTINEL = Operator("sentinel", Meaning.OTHER, "one value that people write for a missing one")
EMPTY = Operator("empty", Meaning.OTHER, "nothing but zeros")
OPERATORS = (NAN, INFINITE, RANGE, OUTLIER, SENTINEL, EMPTY)


def trials(choice: Choice, test: Column) -> Iterator[Trial]:
    """Yield every trial of vectors (n, d); row i is changed in the value i modulo d."""
    base = choice.inputs
    if isinstance(base, Frame):
        raise TypeError(base)
    floats = base.dtype.kind == "f"
    n = len(base)
    flat = base.reshape(n, -1)
    known = test.reshape(len(test), -1)
    at = np.arange(n) % flat.shape[1]
    finite = known[np.isfinite(known)] if known.dtype.kind == "f" else known.reshape(-1)
    low, high = float(finite.min(initial=0.0)), float(finite.max(initial=1.0))
    width = (high - low) or 1.0
    seen = {NAN: 0, INFINITE: 0}
    if known.dtype.kind == "f":
        bad = np.isnan(known).any(axis=1), np.isinf(known).any(axis=1)
        seen = {NAN: int(bad[0].sum()), INFINITE: int(bad[1].sum())}
    made: list[tuple[Operator, float]] = []
    if floats:
        made += [(NAN, np.nan), (INFINITE, np.inf)]
    made += [(RANGE, high + width), (OUTLIER, high + 1e6 * width), (SENTINEL, -999.0)]
    for operator, value in made:
        if not floats and base.dtype.type(value) != value:
            continue
        changed = flat.copy()
        changed[np.arange(n), at] = value
        share = Seen(seen[operator], len(known)) if operator in seen else None
        yield _trial(operator, changed.reshape(base.shape), share, f"{value:g}")
    yield _trial(EMPTY, np.zeros_like(base), None, "0")
    if n > 1 and floats:
        for value in (np.nan, high + 1e6 * width):
            spoilt = flat.copy()
            spoilt[-1] = value
            yield Trial(
                operator=BAD_ROW,
                feature=None,
                inputs=spoilt.reshape(base.shape),
                like=np.arange(n),
                judged=np.arange(n) < n - 1,
                example=f"{value:g}",
            )


def _trial(operator: Operator, inputs: Column, seen: Seen | None, example: str) -> Trial:
    return Trial(
        operator=operator,
        feature=None,
        inputs=inputs,
        like=np.arange(len(inputs)),
        seen=seen,
        example=example,
    )
