import asyncio
import hashlib
import json
from dataclasses import replace

import numpy as np
import pytest

from modelwarden.detectors import probes as golden
from modelwarden.detectors.profile import Watched
from modelwarden.firewall import Meta, Protocol, profile_of
from modelwarden.firewall import watching as module
from modelwarden.firewall.alerts import AlertKind
from modelwarden.firewall.watching import Secret, Watching


def vectors(n, seed):
    return np.random.default_rng(seed).normal(size=(n, 4))


def profile():
    meta = Meta(name="m", protocol=Protocol.OIP, input="x", datatype="FP64")
    return profile_of(vectors(800, 0), meta, digest="sha256:0", version="1")


class Model:
    """A server behind the firewall: two classes from four numbers, as the Open Inference Protocol.

    Attributes:
        weights: that tampering changes. asked: bodies that came.
    """

    def __init__(self):
        self.weights = np.array([1.0, -2.0, 0.5, 0.1])
        self.version = "1"
        self.asked = []

    async def __call__(self, profile, path, body):
        assert path == "/v2/models/m/infer"
        self.asked.append(body)
        return 200, self.answer(json.loads(body))

    def answer(self, request):
        (entry,) = request["inputs"]
        x = np.array(entry["data"], np.float64).reshape(entry["shape"])
        p = 1 / (1 + np.exp(-x @ self.weights))
        output = {
            "name": "p",
            "datatype": "FP64",
            "shape": [len(x), 2],
            "data": np.stack([1 - p, p], axis=1).ravel().tolist(),
        }
        return json.dumps({"model_version": self.version, "outputs": [output]}).encode()


async def until(condition, watching):
    """Run what watches until something holds."""
    task = asyncio.create_task(watching.run())
    try:
        async with asyncio.timeout(20):
            while not condition():
                assert not task.done() or task.result()
                await asyncio.sleep(0.02)
    finally:
        task.cancel()


def secret(of, path=None):
    made = golden.probes_of(of, {"x": vectors(800, 0)}, "sha256:0")
    return {of.name: Secret(probes=made, path=path)}


def rules(alerts):
    return [a.rule for a in alerts]


@pytest.mark.parametrize(
    "tamper",
    [
        lambda model: model.weights.__setitem__(3, 0.1001),
        lambda model: setattr(model, "weights", -model.weights),
    ],
    ids=["one weight, by a thousandth", "another model"],
)
def test_a_model_that_was_changed_behind_its_endpoint_is_told(tmp_path, tamper):
    alerts, model, of = [], Model(), profile()
    kept = tmp_path / "probes.json"
    watching = Watching(
        [of], emit=alerts.append, ask=model, secrets=secret(of, kept), probe_seconds=0.2
    )
    asyncio.run(until(lambda: "probes-learnt" in rules(alerts), watching))
    assert kept.stat().st_mode & 0o777 == 0o600
    asked = len(model.asked)
    asyncio.run(until(lambda: len(model.asked) > asked + 30, watching))
    assert "golden-probes" not in rules(alerts)

    tamper(model)
    asyncio.run(until(lambda: "golden-probes" in rules(alerts), watching))

    (told,) = [a for a in alerts if a.rule == "golden-probes"]
    assert told.kind is AlertKind.TAMPER


def test_answers_that_were_kept_are_held_against_a_model_after_a_restart(tmp_path):
    alerts, model, of = [], Model(), profile()
    kept = tmp_path / "probes.json"
    known = secret(of, kept)
    watching = Watching([of], emit=alerts.append, ask=model, secrets=known, probe_seconds=0.2)
    asyncio.run(until(lambda: "probes-learnt" in rules(alerts), watching))
    model.weights[0] = 1.001

    again = {"m": Secret(probes=golden.load(kept, "m"), path=kept)}
    watching = Watching([of], emit=alerts.append, ask=model, secrets=again, probe_seconds=0.2)
    asyncio.run(until(lambda: "golden-probes" in rules(alerts), watching))


def test_questions_are_no_rows_of_the_reference():
    of = profile()
    for x in (vectors(800, 0), vectors(2, 0)):
        made = golden.probes_of(of, {"x": x}, "sha256:0")

        rows = np.array(made.columns["x"])

        assert golden.FEWEST <= len(rows) <= golden.MOST
        assert not any((x == row).all(axis=1).any() for row in rows)


