"""What the smallest wins changed: how much, which features, and some of them to look at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from modelwarden.assess.robustness import examples
from modelwarden.attacks.balls import Ball
from modelwarden.attacks.images.space import PictureSpace
from modelwarden.attacks.spaces.table import TableSpace
from modelwarden.attacks.text.space import TextSpace
from modelwarden.core import Json, Table, TableKind
from modelwarden.targets.frames import Floats, Frame, Labels

if TYPE_CHECKING:
    from modelwarden.assess.robustness.attacked import Attacked
    from modelwarden.assess.robustness.plan import Plan
    from modelwarden.attacks.problem import Space
    from modelwarden.targets.frames import Inputs

_FEATURES = 20


def counts(made: Plan, attacked: Attacked) -> Floats | None:
    """Return how many features or words the win on each fallen input changed; None of arrays."""
    space, at = made.problem.space, np.flatnonzero(attacked.beaten)
    if isinstance(space, TableSpace):
        return np.asarray(_features(space, at, attacked).sum(axis=1), np.float64)
    if isinstance(space, TextSpace):
        return space.cost(at, attacked.wins()[at])
    return None


def _features(space: TableSpace, at: Labels, attacked: Attacked) -> np.ndarray:
    """Return which features changed, (m, d); of a one-hot group the first column stands for it."""
    changed = space.changed(at, attacked.wins()[at])
    out = np.zeros_like(changed)
    for j, feature in enumerate(space.rules.features.tolist()):
        out[:, feature] |= changed[:, j]
    return out


def tables(made: Plan, attacked: Attacked) -> Iterator[Table]:
    """Yield which features carry the changes, and a few of them before and after."""
    space, at = made.problem.space, np.flatnonzero(attacked.beaten)
    if not len(at):
        return
    if isinstance(space, TableSpace):
        yield _carriers(space, at, attacked)
    yield _examples(made, attacked, at[: examples.SHOWN])


def _carriers(space: TableSpace, at: Labels, attacked: Attacked) -> Table:
    share = _features(space, at, attacked).mean(axis=0)
    order = np.argsort(-share, kind="stable")[:_FEATURES]
    names = space.rules.columns.names
    rows = tuple((names[j], float(share[j])) for j in order.tolist() if share[j] > 0)
    return Table(
        name="changed_features",
        title="Features that the smallest changes needed, by the share of the rows that fell",
        stage="robustness",
        kind=TableKind.BARS,
        meaning="Few long bars: the decisions hang on features that can be changed. Check these "
        "inputs, take them from a source that nobody can alter, or leave them out.",
        columns=("label", "value"),
        rows=rows,
        notes=(
            "of a one-hot group the first column stands for all",
            "the attacker's other changes were taken back one by one while the answer stayed wrong",
        ),
    )


def _examples(made: Plan, attacked: Attacked, at: Labels) -> Table:
    space, wins = made.problem.space, attacked.wins()
    best = attacked.winners()
    rows: list[tuple[Json, ...]] = []
    before = space.inputs(at, space.origin[at])
    after = space.inputs(at, wins[at])
    third = False
    for place, i in enumerate(at.tolist()):
        told = _told(space, before, after, place, f"row {int(made.problem.rows[i])}")
        third = len(told) == 3
        outcome = attacked.outcomes[int(best[i])]
        rows.append((int(made.problem.rows[i]), *told, outcome.attack, int(outcome.queries[i])))
    file = "adversarial.parquet" if not isinstance(space, Ball | PictureSpace) else "its npz file"
    return Table(
        name="adversarial_examples",
        title="Inputs that were answered right, and the change that made the answer wrong",
        stage="robustness",
        meaning=f"What went is struck out, what came is underlined. All of them stand in {file}.",
        columns=("row", "before", "after", *(("change",) * third), "attack", "rows asked"),
        rows=tuple(rows),
    )


def _told(space: Space, before: Inputs, after: Inputs, i: int, name: str) -> tuple[Json, ...]:
    """Return the cells that show one example."""
    if isinstance(before, Frame) and isinstance(after, Frame):
        return examples.cells(before, after, i)
    if isinstance(before, Frame) or isinstance(after, Frame):
        raise TypeError(before)
    if before.dtype.kind == "O":
        return examples.texts(str(before[i]), str(after[i]))
    low, high = space.conditions()["low"], space.conditions()["high"]
    if before.ndim == 4 and isinstance(low, float | int) and isinstance(high, float | int):
        return examples.pictures(before[i], after[i], float(low), float(high), name)
    return examples.numbers(before[i].astype(np.float64), after[i].astype(np.float64))
