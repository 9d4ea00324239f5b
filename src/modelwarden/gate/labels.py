"""Whether the labels of the data go with what modelwarden.toml says of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwarden.assess.truth import names_in, numbers, same
from modelwarden.core import ConfigError, UnknownNameError
from modelwarden.gate.walk import printable
from modelwarden.targets.spec import Name, Task

if TYPE_CHECKING:
    from modelwarden.gate.project import Project
    from modelwarden.targets.data import DataSet

# More classes than this are a sign that a column of numbers or identifiers was taken for classes.
MOST_CLASSES = 10_000


def check_labels(project: Project, test: DataSet, train: DataSet | None) -> None:
    """Refuse labels that cannot be what the task needs.

    Raises:
        InputError: the label of a regression is no number.
        ConfigError: a binary task with more than two classes, those aside that only test rows have;
            or a positive class that no row has.
    """
    task, shown = project.project.task, printable(str(project.file))
    if task is Task.REGRESSION:
        for data in (test, train):
            if data is not None and data.y is not None:
                numbers(data, project.data.label or "y")
        return
    classes = classes_of(project, test, train)
    taught = () if train is None else classes_of(project, train, None)
    if task is Task.BINARY and len(classes) > 2 and len(taught) != 2:
        some = ", ".join(repr(c) for c in classes[:5]) + (", …" if len(classes) > 5 else "")
        raise ConfigError(
            f"{shown}: the task is binary, and the labels have {len(classes)} values ({some})",
            hint='Set task = "multiclass" in [project], or name another label in [data].',
        )
    if len(classes) > MOST_CLASSES:
        raise ConfigError(
            f"{shown}: the label has {len(classes)} different values",
            hint='Set task = "regression" in [project], or name another label in [data].',
        )
    positive = project.data.positive
    if positive is not None and classes and same(positive) not in {same(c) for c in classes}:
        near = UnknownNameError("class", str(positive), [str(c) for c in classes])
        raise ConfigError(
            f"{shown}: data.positive is {positive!r}, which no label is", hint=near.hint
        )


def classes_of(project: Project, test: DataSet, train: DataSet | None) -> tuple[Name, ...]:
    """Return the classes that the labels have, sorted; none of a regression."""
    if project.project.task is Task.REGRESSION:
        return ()
    found: dict[str, Name] = {}
    for data in (train, test):
        if data is not None and data.y is not None:
            for name in names_in(data.y):
                found.setdefault(same(name), name)
    return tuple(sorted(found.values(), key=lambda v: (isinstance(v, str), v)))
