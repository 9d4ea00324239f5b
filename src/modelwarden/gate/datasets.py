"""The data sets of a check, read and held against the task."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from modelwarden.core import ConfigError, UnknownNameError
from modelwarden.core.values import dataclass
from modelwarden.gate.project import Project
from modelwarden.gate.walk import printable

if TYPE_CHECKING:
    from modelwarden.gate.opening import Tools
    from modelwarden.targets.data import DataSet

_CURRENT = frozenset({"data", "performance"})
"""The stages that look at `[data] current`."""


@dataclass(frozen=True, slots=True)
class Sets:
    """The data sets that were read."""

    test: DataSet
    train: DataSet | None = None
    current: DataSet | None = None

    def __iter__(self) -> Iterator[DataSet]:
        """Yield those that are there."""
        return (one for one in (self.test, self.train, self.current) if one is not None)


def measured_on(project: Project) -> tuple[Path, ...]:
    """Return where the rows lie that a model is measured on: it must not read their answers.

    What it was taught on, it may know.
    """
    named = (project.data.test, project.data.current)
    return tuple(
        project.at(name) for name in named if name is not None and name != project.data.train
    )


def read_sets(project: Project, tools: Tools, chosen: Collection[str]) -> Sets:
    """Read the data sets, and check that their labels go with the task.

    Args:
        project: names them; `data.test` must be set.
        tools: how data are read.
        chosen: stages; what none of them looks at is not read.

    Raises:
        InputError: a file cannot be read, or its labels do not fit.
    """
    from modelwarden.gate.labels import check_labels

    config = project.data
    paths = {"test": config.test, "train": config.train}
    if not _CURRENT.isdisjoint(chosen):
        paths["current"] = config.current
    read = {
        name: tools.read_data(name, path, config, project.project, project.root)
        for name, path in paths.items()
        if path is not None
    }
    sets = Sets(read["test"], read.get("train"), read.get("current"))
    check_labels(project, sets.test, sets.train)
    _check_columns(project, sets.test)
    return sets


def _check_columns(project: Project, test: DataSet) -> None:
    """Refuse columns that modelwarden.toml names and the rows do not have: a slip would be silent.

    Raises:
        ConfigError: `[features]` or `[data] protected` names one.
    """
    from modelwarden.attacks.spaces.rules import check_names
    from modelwarden.targets.config import FeaturesConfig
    from modelwarden.targets.frames import Frame

    inputs = test.inputs.names if isinstance(test.inputs, Frame) else ()
    shown = printable(str(project.file))
    there = (*inputs, *test.context.names)
    for name in project.data.protected:
        if there and name not in there:
            near = UnknownNameError("column", name, there)
            raise ConfigError(
                f"{shown}: data.protected names {name!r}, which is no column of the test data",
                hint=near.hint,
            )
    if inputs and project.features != FeaturesConfig():
        check_names(project.features, there)
