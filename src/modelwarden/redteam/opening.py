"""The targets of a campaign, opened: endpoints are connected to, callables scanned and confined."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np

from modelwarden.artifacts.examine import examine
from modelwarden.core import Finding, Gap, Severity
from modelwarden.core.values import dataclass
from modelwarden.formats import Limits, Source
from modelwarden.protocols.tensors import Tensor
from modelwarden.redteam.asking import Line, line_of, line_to
from modelwarden.redteam.config import Campaign, TargetConfig
from modelwarden.redteam.goals.catalog import goal_named
from modelwarden.redteam.journal import Journal
from modelwarden.redteam.kinds.kind import Kind, Seeds
from modelwarden.redteam.meter import Meter
from modelwarden.targets.config import ProjectConfig
from modelwarden.targets.data import DataSet
from modelwarden.targets.errors import TargetError
from modelwarden.targets.frames import Frame, Inputs
from modelwarden.targets.labels import names_in
from modelwarden.targets.opened import OpenedModel, open_model
from modelwarden.targets.snapshot import digest_of_places
from modelwarden.targets.spec import Name, Task

_SAMPLE = 64  # rows on which the reading of a callable's answers is settled


@dataclass(slots=True, kw_only=True)
class Opened:
    """The targets of a campaign.

    Attributes:
        lines: one for each, by its number. models: those that run here, in their sandboxes.
    """

    lines: Mapping[int, Line]
    models: tuple[OpenedModel, ...] = ()

    @property
    def isolation(self) -> str | None:
        """The weakest sandbox; None where every target is an endpoint."""
        return weakest(model.isolation for model in self.models)

    def findings(self) -> tuple[Finding, ...]:
        """Return what the sandboxes saw."""
        return tuple(one for model in self.models for one in model.findings())

    def gaps(self) -> tuple[Gap, ...]:
        """Return what could not be confined."""
        return tuple(gap for model in self.models for gap in model.gaps())


def weakest(reached: Iterable[str | None]) -> str | None:
    """Return the weakest of the tiers that were reached."""
    tiers = ("none", "partial", "full")
    return min((one for one in reached if one in tiers), key=tiers.index, default=None)


@contextmanager
def opened(
    campaign: Campaign,
    seeds: tuple[tuple[Kind, Seeds], ...],
    journal: Journal,
    meter: Meter,
    *,
    only: int | None = None,
    trust: bool = False,
) -> Iterator[Opened]:
    """Open all targets, or the one with a number; hang up, and end their processes, on the way out.

    Raises:
        InputError: an address or a file cannot be used.
        TargetError: a callable cannot be opened, or its files are dangerous.
    """
    with ExitStack() as stack:
        lines: dict[int, Line] = {}
        models: list[OpenedModel] = []
        for number, target in enumerate(campaign.targets):
            if only not in (None, number):
                continue
            if target.scope is not None:
                line = line_to(
                    number,
                    target,
                    campaign.budget,
                    journal=journal,
                    meter=meter,
                    seconds=campaign.limits.seconds,
                    classes=target.classes or _classes(seeds),
                    wires=goal_named(campaign.goal).wires(),
                )
            elif journal.offline:
                line = line_of(number, _Nobody(), journal=journal, meter=meter)
            else:
                model = _model(stack, campaign, target, seeds, journal.folder, trust=trust)
                models.append(model)
                line = line_of(number, model.target.asked, journal=journal, meter=meter)
            stack.callback(line.close)
            lines[number] = line
        yield Opened(lines=lines, models=tuple(models))


class _Nobody:
    """Stands for a callable whose answers are all on record."""

    def ask(self, inputs: Inputs) -> tuple[Tensor, ...]:
        raise TargetError(f"nobody is there to answer {len(inputs)} rows")


def _classes(seeds: tuple[tuple[Kind, Seeds], ...]) -> tuple[Name, ...]:
    found = {name: None for _, one in seeds if one.y is not None for name in names_in(one.y)}
    return tuple(found)


def _model(
    stack: ExitStack,
    campaign: Campaign,
    target: TargetConfig,
    seeds: tuple[tuple[Kind, Seeds], ...],
    record: Path,
    *,
    trust: bool,
) -> OpenedModel:
    digest = digest_of_places(campaign.root, target.model.places)
    for name in target.model.places:
        _check_files(campaign.root / name, target)
    kind, first = seeds[0]
    known = target.classes or _classes(seeds)
    task = Task.BINARY if len(known) == 2 else Task.MULTICLASS
    project = ProjectConfig(name=campaign.name, task=task, modality=kind.modality)
    rows = first.take(np.arange(min(len(first), _SAMPLE)))
    data = DataSet(name="test", inputs=rows.inputs, y=rows.y, context=Frame((), ()))
    return stack.enter_context(
        open_model(
            project,
            target.model,
            campaign.limits,
            campaign.root,
            sample=data,
            classes_hint=known,
            trust=trust,
            expected_digest=digest,
            # What it was taught on, it may know: that may be the attacker's sample.
            hidden=[*(campaign.root / one.path for one in campaign.seeds), record],
        )
    )


def _check_files(place: Path, target: TargetConfig) -> None:
    """Scan the files of a model before they are loaded, as a check does.

    Raises:
        TargetError: there is a finding at `high` or above.
    """
    files = [place] if place.is_file() else sorted(p for p in place.rglob("*") if p.is_file())
    for path in files:
        source = Source.open(path)
        try:
            found = examine(source, Limits()).findings
        finally:
            source.close()
        bad = [f for f in found if f.severity.rank <= Severity.HIGH.rank]
        if bad:
            raise TargetError(
                f"{target.name} is not opened: {path.name}: {bad[0].message}",
                hint="Run modelwarden scan on it.",
            )
