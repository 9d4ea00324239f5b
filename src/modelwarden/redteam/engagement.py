"""What a goal is given, and what it gives back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product

import numpy as np

from modelwarden.core import Finding, Gap, GapKind, InputError, Json, Measurement, Table
from modelwarden.protocols.tensors import Tensor
from modelwarden.redteam.asking import Line, Refused
from modelwarden.redteam.config import Campaign, SeedsConfig, TargetConfig
from modelwarden.redteam.journal import Journal
from modelwarden.redteam.kinds.catalog import kind_of
from modelwarden.redteam.kinds.files import check_links
from modelwarden.redteam.kinds.kind import Edit, Given, Kind, Seeds
from modelwarden.redteam.live import WATCHED, Live, LiveScores
from modelwarden.redteam.meter import Meter
from modelwarden.redteam.reading import Told, labels_of, settled
from modelwarden.targets.answers import Form, scores_in
from modelwarden.targets.errors import TargetError
from modelwarden.targets.frames import Column, Floats, Inputs, Labels, take
from modelwarden.targets.labels import plain, same
from modelwarden.targets.spec import Access, Name

STAGE = "redteam"

# First row, rows, and what came of them.
Answered = tuple[int, int, tuple[Tensor, ...] | Refused]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Evasion:
    """A changed seed that the target answers as the attacker wants.

    Attributes:
        target, seeds: their numbers in the campaign. seed: its name. row: its number.
        before, after: the input, one row each. said, says: what is answered to them.
        score_before, score_after: of the class `said`; None where there are labels only.
        queries: rows asked until the first success. cost: how far it is from the seed, in `unit`.
        lead: cost of what was found first, before it was made small.
    """

    target: int
    seeds: int
    seed: str
    row: int
    attack: str
    kind: str
    before: Inputs
    after: Inputs
    said: Name
    says: Name | None
    score_before: float | None
    score_after: float | None
    queries: int
    cost: float
    lead: float
    unit: str
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Unit:
    """One attack on the seeds of one file at one target, for the debrief.

    Attributes:
        attacked: seeds that were answered right before. fell: of them. queries: to each success.
        refused: rows that the target refused. unchecked: the budget ended before its last look.
        gone: seeds of `fell` whose evasion was refused, or answered otherwise, in the end.
        keep: what the changes had to leave alone.
        weaker: what is not proven of the changes, in words; empty where their kind proves all.
        beside: of a floor that stands beside named attacks, what these came to on its seeds.
    """

    target: str
    seeds: str
    attack: str
    floor: bool
    attacked: int
    fell: int
    queries: tuple[int, ...]
    rows: int
    calls: int
    refused: int = 0
    lost: int = 0
    unchecked: bool = False
    gone: int = 0
    keep: tuple[str, ...] = ()
    weaker: str = ""
    beside: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GoalResult:
    """What a goal came to.

    Attributes:
        gaps: what was not done. doubts: what was done and shows nothing; going on shows no more.
    """

    findings: tuple[Finding, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    gaps: tuple[Gap, ...] = ()
    doubts: tuple[Gap, ...] = ()
    tables: tuple[Table, ...] = ()
    notes: tuple[str, ...] = ()
    evasions: tuple[Evasion, ...] = ()
    units: tuple[Unit, ...] = ()

    def __add__(self, other: GoalResult) -> GoalResult:
        """Return both, this one first."""
        return GoalResult(
            findings=self.findings + other.findings,
            measurements=self.measurements + other.measurements,
            gaps=self.gaps + other.gaps,
            doubts=self.doubts + other.doubts,
            tables=self.tables + other.tables,
            notes=self.notes + other.notes,
            evasions=self.evasions + other.evasions,
            units=self.units + other.units,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Clean:
    """How a target answers seeds as they are.

    Attributes:
        kind: of the seeds. live: the target, its answers read.
        labels: (n,) decisions. scores: (n, k) where there are some.
        y: (n,) classes by position: the truth, else what was answered. stated: the truth is known.
        steady: the same seeds were answered alike twice.
    """

    number: int
    seeds: Seeds
    kind: Kind
    live: Live
    labels: Labels
    scores: Floats | None
    y: Labels
    stated: bool
    steady: bool

    @property
    def classes(self) -> tuple[Name, ...]:
        """Names."""
        return self.live.spec.classes

    @property
    def right(self) -> Labels:
        """Positions of the seeds that are answered right: only those can be lost."""
        return np.flatnonzero(self.labels == self.y)


@dataclass(slots=True, kw_only=True)
class Engagement:
    """A campaign under way.

    Attributes:
        lines: one for each target of the campaign, by its number.
        seeds: read, with their kinds. sample: what the attacker knows, read as the seeds are.
        pair: numbers of the one target and the one file of seeds that are worked; None: all.
    """

    campaign: Campaign
    journal: Journal
    meter: Meter
    lines: Mapping[int, Line]
    seeds: tuple[tuple[Kind, Seeds], ...]
    sample: Seeds | None = None
    pair: tuple[int, int] | None = None
    told: dict[int, Told] = field(default_factory=dict)

    def targets(self) -> Iterator[tuple[int, TargetConfig, Line]]:
        """Yield each target with its number and its line."""
        for number, line in self.lines.items():
            yield number, self.campaign.targets[number], line

    def pairs(self) -> Iterator[tuple[int, int]]:
        """Yield the numbers of each target with those of each file of seeds."""
        if self.pair is not None:
            yield self.pair
        else:
            yield from product(self.lines, range(len(self.seeds)))

    def cleaned(self, target: int, number: int) -> Clean:
        """Ask the seeds of one file as they are; the first answers settle how all are read.

        Raises:
            EndedError: a limit of the campaign is reached.
            TargetError: the target does not answer, or nothing that can be read.
        """
        kind, seeds = self.seeds[number]
        line, config = self.lines[target], self.campaign.targets[target]
        line.about = f"{seeds.source} as they are"
        first = np.arange(min(len(seeds), line.tile))
        answers = line.ask(take(seeds.inputs, first))
        if target not in self.told:
            self.told[target] = self._settled(line, config, kind, seeds.y, answers)
        old = line.was_known
        told = self.told[target]
        scored = told.reading.form is not Form.LABELS
        granted = scored and self.campaign.knowledge.access is Access.SCORES
        live = (LiveScores if scored else Live)(line, told)
        rest = np.arange(len(first), len(seeds))
        labels, scores = _read(live, told, answers, scored=scored)
        if len(rest):
            more, others = live.answers(take(seeds.inputs, rest))
            labels = np.concatenate((labels, more))
            if scores is not None and others is not None:
                scores = np.concatenate((scores, others))
        try:
            y, stated = self._truth(seeds, told, labels)
        except InputError as error:
            line.disown_after(0.0, "", why=error.message)  # it may be the target that is mended
            raise
        pick = _watched(labels)
        steady = live.watch(
            take(seeds.inputs, pick), labels[pick], None if scores is None else scores[pick]
        )
        if not steady and old and not line.was_known:
            live.changed()  # between two runs: nothing of the first one is of use any more
        seen = live if granted or not scored else _withheld(live)
        return Clean(
            number=number,
            seeds=seeds,
            kind=kind,
            live=seen,
            labels=labels,
            scores=scores if granted else None,
            y=y,
            stated=stated,
            steady=steady,
        )

    def read_by(self, target: int, number: int) -> Live:
        """Return a target whose answers are read as its answers to some seeds show.

        Raises:
            EndedError: a limit of the campaign is reached.
            TargetError: the target does not answer, or nothing that can be read.
        """
        line, config = self.lines[target], self.campaign.targets[target]
        kind, seeds = self.seeds[number]
        first = np.arange(min(len(seeds), line.tile))
        line.about = f"{seeds.source}, to learn how the target answers"
        answers = line.ask(take(seeds.inputs, first))
        told = self._settled(line, config, kind, seeds.y, answers)
        scored = told.reading.form is not Form.LABELS
        return (LiveScores if scored else Live)(line, told)

    def _settled(
        self,
        line: Line,
        config: TargetConfig,
        kind: Kind,
        truth: Column | None,
        answers: list[Answered],
    ) -> Told:
        first = answers[0][2]
        if isinstance(first, Refused):
            raise TargetError(
                f"{config.name} refuses the seeds as they are: {first.why}",
                hint="Ask it the same with curl: the protocol, the path or the columns may differ.",
            )
        try:
            return settled(
                first,
                truth,
                classes=config.classes,
                threshold=config.model.threshold,
                modality=kind.modality,
                tile=line.tile,
            )
        except TargetError as error:
            line.disown(error.message)
            raise

    def _truth(self, seeds: Seeds, told: Told, labels: Labels) -> tuple[Labels, bool]:
        """Return the classes of the seeds by position, and whether they are stated."""
        if seeds.y is None:
            return labels.copy(), False
        at = {same(name): i for i, name in enumerate(told.spec.classes)}
        y = np.array([at.get(same(plain(v)), -1) for v in seeds.y.tolist()], np.int64)
        if not (y == labels).any():
            names = told.spec.classes
            said = ", ".join(str(names[i]) for i in np.unique(labels).tolist()[:5])
            stated = ", ".join(sorted({str(v) for v in seeds.y.tolist()})[:5])
            raise InputError(
                f"none of {len(seeds)} seeds is answered as its truth ({stated}) says: the target "
                f"answers {said}",
                hint="Spell seeds.label as the target does, or give seeds that it gets right.",
            )
        return y, True

    def gap(self, what: str, why: str, kind: GapKind = GapKind.BUDGET) -> Gap:
        """Return a gap of this campaign."""
        return Gap(what=what, why=why, kind=kind, stage=STAGE)

    def conditions(self, target: TargetConfig) -> dict[str, Json]:
        """Return what every measurement of this campaign must say."""
        budget = self.campaign.budget
        return {
            "target": target.name,
            "protocol": target.model.protocol or target.model.adapter,
            "access": self.campaign.knowledge.access.value,
            "goal": self.campaign.goal,
            "seed": self.campaign.seed,
            "rows": budget.rows,
            "sample": self.campaign.knowledge.sample,
        }


def _read(
    live: Live,
    told: Told,
    answers: list[Answered],
    *,
    scored: bool,
) -> tuple[Labels, Floats | None]:
    """Return decisions and scores of answers that are there already."""
    labels, scores = [], []
    for _, rows, part in answers:
        if isinstance(part, Refused):
            raise TargetError(f"the target refuses seeds as they are: {part.why}")
        live.rows += rows
        live.calls += 1
        try:
            if scored and isinstance(live, LiveScores):
                found = scores_in(part, told.reading, rows)
                scores.append(found)
                labels.append(live.decided(found))
            else:
                labels.append(labels_of(part, told, rows))
        except TargetError as error:
            live.line.disown(error.message)
            raise
    return np.concatenate(labels), np.concatenate(scores) if scores else None


def _watched(labels: Labels) -> Labels:
    """Return a few seeds, of as many classes as there are."""
    first = np.unique(labels, return_index=True)[1][:WATCHED]
    rest = np.setdiff1d(np.arange(len(labels)), first)[: WATCHED - len(first)]
    return np.sort(np.concatenate((first, rest)))


class _Withheld(Live):
    """A target whose scores the attacker is not shown."""

    def __init__(self, live: Live) -> None:
        super().__init__(live.line, live.told)
        self.full: Live = live

    def labels(self, inputs: Inputs) -> Labels:
        self.full.standing = self.standing
        found = self.full.labels(inputs)
        self.rows, self.calls, self.refused = self.full.rows, self.full.calls, self.full.refused
        return found

    def look(self) -> None:
        self.full.look()

    def beside(self, line: Line) -> Live:
        return _Withheld(self.full.beside(line))


def _withheld(live: Live) -> Live:
    return _Withheld(live) if isinstance(live, LiveScores) else live


def read_seeds(campaign: Campaign, config: SeedsConfig) -> tuple[Kind, Seeds]:
    """Read the seeds of one file or folder.

    Raises:
        InputError: they cannot be read, or there are none.
    """
    path = campaign.root / config.path
    try:
        check_links(path, config.path)
        kind = kind_of(path, config.path, config.kind)
        given = Given(path=path, shown=config.path, label=config.label, options=config.options)
        seeds = kind.read(given)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        shown = config.path[:80]
        raise InputError(
            f"seeds.path = {shown!r} cannot be read: {reason}",
            hint="Name a file or a folder that you may read.",
        ) from error
    if not len(seeds):
        raise InputError(f"seeds.path = {config.path!r} holds nothing to disguise")
    return kind, seeds


def read_sample(campaign: Campaign) -> Seeds | None:
    """Read what the attacker knows, as the first seeds are read.

    Raises:
        InputError: it cannot be read.
    """
    known = campaign.knowledge
    if known.sample is None or not campaign.seeds:
        return None
    first = campaign.seeds[0]
    path = campaign.root / known.sample
    if not path.exists():
        raise InputError(f"knowledge.sample = {known.sample!r} does not exist")
    check_links(path, known.sample)
    kind = kind_of(campaign.root / first.path, first.path, first.kind)
    label = known.label if known.label is not None else first.label
    given = Given(path=path, shown=known.sample, label=label, options=_shared(first.options))
    return kind.read(given)


def _shared(options: Mapping[str, Json]) -> Mapping[str, Json]:
    return options
