"""Reports for the renderers' tests: a telling one, an empty one, a large one, a hostile one."""

from __future__ import annotations

from dataclasses import replace

from modelwarden.core import (
    Confidence,
    Coverage,
    Finding,
    Gap,
    GapKind,
    InventoryItem,
    ItemKind,
    Location,
    MeasureInfo,
    Measurement,
    Outcome,
    Producer,
    Reason,
    ReasonKind,
    Report,
    RuleInfo,
    Run,
    Severity,
    Status,
    Subject,
    Table,
    TableKind,
    Tool,
    UseKind,
    Verdict,
    reason_of,
)

PAGE = """Flag imports of process, shell and evaluation functions.

Why: unpickling calls what the stream imports, so loading the file is
enough to run the command.

Fix: ask the publisher for safetensors weights, or convert in a sandbox.

Blind spot: names that are assembled while loading.
"""
UNSAFE = RuleInfo(
    id="pickle-unsafe-global",
    title="Pickle imports a callable that can run commands",
    severity=Severity.CRITICAL,
    help=PAGE,
    references=("CWE-502", "MITRE-ATLAS:AML.T0011"),
    controls=("CWE-502", "MITRE-ATLAS:AML.T0011.000", "OWASP-ML:ML06:2023"),
)
NEEDS = RuleInfo(
    id="needs-code",
    title="Loading needs the code of a package",
    severity=Severity.MEDIUM,
    help="Name the packages whose code loading runs.\n\nWhy: their code runs.\n\nFix: pin them.",
)


def finding(number: int = 0, **changes: object) -> Finding:
    """Return a critical finding; `number` sets it apart."""
    base = Finding(
        fingerprint=f"{number:032x}",
        rule="pickle-unsafe-global",
        severity=Severity.CRITICAL,
        confidence=Confidence.HIGH,
        message="calls posix.system('true')",
        location=Location(path="models/face.pt", member="archive/data.pkl", offset=118 + number),
        evidence={"global": "posix.system", "call": "posix.system('true')"},
        references=("CWE-502", "MITRE-ATLAS:AML.T0011"),
    )
    return replace(base, **changes)  # type: ignore[arg-type]


GAPS = (
    Gap(what="models/weights.7z", why="encrypted", kind=GapKind.UNSUPPORTED),
    Gap(
        what="models/face.pt!archive/data.pkl@900",
        why="cut short after 900 bytes",
        kind=GapKind.UNREADABLE,
    ),
)


def telling() -> Report:
    """Return a failing report with one of everything."""
    return Report(
        tool=Tool(version="0.1.0"),
        subject=Subject(kind="folder", name="models", digest="sha256:" + "ab" * 32),
        run=Run(started="2027-01-02T03:04:05Z", elapsed=0.41, command="scan", notes=("A note.",)),
        verdict=Verdict(
            outcome=Outcome.FAIL,
            reasons=(
                Reason(
                    kind=ReasonKind.FINDING,
                    rule="pickle-unsafe-global",
                    detail="1 critical finding in models/face.pt",
                ),
                *map(reason_of, GAPS),
            ),
        ),
        findings=(
            finding(2, rule="needs-code", severity=Severity.MEDIUM, message="needs facenet"),
            finding(),
            finding(1, waived=True),
        ),
        measurements=(
            Measurement(
                name="robust_accuracy",
                value=0.37,
                low=0.28,
                high=0.47,
                n=100,
                higher_is_better=True,
                conditions={"norm": "linf", "eps": 0.1},
                stage="robustness",
            ),
        ),
        gaps=GAPS,
        coverage=(
            Coverage(
                path="models/clean file.safetensors",
                format="safetensors",
                status=Status.EXAMINED,
                size=4096,
                sha256="cd" * 32,
            ),
            Coverage(
                path="models/face.pt",
                format="torch-zip",
                producer=Producer(name="PyTorch", version="2.1.0"),
                status=Status.PARTIAL,
                size=1234,
                sha256="ef" * 32,
            ),
            Coverage(path="models/weights.7z", format="7z", status=Status.UNSUPPORTED, size=99),
        ),
        inventory=(
            InventoryItem(
                kind=ItemKind.IMPORT,
                name="posix.system",
                path="models/face.pt",
                member="archive/data.pkl",
                use=UseKind.CALLED,
            ),
            InventoryItem(kind=ItemKind.PACKAGE, name="torch", version="2.1.0"),
        ),
        rules=(UNSAFE, NEEDS),
        stages=("artifacts",),
        suppressed=1,
    )


