"""Requests that come at once are decided as if they came one after another."""

from __future__ import annotations

import json

import numpy as np
import pytest

from firewall.profiles import tensor, vectors
from modelwarden.firewall.config import FirewallConfig, Limit
from modelwarden.firewall.http import head_of
from modelwarden.firewall.normal import Scorer
from modelwarden.firewall.policy import Policy
from modelwarden.firewall.requests import Arrival
from modelwarden.firewall.rules import Mode
from modelwarden.firewall.ruling import ruling, rulings
from modelwarden.firewall.searches.clients import Clients
from modelwarden.firewall.turns import Turns

PROFILE = tensor()
HEAD = head_of(
    b"POST /v2/models/m/infer HTTP/1.1\r\nhost: m\r\ncontent-type: application/json\r\n\r\n"
)
ELSEWHERE = head_of(b"POST /v2/models/n/infer HTTP/1.1\r\nhost: m\r\n\r\n")


def infer(rows, **more):
    data = np.round(rows, 5)
    entry = {"name": "x", "shape": list(data.shape), "datatype": "FP32", "data": data.tolist()}
    return json.dumps({"inputs": [entry], **more}, separators=(",", ":")).encode()


def traffic(rng, count):
    """Yield requests of honest clients and one that searches, well formed and not."""
    fresh, start = vectors(3 * count, seed=21), vectors(1, seed=22)
    for number in range(count):
        rows = fresh[3 * number : 3 * number + int(rng.choice([1, 1, 1, 2, 3]))]
        client = f"c{number % 3}"
        kind = rng.integers(0, 12)
        body, head = infer(rows), HEAD
        if kind == 0:
            body = body.replace(b"0.", b"+0.", 1)
        elif kind == 1:
            body = infer(rng.random(rows.shape))  # abnormal
        elif kind == 2:
            head = ELSEWHERE
        elif kind == 3:
            body = body.replace(b'"data"', b'"data":[0.5],"data"')
        elif kind == 4:
            body = infer(rows, id=f"r{number}")
        elif kind > 8:
            client, body = "attacker", infer(start + rng.normal(size=(1, 12)) * 0.001)
        yield Arrival(body, client, head=head, at=number * 0.01)


def policy(limit=None):
    told = []

    def failed(kind, error, through):
        raise AssertionError(f"{kind} {error} {through}")

    config = FirewallConfig(limit=limit, block_seconds=300.0)
    return Policy([PROFILE], config, Mode.ENFORCE, emit=told.append, failed=failed), told


def shown(ruled):
    one = ruled.decision
    return (
        *(ruled.as_it_came, ruled.asks, ruled.alert, one.done, one.rule, one.status, one.rows),
        *(one.id, one.body, None if one.score is None else pytest.approx(one.score, rel=1e-4)),
    )


@pytest.mark.parametrize("seed", range(4))
def test_decisions_and_alerts_are_those_of_one_after_another(seed):
    rng = np.random.default_rng(seed)
    asked = list(traffic(rng, 400))
    limit = Limit(rate=10.0, burst=5) if seed % 2 else None
    (alone, alerts), (together, others) = policy(limit), policy(limit)

    one = [shown(ruling(alone, each)) for each in asked]
    many, start = [], 0
    while start < len(asked):
        end = start + int(rng.integers(1, 17))
        many += map(shown, rulings(together, asked[start:end]))
        start = end

    assert many == one
    assert [(a.rule, a.client, a.request_id) for a in others] == [
        (a.rule, a.client, a.request_id) for a in alerts
    ]
    rules = {ruled[4] for ruled in one}
    assert {None, "route", "syntax", "duplicate-key", "abnormal", "blocked-client"} <= rules
    assert ("rate" in rules) is (limit is not None)


