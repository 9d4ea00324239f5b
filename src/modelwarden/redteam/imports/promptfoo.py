"""promptfoo's output: one entry for each test and provider, in `results.results` or in JSON lines.

A test that failed for an error was not judged. In a red-team run a failed test is an attack that
worked; `metadata.pluginId` tells such runs.

Source: promptfoo documentation, "Output Formats" and its red-team metadata; versions 2 and 3.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Any

from modelwarden.core import GapKind
from modelwarden.redteam.imports.reading import array, count, lines, name, parsed, table
from modelwarden.redteam.imports.results import Results

_ERROR = 2  # of failureReason
_MOST = 1_000_000


def recognised(document: dict[str, Any]) -> bool:
    """Tell whether a document is an output of promptfoo."""
    results = document.get("results")
    if isinstance(results, dict):
        return "stats" in results and ("results" in results or "table" in results)
    return "evalId" in document and isinstance(results, list)


def is_lines(head: bytes) -> bool:
    """Tell whether a file begins like an output in JSON lines."""
    first = table(parsed(head.partition(b"\n")[0]))
    return isinstance(first.get("success"), bool) and "testIdx" in first and "promptIdx" in first


def read_lines(path: Path) -> Results:
    """Return what an output in JSON lines says; nothing in it tells whether lines are missing.

    Raises:
        NotReadableError: it has too many lines.
    """
    results = Results(tool="promptfoo", security=False)
    _all(results, (entry for _, entry in lines(path)))
    results.notes.append("JSON lines do not tell whether the run came to its end")
    return results


def counted(document: dict[str, Any]) -> Results:
    """Return what a document says."""
    results = Results(tool="promptfoo", security=False)
    outer = document.get("results")
    inner = table(outer)
    entries = outer if isinstance(outer, list) else array(inner.get("results"))
    meta = table(document.get("metadata"))
    results.version = name(meta.get("promptfooVersion"))
    if len(entries) > _MOST:
        results.miss("results", f"only the first {_MOST} of {len(entries)} tests were counted")
    if not entries:
        results.miss("results", "there are no entries", GapKind.UNSUPPORTED)
    _all(results, islice(entries, _MOST))
    _compare(results, table(inner.get("stats")))
    return results


def _all(results: Results, entries: Iterable[object]) -> None:
    """Count all entries."""
    providers: dict[str, None] = {}
    wrong = 0
    for number, entry in enumerate(entries):
        if not isinstance(entry, dict) or not isinstance(entry.get("success"), bool):
            wrong += 1
            continue
        _test(results, entry, number)
        if len(providers) < 20:
            providers[_provider(entry)] = None
    if wrong:
        results.miss("results", f"{wrong} entries tell no outcome")
    results.target = ", ".join(p for p in providers if p)


def _provider(entry: dict[str, Any]) -> str:
    provider = entry.get("provider")
    if isinstance(provider, dict):
        return name(provider.get("label") or provider.get("id"))
    return name(provider)


def _test(results: Results, entry: dict[str, Any], number: int) -> None:
    meta = {
        **table(table(entry.get("testCase")).get("metadata")),
        **table(entry.get("metadata")),
    }
    plugin = name(meta.get("pluginId"))
    results.security = results.security or bool(plugin)
    grading = table(entry.get("gradingResult"))
    failed: bool | None = not entry["success"]
    if entry.get("failureReason") == _ERROR or (failed and not grading and entry.get("error")):
        failed = None
    if plugin:
        keys = {"plugin": plugin, "strategy": name(meta.get("strategyId"), "basic")}
    else:
        about = table(entry.get("testCase")).get("description") or entry.get("description")
        keys = {"test": name(about, "tests"), "strategy": ""}
    example = name(entry.get("id")) or f"result {number}"
    results.group(**keys).add(failed=failed, example=example)


def _compare(results: Results, stats: dict[str, Any]) -> None:
    """Hold the counts against those that the file tells of itself."""
    groups = results.groups.values()
    mine = {
        "successes": sum(g.passed for g in groups),
        "failures": sum(g.failed for g in groups),
        "errors": sum(g.unjudged for g in groups),
    }
    told = {key: count(stats.get(key)) for key in mine}
    off = [f"{key} {told[key]} told, {mine[key]} found" for key in mine if told[key] is not None]
    if any(told[key] is not None and told[key] != mine[key] for key in mine):
        results.miss("stats", f"they are not those of the entries: {', '.join(off)}")
