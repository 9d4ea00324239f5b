"""What `check` needs of whoever reads data and opens models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from modelwarden.assess.context import Spent

if TYPE_CHECKING:
    from modelwarden.core import Finding, Gap
    from modelwarden.targets.access import Target
    from modelwarden.targets.config import DataConfig, LimitsConfig, ModelConfig, ProjectConfig
    from modelwarden.targets.data import DataSet
    from modelwarden.targets.spec import Name, TargetSpec


class Cost(Protocol):
    """What an opened model has cost."""

    @property
    def rows(self) -> int:
        """Rows that were asked."""

    @property
    def seconds(self) -> tuple[float, ...]:
        """Of each call."""

    @property
    def memory(self) -> int | None:
        """Bytes at the peak."""


class Opened(Protocol):
    """A model that was opened."""

    @property
    def target(self) -> Target:
        """It, behind its access level."""

    @property
    def isolation(self) -> str | None:
        """`full`, `partial` or `none`; None of a served model."""

    @property
    def environment(self) -> Mapping[str, str]:
        """Versions of Python and libraries where it runs."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What was assumed about its answers."""

    def findings(self) -> tuple[Finding, ...]:
        """What the sandbox saw so far."""

    def gaps(self) -> tuple[Gap, ...]:
        """What the sandbox lacks."""

    def cost(self) -> Cost:
        """What it has cost so far."""


class Unopened:
    """Stands where a model will be once it is opened; to ask it anything is an error of ours."""

    rows = calls = 0

    @property
    def spec(self) -> TargetSpec:
        """Nothing is known yet."""
        raise AssertionError("the model was not opened")


class Tools(Protocol):
    """How data are read and models are opened."""

    def read_data(
        self, name: str, path: str, data: DataConfig, project: ProjectConfig, root: Path
    ) -> DataSet:
        """Read one data set."""

    def open_model(
        self,
        project: ProjectConfig,
        model: ModelConfig,
        limits: LimitsConfig,
        root: Path,
        *,
        train: DataSet | None,
        sample: DataSet,
        classes_hint: tuple[Name, ...],
        positive: Name | None,
        trust: bool,
        expected_digest: str | None,
        hidden: Sequence[Path],
    ) -> AbstractContextManager[Opened]:
        """Open one model."""


class Ours:
    """The room `targets`: data read by our own readers, models opened in the sandbox."""

    def read_data(
        self, name: str, path: str, data: DataConfig, project: ProjectConfig, root: Path
    ) -> DataSet:
        """Read one data set."""
        from modelwarden.targets.reading import read_data

        return read_data(name, path, data, project, root)

    def open_model(
        self,
        project: ProjectConfig,
        model: ModelConfig,
        limits: LimitsConfig,
        root: Path,
        *,
        train: DataSet | None,
        sample: DataSet,
        classes_hint: tuple[Name, ...],
        positive: Name | None,
        trust: bool,
        expected_digest: str | None,
        hidden: Sequence[Path],
    ) -> AbstractContextManager[Opened]:
        """Open one model."""
        from modelwarden.targets.opened import open_model

        return open_model(
            project,
            model,
            limits,
            root,
            train=train,
            sample=sample,
            classes_hint=classes_hint,
            positive=positive,
            trust=trust,
            expected_digest=expected_digest,
            hidden=hidden,
        )


def spent(opened: Opened) -> Spent:
    """Return what an opened model has cost, as stages see it."""
    cost = opened.cost()
    return Spent(seconds=tuple(cost.seconds), memory=cost.memory, rows=cost.rows)
