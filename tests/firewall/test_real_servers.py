"""The firewall before servers that people run: MLflow's own, and onnxruntime behind uvicorn.

They need packages of their own: a Python that has them is named by MODELWARDEN_MLFLOW_PYTHON and
MODELWARDEN_ONNX_PYTHON, or is that of `.venv-models`; without one the tests skip.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

import numpy as np
import pytest

from firewall.profiles import tensor, vectors
from firewall.serving import alerts, firewall
from modelwarden.firewall import Meta, Protocol, dumped, profile_of
from modelwarden.ledger import entries, verify
from modelwarden.targets.frames import Frame

HERE = Path(__file__).parent
MODELS = HERE.parents[1] / ".venv-models" / "bin" / "python"
pytestmark = pytest.mark.slow


def python_with(variable, *modules):
    """Return a Python that has these modules, or skip."""
    python = os.environ.get(variable, str(MODELS))
    found = (
        Path(python).exists()
        and not subprocess.run(
            [
                python,
                "-c",
                f"import importlib.util as u; assert all(map(u.find_spec, {modules!r}))",
            ],
            stderr=subprocess.DEVNULL,
            check=False,
        ).returncode
    )
    if not found:
        pytest.skip(f"needs a Python with {', '.join(modules)}: name it in {variable}")
    return python


@contextmanager
def running(command, **more):
    process = subprocess.Popen(command, start_new_session=True, text=True, **more)
    try:
        yield process
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.communicate(timeout=30)


def get(port, path, body=None):
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        method, data = ("GET", None) if body is None else ("POST", json.dumps(body))
        connection.request(method, path, data, {"content-type": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def ready(port, path, process):
    until = time.monotonic() + 120
    while time.monotonic() < until and process.poll() is None:
        try:
            if get(port, path)[0] == 200:
                return
        except OSError:
            time.sleep(0.2)
    pytest.fail("the server did not begin")


@pytest.fixture(scope="module")
def mlflow(tmp_path_factory):
    """Serve a model of a number and a text; give the port."""
    python = python_with("MODELWARDEN_MLFLOW_PYTHON", "mlflow", "sklearn", "uvicorn", "pandas")
    place = tmp_path_factory.mktemp("mlflow")
    subprocess.run([python, HERE / "train_mlflow.py", place / "model"], check=True, cwd=place)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    path = f"{Path(python).parent}{os.pathsep}{os.environ['PATH']}"
    command = [python, "-m", "mlflow", "models", "serve", "-m", place / "model", "-h", "127.0.0.1"]
    command += ["-p", str(port), "--env-manager", "local"]
    with running(command, cwd=place, env={**os.environ, "PATH": path}) as process:
        ready(port, "/ping", process)
        yield port


@pytest.fixture(scope="module")
def onnx():
    """Serve a network of onnxruntime; give the port."""
    python = python_with("MODELWARDEN_ONNX_PYTHON", "onnx", "onnxruntime", "fastapi", "uvicorn")
    with running([python, HERE / "serve_onnx.py"], stdout=subprocess.PIPE) as process:
        port = int(process.stdout.readline())
        ready(port, "/v2/health/ready", process)
        yield port


def opinions():
    rng = np.random.default_rng(1)
    known = np.array("good bad late warm cold kind food staff".split())
    words = np.empty(400, np.object_)
    words[:] = [" ".join(rng.choice(known, 6)) for _ in range(400)]
    frame = Frame(("age", "text"), (rng.integers(18, 80, 400).astype(float), words))
    meta = Meta(name="m", protocol=Protocol.MLFLOW)
    return profile_of(frame, meta, digest="sha256:0", version="1")


def split(*rows):
    return {"dataframe_split": {"columns": ["age", "text"], "data": list(rows)}}


GOOD = (
    split([30.0, "good food kind staff"], [50.0, "bad cold food"]),
    {"dataframe_records": [{"age": 30.0, "text": "warm food"}]},
    {"inputs": {"age": [30.0], "text": ["warm food"]}},
)
BAD = {
    "schema": split([30.0, "good"]) | {"extra": 1},
    "type": split(["thirty", "good food"]),
    "range": split([1e9, "good food"]),
    "invisible-characters": split([30.0, "g\u200bood food"]),
    "mixed-scripts": split([30.0, "g\u043e\u043ed food"]),
}


@pytest.mark.parametrize("mode", ["observe", "enforce"])
def test_before_mlflow(mlflow, mode, tmp_path):
    (tmp_path / "p.json").write_bytes(dumped(opinions()))
    arguments = ("--mode", mode, "--alerts", "alerts", "--ledger", "ledger")
    with firewall(mlflow, "p.json", *arguments, cwd=tmp_path) as wall:
        for body in GOOD:
            status, _, answer = wall.ask(body, "/invocations")
            assert (status, answer) == get(mlflow, "/invocations", body)
            assert status == 200
        for body in BAD.values():
            status, headers, answer = wall.ask(body, "/invocations")
            if mode == "enforce":
                assert (status, headers["x-modelwarden"]) == (400, "refused")
                assert json.loads(answer)["error_code"] == "BAD_REQUEST"
            else:
                assert (status, answer) == get(mlflow, "/invocations", body)
        assert wall.ask(None, "/ping", "GET")[0] == 200
        assert wall.end() == 0
    told = {line["rule"] for line in alerts(tmp_path / "alerts") if line["kind"] == "request"}
    assert told == set(BAD)
    assert verify(tmp_path / "ledger").problems == ()
    kept = [json.loads(e.body)["decision"] for e in entries(tmp_path / "ledger") if not e.own]
    bad = "refuse" if mode == "enforce" else "would-refuse"
    assert kept == ["allow"] * len(GOOD) + [bad] * len(BAD)


def asked(rows, **more):
    data = rows.tolist()
    return {
        "inputs": [{"name": "x", "shape": [len(data), 12], "datatype": "FP32", "data": data}]
    } | more


@pytest.mark.parametrize("mode", ["observe", "enforce"])
def test_before_onnxruntime(onnx, mode, tmp_path):
    (tmp_path / "p.json").write_bytes(dumped(tensor()))
    path = "/v2/models/m/infer"
    bad = {
        "range": asked(vectors(2) + 5),
        "abnormal": asked(np.tile([0.0, 1.0], (2, 6))),
        "schema": asked(vectors(2), extra=1),
    }
    arguments = ("--mode", mode, "--alerts", "alerts")
    with firewall(onnx, "p.json", *arguments, cwd=tmp_path) as wall:
        for number in range(20):
            body = asked(vectors(3, seed=100 + number), id=f"r{number}")
            status, _, answer = wall.ask(body, path)
            assert (status, answer) == get(onnx, path, body)
            assert status == 200
        for body in bad.values():
            status, headers, answer = wall.ask(body, path)
            if mode == "enforce":
                assert (status, headers["x-modelwarden"]) == (400, "refused")
            else:
                assert (status, answer) == get(onnx, path, body)
    told = {line["rule"] for line in alerts(tmp_path / "alerts") if line["kind"] == "request"}
    assert told >= set(bad)
