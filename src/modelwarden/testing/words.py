"""What a test says that did not pass: the reasons, the numbers behind them, what to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from modelwarden.core import Measurement, Reason, ReasonKind, Report
from modelwarden.report.advice import GAP_ADVICE
from modelwarden.report.escape import shown, value_text
from modelwarden.report.summary import pages
from modelwarden.testing.lines import Line, LineKind, Said, about

_REASONS = 20
_MEASUREMENTS = 40
_DETAIL = 1000
_ADVICE = {
    ReasonKind.MEASUREMENT: "mend the model or its data; the bound is the policy's, so change it "
    "only together with who owns that",
    ReasonKind.STAGE: "run `modelwarden check` and read in its report why the stage did not end",
    ReasonKind.WAIVER: "mend what was waived, or have its owner renew the waiver",
}
_UNSETTLED = "measure on more rows (the reason says how many), or mend the model"
_NOT_TAKEN = "see why it was not taken in the stage that measures it, or correct the name, where "
_NOT_TAKEN += "and conditions (`modelwarden explain --list measurements`)"


def failure(line: Line, spoken: Said, report: Report) -> str:
    """Return why a line is not kept: the first reason in the first line."""
    return _text(spoken.fails or spoken.open, line, spoken, report)


def numbers(line: Line, report: Report) -> str:
    """Return the measurements behind a line, one in a line; empty where there are none."""
    found = about(line, report)
    rows = [shown(measured(one)) for one in found[:_MEASUREMENTS]]
    more = len(found) - len(rows)
    return "\n".join([*rows, *([f"… and {more} more"] if more else [])])


def idle(line: Line, spoken: Said, report: Report) -> str:
    """Return why there was nothing to do, with the first note of the report about the stage."""
    word = (line.stage or "").rstrip("s")
    note = next((n for n in report.run.notes if not spoken.accepted and word in n), None)
    return shown(spoken.idle or "") + ("" if note is None else f": {shown(note)}")


def measured(one: Measurement) -> str:
    """Return a measurement in one line, by name."""
    group = "" if one.group is None else f" ({value_text(one.group)})"
    return f"{one.name}{group} = {value(one)}"


def value(one: Measurement) -> str:
    """Return the value of a measurement with its interval and n."""
    text = f"{one.value:.4g}" + ("" if one.unit is None else f" {one.unit}")
    low, high = one.ends
    if low != high:
        text += f", {one.level:.0%} interval {low:.4g} to {high:.4g}"
    return f"{text}, n = {one.n}"


def _text(reasons: Sequence[Reason], line: Line, spoken: Said, report: Report) -> str:
    rows = [shown(reason_text(reason), _DETAIL) for reason in reasons[:_REASONS]]
    more = len(reasons) - len(rows)
    rows += [f"… and {more} more: `modelwarden check` shows all"] if more else []
    if spoken.fails and spoken.open:
        rows += [f"also not settled: {shown(r.detail, _DETAIL)}" for r in spoken.open[:_REASONS]]
    rows += [f"measured: {row}" for row in _behind(line, report)]
    rows += [f"means: {meaning}" for meaning in _meanings(line, report)]
    rows += [f"what to do: {step}" for step in dict.fromkeys(_steps(reasons, line, spoken, report))]
    return "\n".join(rows)


def reason_text(reason: Reason) -> str:
    """Return a reason in one line, as the command line words it."""
    if reason.kind is ReasonKind.FINDING:
        return f"{reason.rule}: {reason.detail}"
    if reason.kind is ReasonKind.GAP:
        return f"not examined ({reason.name}): {reason.detail}"
    return reason.detail


def _behind(line: Line, report: Report) -> Iterator[str]:
    """Yield the measurements of which the reason does not tell all: those without an interval."""
    for one in about(line, report)[:_MEASUREMENTS]:
        if line.kind is LineKind.MEASURE and one.low is None and one.high is None:
            yield shown(measured(one))


def _meanings(line: Line, report: Report) -> Iterator[str]:
    names = {threshold.name for threshold in line.policy.measures}
    if line.kind is LineKind.MEASURE:
        yield from (shown(info.meaning) for info in report.measures if info.name in names)


def _steps(reasons: Sequence[Reason], line: Line, spoken: Said, report: Report) -> Iterator[str]:
    known = pages(report)
    advice = {str(kind): words for kind, words in GAP_ADVICE.items()}
    for reason in reasons[:_REASONS]:
        if reason.kind is ReasonKind.FINDING:
            page = known.get(reason.rule or "")
            fix = shown(page.fix, _DETAIL) if page is not None and page.fix else "read its page"
            yield f"{fix} (modelwarden explain {reason.rule})"
        elif reason.kind is ReasonKind.GAP:
            yield advice.get(str(reason.name), "have it examined, or accept it in the policy")
        elif reason.kind is ReasonKind.MEASUREMENT and not spoken.fails:
            yield _UNSETTLED if about(line, report) else _NOT_TAKEN
        else:
            yield _ADVICE[reason.kind]
