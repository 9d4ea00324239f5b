"""Records on their way: a busy loop goes on while they are written, and turns share a write."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

from modelwarden.firewall.desk import Desk
from modelwarden.firewall.keeping import Keeper


class Ledger:
    """Writes when it is let, and puts down what was written at once."""

    folder = Path("ledger")
    behind = 0.0

    def __init__(self):
        self.may = threading.Event()
        self.writes = []

    def extend(self, records):
        self.may.wait(5)
        self.writes.append(list(records))


def test_a_busy_loop_goes_on_and_what_it_leaves_meanwhile_shares_a_write():
    async def scene():
        ledger, written = Ledger(), []
        keeper = Keeper(ledger, asyncio.get_running_loop(), lambda *_: None)
        for number in range(10):
            keeper.put([b"%d" % number], [lambda _, n=number: written.append(n)])
            await asyncio.sleep(0)
        before = list(written)
        ledger.may.set()
        while len(written) < 10:
            await asyncio.sleep(0.001)
        assert keeper.close(5) == 0
        return before, written, ledger.writes

    before, written, writes = asyncio.run(scene())

    assert before == []
    assert written == list(range(10))  # told once each, in order, and without another put
    assert [body for write in writes for body in write] == [b"%d" % n for n in range(10)]
    assert len(writes) <= 3


def test_who_waits_has_it_written_before_anything_else():
    async def scene():
        ledger, written = Ledger(), []
        ledger.may.set()
        keeper = Keeper(ledger, asyncio.get_running_loop(), lambda *_: None)
        keeper.put([b"one"], [written.append], wait=True)
        at_once = list(written)
        keeper.close(5)
        return at_once

    assert asyncio.run(scene()) == [True]


def test_nothing_that_is_left_at_a_desk_stays_there():
    found, all_of_them = [], threading.Event()

    def write(pieces):
        found.extend(pieces)
        if len(found) == 20_000:
            all_of_them.set()

    desk = Desk("desk", write, 1.0)
    for number in range(20_000):
        desk.put(number)

    assert all_of_them.wait(10)
    assert found == list(range(20_000))
    assert desk.put(0, wait=True)
    assert desk.close(5)
