"""What the defender could have seen: how fast, how much alike, when; from the transcript."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from modelwarden.core.values import dataclass
from modelwarden.redteam.journal import TRANSCRIPT

_WORD = re.compile(r"[\w.-]+")
_REQUESTS, _ROWS, _SEEDS = 100, 100, 200
_ALIKE = 0.7
_LONGEST = 4_000  # characters of a row that are compared


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One part of a campaign as the endpoint saw it.

    Attributes:
        about: what was asked. start, end: seconds into the campaign.
        pair: of target and seeds, where there are several; of several pairs, how many.
        tries: requests that had to be sent again.
    """

    about: str
    pair: str
    start: float
    end: float
    rows: int
    calls: int
    refused: int
    tries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What stood in the endpoint's log.

    Attributes:
        steps: in order. sittings: times at which the campaign was begun or resumed.
        mean, most: calls a second, on the average and in the busiest second.
        alike: share of the changed rows that share most of their words with a seed; None where
            nothing can be compared. nearest: half of them share at least so much. compared: rows.
        refused, tries: requests that were refused, and sent again.
    """

    steps: tuple[Step, ...]
    sittings: tuple[str, ...]
    rows: int
    calls: int
    mean: float
    most: int
    alike: float | None
    nearest: float | None
    compared: int
    refused: int
    tries: int


def folded(steps: Sequence[Step], most: int) -> tuple[Step, ...]:
    """Return steps as they are, or as one for each thing that was asked where there are more."""
    if len(steps) <= most:
        return tuple(steps)
    same: dict[str, list[Step]] = {}
    for step in steps:
        same.setdefault(step.about, []).append(step)
    return tuple(_together(about, some) for about, some in same.items())


def _together(about: str, steps: Sequence[Step]) -> Step:
    return Step(
        about=about,
        pair=steps[0].pair if len(steps) == 1 else f"{len(steps)} pairs",
        start=min(one.start for one in steps),
        end=max(one.end for one in steps),
        rows=sum(one.rows for one in steps),
        calls=sum(one.calls for one in steps),
        refused=sum(one.refused for one in steps),
        tries=sum(one.tries for one in steps),
    )


def sight(folder: Path) -> Sight:
    """Return what the transcript of a folder shows."""
    steps: dict[tuple[str, str], list[dict[str, Any]]] = {}
    about: dict[str, str] = {}
    sittings = []
    answers: list[dict[str, Any]] = []
    for event in _in_time(_events(folder)):
        kind, pair = event["event"], event.get("pair", "")
        if kind in ("begin", "resume") and not pair:
            sittings.append(f"{event['time']} {kind}")
        elif kind == "intent":
            told = str(event["about"])
            about.update((f"{pair} {name}", told) for name in event["requests"])
        elif kind == "answer" and event["rows"]:
            event["about"] = about.get(f"{pair} {event['request']}", "")
            answers.append(event)
            steps.setdefault((event["about"], pair), []).append(event)
    alike, nearest, compared = _likeness(folder, answers)
    clocks = np.array([a["clock"] for a in answers])
    span = float(clocks.max() - clocks.min()) if len(clocks) > 1 else 0.0
    busiest = Counter(int(c) for c in clocks.tolist())
    return Sight(
        steps=tuple(_step(*names, mine) for names, mine in steps.items()),
        sittings=tuple(sittings),
        rows=sum(a["rows"] for a in answers),
        calls=len(answers),
        mean=len(answers) / span if span > 0 else float(len(answers)),
        most=max(busiest.values(), default=0),
        alike=alike,
        nearest=nearest,
        compared=compared,
        refused=sum(_is_refused(a) for a in answers),
        tries=sum(a["tries"] - 1 for a in answers),
    )


def _in_time(events: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield events with the clocks of pairs, which each begin at 0, set to that of the first."""
    first: float | None = None
    starts: dict[str, float] = {}
    for event in events:
        pair = event.get("pair")
        if pair is not None and "epoch" in event:
            first = event["epoch"] if first is None else first
            starts.setdefault(pair, event["epoch"] - first)
        if "clock" in event and pair is not None:
            event["clock"] += starts.get(pair, 0.0)
        yield event


def _events(folder: Path) -> Iterator[dict[str, Any]]:
    with (folder / TRANSCRIPT).open("rb") as lines:
        for line in lines:
            yield json.loads(line)


def _step(about: str, pair: str, answers: Sequence[dict[str, Any]]) -> Step:
    return Step(
        about=about,
        pair=pair,
        start=min(a["clock"] - a["seconds"] for a in answers),
        end=max(a["clock"] for a in answers),
        rows=sum(a["rows"] for a in answers),
        calls=len(answers),
        refused=sum(_is_refused(a) for a in answers),
        tries=sum(a["tries"] - 1 for a in answers),
    )


def _is_refused(answer: dict[str, Any]) -> bool:
    return bool(400 <= answer["status"] < 500)


def _likeness(
    folder: Path, answers: Sequence[dict[str, Any]]
) -> tuple[float | None, float | None, int]:
    """Return the share of rows that are nearly a seed, the median likeness, and the rows compared.

    Likeness is the share of words that two rows have in common, of all that either has.
    """
    clean = [a for a in answers if "as they are" in a["about"]]
    later = [a for a in answers if "as they are" not in a["about"] and " on " in a["about"]]
    if not clean or not later:
        return None, None, 0
    seeds = [_words(row) for row in _rows(folder, clean, _SEEDS)]
    found = []
    for row in _rows(folder, _spread(later), _ROWS):
        words = _words(row)
        near = [len(words & seed) / len(words | seed) for seed in seeds if words | seed]
        found.append(max(near, default=0.0))
    if not found:
        return None, None, 0
    share = float(np.mean(np.array(found) >= _ALIKE))
    return share, float(np.median(found)), len(found)


def _spread(answers: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return some of the answers, from the first to the last."""
    places = np.unique(np.linspace(0, len(answers) - 1, _REQUESTS).astype(int))
    return [answers[i] for i in places.tolist()]


def _rows(folder: Path, answers: Sequence[dict[str, Any]], most: int) -> list[str]:
    """Return rows of some requests as text."""
    found: list[str] = []
    for answer in answers:
        with (folder / answer["sent"]["file"]).open("rb") as bodies:
            bodies.seek(answer["sent"]["at"])
            rows = _listed(bodies.read(answer["sent"]["size"]), answer["rows"])
        found += rows[: max(1, most // max(len(answers), 1))] if len(answers) > 1 else rows
        if len(found) >= most:
            break
    return found[:most]


def _listed(body: bytes, count: int) -> list[str]:
    """Return the rows that a body carries: its list of so many entries, or all of it as one."""
    try:
        document = json.loads(body)
    except ValueError:
        return [body.decode("utf-8", "replace")]
    waiting = [document]
    while waiting:
        part = waiting.pop(0)
        if isinstance(part, list) and len(part) == count and not _is_names(part):
            return [json.dumps(row, ensure_ascii=False) for row in part]
        if isinstance(part, dict):
            waiting += part.values()
        elif isinstance(part, list):
            waiting += [p for p in part if isinstance(p, dict | list)][:64]
    return [json.dumps(document, ensure_ascii=False)]


def _is_names(part: list[Any]) -> bool:
    """Tell whether a list is a shape, not rows."""
    return bool(part) and all(isinstance(p, int) for p in part) and len(part) < 2


def _words(row: str) -> frozenset[str]:
    return frozenset(_WORD.findall(row[:_LONGEST]))
