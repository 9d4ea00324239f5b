"""The contract of a kind of seeds, for whoever adds one.

A kind is one object with the methods of `Kind`, named by a line in `catalog.KINDS`. Its `name` is
what attacks of the catalogue say they change (`attacks.catalog.Entry.inputs`); attacks on it find
its space as `problem.space`. A campaign does all else: asking, budgets, records, reports.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from pathlib import Path
from typing import Protocol

import numpy as np

from modelwarden.attacks.engine import Candidates, Space
from modelwarden.attacks.minimal import Shrink
from modelwarden.core import InputError, Json, UnknownNameError
from modelwarden.core.values import dataclass
from modelwarden.targets.config import FeaturesConfig
from modelwarden.targets.frames import Column, Inputs, Labels, take
from modelwarden.targets.spec import Modality, Name


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a campaign says of seeds.

    Attributes:
        path: of the file or folder. shown: as the user wrote it, for messages.
        label: the column of the truth, or the one class of all.
        options: further keys of `[seeds]`; `only` refuses those that the kind does not know.
    """

    path: Path
    shown: str
    label: Name | None = None
    options: Mapping[str, Json] = field(default_factory=dict)

    def only(self, *known: str) -> None:
        """Refuse any other key.

        Raises:
            InputError: with the nearest known key as hint.
        """
        only(self.options, "seeds", known, ("path", "label", "kind"))

    def text(self, key: str) -> str | None:
        """Return an option that is a string."""
        value = self.options.get(key)
        if value is not None and not isinstance(value, str):
            raise InputError(f"seeds.{key} must be a string, not {value!r}")
        return value


def only(
    options: Mapping[str, Json], place: str, known: tuple[str, ...], also: tuple[str, ...] = ()
) -> None:
    """Refuse an option that is not known.

    Raises:
        InputError: with the nearest known key as hint.
    """
    for key in options:
        if key not in known:
            near = UnknownNameError("key", key, (*known, *also))
            raise InputError(f"unknown key {place}.{key}", hint=near.hint)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Seeds:
    """What is to be disguised.

    Attributes:
        inputs: as the target is asked. names: one for each, for people and for file names.
        y: (n,) the truth as the file spells it; None where nothing tells it.
        source: as the user wrote it. digest: `sha256:` of the content.
        notes: what the reader did that the user should know.
    """

    inputs: Inputs
    names: tuple[str, ...]
    y: Column | None
    source: str
    digest: str
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        """How many there are."""
        return len(self.names)

    def take(self, rows: Labels) -> Seeds:
        """Return these, in this order."""
        return Seeds(
            inputs=take(self.inputs, rows),
            names=tuple(self.names[i] for i in rows.tolist()),
            y=None if self.y is None else self.y[rows],
            source=self.source,
            digest=self.digest,
            notes=self.notes,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Known:
    """What the attacker knows and may do, when a space is made.

    Attributes:
        seeds: all of them. at: (m,) those that are attacked. y: (m,) their classes by position.
        classes: names.
        sample: data like the target's own; None: nothing is known. sample_y: (r,) classes of it by
            position, −1 where it has none.
        options: further keys of `[[attack]]`.
        features: `[features]` of the campaign. seed: root of all chance.
        attack: name of the attack that the space is for.
    """

    seeds: Seeds
    at: Labels
    y: Labels
    classes: tuple[Name, ...]
    sample: Seeds | None
    sample_y: Labels | None
    options: Mapping[str, Json]
    features: FeaturesConfig
    seed: int
    attack: str = ""

    def only(self, *known: str) -> None:
        """Refuse an option of the attack that the kind does not know.

        Raises:
            InputError: with the nearest known key as hint.
        """
        only(self.options, "attack", known, ("name", "queries"))

    def number(self, key: str) -> float | None:
        """Return an option that is a number."""
        value = self.options.get(key)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise InputError(f"attack.{key} must be a number, not {value!r}")
        return None if value is None else float(value)

    def keep(self) -> tuple[str, ...]:
        """Return the option `keep`: what no change may touch."""
        return kept(self.options)


def kept(options: Mapping[str, Json]) -> tuple[str, ...]:
    """Return what the option `keep` of an attack lists.

    Raises:
        InputError: it is no list of strings.
    """
    value = options.get("keep", [])
    if not isinstance(value, list) or ("keep" in options and not value):
        raise InputError('attack.keep must be a list of strings such as ["example.com"]')
    if bad := [one for one in value if not isinstance(one, str)]:
        raise InputError(f"attack.keep holds {bad[0]!r}: it must be a list of strings")
    return tuple(one for one in value if isinstance(one, str))


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One of the changes that a win consists of.

    Attributes:
        name: of the edit, one of few, for telling which edit does it (`homoglyph`, a feature).
        where: in the input. before, after: bounded texts.
    """

    name: str
    where: str = ""
    before: str = ""
    after: str = ""


class Kind(Protocol):
    """A kind of seeds."""

    @property
    def name(self) -> str:
        """As attacks of the catalogue say it: `tables`, `texts`, `arrays`."""

    @property
    def modality(self) -> Modality:
        """What the target is given."""

    @property
    def shrink(self) -> Shrink | None:
        """How wins are made small (`attacks.minimal`); None: by halves, as arrays are."""

    def claims(self, path: Path) -> bool:
        """Tell whether what lies at `path` is of this kind."""

    def read(self, given: Given) -> Seeds:
        """Read seeds.

        Raises:
            InputError: they cannot be read.
        """

    def space(self, known: Known) -> Space:
        """Return what may be changed of the seeds that are attacked; position i is `known.at[i]`.

        Raises:
            InputError: the options do not go with the seeds.
        """

    def edits(self, space: Space, i: int, candidate: Candidates) -> tuple[Edit, ...]:
        """Return what a win changed of the input at position i."""

    def save(self, folder: Path, before: Inputs, after: Inputs) -> tuple[str, str]:
        """Write one evasion; return the names of the files `original.*` and `changed.*`."""

    def load(self, folder: Path) -> tuple[Inputs, Inputs]:
        """Read them back.

        Raises:
            InputError: they are not there, or changed beyond reading.
        """

    def checks(self, before: Inputs, after: Inputs, options: Mapping[str, Json]) -> tuple[str, ...]:
        """Return what does not hold of an evasion that should: what is named here is none.

        `options` are those of the attack, as `space` had them.
        """


Reader = Callable[[Given], Seeds]


def truth(named: Column | None, label: Name | None, rows: int) -> Column | None:
    """Return the truth of rows: that of a column, else the one class of all."""
    if named is not None or label is None:
        return named
    out = np.empty(rows, object)
    out[:] = [label] * rows
    return out
