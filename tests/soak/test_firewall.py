"""A day of a firewall, accelerated: its memory stays flat, and no descriptor is lost.

`MODELWARDEN_SOAK_COUNT` chooses how many requests it has; what else happens stays the same.
"""

from __future__ import annotations

import os
import re
from collections import Counter

import pytest

from .day import HOURS, OUTAGE, day_of

pytestmark = pytest.mark.soak
COUNT = int(os.environ.get("MODELWARDEN_SOAK_COUNT", "1700000"))
EXECUTOR = min(32, (os.cpu_count() or 1) + 4)  # threads that asyncio keeps once they were needed


@pytest.fixture(scope="module")
def day(tmp_path_factory):
    return day_of(tmp_path_factory.mktemp("day"), COUNT)


def test_memory_is_flat_from_the_first_third_of_the_day_on(day):
    held = [one.megabytes for one in day.held]
    third = HOURS // 3

    first, last = max(held[: third + 1]), max(held[-third:])
    room = 8 if COUNT >= 1_000_000 else 60  # a shorter day does not fill what is remembered
    assert last <= first + room, held
    assert last < 300, held


def test_no_descriptor_and_no_thread_is_left_over(day):
    before, after = day.held[0], day.held[-1]

    assert after.files == before.files, day.held
    assert after.threads <= before.threads + EXECUTOR, day.held
    assert max(one.sockets for one in day.held) <= 64 + 8 + 40 + 12, day.held


def test_honest_requests_were_answered_but_for_the_hours_without_a_server(day):
    statuses = day.statuses

    assert set(statuses) <= {200, 400, 502, 503}
    assert statuses[400] == pytest.approx(sum(statuses.values()) / 50, rel=0.2)
    failed = [hour[502] + hour[503] for hour in (Counter(), *day.hours)]
    grew = [hour for hour in range(HOURS) if failed[hour + 1] > failed[hour]]
    assert grew
    assert {hour % 3 for hour in grew} == {OUTAGE}
    assert day.search[403] > 500


def test_every_trouble_came_and_was_told(day):
    assert day.told["reload"] == HOURS == day.counters['reloads_total{outcome="taken"}']
    assert {"upstream", "near-duplicates", "http", "syntax", "probes-learnt"} <= set(day.told)
    assert not {"golden-probes", "digest-changed", "check-failed", "watch"} & set(day.told)
    assert day.counters["records_lost_total"] > 0  # while the disk took nothing
    assert day.counters["alerts_lost_total"] > 0
    assert day.told["torn"] <= HOURS / 4  # a full disk may take a part of a line
    assert day.code == 0


def test_the_ledger_holds_every_decision_that_the_disk_took(day):
    decided = sum(v for k, v in day.counters.items() if re.match(r"requests_total\{", k))
    lines = day.check.lines

    assert day.check.problems == ()
    assert day.check.retired > 0 or COUNT < 500_000
    own = lines - (decided - day.counters["records_lost_total"])
    assert 0 <= own <= 4 * (lines * 400 / 1e6 + 10)  # lines about segments, and what came last
