"""Where the evasions of a campaign stand among its questions, and what an answer says of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import field
from enum import StrEnum

import numpy as np

from modelwarden.core.values import dataclass
from modelwarden.protocols.tensors import Tensor, WireError
from modelwarden.redteam.config import Campaign
from modelwarden.redteam.evasions import Stored
from modelwarden.redteam.kinds.catalog import kind_named
from modelwarden.redteam.questions import Asked, Body, Question, rows_in
from modelwarden.redteam.reading import Told, labels_of, settled
from modelwarden.redteam.replay import as_seeds
from modelwarden.targets.answers import Form, decided, scores_in
from modelwarden.targets.errors import TargetError
from modelwarden.targets.frames import Inputs, take
from modelwarden.targets.http.connection import Address, StatusError
from modelwarden.targets.http.wires import Wire, wire_for
from modelwarden.targets.labels import plain, same
from modelwarden.targets.spec import Name


class Became(StrEnum):
    """What became of one evasion behind a firewall."""

    ARRIVED = "arrived"
    LATER = "arrived after a refusal"
    REFUSED = "refused"
    OTHERWISE = "answered otherwise"
    UNSENT = "not sent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A row of a question that holds an evasion."""

    question: int
    row: int


class _Paper:
    """Stands for a connection: keeps what would be sent, and answers what it was given."""

    def __init__(self, address: Address, described: Mapping[str, Body]) -> None:
        self.address = address
        self.sent: list[bytes] = []
        self.answer = b""
        self._described = described

    def get(self, path: str) -> bytes:
        known = self._described.get(path)
        data = None if known is None else known.read()
        if data is None:
            raise StatusError(self.address.shown, 404, b"")
        return data

    def post(self, path: str, body: bytes, content_type: str = "application/json") -> bytes:
        del path, content_type
        self.sent.append(body)
        return self.answer


@dataclass(slots=True, kw_only=True)
class Arrivals:
    """The evasions of one target, and how its answers are read.

    Attributes:
        places: of each evasion among the questions; none where the record does not hold it.
        watched: questions whose answers are wanted.
    """

    stored: Sequence[Stored]
    places: Mapping[str, tuple[Place, ...]]
    watched: frozenset[int]
    _wire: Wire
    _paper: _Paper
    _told: Mapping[str, Told] = field(default_factory=dict)

    def label(self, one: Stored, body: bytes, rows: int, row: int) -> Name:
        """Return what an answer says of one of its rows.

        Raises:
            TargetError: it cannot be read as the campaign's answers were.
        """
        told = self._told[str(one.about["kind"])]
        answer = _read(self._wire, self._paper, one.after, body, rows)
        told.check(answer)
        if told.reading.form is Form.LABELS:
            found = labels_of(answer, told, rows)
        else:
            scores = scores_in(answer, told.reading, rows)
            found = decided(scores, told.reading, told.spec.threshold)
        return told.spec.classes[int(found[row])]

    def is_same(self, one: Stored, body: bytes, rows: int, row: int) -> bool:
        """Tell whether a row is answered as the evasion was in the campaign.

        Raises:
            TargetError: the answer cannot be read.
        """
        known: Name = one.about["after"]["answer"]
        return same(plain(self.label(one, body, rows, row))) == same(plain(known))


def arrivals(campaign: Campaign, asked: Asked, stored: Sequence[Stored]) -> Arrivals:
    """Find evasions among the questions of a campaign of one target.

    Raises:
        TargetError: the answers on record cannot be read.
    """
    target = campaign.targets[0]
    if target.scope is None or target.model.protocol is None:
        raise TypeError("an endpoint is asked over a protocol")
    groups: dict[str, list[Stored]] = {}
    for one in stored:
        groups.setdefault(str(one.about["kind"]), []).append(one)
    seeds = {kind: as_seeds(kind, mine) for kind, mine in groups.items()}
    names = [n for _, one in seeds.values() for n in ([] if one.y is None else one.y.tolist())]
    paper = _Paper(target.scope.address, asked.described)
    classes = target.classes or tuple(dict.fromkeys(names))
    wire = wire_for(target.model.protocol, paper, model=target.model.name, classes=classes)
    wanted: dict[str, list[str]] = {}
    for one in stored:
        wanted.setdefault(_row_of(wire, paper, one.after), []).append(one.name)
    places = _places(asked.questions, wanted)
    told = {}
    for kind, mine in groups.items():
        body, rows = _first_answer(asked.questions)
        told[kind] = settled(
            _read(wire, paper, mine[0].after, body, rows),
            seeds[kind][1].y,
            classes=target.classes,
            threshold=target.model.threshold,
            modality=kind_named(kind).modality,
            tile=rows,
        )
    return Arrivals(
        stored=stored,
        places=places,
        watched=frozenset(p.question for found in places.values() for p in found),
        _wire=wire,
        _paper=paper,
        _told=told,
    )


def _row_of(wire: Wire, paper: _Paper, after: Inputs) -> str:
    """Return a row as its request has it; the empty text where the protocol cannot carry it."""
    paper.sent, paper.answer = [], b""
    with suppress(TargetError, WireError):  # nobody answers
        wire.ask(after)
    rows = rows_in(paper.sent[-1], 1) if paper.sent else []
    return rows[0] if rows else ""


def _places(
    questions: Sequence[Question], wanted: Mapping[str, Sequence[str]]
) -> dict[str, tuple[Place, ...]]:
    found: dict[str, tuple[Place, ...]] = {}
    for number, question in enumerate(questions):
        body = question.sent.read()
        for row, text in enumerate([] if body is None else rows_in(body, question.rows)):
            for name in wanted.get(text, ()):
                found[name] = (*found.get(name, ()), Place(question=number, row=row))
    return found


def _first_answer(questions: Sequence[Question]) -> tuple[bytes, int]:
    """Return the first answer on record, and its rows: it tells how all are read.

    Raises:
        TargetError: there is none.
    """
    for question in questions:
        body = question.got.read() if question.status == 200 else None
        if body is not None:
            return body, question.rows
    raise TargetError("the transcript holds no answer that can be read")


def _read(wire: Wire, paper: _Paper, like: Inputs, body: bytes, rows: int) -> tuple[Tensor, ...]:
    """Return an answer to so many rows as arrays; the rows that ask for it do not matter."""
    paper.sent, paper.answer = [], body
    return wire.ask(take(like, np.zeros(rows, np.int64)))


__all__ = ["Arrivals", "Became", "Place", "arrivals"]