def test_a_reference_of_one_row_has_that_one_to_ask():
    x = vectors(1, 0)

    made = golden.probes_of(profile(), {"x": x}, "sha256:0")

    np.testing.assert_allclose(made.columns["x"], np.repeat(x, golden.MOST, axis=0), rtol=1e-6)


def test_drift_of_requests_is_told_and_traffic_like_the_profile_is_not():
    alerts, of = [], profile()
    watching = Watching([of], emit=alerts.append)
    for i, row in enumerate(vectors(400, 1)):
        watching.seen(of, {"x": row[None]}, f"c{i % 5}")
    asyncio.run(until(lambda: not watching._models[id(of)].asked, watching))
    assert alerts == []

    moved = vectors(600, 2)
    moved[:, 2] += 0.8
    for i, row in enumerate(moved):
        watching.seen(of, {"x": row[None]}, f"c{i % 5}")
    asyncio.run(until(lambda: not watching._models[id(of)].asked, watching))

    assert [(a.kind, a.rule) for a in alerts] == [(AlertKind.DRIFT, "feature-drift")]
    assert "x[2]" in alerts[0].detail


def test_another_mix_of_answers_is_told():
    alerts, model, of = [], Model(), profile()
    watching = Watching([of], emit=alerts.append)

    def answers(rows):
        for row in rows:
            entry = {"shape": [1, 4], "data": row.tolist()}
            watching.answered(of, model.answer({"inputs": [entry]}))
            for known in watching._models.values():
                alerts.extend(known.judged())

    answers(vectors(700, 1))
    assert alerts == []
    model.weights = np.array([0.0, 0.0, 0.0, 3.0])
    answers(np.abs(vectors(500, 2)))

    assert {a.rule for a in alerts} == {"prediction-drift"}


def test_a_version_that_changes_is_told_once():
    alerts, model, of = [], Model(), profile()
    watching = Watching([of], emit=alerts.append)
    entry = {"shape": [1, 4], "data": [0.0] * 4}
    for version in ("1", "1", "2", "2"):
        model.version = version
        watching.answered(of, model.answer({"inputs": [entry]}))

    asyncio.run(until(lambda: alerts, watching))

    assert rules(alerts) == ["version-changed"]
    assert "'2'" in alerts[0].detail


def test_many_clients_whose_requests_fail_alike_are_drift():
    alerts, of = [], profile()
    watching = Watching([of], emit=alerts.append)
    for i in range(300):
        if i > 150 and i % 2:
            watching.refused(of, "missing", f"c{i % 7}")
        else:
            watching.seen(of, {"x": vectors(1, i)}, f"c{i % 7}")

    asyncio.run(until(lambda: alerts, watching))

    assert rules(alerts) == ["refusals"]


def test_a_watched_file_that_changes_is_told(tmp_path):
    path = tmp_path / "model.npz"
    path.write_bytes(b"weights")
    alerts = []
    of = replace(profile(), watched=(Watched(str(path), hashlib.sha256(b"weights").hexdigest()),))
    watching = Watching([of], emit=alerts.append)

    async def change():
        await asyncio.sleep(0.3)
        assert alerts == []
        path.write_bytes(b"others!")

    async def both():
        await asyncio.gather(change(), until(lambda: alerts, watching))

    asyncio.run(both())

    assert {(a.kind, a.rule) for a in alerts} == {(AlertKind.TAMPER, "digest-changed")}


@pytest.mark.parametrize(("status", "said"), [(503, "answered 503"), (0, "not answered")])
def test_a_server_that_answers_no_probe_is_told_once_and_again_when_it_did_between(
    status, said, monkeypatch
):
    monkeypatch.setattr(module, "_RETRY", 0.001)
    alerts, of, model = [], profile(), Model()
    silent = True

    async def ask(of, path, body):
        return (status, b"") if silent else await model(of, path, body)

    watching = Watching([of], emit=alerts.append, ask=ask, secrets=secret(of), probe_seconds=0.1)
    asyncio.run(until(lambda: "watch" in rules(alerts), watching))
    silent = False
    asyncio.run(until(lambda: "probes-learnt" in rules(alerts), watching))
    silent = True
    asyncio.run(until(lambda: rules(alerts).count("watch") == 2, watching))

    first = next(a for a in alerts if a.rule == "watch")
    assert first.kind is AlertKind.SELF
    assert said in first.detail
