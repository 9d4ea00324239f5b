"""Odd honest streams are no search; searches are, also where they look a little like these."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pytest
from sklearn.datasets import load_digits

from firewall.profiles import tensor, vectors
from modelwarden.firewall.checks import Checks
from modelwarden.firewall.decide import Judge
from modelwarden.firewall.fitting import normal_of
from modelwarden.firewall.normal import Scorer
from modelwarden.firewall.rules import Mode, Modes
from modelwarden.firewall.searches.clients import Clients, Pattern
from modelwarden.firewall.settings import load_config


@pytest.fixture(scope="module")
def world():
    x = load_digits().data[np.random.default_rng(0).permutation(1797)]
    normal = normal_of(x[:1000], rate=0.01)
    return normal, Scorer(normal), x[1000:]


def told(world, rows, names=None, features=None):
    """Return the alarms of a stream of single rows."""
    normal, scorer, _ = world
    rows = np.asarray(rows)
    clients, judged = Clients(normal, features=features), scorer.judged(rows)
    names = names or ["c"] * len(rows)
    return [
        alarm
        for at, name in enumerate(names)
        for alarm in clients.update(name, rows[at : at + 1], judged.only([at]))
    ]


def replay_with_fewer_digits(fresh, rng):
    once = fresh[:250] + rng.normal(size=(250, 64)) * 0.001
    return [*once, *once.round(2)]


def two_arms_of_a_trial(fresh, rng):
    other = fresh[250:500]
    second = fresh[:250].copy()
    second[:, 20:22] = other[:, 20:22]
    return np.stack([fresh[:250], second], axis=1).reshape(-1, 64)


def corrections_some_rows_later(fresh, rng):
    rows = []
    for at in range(0, 300, 10):
        rows += [*fresh[at : at + 10]]
        for one in fresh[at : at + 4]:
            mended = one.copy()
            mended[rng.integers(64, size=6)] = fresh[at + 20, :6]
            rows.append(mended)
    return rows


def a_table_joined_with_one_column(fresh, rng):
    rows = np.repeat(fresh[:40], 12, axis=0)
    rows[:, 27] = np.tile(np.arange(12), 40)
    return rows


def the_same_join_by_value(fresh, rng):
    rows = np.tile(fresh[:40], (12, 1))
    rows[:, 27] = np.repeat(np.arange(12), 40)
    return rows


def what_if_of_two_columns(fresh, rng):
    rows = np.repeat(fresh[:5], 100, axis=0)
    grid = np.indices((10, 10)).reshape(2, -1).T
    rows[:, [27, 36]] = np.tile(grid, (5, 1))
    return rows


def a_health_check_with_a_counter(fresh, rng):
    rows = fresh[:600].copy()
    rows[::8] = fresh[700]
    rows[::8, 0] = np.arange(75) / 75
    return rows


def a_camera_that_pans_slowly(fresh, rng):
    return [a + step / 20 * (b - a) for a, b in pairwise(fresh[:26]) for step in range(20)]


STREAMS = [
    replay_with_fewer_digits,
    two_arms_of_a_trial,
    corrections_some_rows_later,
    a_table_joined_with_one_column,
    the_same_join_by_value,
    what_if_of_two_columns,
    a_health_check_with_a_counter,
    a_camera_that_pans_slowly,
]


@pytest.mark.parametrize("stream", STREAMS)
def test_odd_honest_streams_are_no_search(world, stream):
    assert told(world, stream(world[2], np.random.default_rng(21))) == []


def star(fresh, rng):
    return np.clip(fresh[0] + rng.normal(size=(80, 64)) * 0.5, 0, 16)


def feature_by_feature(fresh, rng):
    """Single features of one row, each at three values: a search that keeps to small edits."""
    rows = []
    for column in rng.permutation(np.flatnonzero(fresh[:500].std(axis=0) > 2))[:25]:
        for value in (0, 8, 16):
            row = fresh[0].copy()
            row[column] = value
            rows.append(row)
    return rows


def twelve_in_turn(fresh, rng):
    """Searches around twelve rows, so that no row is like one of the last ones."""
    return np.clip(np.tile(fresh[:12], (8, 1)) + rng.normal(size=(96, 64)) * 0.5, 0, 16)


def led_from_one_to_the_next(fresh, rng):
    """A search with frames between its questions, as a camera has."""
    asked = star(fresh, rng)
    return [a + step / 3 * (b - a) for a, b in pairwise(asked) for step in range(3)]


@pytest.mark.parametrize(
    "stream", [star, feature_by_feature, twelve_in_turn, led_from_one_to_the_next]
)
def test_searches_are_found(world, stream):
    found = told(world, stream(world[2], np.random.default_rng(22)))

    assert found
    assert found[0].rows <= 75


def test_a_search_among_rows_that_are_sent_twice_is_found(world):
    fresh, rng = world[2], np.random.default_rng(23)
    rows = [*replay_with_fewer_digits(fresh[1:], rng)]
    asked = [*star(fresh, rng)]
    mixed = [asked.pop() if at % 8 == 0 and asked else row for at, row in enumerate(rows)]

    assert told(world, mixed)


def test_who_asks_with_a_new_name_each_time_is_found(world):
    fresh, rng = world[2], np.random.default_rng(24)
    near = told(world, star(fresh, rng), [f"a{n}" for n in range(80)])
    strange = told(world, rng.uniform(0, 16, size=(40, 64)), [f"b{n}" for n in range(40)])

    for found in (near, strange):
        assert {alarm.pattern for alarm in found} == {Pattern.SPREAD_SEARCH}
        assert found[0].rows <= 30
        assert len(found[0].clients) >= 4


def test_new_names_with_ordinary_rows_are_no_search(world):
    fresh = world[2]

    assert told(world, fresh[:700], [f"c{n}" for n in range(700)]) == []


def test_cameras_of_twenty_clients_are_no_spread_search(world):
    """Each client's rows are like its own last ones, and in between are those of the others."""
    fresh = world[2]
    pans = [fresh[:20] + step / 20 * (fresh[20:40] - fresh[:20]) for step in range(20)]

    assert told(world, np.concatenate(pans), [f"c{n % 20}" for n in range(400)]) == []


