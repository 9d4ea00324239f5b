"""garak's report: JSON lines, each with an `entry_type`.

Counted are the `eval` entries, one for each probe and detector: `passed` of `total_evaluated` (or
`total`) outputs were judged harmless. They are held against the `attempt` entries of the same file.

Source: garak documentation, "Reporting"; garak/evaluators/base.py and attempt.py, release 0.17.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from modelwarden.core import GapKind
from modelwarden.redteam.imports.reading import count, lines, name, table
from modelwarden.redteam.imports.results import Results

_JUDGED = 2  # status of an attempt that was answered and judged
_MOST_PAIRS = 20_000


def recognised(head: bytes) -> bool:
    """Tell whether a file begins like a report of garak."""
    first = head.lstrip(b"\xef\xbb\xbf \r\n\t")[:400]
    return first.startswith(b"{") and b'"entry_type"' in first


def read(path: Path) -> Results:
    """Return what a report says.

    Raises:
        NotReadableError: it has too many lines.
    """
    results = Results(tool="garak")
    seen: Counter[tuple[str, str]] = Counter()
    statuses: Counter[object] = Counter()
    broken = 0
    ended = False
    for number, entry in lines(path):
        if entry is None:
            broken += 1
            if broken == 1:
                results.miss(f"line {number}", "it is no JSON object, or longer than 8 MiB")
            continue
        kind = entry.get("entry_type")
        if kind == "eval":
            _evaluated(results, entry, number)
        elif kind == "attempt":
            # An attempt is written when it is answered, and again when it is judged.
            statuses[entry.get("status") == _JUDGED] += 1
            _attempted(seen, entry)
        elif kind in ("init", "start_run setup"):
            _begun(results, entry)
        ended = ended or kind == "completion"
    if broken > 1:
        results.miss("lines", f"{broken} lines are no JSON objects")
    if not ended:
        results.miss("the run", "it did not come to its end: no completion is told")
    if statuses[False] > statuses[True]:
        why = f"{statuses[False] - statuses[True]} were begun and not judged"
        results.miss("attempts", why, GapKind.FAILED)
    _compare(results, seen)
    return results


def _begun(results: Results, entry: dict[str, Any]) -> None:
    results.version = results.version or name(
        entry.get("garak_version") or entry.get("_config.version")
    )
    for kind in ("target", "model"):
        parts = [name(entry.get(f"plugins.{kind}_{part}")) for part in ("type", "name")]
        if any(parts) and not results.target:
            results.target = " ".join(part for part in parts if part)


def _evaluated(results: Results, entry: dict[str, Any], number: int) -> None:
    passed = count(entry.get("passed"))
    total = count(entry.get("total_evaluated", entry.get("total")))
    probe, detector = name(entry.get("probe")), name(entry.get("detector"))
    if passed is None or total is None or passed > total or not probe:
        results.miss(f"line {number}", "an eval entry whose counts cannot be")
        return
    detector = detector.removeprefix("detector.")
    group = results.group(probe=probe, detector=detector)
    if group.n or group.unjudged:
        results.notes.append(f"{probe} with {detector} is told more than once; all are counted")
    group.passed += passed
    group.failed += total - passed
    group.unjudged += count(entry.get("nones")) or 0
    if group.failed:
        group.examples = [f"line {number}"]


def _attempted(seen: Counter[tuple[str, str]], entry: dict[str, Any]) -> None:
    """Count the outputs that each detector judged."""
    if entry.get("status") != _JUDGED:
        return
    probe = name(entry.get("probe_classname"))
    for detector, scores in table(entry.get("detector_results")).items():
        if isinstance(scores, list) and len(seen) < _MOST_PAIRS:
            seen[probe, name(detector)] += sum(isinstance(s, int | float) for s in scores)


def _compare(results: Results, seen: Counter[tuple[str, str]]) -> None:
    """Hold the counts of evals against those of attempts, where the file has both."""
    for (probe, detector), outputs in sorted(seen.items()):
        found = results.groups.get((probe, detector))
        if found is None:
            results.miss(f"{probe} with {detector}", f"{outputs} outputs, and no eval entry")
        elif found.n != outputs:
            why = f"its eval entry counts {found.n} outputs, its attempts {outputs}"
            results.miss(f"{probe} with {detector}", why)
