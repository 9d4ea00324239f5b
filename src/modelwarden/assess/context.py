"""What every stage is given: the project, its data, the open model, and its answers, asked once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar, cast

from modelwarden.assess.asking import Answers, ask
from modelwarden.assess.config import AssessConfig
from modelwarden.assess.truth import Judged, judged
from modelwarden.core.values import dataclass
from modelwarden.detectors.duplicates import Overlap, overlap
from modelwarden.targets.config import FeaturesConfig

if TYPE_CHECKING:
    from modelwarden.core import Finding, Json, Threshold
    from modelwarden.targets.access import Target
    from modelwarden.targets.config import DataConfig, ModelConfig, ProjectConfig
    from modelwarden.targets.data import DataSet
    from modelwarden.targets.frames import Frame, Inputs

T = TypeVar("T")
G = TypeVar("G", bound="Target")


class Journal(Protocol):
    """Keeps a target's answers under a name."""

    def __call__(self, target: G, name: str, /) -> G:
        """Return the target, whose answers are kept and found again."""


Asker = Callable[["Target", "Inputs", str], Answers]
"""Asks a target for rows under a name; the name finds them again after an interruption."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What answers cost, as the opened model counted it.

    Attributes:
        seconds: of each call that was made, in order.
        memory: bytes at the peak; None when it is not known.
        rows: that were answered.
    """

    seconds: tuple[float, ...] = ()
    memory: int | None = None
    rows: int = 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Context:
    """What every stage is given.

    Attributes:
        reference: another model of the same task, to compare with.
        seed: root of all chance; a stage draws from `seed_for(seed, its name, …)`.
        conditions: what every measurement depends on: digests of data and model, seed, tile.
        cards: claims to read, by the path that the user wrote, as bytes.
        ask: asks for rows; by default straight from the target.
        spent: what the model's answers have cost so far.
        root: the folder of modelwarden.toml.
        asks: what the policy asks of measurements: who has answered it may stop.
        journal: returns a target whose answers are kept under a name, and found again after an
            interruption; it must be asked the same again, in the same order.
    """

    project: ProjectConfig
    model: ModelConfig
    data: DataConfig
    assess: AssessConfig = field(default_factory=AssessConfig)
    features: FeaturesConfig = field(default_factory=FeaturesConfig)
    test: DataSet
    train: DataSet | None = None
    current: DataSet | None = None
    target: Target
    reference: Target | None = None
    seed: int = 0
    conditions: Mapping[str, Json] = field(default_factory=dict)
    cards: Mapping[str, bytes] = field(default_factory=dict)
    ask: Asker = lambda target, inputs, _: ask(target, inputs)
    spent: Callable[[], Spent] = Spent
    root: Path = Path()
    asks: tuple[Threshold, ...] = ()
    journal: Journal = lambda target, _: target
    _kept: dict[str, object] = field(default_factory=dict)

    def answers(self) -> Answers:
        """Return the model's answers to the test set, asked once for all stages.

        Raises:
            TargetError: the model failed, or answered something that is no answer.
        """
        return self._once("answers", lambda: self.ask(self.target, self.test.inputs, "test"))

    def judged(self) -> Judged:
        """Return the labelled rows of the test set with their answers.

        Raises:
            TargetError: as `answers`.
            NothingToJudgeError: no row has a label.
        """
        return self._once("judged", lambda: judged(self.test, self.answers(), self.target.spec))

    def judged_reference(self) -> Judged | None:
        """Return the same rows with the answers of the reference model; None without one.

        Raises:
            TargetError: as `answers`.
        """
        other = self.reference
        if other is None:
            return None
        return self._once(
            "reference",
            lambda: judged(
                self.test,
                self.ask(other, self.test.inputs, "reference"),
                other.spec,
                classes=self.judged().classes,
            ),
        )

    def columns(self) -> Frame:
        """Return all by which rows of the test set can be told apart.

        Columns of the inputs, those beside them, and what is read off texts, images and vectors.
        """
        return self._once("columns", self._columns)

    def _columns(self) -> Frame:
        from modelwarden.assess.derived import derived
        from modelwarden.targets.frames import Frame

        inputs, beside = self.test.inputs, self.test.context
        frame = inputs if isinstance(inputs, Frame) else derived(self.test)
        for name, column in zip(beside.names, beside.columns, strict=True):
            if name not in frame.names and name != self.data.label:
                frame = frame.with_column(name, column)
        return frame

    def unsteady(self) -> tuple[Finding, ...]:
        """Return what says that answers depend on more than the row; none of a steady model.

        Raises:
            TargetError: as `answers`.
        """
        from modelwarden.assess import invariance

        kept = replace(self, target=self.journal(self.target, "unsteady"))
        return self._once("unsteady", lambda: invariance.check(kept))

    def shared(self) -> Overlap | None:
        """Return what test and training set share; None without a training set."""
        train = self.train
        if train is None:
            return None
        return self._once("shared", lambda: overlap(self.test.inputs, train.inputs))

    def leaked(self) -> bool:
        """Tell whether more test rows stand in the training set than coincidence puts there."""
        shared = self.shared()
        return shared is not None and shared.beyond(self.assess.performance.duplicates_margin)

    def _once(self, name: str, make: Callable[[], T]) -> T:
        if name not in self._kept:
            self._kept[name] = make()
        return cast("T", self._kept[name])
