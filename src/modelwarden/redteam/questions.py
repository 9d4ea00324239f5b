"""The questions of a record, in the order in which they were sent, to be sent once more.

The folder may be a stranger's: bodies are read from its own files alone, whatever an event says.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from modelwarden.core import InputError
from modelwarden.core.values import dataclass
from modelwarden.redteam.held import STATE, check_own
from modelwarden.redteam.journal import BODIES, TRANSCRIPT, JournalError, events_in

_PAIR = re.compile(r"[0-9]{1,9}-[0-9]{1,9}")
_ODD = (LookupError, TypeError, ValueError, AttributeError)
_TABLES = ("inputs", "instances")  # MLflow, TF Serving


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """Where a body lies: a file of the folder, bytes from its start, bytes, and its digest."""

    file: Path
    at: int
    size: int
    digest: str

    def read(self) -> bytes | None:
        """Return it; None where it is not there as it was."""
        try:
            with self.file.open("rb") as stream:
                stream.seek(self.at)
                data = stream.read(min(self.size, self.file.stat().st_size))
        except (OSError, ValueError, OverflowError):
            return None
        return data if hashlib.sha256(data).hexdigest() == self.digest else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One request that was answered.

    Attributes:
        name: on record. pair: of target and seeds; empty where there is one. about: what for.
        rows: of it. status: that it was answered with.
    """

    name: str
    pair: str
    about: str
    rows: int
    status: int
    sent: Body
    got: Body


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """All that a record holds.

    Attributes:
        questions: in the order in which they were sent. described: answers to GET, by path.
        ended: the campaign came to its end.
    """

    questions: tuple[Question, ...]
    described: Mapping[str, Body]
    ended: bool


def asked_in(folder: Path) -> Asked:
    """Return the questions of a campaign's output.

    Raises:
        InputError: there are none, or they are links to elsewhere.
        JournalError: the record is damaged elsewhere than at its end.
    """
    check_own(folder, TRANSCRIPT, STATE, f"{STATE}/{BODIES}", f"{STATE}/pairs")
    if not (folder / TRANSCRIPT).is_file():
        raise InputError(
            f"{folder} holds no {TRANSCRIPT}",
            hint="Name the folder that `modelwarden redteam` wrote: its --output.",
        )
    order: dict[tuple[str, str], str] = {}
    answers: dict[tuple[str, str], dict[str, Any]] = {}
    ended = False
    for number, event in enumerate(events_in(folder), 1):
        try:
            ended = _taken(event, order, answers, ended=ended)
        except _ODD as error:
            place = folder / TRANSCRIPT
            raise JournalError(f"{place}, line {number}, is no event of a campaign") from error
    found = Asked(
        questions=tuple(_questions(folder, order, answers)),
        described=dict(_described(folder, answers)),
        ended=ended,
    )
    if not found.questions:
        raise InputError(
            f"{folder / TRANSCRIPT} holds no question that was answered",
            hint="If its campaign did not come to its end, go on with it with --resume first.",
        )
    return found


def _taken(
    event: dict[str, Any],
    order: dict[tuple[str, str], str],
    answers: dict[tuple[str, str], dict[str, Any]],
    *,
    ended: bool,
) -> bool:
    """Take an event in; tell whether the campaign ended with it, or before."""
    kind, pair = event.get("event"), event.get("pair", "")
    if kind == "intent":
        for name in event["requests"]:
            order.setdefault((pair, name), str(event["about"]))
    elif kind == "answer" and "failed" not in event:
        answers[pair, event["request"]] = {
            "rows": int(event["rows"]),
            "status": int(event["status"]),
            **{side: _place(event[side]) for side in ("sent", "got")},
        }
    if pair:
        return ended
    return kind == "end" or (ended and kind != "resume")


def _place(part: Mapping[str, Any]) -> tuple[int, int, str]:
    at, size = int(part["at"]), int(part["size"])
    if at < 0 or size < 0:
        raise ValueError("before the start of a file")
    return at, size, str(part["sha256"])


def _body(folder: Path, pair: str, place: tuple[int, int, str]) -> Body:
    """Return where a body lies: in the pair's own file, not in one that an event may name."""
    if pair and not _PAIR.fullmatch(pair):
        raise JournalError(f"{folder / TRANSCRIPT} tells of a pair {pair[:40]!r}, which is none")
    own = f"{STATE}/pairs/{pair}/{STATE}" if pair else STATE
    if pair:
        check_own(folder, f"{STATE}/pairs/{pair}", own)
    check_own(folder, f"{own}/{BODIES}")
    return Body(file=folder / own / BODIES, at=place[0], size=place[1], digest=place[2])


def _questions(
    folder: Path,
    order: Mapping[tuple[str, str], str],
    answers: Mapping[tuple[str, str], dict[str, Any]],
) -> Iterator[Question]:
    for (pair, name), about in order.items():
        answer = answers.get((pair, name))
        if answer is None or answer["rows"] < 1:
            continue
        yield Question(
            name=name,
            pair=pair,
            about=about,
            rows=answer["rows"],
            status=answer["status"],
            sent=_body(folder, pair, answer["sent"]),
            got=_body(folder, pair, answer["got"]),
        )


def _described(
    folder: Path, answers: Mapping[tuple[str, str], dict[str, Any]]
) -> Iterator[tuple[str, Body]]:
    for (pair, name), answer in answers.items():
        _, mark, path = name.partition(".get")
        if mark and answer["status"] == 200:
            yield path, _body(folder, pair, answer["got"])


def rows_in(body: bytes, count: int) -> list[str]:
    """Return the rows of a request as text that is the same wherever a row is sent.

    Where a body holds one row, and none of the forms of tables, it is the row itself. Empty where
    its rows cannot be told apart.

    >>> rows_in(b'{"instances": [[1, 2], [3, 4]]}', 2)
    ['[1, 2]', '[3, 4]']
    >>> rows_in(b'{"inputs": [{"name": "x", "shape": [2, 1], "data": ["a", "b"]}]}', 2)
    ['[["a"]]', '[["b"]]']
    """
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        document = None
    rows = _listed(document, count) if isinstance(document, dict) else None
    if rows is not None:
        return [json.dumps(row, ensure_ascii=False) for row in rows]
    return [body.decode("utf-8", "replace")] if count == 1 else []


def _listed(document: dict[str, Any], count: int) -> list[Any] | None:
    split = document.get("dataframe_split")
    parts = [document.get(key) for key in _TABLES]
    parts.append(split.get("data") if isinstance(split, dict) else None)
    rows = next((part for part in parts if isinstance(part, list)), None)
    if rows and all(isinstance(p, dict) and isinstance(p.get("data"), list) for p in rows):
        return _of_tensors([p["data"] for p in rows], count)  # Open Inference Protocol
    return rows if rows is not None and len(rows) == count else None


def _of_tensors(columns: list[list[Any]], count: int) -> list[Any] | None:
    """Return the rows of flat tensors, each cut into as many parts."""
    if any(not column or len(column) % count for column in columns):
        return None
    cut = []
    for column in columns:
        wide = len(column) // count
        cut.append([column[i : i + wide] for i in range(0, len(column), wide)])
    return [list(row) for row in zip(*cut, strict=True)]


__all__ = ["Asked", "Body", "Question", "asked_in", "rows_in"]
