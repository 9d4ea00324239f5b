import json

import numpy as np
import pytest

from modelwarden.detectors import probes as golden
from modelwarden.firewall import Meta, Protocol, dumped, profile_of
from modelwarden.ledger import Writer
from modelwarden.monitor.config import MonitorConfig
from modelwarden.monitor.watch import StateError, Watch
from monitor.serving import Server

COLUMNS = ("a", "b")


def table(n, seed, moved=0.0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 2))
    x[:, 1] += moved
    return x


def records(x, start=0, wrong=0.0, sure=0.9, seed=0):
    rng = np.random.default_rng(seed)
    for i, (a, b) in enumerate(x.tolist()):
        said = int(a + b > 0)
        truth = 1 - said if rng.random() < wrong else said
        yield (
            {
                "request_id": f"r{start + i}",
                "client": f"c{i % 5}",
                "inputs": {"a": a, "b": b},
                "prediction": said,
                "score": float(np.clip(sure + rng.normal() * 0.05, 0, 1)),
            },
            {"request_id": f"r{start + i}", "label": truth},
        )


def append(path, documents):
    with path.open("a") as stream:
        stream.writelines(json.dumps(one) + "\n" for one in documents)


def profiled(folder, protocol=Protocol.MLFLOW):
    meta = Meta(name="m", protocol=protocol, columns=COLUMNS)
    made = profile_of(table(600, 0), meta, digest="sha256:0", version="1")
    (folder / "profile.json").write_bytes(dumped(made))
    return folder / "profile.json"


def looked(config):
    lines = []
    Watch(config, lines.append).run(once=True)
    return [line for line in lines if "probes-learnt" not in line]


def alerts_in(path):
    return [json.loads(line)["rule"] for line in path.read_text().splitlines()]


def test_drift_in_a_log_is_told_once_also_over_restarts(tmp_path):
    log, alerts = tmp_path / "log.jsonl", tmp_path / "alerts.jsonl"
    config = MonitorConfig(
        profiles=(profiled(tmp_path),), log=log, alerts=alerts, state=tmp_path / "state.json"
    )
    append(log, [r for r, _ in records(table(400, 1))])
    assert looked(config) == []

    append(log, [r for r, _ in records(table(300, 2, moved=0.9), 400)])
    looked(config)
    append(log, [r for r, _ in records(table(300, 3, moved=0.9), 700)])
    looked(config)
    looked(config)

    assert alerts_in(alerts).count("feature-drift") == 1
    told = json.loads(alerts.read_text().splitlines()[0])
    assert set(told) >= {"time", "kind", "severity", "client", "request_id", "rule", "detail"}
    assert told["kind"] == "drift"


def test_late_labels_meet_their_answers_and_a_worse_model_is_told(tmp_path):
    log, labels = tmp_path / "log.jsonl", tmp_path / "labels.jsonl"
    alerts = tmp_path / "alerts.jsonl"
    config = MonitorConfig(log=log, labels=labels, alerts=alerts, state=tmp_path / "state.json")
    good = list(records(table(400, 1), wrong=0.05))
    bad = list(records(table(400, 2), 400, wrong=0.35))
    append(log, [r for r, _ in good])
    append(labels, [y for _, y in good])
    assert looked(config) == []

    append(log, [r for r, _ in bad])
    assert looked(config) == []
    append(labels, [y for _, y in reversed(bad)])
    looked(config)

    assert alerts_in(alerts) == ["performance-drop"]


def test_without_labels_less_sure_answers_are_told_with_their_caveat(tmp_path):
    log = tmp_path / "log.jsonl"
    config = MonitorConfig(log=log, state=tmp_path / "state.json")
    append(log, [r for r, _ in records(table(400, 1))])
    assert looked(config) == []

    append(log, [r for r, _ in records(table(400, 2), 400, sure=0.7)])
    lines = looked(config)

    (line,) = [one for one in lines if "estimated-performance-drop" in one]
    assert "taken to mean what they meant" in line


def test_the_records_of_a_ledger_are_followed(tmp_path):
    rng = np.random.default_rng(0)
    alerts = tmp_path / "alerts.jsonl"
    config = MonitorConfig(
        log=tmp_path / "ledger", alerts=alerts, state=tmp_path / "state.json", drop=("score",)
    )
    for share in (0.05, 0.05, 0.5):
        with Writer(tmp_path / "ledger") as ledger:
            ledger.extend(
                {
                    "time": "2030-01-01T00:00:00Z",
                    "client": f"c{i % 5}",
                    "decision": "refuse" if rng.random() < share else "allow",
                    "score": float(rng.normal()),
                }
                for i in range(400)
            )
        looked(config)

    assert alerts_in(alerts) == ["prediction-drift"]


def test_a_folder_of_tables_is_read_file_by_file(tmp_path):
    folder, alerts = tmp_path / "log", tmp_path / "alerts.jsonl"
    folder.mkdir()
    config = MonitorConfig(
        profiles=(profiled(tmp_path),), log=folder, alerts=alerts, state=tmp_path / "state.json"
    )
    for i, moved in enumerate((0.0, 0.0, 0.9, 0.9)):
        lines = [f"{a},{b},c{j % 5}" for j, (a, b) in enumerate(table(200, i, moved).tolist())]
        (folder / f"{i}.csv").write_text("a,b,client\n" + "\n".join(lines) + "\n")
        looked(config)

    assert alerts_in(alerts) == ["feature-drift"]


def test_a_model_that_was_swapped_and_a_file_that_was_changed_are_told(tmp_path):
    model, alerts = tmp_path / "model.npz", tmp_path / "alerts.jsonl"
    model.write_bytes(b"weights")
    x = np.random.default_rng(0).normal(size=(400, 3))
    meta = Meta(name="m", protocol=Protocol.OIP, input="x", datatype="FP64")
    made = profile_of(x, meta, digest="sha256:0", version="1", watch=[model])
    path = tmp_path / "profile.json"
    path.write_bytes(dumped(made))
    golden.write(golden.place_of(path), golden.probes_of(made, {"x": x}, "sha256:0"))
    server = Server()
    with server as url:
        config = MonitorConfig(
            profiles=(path,), upstream=url, alerts=alerts, state=tmp_path / "state.json"
        )
        assert looked(config) == []
        assert alerts_in(alerts) == ["probes-learnt"]

        model.write_bytes(b"others!")
        server.weights[0] += 1e-3
        server.version = "8"
        looked(config)

    assert sorted(alerts_in(alerts)[1:]) == ["digest-changed", "golden-probes", "version-changed"]


def test_a_server_that_is_gone_is_told(tmp_path):
    x = np.random.default_rng(0).normal(size=(400, 3))
    meta = Meta(name="m", protocol=Protocol.OIP, input="x", datatype="FP64")
    made = profile_of(x, meta, digest="sha256:0", version="1")
    path = tmp_path / "profile.json"
    path.write_bytes(dumped(made))
    golden.write(golden.place_of(path), golden.probes_of(made, {"x": x}, "sha256:0"))
    with Server() as url:
        pass

    lines = looked(MonitorConfig(profiles=(path,), upstream=url))

    assert ["upstream" in line for line in lines] == [True]


def test_what_is_no_state_is_refused(tmp_path):
    (tmp_path / "state.json").write_text("{}")

    with pytest.raises(StateError):
        Watch(MonitorConfig(log=tmp_path, state=tmp_path / "state.json"), print)
