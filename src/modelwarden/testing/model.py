"""The model of a modelwarden.toml for tests of one's own: scanned, opened in the sandbox, asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from typing import Protocol

    import numpy as np
    import numpy.typing as npt

    from modelwarden.core import Report
    from modelwarden.gate.opening import Opened
    from modelwarden.targets.data import DataSet
    from modelwarden.targets.errors import AccessError
    from modelwarden.targets.frames import Column, Floats, Frame, Inputs, Labels
    from modelwarden.targets.spec import Name
    from modelwarden.testing.runs import Check

    class _Series(Protocol):
        """A column of a data frame of some library."""

        def to_numpy(self) -> npt.NDArray[np.generic]:
            """Return it as an array."""

    class FrameLike(Protocol):
        """A data frame of some library, pandas' for one."""

        @property
        def columns(self) -> Sequence[str]:
            """Names of its columns."""

        def __getitem__(self, name: str, /) -> _Series:
            """Return one column."""


class ModelUnderTest:
    """A model that answers; what it is asked runs in the sandbox.

    Attributes:
        data: the test set: `data.inputs`, `data.y` as the file spells it, `data.take(rows)`.
        classes: of a classifier, in the order of the score columns; empty for a regression.
    """

    def __init__(self, check: Check, opened: Opened, data: DataSet) -> None:
        self._check, self._opened = check, opened
        self.data = data
        self.classes: tuple[Name, ...] = opened.target.spec.classes

    @property
    def report(self) -> Report:
        """The judged report of `modelwarden check`, run when it is first asked for.

        Raises:
            CheckFailedError: the check could not be carried out.
        """
        __tracebackhide__ = True
        return self._check.ran().report

    @property
    def isolation(self) -> str | None:
        """Tier of the sandbox: `full`, `partial` or `none`; None of a served model."""
        return self._opened.isolation

    @property
    def truth(self) -> Labels | Floats:
        """The labels of the test set as the model's answers are given.

        (n,) int64 positions in `classes`, -1 where a row has no label or one that the model does
        not know; of a regression (n,) float64, NaN where there is none.

        Raises:
            InputError: the test set has no labels.
        """
        __tracebackhide__ = True
        import numpy as np

        from modelwarden.assess.truth import missing, numbers, plain, same
        from modelwarden.core import InputError
        from modelwarden.targets.spec import Task

        y = self.data.y
        if y is None:
            raise InputError(f"{self.data.source} has no labels")
        if self._opened.target.spec.task is Task.REGRESSION:
            return numbers(self.data, "y")
        places = {same(name): place for place, name in enumerate(self.classes)}
        gone = missing(y)
        found = [
            -1 if absent else places.get(same(plain(value)), -1)
            for value, absent in zip(y.tolist(), gone.tolist(), strict=True)
        ]
        return np.array(found, np.int64)

    def labels(self, inputs: Inputs | FrameLike | Sequence[str] | None = None) -> Labels:
        """Return the decisions of a classifier, (n,) int64 positions in `classes`.

        Args:
            inputs: rows; those of the test set by default. A data frame may have more columns
                than the model is given.

        Raises:
            TargetError: the model failed, or answers something else.
            InputError: these are no inputs of the model.
        """
        __tracebackhide__ = True
        from modelwarden.targets.access import LabelTarget

        target = self._opened.target
        if not isinstance(target, LabelTarget):
            raise _without("labels")
        return target.labels(self._rows(inputs))

    def scores(self, inputs: Inputs | FrameLike | Sequence[str] | None = None) -> Floats:
        """Return the scores of a classifier, (n, k) float64, a column for each of `classes`.

        Args:
            inputs: as of `labels`.

        Raises:
            TargetError: the model failed, or gives no scores.
            InputError: these are no inputs of the model.
        """
        __tracebackhide__ = True
        from modelwarden.targets.access import ScoreTarget

        target = self._opened.target
        if not isinstance(target, ScoreTarget):
            raise _without("scores")
        return target.scores(self._rows(inputs))

    def values(self, inputs: Inputs | FrameLike | Sequence[str] | None = None) -> Floats:
        """Return the answers of a regression, (n,) float64.

        Args:
            inputs: as of `labels`.

        Raises:
            TargetError: the model failed, or is no regression.
            InputError: these are no inputs of the model.
        """
        __tracebackhide__ = True
        from modelwarden.targets.access import ValueTarget

        target = self._opened.target
        if not isinstance(target, ValueTarget):
            raise _without("values")
        return target.values(self._rows(inputs))

    def _rows(self, given: Inputs | FrameLike | Sequence[str] | None) -> Inputs:
        __tracebackhide__ = True
        import numpy as np

        from modelwarden.core import InputError
        from modelwarden.targets.frames import Frame

        own = self.data.inputs
        if given is None:
            return own
        if isinstance(own, Frame):
            if hasattr(given, "columns") and not isinstance(given, Frame):
                given = _frame(cast("FrameLike", given), own.names)
            if not isinstance(given, Frame):
                raise InputError("this model is given a table", hint="Give a data frame.")
            return given.only(own.names)
        if isinstance(given, Frame) or hasattr(given, "columns"):
            raise InputError("this model is given an array", hint="Give an array or a list.")
        rows = np.asarray(given, dtype=object if own.dtype.kind == "O" else None)
        if rows.shape[1:] != own.shape[1:] or not rows.ndim:
            raise InputError(
                f"inputs of shape {rows.shape} are not those of this model",
                hint=f"A batch of them has shape (n, {', '.join(map(str, own.shape[1:]))}).",
            )
        return rows


