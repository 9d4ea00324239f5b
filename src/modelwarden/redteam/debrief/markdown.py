"""The debrief in Markdown, for tickets and wikis."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.core import Json
from modelwarden.redteam.debrief.view import Shown, View
from modelwarden.report.escape import shown
from modelwarden.report.stages import subjects
from modelwarden.report.summary import measured
from modelwarden.standards import link_of, title_of


def as_markdown(view: View) -> str:
    """Return the debrief."""
    return "\n".join(_lines(view)).rstrip() + "\n"


def _lines(view: View) -> Iterator[str]:
    verdict = view.report.verdict
    yield f"# Debrief: {_plain(view.campaign.name)}"
    yield ""
    if verdict is not None:
        yield f"**{verdict.outcome.upper()}** · {_plain(view.summary)}"
    yield from _fixes(view)
    yield from ("", "## Goal and scope", "", "| | |", "|---|---|")
    for name, value in view.scope:
        yield f"| {name} | {_cell(value)} |"
    yield from _fared(view)
    yield from ("", "## What was measured", "", "| measure | of | value |", "|---|---|---|")
    these = view.measurements
    for taken, subject in zip(these, subjects(these), strict=True):
        yield f"| {taken.name} | {_cell(subject)} | {_cell(measured(taken))} |"
    for table in view.report.tables:
        yield from _table(table.title, table.columns, table.rows)
    yield from _cheapest(view)
    yield from _sight(view)
    yield from ("", "## Techniques (MITRE ATLAS)", "")
    for name in view.techniques:
        yield f"- [{name.partition(':')[2]}]({link_of(name)}) {title_of(name) or ''}".rstrip()
    yield from _undone(view)
    if view.cheapest:
        yield from ("", "## Ask again", "", "    modelwarden redteam replay DIR --url URL")


def _fixes(view: View) -> Iterator[str]:
    if view.advice:
        yield from ("", "## What to fix first", "")
        for number, one in enumerate(view.advice, 1):
            yield f"{number}. {_plain(one.do)} ({_plain(one.because)})"


def _fared(view: View) -> Iterator[str]:
    if view.fared:
        yield from ("", "## Pairs of target and seeds, the worst first", "")
        yield from ("| target | seeds | could be lost | fell |", "|---|---|---|---|")
    for pair in view.fared:
        yield f"| {_cell(pair.target)} | {_cell(pair.seeds)} | {pair.attacked} | {pair.fell} |"


def _undone(view: View) -> Iterator[str]:
    if view.undone:
        yield from ("", "## Not examined", "")
    for one in view.undone:
        times = f"{one.count} × " if one.count > 1 else ""
        yield f"- {times}{_plain(one.what)}: {_plain(one.why)}"


def _cheapest(view: View) -> Iterator[str]:
    if view.cheapest:
        yield from ("", "## Cheapest evasions")
    for each in view.cheapest:
        yield from _evasion(each)
    if view.rest:
        yield f"\n{view.rest} more lie in `evasions/`."


def _table(
    title: str, columns: tuple[str, ...], rows: tuple[tuple[Json, ...], ...]
) -> Iterator[str]:
    yield from ("", f"### {_plain(title)}", "")
    yield "| " + " | ".join(columns) + " |"
    yield "|" + "---|" * len(columns)
    for row in rows:
        yield "| " + " | ".join(_cell(_number(value)) for value in row) + " |"


def _number(value: Json) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return "" if value is None else str(value)


def _evasion(each: Shown) -> Iterator[str]:
    one = each.one
    yield ""
    yield f"### {_plain(one.seed)}"
    yield (
        f"{_plain(one.attack)}, {one.queries} rows, {one.cost:.4g} in {one.unit}: "
        f"{_score(one.said, one.score_before)} → {_score(one.says, one.score_after)} "
        f"(`evasions/{each.folder}`)"
    )
    yield ""
    yield from ("| edit | where | before | after |", "|---|---|---|---|")
    for edit in one.edits[:12]:
        cells = (edit.name, edit.where, edit.before, edit.after)
        yield "| " + " | ".join(_cell(cell) for cell in cells) + " |"
    if each.more:
        yield f"\n{each.more} more edits."


def _score(name: object, score: float | None) -> str:
    told = _plain(name)  # the endpoint chose it
    return told if score is None else f"{told} ({score:.3f})"


def _sight(view: View) -> Iterator[str]:
    seen = view.sight
    if seen is None:
        return
    yield from ("", "## What the defender could have seen", "")
    yield (
        f"{seen.rows:,} rows in {seen.calls:,} calls, {seen.mean:.3g} calls a second on average, "
        f"{seen.most} in the busiest second; {seen.refused} refused, {seen.tries} sent again."
    )
    if seen.alike is not None:
        yield (
            f"Of {seen.compared} changed rows {seen.alike:.0%} share at least 70 % of their words "
            f"with a seed; half share {seen.nearest:.0%} or more."
        )
    if view.sendable:
        yield (
            "Next: put `modelwarden firewall` before the model; `modelwarden redteam replay DIR "
            "--through URL` shows it this campaign: what it refuses, when, and which evasions "
            "arrive all the same. In `observe` nothing is refused, and its `--alerts` hold what it "
            "saw."
        )
    yield from ("", "| step | from | to | rows | calls |", "|---|---|---|---|---|")
    for step in view.timeline:
        about = f"{step.about} ({step.pair})" if step.pair else step.about
        cells = (about, f"{step.start:.1f} s", f"{step.end:.1f} s", f"{step.rows:,}")
        yield f"| {' | '.join(_cell(cell) for cell in cells)} | {step.calls:,} |"


def _plain(text: object) -> str:
    safe = shown(str(text), 2_000)
    for mark in "\\`*_[]<>#":
        safe = safe.replace(mark, f"\\{mark}")
    return safe


def _cell(text: object) -> str:
    return _plain(text).replace("|", "\\|").replace("\n", " ")
