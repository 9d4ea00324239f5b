"""How often one client may ask, in eight bytes a client: the generic cell rate algorithm.

Source: ITU-T I.371, annex A (GCRA, virtual scheduling).
"""

from __future__ import annotations

from collections import OrderedDict

from modelwarden.firewall.config import Limit

_CLIENTS = 100_000
"""Clients whose time is remembered; one that has paused long enough needs none."""


class Rates:
    """The limit, kept for each client by itself."""

    def __init__(self, limit: Limit) -> None:
        self._step = 1 / limit.rate
        self._room = (limit.burst - 1) * self._step
        self._due: OrderedDict[str, float] = OrderedDict()

    def wait(self, client: str, now: float) -> float:
        """Count one request; return 0, or the seconds after which one would be in order.

        Args:
            client: who asks.
            now: by a clock that never goes back.
        """
        due = max(self._due.get(client, now), now)
        early = due - now - self._room
        if early > 1e-9:
            return early
        self._due[client] = due + self._step
        self._due.move_to_end(client)
        while len(self._due) > _CLIENTS or (self._due and self._first() <= now):
            self._due.popitem(last=False)
        return 0.0

    def _first(self) -> float:
        return self._due[next(iter(self._due))]
