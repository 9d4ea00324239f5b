"""Requests that come in one turn of the event loop, judged together at its end.

A busy firewall finds many requests each time it looks. What numpy, JSON and the ledger cost by the
call is then paid once for all of them; a request that comes alone waits for nothing.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from modelwarden.firewall.ruling import rulings

if TYPE_CHECKING:
    from modelwarden.firewall.policy import Policy
    from modelwarden.firewall.records import Recorder
    from modelwarden.firewall.requests import Arrival
    from modelwarden.firewall.ruling import Ruling


class Waiting(Protocol):
    """Whose request is judged."""

    @property
    def policy(self) -> Policy:
        """By which it is judged."""

    def ruled(self, ruled: Ruling) -> None:
        """Be told what becomes of it."""

    def broke(self, error: Exception) -> None:
        """Be told that judging it failed."""


class Turns:
    """Collects requests until the turn ends.

    Attributes:
        recorder: writes the decisions of a turn at once; None without a ledger.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.recorder: Recorder | None = None
        self._loop = loop
        self._waiting: list[tuple[Waiting, Arrival]] = []

    def add(self, exchange: Waiting, asked: Arrival) -> None:
        """Have a request judged; its exchange is told what becomes of it."""
        if not self._waiting:
            self._loop.call_soon(self._end)
        self._waiting.append((exchange, asked))

    def _end(self) -> None:
        waiting, self._waiting = self._waiting, []
        if self.recorder is not None:
            self.recorder.gather()
        try:
            self._judge_all(waiting)
        finally:
            if self.recorder is not None:
                self.recorder.flush()

    def _judge_all(self, waiting: list[tuple[Waiting, Arrival]]) -> None:
        by_policy: dict[Policy, list[tuple[Waiting, Arrival]]] = {}
        for exchange, arrival in waiting:  # of two policies only in the turn of a reload
            by_policy.setdefault(exchange.policy, []).append((exchange, arrival))
        for policy, asked in by_policy.items():
            self._judge(policy, asked)

    def _judge(self, policy: Policy, waiting: list[tuple[Waiting, Arrival]]) -> None:
        try:
            found = rulings(policy, [asked for _, asked in waiting])
        except Exception as error:  # noqa: BLE001 - a bug of ours: nobody is let through by it
            for exchange, _ in waiting:
                exchange.broke(error)
            return
        for (exchange, _), ruled in zip(waiting, found, strict=True):
            try:
                exchange.ruled(ruled)
            except Exception as error:  # noqa: BLE001 - likewise, and not of the others
                exchange.broke(error)
