"""One file to findings: identify, read, apply the rules, look into what is nested, and repeat.

    Source ──identify──▶ formats ──read──▶ views ──rules──▶ hits ──▶ findings
       ▲                                     │
       └──────────── children ◀──────────────┘

Everything that could not be examined is a gap. The two broad catches stand at the isolation
boundaries (one reader over one source, one rule over one view): what they catch becomes a gap of
kind `failed`, and everything else goes on.
"""

from __future__ import annotations

from collections import deque
from dataclasses import field
from functools import partial
from typing import TYPE_CHECKING

from modelwarden.artifacts.catalog import rules_for
from modelwarden.artifacts.needed import NEEDED
from modelwarden.core import (
    Coverage,
    Finding,
    Gap,
    GapKind,
    InventoryItem,
    ItemKind,
    Location,
    Producer,
    Rule,
    Status,
    fingerprint,
)
from modelwarden.core.values import dataclass
from modelwarden.formats import (
    DamagedError,
    LimitExceededError,
    Limits,
    Source,
    View,
    gap,
    identify,
    reader_of,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelwarden.core import Hit
    from modelwarden.formats.catalog import Format

_PROTOBUFS = (".mlmodel", ".onnx", ".pb", ".pdmodel")


@dataclass(slots=True)
class Examined:
    """What one file gave: the parts of a report, and the ids of the rules that ran."""

    coverage: Coverage
    findings: list[Finding] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    inventory: list[InventoryItem] = field(default_factory=list)
    rules: list[str] = field(default_factory=list)


def examine(source: Source, limits: Limits, *, extra: Sequence[Rule[View]] = ()) -> Examined:
    """Examine one file with everything nested in it.

    Args:
        source: the file; stays open.
        limits: bounds for this file; a fresh account is opened.
        extra: rules of plugins, applied after the built-in ones.

    Returns:
        Findings in the order in which their bytes were met, and in catalogue order within a view.
    """
    work = _Work(limits.fresh(), tuple(extra))
    work.queue.append(source)
    while work.queue:
        work.visit(work.queue.popleft())
    return work.result(source)


class _Work:
    """The walk over one file; lives as long as `examine` runs."""

    def __init__(self, limits: Limits, extra: tuple[Rule[View], ...]) -> None:
        self.limits = limits
        self.extra = extra
        self.queue: deque[Source] = deque()
        self.findings: list[Finding] = []
        self.gaps: list[Gap] = []
        self.inventory: list[InventoryItem] = []
        self.rules: dict[str, None] = {}
        self.formats: tuple[Format, ...] = ()
        self.format: str | None = None
        self.producer: Producer | None = None
        self.producers: set[tuple[str, str | None]] = set()
        self.told: dict[str, View] = {}
        self.met: set[tuple[tuple[int, int, int], str, str | None]] = set()

    def visit(self, source: Source) -> None:
        """Identify and read one source, once for each format that claims it.

        Archives may share their members' bytes: without a look at what was met already, a hundred
        that are stored one behind the other would be examined in every combination.
        """
        met = source.place, source.label.rpartition("!")[2], source.expect
        if met in self.met:
            return
        self.met.add(met)
        try:
            formats = identify(source, partial(self.unclaimed, source))
        except Exception as error:  # noqa: BLE001 -- one source must not end the scan
            self.fail(source, f"its format could not be told: {_brief(error)}", error)
            return
        if source.depth == 0 and not self.formats:
            self.formats = formats
        if not formats:
            self.gaps.append(_unknown(source))
        for entry in formats:
            self.read(entry, source)

    def unclaimed(self, source: Source, entry: Format, error: Exception) -> None:
        """Say that it is not known whether the bytes are of one format."""
        self.fail(source, f"whether it is {entry.id} could not be told: {_brief(error)}", error)

    def read(self, entry: Format, source: Source) -> None:
        """Read `source` as one format and take in what its view shows."""
        try:
            view = reader_of(entry).read(source, self.limits)
        except LimitExceededError as over:
            self.gaps.append(gap(source, str(over), GapKind.OVER_LIMIT))
            return
        except DamagedError as damage:
            self.gaps.append(gap(source, damage.why, at=damage.offset))
            return
        except Exception as error:  # noqa: BLE001 -- one reader over one source: isolation boundary
            self.fail(source, f"the {entry.id} reader failed: {_brief(error)}", error)
            return
        self.take(view)

    def take(self, view: View) -> None:
        """Keep what a view brings, run the rules over it, and queue what is nested in it."""
        self.gaps += view.gaps
        self.inventory += view.inventory
        self.name_producer(view)
        if view.source.depth == 0:
            self.format = self.format or view.format
            self.producer = self.producer or view.producer
        ancestry = (cls.__name__ for cls in type(view).__mro__)
        for rule in (*rules_for(*ancestry), *self.extra):
            if isinstance(view, rule.reads):
                self.rules[rule.id] = None
                self.apply(rule, view)
        self.descend(view)

    def name_producer(self, view: View) -> None:
        """List the library that wrote a source, once for each version of it in a file."""
        by, source = view.producer, view.source
        said = (i for i in view.inventory if i.kind is ItemKind.PRODUCER)
        self.producers.update((item.name, item.version) for item in said)
        if by is None or (by.name, by.version) in self.producers:
            return
        self.producers.add((by.name, by.version))
        kinds = [ItemKind.PRODUCER]
        if by.name in NEEDED and by.version is not None:
            kinds.append(ItemKind.PACKAGE)
        self.inventory += (
            InventoryItem(
                kind=kind,
                name=by.name,
                version=by.version,
                path=source.name,
                member=source.member,
            )
            for kind in kinds
        )

    def apply(self, rule: Rule[View], view: View) -> None:
        """Run one rule over one view; what another view of the bytes told is not told again."""
        try:
            for hit in rule.check(view):
                finding = _finding(rule, view.source, hit)
                if self.told.setdefault(finding.fingerprint, view) is view:
                    self.findings.append(finding)
                if hit.unexamined:
                    at = hit.evidence.at
                    self.gaps.append(gap(view.source, hit.unexamined, GapKind.UNEXAMINED_CODE, at))
        except LimitExceededError as over:
            self.gaps.append(gap(view.source, f"{rule.id}: {over}", GapKind.OVER_LIMIT))
        except Exception as error:  # noqa: BLE001 -- one rule over one view: isolation boundary
            self.fail(view.source, f"the rule {rule.id} failed: {_brief(error)}", error)

    def descend(self, view: View) -> None:
        """Open the children of a view, depth first, within the limits."""
        if view.children and view.source.depth >= self.limits.depth:
            why = f"nested deeper than {self.limits.depth} containers"
            self.gaps.append(gap(view.source, why, GapKind.OVER_LIMIT))
            return
        for child in view.children:
            if child.data:
                continue
            try:
                self.limits.spend(members=1)
                nested = child.open()
            except LimitExceededError as over:
                label = view.source.inside(child.name)
                what = f"{view.source.name}!{label}"
                self.gaps.append(Gap(what=what, why=str(over), kind=GapKind.OVER_LIMIT))
                if over.what != "expansion ratio":
                    return
            except DamagedError as damage:
                what = f"{view.source.name}!{view.source.inside(child.name)}"
                self.gaps.append(Gap(what=what, why=damage.why, kind=GapKind.UNREADABLE))
            except Exception as error:  # noqa: BLE001 -- opening one member: isolation boundary
                self.fail(view.source, f"{child.name} could not be opened: {_brief(error)}", error)
            else:
                with nested:
                    self.visit(nested)

    def fail(self, source: Source, why: str, error: Exception) -> None:
        """Turn an error of ours into a gap; the traceback is logged for whoever debugs us."""
        import logging  # 5 ms that no good run needs

        log = logging.getLogger(__name__)
        log.debug("%s: %s", source.label, why, exc_info=error)
        self.gaps.append(gap(source, why, GapKind.FAILED))

    def result(self, source: Source) -> Examined:
        """Sum up what the file gave."""
        coverage = Coverage(
            path=source.name,
            format=self.format or (self.formats[0].id if self.formats else None),
            status=self.status(),
            producer=self.producer,
            size=source.size,
        )
        return Examined(coverage, self.findings, self.gaps, self.inventory, list(self.rules))

    def status(self) -> Status:
        """Tell how far the file was examined, from its formats and gaps."""
        kinds = {g.kind for g in self.gaps}
        if not self.formats or (kinds == {GapKind.UNSUPPORTED} and not self.rules):
            return Status.UNSUPPORTED
        if GapKind.FAILED in kinds:
            return Status.FAILED
        return Status.PARTIAL if kinds else Status.EXAMINED


def _finding(rule: Rule[View], source: Source, hit: Hit) -> Finding:
    evidence = hit.evidence
    identity = evidence.identity
    if identity is None:
        identity = tuple(f"{k}={v}" for k, v in evidence.facts.items())
    return Finding(
        rule=rule.id,
        severity=rule.severity,
        confidence=hit.confidence or rule.confidence,
        message=hit.message,
        location=Location(
            path=source.name, member=source.member, offset=evidence.at, line=evidence.line
        ),
        evidence=evidence.facts,
        references=rule.references,
        fingerprint=fingerprint(rule.id, source.name, source.member, identity),
        stage="artifacts",
    )


def _unknown(source: Source) -> Gap:
    """Say that nobody claims a file; of a message that has no magic, whether it was cut short."""
    why, at = "no known format", None
    if source.name.endswith(_PROTOBUFS):
        from modelwarden.formats.protobuf import cut_off  # few scans need it

        if (broken := cut_off(source)) is not None:
            left, at = source.size - broken.at, broken.at
            why += f"; it looks cut short: a field of {broken.value} bytes, {left} left"
    return gap(source, why, GapKind.UNSUPPORTED, at=at)


def _brief(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
