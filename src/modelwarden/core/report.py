"""All of one run: the value that every stage adds to and every renderer shows."""

from __future__ import annotations

from dataclasses import replace

from modelwarden.core.findings import Finding, Gap, Json
from modelwarden.core.inventory import Coverage, InventoryItem
from modelwarden.core.measurements import MeasureInfo, Measurement
from modelwarden.core.rules import RuleInfo
from modelwarden.core.tables import Table
from modelwarden.core.values import dataclass
from modelwarden.core.verdicts import Verdict, Waiver

SCHEMA = "modelwarden/report/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """The program that made a report."""

    name: str = "modelwarden"
    version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What was examined.

    Attributes:
        kind: `artifact`, `folder`, `model` or `endpoint`.
        digest: `sha256:` of the file, or of the sorted list of paths and file digests; None
            when hashing was off.
    """

    kind: str
    name: str
    digest: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AdvisoryData:
    """The advisory index that was used.

    Attributes:
        date: when its newest record was modified, UTC, ISO 8601.
        digest: `sha256:` over all its records, whatever the order they came in.
    """

    date: str
    records: int
    digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """How a report came to be; everything outside `started` and `elapsed` is repeatable.

    Attributes:
        started: UTC, ISO 8601 with `Z`.
        elapsed: seconds.
        hashing: seconds of `elapsed` that went into file digests; None when hashing was off.
        notes: lines for the user that are neither finding nor gap.
    """

    started: str = ""
    elapsed: float = 0.0
    hashing: float | None = None
    seed: int = 0
    command: str
    advisories: AdvisoryData | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One measurement beside that of an earlier report.

    Attributes:
        before, after: the values, with the ends of both intervals where there are any.
        how: `worse` or `better` where the intervals lie apart, else `unclear`.
    """

    name: str
    group: Json = None
    stage: str
    before: float
    before_low: float | None = None
    before_high: float | None = None
    after: float
    after_low: float | None = None
    after_high: float | None = None
    how: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """This report beside an earlier one.

    Attributes:
        name: the subject of the earlier report. digest: `sha256:` of its file.
        new: fingerprints of findings that it did not have. gone: those that only it had.
        changes: of measurements whose conditions compare.
        not_compared: measurements of either whose conditions differ, with the reason.
    """

    name: str
    digest: str
    new: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()
    not_compared: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All of one run; fields stand in the order of the JSON.

    Attributes:
        stages: stages that were run to the end.
        rules: descriptors of every rule that ran, found something or not.
        isolation: tier of the sandbox that was reached (`full`, `partial`, `none`); None when
            no model was run.
        suppressed: findings that the policy's waivers cover; also in `findings`, marked waived.
        waivers: those of the policy that it was judged by, whatever they cover.
        measures: what the names of the measurements mean.
        tables: curves and tables behind the measurements.
        comparison: with an earlier report; None when none was given.
    """

    schema: str = SCHEMA
    tool: Tool = Tool()
    subject: Subject
    run: Run
    verdict: Verdict | None = None
    findings: tuple[Finding, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    gaps: tuple[Gap, ...] = ()
    coverage: tuple[Coverage, ...] = ()
    inventory: tuple[InventoryItem, ...] = ()
    rules: tuple[RuleInfo, ...] = ()
    stages: tuple[str, ...] = ()
    isolation: str | None = None
    suppressed: int = 0
    waivers: tuple[Waiver, ...] = ()
    measures: tuple[MeasureInfo, ...] = ()
    tables: tuple[Table, ...] = ()
    comparison: Comparison | None = None

    def merge(self, other: Report) -> Report:
        """Return this report with everything of `other` added; subject and run stay this one's."""
        known = {info.id for info in self.rules}
        named = {info.name for info in self.measures}
        return replace(
            self,
            findings=self.findings + other.findings,
            measurements=self.measurements + other.measurements,
            gaps=self.gaps + other.gaps,
            coverage=self.coverage + other.coverage,
            inventory=self.inventory + other.inventory,
            rules=self.rules + tuple(i for i in other.rules if i.id not in known),
            stages=tuple(dict.fromkeys(self.stages + other.stages)),
            isolation=self.isolation or other.isolation,
            suppressed=self.suppressed + other.suppressed,
            waivers=self.waivers + tuple(w for w in other.waivers if w not in self.waivers),
            measures=self.measures + tuple(i for i in other.measures if i.name not in named),
            tables=self.tables + other.tables,
            comparison=self.comparison or other.comparison,
        )