def test_of_clients_that_repeat_by_nature_only_strange_rows_are_counted(world):
    normal, scorer, fresh = world
    rng, clients = np.random.default_rng(26), Clients(normal)

    clients.repeating = frozenset({"camera"})

    def patterns(rows):
        judged = scorer.judged(rows)
        return {
            alarm.pattern
            for at in range(len(rows))
            for alarm in clients.update("camera", rows[at : at + 1], judged.only([at]))
        }

    assert patterns(star(fresh, rng)) == set()
    assert patterns(rng.uniform(0, 16, size=(40, 64))) == {Pattern.ABNORMAL_STREAM}


def test_the_same_strange_row_again_says_little(world):
    rows = np.repeat(np.full((1, 64), 16.0), 60, axis=0)
    rows[:, 0] = np.arange(60) / 60

    found = told(world, rows)

    assert Pattern.ABNORMAL_STREAM not in {alarm.pattern for alarm in found}


def test_clients_that_repeat_are_named_in_the_configuration_and_heeded_after_a_reload(tmp_path):
    path = tmp_path / "f.toml"
    path.write_text('[firewall]\nrepeating = ["camera"]\n')
    repeating = load_config(path).repeating
    rng, start = np.random.default_rng(27), vectors(1, seed=22)
    checks, told = Checks(tensor("mlflow")), []
    old = Judge(checks, Modes(Mode.OBSERVE, {}), 0, told.append)
    new = Judge(checks, Modes(Mode.OBSERVE, {}), 0, told.append, repeating=repeating)
    new.inherit(old)

    for _ in range(80):
        rows = np.clip(start + rng.normal(size=(1, 12)) * 1e-2, 0, 1)
        for client in ("camera", "other"):
            body = json.dumps({"inputs": rows.tolist()}).encode()
            new.decide(body, client, None)
            rows = rows + 1e-3

    assert {alert.client for alert in told if alert.kind == "client"} == {"other"}
