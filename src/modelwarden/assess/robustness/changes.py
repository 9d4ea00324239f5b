"""What the smallest wins on tables and texts changed: how much, which features, for example."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from modelwarden.attacks.spaces.table import TableSpace
from modelwarden.attacks.text.space import TextSpace
from modelwarden.core import Json, Table, TableKind
from modelwarden.targets.frames import Floats, Frame, Labels

if TYPE_CHECKING:
    from modelwarden.assess.robustness.attacked import Attacked
    from modelwarden.assess.robustness.plan import Plan

_SHOWN, _LONGEST, _FEATURES = 6, 240, 20


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
    if isinstance(space, TableSpace | TextSpace):
        yield _examples(made, attacked, at[:_SHOWN])


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
    for place, i in enumerate(at.tolist()):
        if isinstance(before, Frame) and isinstance(after, Frame):
            told = _cells(before, after, place)
        else:
            told = (_visible(str(before[place])), _visible(str(after[place])))  # type: ignore[index]
        outcome = attacked.outcomes[int(best[i])]
        rows.append((int(made.problem.rows[i]), *told, outcome.attack, int(outcome.queries[i])))
    return Table(
        name="adversarial_examples",
        title="Inputs that were answered right, and the change that made the answer wrong",
        stage="robustness",
        meaning="All of them, with every column, stand in adversarial.parquet.",
        columns=("row", "before", "after", "attack", "rows asked"),
        rows=tuple(rows),
    )


def _cells(before: Frame, after: Frame, i: int) -> tuple[str, str]:
    """Return the changed cells of a row, before and after."""
    olds, news = [], []
    for name, old, new in zip(before.names, before.columns, after.columns, strict=True):
        if old[i] != new[i] and not (old[i] != old[i] and new[i] != new[i]):
            olds.append(f"{name} = {_value(old[i])}")
            news.append(f"{name} = {_value(new[i])}")
    return _visible(", ".join(olds)), _visible(", ".join(news))


def _value(value: object) -> str:
    return f"{float(value):.6g}" if isinstance(value, float | np.floating) else str(value)


def _visible(text: str) -> str:
    """Return a text in which characters that nobody sees are written out."""
    shown = "".join(
        f"\\u{ord(c):04x}" if unicodedata.category(c) in ("Cf", "Cc", "Cs", "Co") else c
        for c in text[:_LONGEST]
    )
    return shown if len(text) <= _LONGEST else shown + "…"