def measurement(name: str = "accuracy", value: float = 0.8, **changes: object) -> Measurement:
    """Return a measurement of stage `performance` with an interval of ± 0.05."""
    base = Measurement(
        name=name, value=value, low=value - 0.05, high=value + 0.05, n=250, higher_is_better=True
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def table(kind: TableKind, columns: str, *rows: tuple[float | str | None, ...]) -> Table:
    """Return a table of stage `performance`; `columns` is words."""
    return Table(
        name=f"{kind}-table",
        title=f"A table that is drawn as {kind}",
        meaning="How to read it.",
        stage="performance",
        kind=kind,
        columns=tuple(columns.split()),
        rows=rows,
        notes=("Made for a test.",),
    )


def assessed() -> Report:
    """Return a failing report of a check: measurements, groups, every kind of table."""
    regions = ("north", 0.81, 0.7, 0.9, 120), ("south", 0.62, 0.45, 0.77, 40)
    bins = [(i / 10 + 0.05, (i / 10 + 0.05) ** 1.4, i / 12, i / 9, 30 * i) for i in range(10)]
    marks = [(i / 20, 1 - i / 25, i / 20) for i in range(20)]
    return replace(
        telling(),
        subject=Subject(kind="model", name="income"),
        run=replace(telling().run, command="check"),
        verdict=Verdict(
            outcome=Outcome.FAIL,
            reasons=(
                Reason(
                    kind=ReasonKind.MEASUREMENT,
                    name="accuracy",
                    detail="0.80 (95 %: 0.75 – 0.85) may be below 0.78; n = 1,500 would settle it",
                ),
                *map(reason_of, GAPS),
            ),
        ),
        findings=(
            finding(),
            finding(
                5,
                rule="weak-class",
                severity=Severity.MEDIUM,
                message="class 'south' is recognised in 62 % of its cases",
                location=Location(terms={"class": "south"}),
                stage="performance",
            ),
        ),
        measurements=(
            measurement(),
            measurement("log_loss", 0.44, higher_is_better=False, low=None, high=None),
            measurement("matthews_corrcoef", -0.2),
            measurement("seconds_per_row", 0.002, unit="s", stage="cost"),
            measurement("recall", 0.81, group={"class": "north"}),
            measurement("recall", 0.62, group={"class": "south"}),
        ),
        measures=(
            MeasureInfo(
                name="accuracy", meaning="Share of all cases that are right", higher_is_better=True
            ),
        ),
        tables=(
            table(TableKind.INTERVALS, "label value low high n", *regions),
            table(TableKind.RELIABILITY, "stated happened low high n", *bins),
            table(TableKind.BARS, "label value", ("yes", 30), ("no", 70), ("unknown", None)),
            table(TableKind.LINES, "threshold precision recall", *marks),
            table(TableKind.PLAIN, "true said_yes said_no", ("yes", 10, 2), ("no", 3, 11)),
        ),
        stages=("artifacts", "performance", "cost"),
        isolation="full",
    )


def clean() -> Report:
    """Return a passing report over one file."""
    full = telling()
    return replace(
        full,
        verdict=Verdict(outcome=Outcome.PASS),
        run=replace(full.run, notes=()),
        findings=(),
        measurements=(),
        gaps=(),
        coverage=full.coverage[:1],
        inventory=(),
        suppressed=0,
    )


def large(count: int) -> Report:
    """Return a failing report with `count` findings over ten files."""
    ranks = list(Severity)
    findings = tuple(
        finding(
            i,
            severity=ranks[i % 5],
            message=f"calls posix.system('true') in place {i}",
            location=Location(path=f"models/part-{i % 10}.pkl", offset=i),
        )
        for i in range(count)
    )
    return replace(telling(), findings=findings)


HOSTILE = (
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "\x1b[2J\x1b]8;;http://example.test\x07click\x1b]8;;\x07\x9b31m",
    "**bold** [link](http://example.test) `code` | cell | <!-- x --> # head\n- item @name",
    "=1+1,\"x\";'y'\t@SUM(A1)",
    "lone \ud800 and \udcff surrogates",
    "right\u202eto\u2066left\u2069 zero\u200bwidth\u200d\ufeff \u2028line",
    "]]> &amp; \x00\x08\x0b\ufffe\uffff &#0; <![CDATA[",
    "%2e%2e/../..//C:\\x y?#é\u00a0",
    "{{ 7 * 7 }}{% raw %}",
    "",
)


# What no document may hold: controls, bidirectional and invisible marks, surrogates.
FORBIDDEN = {
    *map(chr, range(0x20)),
    *map(chr, range(0x7F, 0xA0)),
    *"\u061c\u200b\u200c\u200d\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2060",
    *"\u2066\u2067\u2068\u2069\ufeff\ufffe\uffff",
    *map(chr, range(0xD800, 0xE000)),
} - {"\n"}


def telling_with(message: str) -> Report:
    """Return the telling report with one finding of this message."""
    return replace(telling(), findings=(finding(message=message),))


def hostile(text: str) -> Report:
    """Return the telling report with `text` in every field that takes any text."""
    full = assessed()
    return replace(
        full,
        tool=Tool(name=text, version=text),
        subject=Subject(kind=text, name=text, digest=text),
        run=replace(full.run, started=text, command=text, notes=(text,)),
        verdict=Verdict(
            outcome=Outcome.FAIL,
            reasons=(
                Reason(kind=ReasonKind.FINDING, rule=text, detail=text),
                Reason(kind=ReasonKind.GAP, name=text, detail=text),
            ),
        ),
        findings=tuple(
            replace(
                one,
                rule=text,
                message=text,
                location=Location(
                    path=text,
                    member=text,
                    feature=text,
                    route=text,
                    slice=({"column": text, "op": "==", "value": text},),
                    terms={f"term {text[:50]}": text},
                ),
                evidence={text: text, "nested": [{"deep": text}]},
                references=(text, "CWE-502"),
                fingerprint=text,
                stage=text,
            )
            for one in full.findings
        ),
        measurements=tuple(
            replace(m, name=text, unit=text, group=text, conditions={text: text}, stage=text)
            for m in full.measurements
        ),
        gaps=tuple(replace(g, what=text, why=text, stage=text) for g in full.gaps),
        coverage=tuple(
            replace(c, path=text, format=text, sha256=text, producer=Producer(name=text))
            for c in full.coverage
        ),
        inventory=tuple(
            replace(i, name=text, version=text, path=text, member=text) for i in full.inventory
        ),
        rules=tuple(
            replace(r, id=text, title=text, help=text, references=(text,), controls=(text,))
            for r in full.rules
        ),
        stages=(text,),
        measures=tuple(replace(m, name=text, meaning=text, interval=text) for m in full.measures),
        tables=tuple(
            replace(
                t,
                name=text,
                title=text,
                meaning=text,
                stage=text,
                columns=(*t.columns, text),
                rows=tuple((*row, text) for row in t.rows),
                notes=(text,),
            )
            for t in full.tables
        ),
        isolation=text,
    )
