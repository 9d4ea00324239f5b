"""A callable as a campaign asks it: in its sandbox, and on record as an endpoint is."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence

import numpy as np

from modelwarden.protocols.tensors import Tensor
from modelwarden.redteam.courier import Envelope
from modelwarden.redteam.journal import Journal, JournalError, Recorded
from modelwarden.redteam.meter import Meter
from modelwarden.targets.frames import Inputs
from modelwarden.targets.http.wires import tensors_of
from modelwarden.targets.tiled import Asked, padded

TILE = 256
"""Rows of a call."""


class Called:
    """A callable in its sandbox; what crosses is written down as JSON."""

    def __init__(self, asked: Asked, journal: Journal, meter: Meter) -> None:
        self._asked, self._journal, self._meter = asked, journal, meter
        self.envelope = Envelope()
        self.retries = 0

    def ask(self, inputs: Inputs) -> tuple[Tensor, ...]:
        """Return the answers, those on record where this was asked before.

        Raises:
            JournalError: the record has another request in this one's place.
        """
        name, rows = self.envelope.next(), len(inputs)
        sent = packed(tensors_of(inputs))
        digest = hashlib.sha256(sent).hexdigest()
        known = self._journal.known(name)
        if known is not None:
            if known.digest != digest:
                raise JournalError(
                    f"request {name} is not the one on record: another version asks other questions"
                )
            self._journal.replayed += 1
            self.envelope.heard(known)
            return unpacked(known.body)
        self._meter.pace(rows)
        began = time.monotonic()
        answer = self._answered(inputs)
        recorded = Recorded(
            digest=digest,
            tries=1,
            rows=rows,
            status=0,
            body=packed(answer),
            clock=self._meter.seconds,
            seconds=time.monotonic() - began,
        )
        self._journal.answered(name, sent, recorded)
        self.envelope.heard(recorded)
        return answer

    def _answered(self, inputs: Inputs) -> tuple[Tensor, ...]:
        """Ask in whole tiles, so that answers do not depend on who is asked with whom."""
        rows = len(inputs)
        answer = self._asked.ask(padded(inputs, 0, rows, TILE))
        return tuple(
            Tensor(t.name, t.values[:rows], t.columns)
            for t in answer
            if t.values.ndim and len(t) == TILE
        )

    def close(self) -> None:
        """Leave the sandbox open: who opened it closes it."""


def packed(tensors: Sequence[Tensor]) -> bytes:
    """Return arrays as JSON from which `unpacked` makes the same arrays, bit by bit."""
    document = [
        {
            "name": t.name,
            "columns": list(t.columns),
            "type": t.values.dtype.str if t.values.dtype.kind != "O" else "text",
            "shape": list(t.values.shape),
            "values": _plain(t.values),
        }
        for t in tensors
    ]
    return json.dumps(document, separators=(",", ":")).encode()


def _plain(values: np.ndarray[tuple[int, ...], np.dtype[np.generic]]) -> list[object]:
    flat = values.ravel()
    return [str(v) for v in flat] if flat.dtype.kind in "mM" else list(flat.tolist())


def unpacked(body: bytes) -> tuple[Tensor, ...]:
    """Return the arrays of `packed`."""
    found = []
    for part in json.loads(body):
        kind = object if part["type"] == "text" else np.dtype(part["type"])
        values = np.array(part["values"], dtype=kind).reshape(part["shape"])
        found.append(Tensor(part["name"], values, tuple(part["columns"])))
    return tuple(found)