def _frame(given: FrameLike, names: Sequence[str]) -> Frame:
    """Return the columns of a data frame that the model is given."""
    from modelwarden.core import InputError
    from modelwarden.targets.frames import Frame

    lacking = [name for name in names if name not in given.columns]
    if lacking:
        raise InputError(f"no column {lacking[0]!r}", hint=f"Columns: {', '.join(names[:20])}.")
    return Frame(tuple(names), tuple(_column(given[name].to_numpy()) for name in names))


def _column(values: npt.NDArray[np.generic]) -> Column:
    """Return a column of a data frame as ours: a number, a time or a truth, else text or None."""
    import numpy as np

    kind = values.dtype.kind
    types = {"i": "int64", "u": "int64", "f": "float64", "M": "datetime64[us]", "b": "bool"}
    if kind in types:
        return values.astype(types[kind])
    listed = [None if _absent(value) else value for value in values.tolist()]
    if any(value is not None for value in listed) and all(
        value is None or isinstance(value, int | float) for value in listed
    ):  # numbers with some missing, as nullable columns give them
        return np.array([np.nan if value is None else value for value in listed], np.float64)
    kept = np.empty(len(values), dtype=object)
    kept[:] = [None if value is None else str(value) for value in listed]
    return kept


def _absent(value: object) -> bool:
    """Tell whether a value of an object column is missing; libraries have marks of their own."""
    return value is None or (isinstance(value, float) and value != value) or str(value) == "<NA>"


def _without(what: str) -> AccessError:
    from modelwarden.targets.errors import AccessError

    return AccessError(
        f"this model gives no {what}",
        hint="`task` and `access` in modelwarden.toml say what it is and what is granted.",
    )


@contextmanager
def opened(check: Check) -> Iterator[ModelUnderTest]:
    """Scan the model of a project and open it, as `modelwarden check` does.

    Raises:
        InputError: the data, the model or what modelwarden.toml says of them cannot be used.
        TargetError: the model was not opened: the scan speaks against it, it cannot be confined,
            or it fails.
    """
    from modelwarden.core import ConfigError
    from modelwarden.gate.check import SCANNED
    from modelwarden.gate.check import check as examine
    from modelwarden.gate.datasets import measured_on
    from modelwarden.gate.labels import check_labels, classes_of
    from modelwarden.gate.opening import Ours
    from modelwarden.targets.errors import TargetError
    from modelwarden.testing.runs import apart

    project, tools = check.project(), Ours()
    config = project.data
    if config.test is None:
        raise ConfigError(f"{project.file}: data.test is missing")
    with apart():
        scanned = examine(project, stages=SCANNED)
        if scanned.shut is not None:
            raise TargetError(scanned.shut, hint="`modelwarden check` tells why and what to do.")
        test, train = (
            None
            if path is None
            else tools.read_data(name, path, config, project.project, project.root)
            for name, path in (("test", config.test), ("train", config.train))
        )
        if test is None:
            raise AssertionError  # told above
        check_labels(project, test, train)
        opening = tools.open_model(
            project.project,
            project.model,
            project.limits,
            project.root,
            train=train,
            sample=test,
            classes_hint=classes_of(project, test, train),
            positive=config.positive,
            trust=check.asked.trust,
            expected_digest=scanned.report.subject.digest,
            hidden=measured_on(project),
        )
    with ExitStack() as stack:
        with apart():
            model = stack.enter_context(opening)
        yield ModelUnderTest(check, model, test)
