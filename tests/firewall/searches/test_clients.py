"""Streams of one client: attacks are noticed, honest traffic is not."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_digits

from modelwarden.firewall.fitting import normal_of
from modelwarden.firewall.normal import REMEMBERED, Scorer
from modelwarden.firewall.searches.clients import Clients, Pattern
from modelwarden.firewall.searches.crowds import Slow
from modelwarden.firewall.searches.places import Asked, Places
from modelwarden.firewall.searches.reference import Reference
from modelwarden.firewall.searches.sums import Cusum


@pytest.fixture(scope="module")
def world():
    x = load_digits().data[np.random.default_rng(0).permutation(1797)]
    normal = normal_of(x[:1000], rate=0.01)
    return normal, Scorer(normal), x[1000:]


def alarms(world, stream):
    normal, scorer, _ = world
    clients = Clients(normal)
    found = []
    for row in stream:
        found += clients.update("c", row[None], scorer.judged(row[None]))
    return found


def test_honest_queries_and_retries_raise_nothing(world):
    fresh = world[2]
    retried = np.repeat(fresh[:200], 5, axis=0)
    hot = fresh[np.random.default_rng(1).integers(0, 3, 500)]

    assert [alarms(world, stream) for stream in (fresh, retried, hot)] == [[], [], []]


def few_numbers(rng, rows):
    return rng.normal(size=(rows, 3)) * [1, 20, 300]


def mixed(rng, rows):
    colours = np.eye(3)[rng.integers(0, 3, rows)]
    return np.c_[rng.integers(18, 80, rows), rng.normal(3000, 500, rows), colours]


@pytest.mark.parametrize("draw", [few_numbers, mixed])
@pytest.mark.parametrize("rows", [100, 400, 1000])
def test_honest_queries_of_few_columns_are_no_search_also_for_small_references(draw, rows):
    told = 0
    for seed in range(4):
        rng = np.random.default_rng(seed)
        normal = normal_of(draw(rng, rows), rate=0.01)
        x = draw(rng, 1500)
        judged = Scorer(normal).judged(x)
        clients = Clients(normal)
        told += any(clients.update("c", x[i : i + 1], judged.only([i])) for i in range(len(x)))

    assert told <= 1


def test_a_search_around_one_input_is_noticed_within_thirty_queries(world):
    rng = np.random.default_rng(2)
    start = world[2][0]
    steps = (np.clip(start + rng.normal(size=64) * 0.5, 0, 16) for _ in range(60))

    found = alarms(world, steps)

    assert found
    assert found[0].pattern is Pattern.NEAR_DUPLICATES
    assert found[0].rows <= 30


def test_a_search_hidden_among_honest_queries_is_noticed(world):
    rng = np.random.default_rng(3)
    fresh, start = world[2][1:], world[2][0]
    stream = (
        np.clip(start + rng.normal(size=64) * 0.5, 0, 16) if i % 10 == 0 else fresh[i]
        for i in range(300)
    )

    found = alarms(world, stream)

    assert [a.pattern for a in found][:1] == [Pattern.NEAR_DUPLICATES]
    assert found[0].rows <= 200


def test_a_copyist_who_sends_noise_is_noticed(world):
    rng = np.random.default_rng(4)

    found = alarms(world, rng.uniform(0, 16, size=(60, 64)))

    assert found[0].pattern is Pattern.ABNORMAL_STREAM
    assert found[0].rows <= 30


def test_what_is_remembered_is_bounded(world):
    normal, scorer, _ = world
    rng = np.random.default_rng(5)
    clients = Clients(normal)
    for _ in range(100):
        x = rng.uniform(0, 16, size=(24, 64))
        clients.update("c", x, scorer.judged(x))
    client = clients._known["c"]

    assert client.rows == 2400
    assert REMEMBERED <= client._places._rows.shape[1] <= 1.1 * REMEMBERED
    assert len(client._digests) == REMEMBERED


def test_of_very_many_clients_those_not_heard_of_for_longest_are_forgotten(world):
    normal, scorer, fresh = world
    clients = Clients(normal, memory=1 << 20)
    judged = [scorer.judged(row[None]) for row in fresh[:50]]

    for number in range(5000):
        at = number % 50
        clients.update(f"c{number}", fresh[at : at + 1], judged[at])

    assert 100 < len(clients) < 1000
    assert clients._held == sum(c.bytes for c in clients._known.values()) <= 1 << 20


def test_memory_is_bounded_for_clients_that_come_many_at_once(world):
    normal, scorer, fresh = world
    clients = Clients(normal, memory=1 << 20)
    judged, ends = scorer.judged(fresh[:60]), list(range(1, 61))

    for turn in range(80):
        names = [f"c{turn}-{number % 45}" for number in range(60)]
        clients.update_all(names, ends, fresh[:60] + turn, judged)

    assert 100 < len(clients) < 1000
    assert clients._held == sum(c.bytes for c in clients._known.values()) <= 1 << 20


def test_a_search_under_so_much_noise_that_no_two_rows_are_near_is_noticed(world):
    rng = np.random.default_rng(6)
    start = world[2][3]

    found = alarms(world, (np.clip(start + rng.normal(size=64) * 1.2, 0, 16) for _ in range(60)))

    assert found
    assert found[0].rows <= 30


def test_a_search_that_is_spread_over_ten_clients_names_them(world):
    normal, scorer, fresh = world
    rng = np.random.default_rng(7)
    clients = Clients(normal)
    found = []
    for number in range(60):
        row = np.clip(fresh[0] + rng.normal(size=64) * 0.5, 0, 16)[None]
        found += clients.update(f"c{number % 10}", row, scorer.judged(row))

    spread = [a for a in found if a.pattern is Pattern.SPREAD_SEARCH]
    assert spread[0].rows <= 30
    assert len({c for a in spread for c in a.clients}) == 10


def test_of_clients_before_and_beside_a_search_few_are_named(world):
    normal, scorer, fresh = world
    rng, clients = np.random.default_rng(11), Clients(normal)
    noisy = [np.clip(row + rng.normal(size=64) * 0.6, 0, 16) for row in fresh[:12]]

    def ask(who, row):
        return clients.update(who, row[None], scorer.judged(row[None]))

    for number, row in enumerate(fresh[:400]):  # honest, and now and then one is nearly the same
        assert not ask(f"before{number % 40}", row)
        if number % 40 == 39:
            assert not ask(f"before{number // 40}", noisy[number // 40])
    found = []
    for number, row in enumerate(fresh[400:]):
        found += ask(f"beside{number % 5}", row)
        found += ask(f"attacker{number % 10}", np.clip(fresh[50] + rng.normal(size=64), 0, 16))
        if found:
            break
    named = found[0].clients

    assert found[0].pattern is Pattern.SPREAD_SEARCH
    assert len([name for name in named if name.startswith("before")]) <= 1
    assert len([name for name in named if name.startswith("attacker")]) >= 4
    assert len([name for name in named if name.startswith("beside")]) <= 1


def seldom(world, one_in, count, seed):
    """Yield honest rows, and one in so many of a search under so much noise that none are near."""
    rng, fresh = np.random.default_rng(seed), world[2]
    for number in range(count):
        if number % one_in:
            yield fresh[1 + number % 790] + (number // 790) * 1e-9
        else:
            yield np.clip(fresh[0] + rng.normal(size=64) * 1.2, 0, 16)


def test_a_search_that_is_one_row_in_twenty_is_noticed_and_honest_rows_are_not(world):
    fresh = world[2]
    order = np.random.default_rng(14).permutation(len(fresh))
    lit = fresh[np.argsort(fresh[:, 27])]

    found = alarms(world, seldom(world, 20, 700, 13))

    assert found
    assert found[0].pattern in (Pattern.CROWDED, Pattern.SPREAD_SEARCH)
    assert found[0].rows <= 400
    assert [alarms(world, stream) for stream in (fresh[order], lit)] == [[], []]


def test_twenty_clients_who_each_hide_one_row_in_twenty_are_named_and_few_others(world):
    normal, scorer, _ = world
    rng, clients, found = np.random.default_rng(15), Clients(normal), []
    for number, row in enumerate(seldom(world, 20, 790, 16)):
        who = f"{'honest' if number % 2 else 'attacker'}{rng.integers(20)}"
        found += clients.update(who, row[None], scorer.judged(row[None]))
    named = {name for a in found for name in a.clients}

    assert {a.pattern for a in found} == {Pattern.SPREAD_SEARCH}
    assert len([name for name in named if name.startswith("attacker")]) >= 8
    assert len([name for name in named if name.startswith("honest")]) <= 2


def test_what_is_remembered_of_places_is_bounded_and_the_rest_is_forgotten():
    slow = Slow([2.0] * 5000)
    for number in range(5000):
        assert not slow.told([number])

    assert len(slow) <= 257
    cells = [7 if number % 20 == 0 else 1000 + number for number in range(600)]
    told = [bool(slow.told([cell])) for cell in cells]
    # Each time it adds 2 and loses 20 x 0.02 until the next: above 20 with the thirteenth.
    assert told.index(True) == 12 * 20


def test_traffic_that_has_moved_as_a_whole_is_no_slow_search():
    """Of every ten rows, four fall to four places: more than a search beside honest rows is."""
    slow, rng = Slow([2.0] * 1000), np.random.default_rng(17)
    cells = [n % 10 if n % 10 < 4 else int(rng.integers(10, 1000)) for n in range(3000)]

    assert sum(len(slow.told([cell])) for cell in cells) <= 1


def test_what_many_clients_ask_alike_is_no_search(world):
    normal, scorer, fresh = world
    clients = Clients(normal)
    found = []
    for number in range(400):
        row = fresh[number % 7][None]
        found += clients.update(f"c{number // 7}", row, scorer.judged(row))

    assert found == []


def test_rows_of_one_large_request_are_counted_in_part_and_found(world):
    normal, scorer, fresh = world
    rng = np.random.default_rng(8)
    rows = np.clip(fresh[5] + rng.normal(size=(300, 64)) * 0.5, 0, 16)

    found = Clients(normal).update("c", rows, scorer.judged(rows))

    assert Pattern.NEAR_DUPLICATES in {a.pattern for a in found}


def test_rows_are_near_alike_alone_and_together(world):
    normal, scorer, fresh = world
    rng = np.random.default_rng(9)
    rows = np.concatenate([fresh[:30], np.clip(fresh[:30] + rng.normal(size=(30, 64)), 0, 16)])
    judged = scorer.judged(rows)
    reference = Reference(normal)
    alone, together = Places(reference), Places(reference)

    def asked(first, end):
        return Asked(reference, judged.only(list(range(first, end))), rows[first:end])

    def near(places, part, *sizes):
        rows, found = list(range(len(part.cells))), []
        found = places.near(part, rows, sizes)
        for size in sizes:
            places.take(part, rows[:size])
            rows = rows[size:]
        return found

    one = [near(alone, asked(i, i + 1), 1)[0] for i in range(60)]
    parts = [near(together, asked(a, b), b - a) for a, b in ((0, 7), (7, 60))]

    assert one == parts[0] + parts[1]
    for sizes in ([1] * 60, [4, 1, 30, 2, 23], [60]):
        assert near(Places(reference), asked(0, 60), *sizes) == one
    assert 15 <= sum(one) <= 30


def test_near_are_those_that_are_by_the_definition_in_requests_of_any_size(world):
    """Held against every row from the fifth before on, and 1,000 before that at the least."""
    normal, scorer, fresh = world
    rng = np.random.default_rng(12)
    rows = np.concatenate([fresh, fresh[rng.permutation(797)] + rng.normal(size=(797, 64))])
    for lag in (4, 5):  # twins as far apart as just does not count, and as just does
        twins = fresh[: 60 * lag].reshape(60, lag, 64)
        rows = np.concatenate([rows, np.concatenate([twins, twins + 0.1], axis=1).reshape(-1, 64)])
    reference = Reference(normal)
    judged, ring, found = scorer.judged(rows), Places(reference), []
    while len(found) < len(rows):
        size = int(rng.choice([1, 2, 3, 5, 8, 32]))
        numbers = list(range(len(found), min(len(found) + size, len(rows))))
        asked, own = Asked(reference, judged.only(numbers), rows[numbers]), [*range(len(numbers))]
        sizes = [1] * len(own) if rng.random() < 0.5 else [len(own)]
        found += ring.near(asked, own, sizes)
        for size in sizes:
            ring.take(asked, own[:size])
            own = own[size:]
    places = judged.places.astype(float)
    squares = (places**2).sum(axis=1)
    apart = np.sqrt(np.maximum(squares[:, None] + squares - 2 * places @ places.T, 0))
    dense = np.minimum(judged.local, 1.25 * reference.spacing[judged.cells])
    apart /= (normal.near * dense)[:, None]
    number = np.arange(len(rows))
    apart[number[:, None] - number[None] <= 4] = np.inf

    def nearest(most):
        return np.where(number[:, None] - number[None] <= most, apart, np.inf).min(axis=1)

    sure, possible = nearest(1000) < 0.999, nearest(1100) < 1.001
    assert 500 < sum(found) < 2000
    assert not (sure & ~np.array(found)).any()
    assert not (np.array(found) & ~possible).any()


def test_which_rows_of_many_are_counted_hangs_on_the_rows_and_on_a_secret(world):
    normal, _, fresh = world
    rows = fresh[:200].copy()
    rows[::3, 5] = np.nan
    clients, order = Clients(normal), np.random.default_rng(3).permutation(200)

    chosen = clients._chosen(rows)
    shuffled = clients._chosen(rows[order])

    assert len(set(chosen)) == 32
    assert sorted(order[shuffled].tolist()) == chosen  # whatever their order
    assert Clients(normal)._chosen(rows) != chosen
    counts = np.zeros(200)
    for _ in range(200):
        counts[Clients(normal)._chosen(rows)] += 1
    assert counts.min() >= 10  # 32 expected, 5 deviations below are 6: no row is safe
    assert counts.max() <= 60


def test_the_sum_is_pages():
    cusum = Cusum(0.01, 0.08, threshold=4.0)

    told = [cusum.update(event=True), cusum.update(event=False), cusum.update(event=True)]

    step = np.log(8)
    miss = np.log(0.92 / 0.99)
    assert told == [False, False, True] if 2 * step + miss >= 4 else told == [False] * 3
    assert cusum.sum == 0.0
