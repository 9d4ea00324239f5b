"""The floor beside attacks that a campaign names: random changes, with as many rows for each seed.

A campaign that names no attacks runs the floor of its kind among them. One that names some gets it
afterwards, on a few of the seeds: what falls to chance has not been shown to need an attacker. A
tenth of the rows is kept for it; it asks `SEEDS` seeds at most, none more often than an attack may.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from modelwarden.attacks.catalog import ATTACKS, Entry
from modelwarden.core.values import dataclass
from modelwarden.redteam.config import AttackConfig
from modelwarden.targets.frames import Labels

# Seeds that a floor is shown on at most; the share of the rows that is kept for floors.
SEEDS, SHARE = 20, 0.1
_LOOKS = 16  # rows for seeds that are asked again now and then; each win is, once


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """A floor that is due.

    Attributes:
        config: with the options of those that it stands beside. entry: of the catalogue.
        beside: names of these attacks.
    """

    config: AttackConfig
    entry: Entry
    beside: tuple[str, ...]


def floors_beside(named: Sequence[tuple[AttackConfig, Entry]]) -> tuple[Floor, ...]:
    """Return the floors of attacks that a campaign names: one for each set of options.

    Where a floor is named itself, with the same options, none is due.
    """
    groups: dict[str, list[tuple[AttackConfig, Entry]]] = {}
    for config, entry in named:
        options = json.dumps(dict(config.options), sort_keys=True, default=str)
        groups.setdefault(f"{entry.inputs} {options}", []).append((config, entry))
    return tuple(_floors(groups))


def _floors(groups: Mapping[str, Sequence[tuple[AttackConfig, Entry]]]) -> Iterator[Floor]:
    for group in groups.values():
        config, first = group[0]
        entry = next((one for one in ATTACKS if one.inputs == first.inputs and one.floor), None)
        if entry is None or any(one.floor for _, one in group):
            continue
        yield Floor(
            config=AttackConfig(
                name=entry.name,
                queries=max(one.queries for one, _ in group),
                options=config.options,
            ),
            entry=entry,
            beside=tuple(one.name for _, one in group),
        )


def kept_back(left: int | None, floors: Sequence[Floor]) -> int:
    """Return the rows that named attacks leave for their floors."""
    return 0 if left is None or not floors else int(left * SHARE)


def shown_on(due: Labels, each: int, left: int | None, floors: int) -> Labels:
    """Return the seeds that a floor is shown on: some of all, spread evenly, the same every time.

    Args:
        due: that the attacks were due on.
        each: rows that one of them was allowed.
        left: rows that may still be asked; None: any number.
        floors: that are still to come.
    """
    count = min(len(due), SEEDS)
    if left is not None:
        count = min(count, (left - _LOOKS) // ((each + 1) * floors))
    if count < 1:
        return due[:0]
    return due[np.unique(np.linspace(0, len(due) - 1, count).round().astype(np.int64))]


__all__ = ["SEEDS", "SHARE", "Floor", "floors_beside", "kept_back", "shown_on"]