@pytest.mark.parametrize("seed", range(3))
def test_rows_that_were_judged_together_are_counted_as_those_of_each_request(seed):
    """Searches by one client, spread ones, retries and noise, in requests of any size."""
    rng, normal = np.random.default_rng(seed), PROFILE.normal
    scorer, fresh = Scorer(normal), vectors(2000, seed=31)
    alone, together = Clients(normal), Clients(normal)
    alone._factors = together._factors = rng.integers(0, 1 << 63, 12, np.uint64) | np.uint64(1)
    requests = []
    for number in range(400):
        client, rows = f"c{number % 4}", fresh[number : number + int(rng.choice([1, 1, 1, 3, 40]))]
        match rng.integers(0, 8):
            case 0 | 1:
                client, rows = "search", fresh[:1] + rng.normal(size=(1, 12)) * 1e-3
            case 2:
                client, rows = f"s{number % 9}", fresh[1:2] + rng.normal(size=(2, 12)) * 1e-3
            case 3:
                rows = fresh[2:4]
            case 4 if number > 200:
                client, rows = "noise", rng.random((2, 12))
        requests.append((client, rows))

    one = [alone.update(c, x, scorer.judged(x)) for c, x in requests]
    many, start = [], 0
    while start < len(requests):
        part = requests[start : start + int(rng.integers(1, 17))]
        rows = np.concatenate([x for _, x in part])
        ends = np.cumsum([len(x) for _, x in part]).tolist()
        many += together.update_all([c for c, _ in part], ends, rows, scorer.judged(rows))
        start += len(part)

    assert many == one
    assert {a.pattern.value for told in one for a in told} >= {
        "near-duplicates", "abnormal-stream", "spread-search"
    }  # fmt: skip


class Loop:
    def __init__(self):
        self.soon = []

    def call_soon(self, work):
        self.soon.append(work)


class Exchange:
    def __init__(self, judged_by, fails=False):
        self.policy, self.fails, self.told = judged_by, fails, []

    def ruled(self, ruled):
        if self.fails:
            raise RuntimeError("a bug")
        self.told.append(ruled.decision.done.value)

    def broke(self, error):
        self.told.append(str(error))


class Recorder:
    def __init__(self, told):
        self.told = told

    def gather(self):
        self.told.append("gather")

    def flush(self):
        self.told.append("flush")


def test_a_turn_is_judged_once_by_the_policy_of_each_request_and_recorded_once():
    loop, told = Loop(), []
    turns = Turns(loop)
    turns.recorder = Recorder(told)
    before, after = policy()[0], policy()[0]
    exchanges = [Exchange(before), Exchange(after), Exchange(before, fails=True), Exchange(after)]

    for number, exchange in enumerate(exchanges):
        turns.add(exchange, Arrival(infer(vectors(1, seed=number)), "c", head=HEAD))
    (work,) = loop.soon
    work()

    assert [e.told for e in exchanges] == [["allow"], ["allow"], ["a bug"], ["allow"]]
    assert told == ["gather", "flush"]


def test_nothing_passes_where_a_whole_turn_cannot_be_judged(monkeypatch):
    loop = Loop()
    turns, judge = Turns(loop), policy()[0]
    monkeypatch.setattr(judge, "judge", lambda route: 1 / 0)
    exchanges = [Exchange(judge), Exchange(judge)]

    for exchange in exchanges:
        turns.add(exchange, Arrival(infer(vectors(1)), "c", head=HEAD))
    loop.soon[0]()

    assert [e.told for e in exchanges] == [["division by zero"]] * 2


def test_what_was_decided_is_recorded_even_if_a_request_cannot_be_ended(monkeypatch):
    loop, told = Loop(), []
    turns, judge = Turns(loop), policy()[0]
    turns.recorder = Recorder(told)
    exchanges = [Exchange(judge), Exchange(judge, fails=True)]
    monkeypatch.setattr(exchanges[1], "broke", lambda error: 1 / 0)

    for exchange in exchanges:
        turns.add(exchange, Arrival(infer(vectors(1)), "c", head=HEAD))
    with pytest.raises(ZeroDivisionError):
        loop.soon[0]()

    assert told == ["gather", "flush"]
