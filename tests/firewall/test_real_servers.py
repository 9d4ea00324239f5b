"""The firewall before servers that people run: MLflow's own, onnxruntime behind uvicorn, MLServer.

They need packages of their own: a Python that has them is named by MODELWARDEN_MLFLOW_PYTHON,
MODELWARDEN_ONNX_PYTHON and MODELWARDEN_MLSERVER_PYTHON, or is that of `.venv-models`; without one
the tests skip.
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

from firewall.calling import Client, over_grpc, port_of, sized, whole
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


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


@pytest.fixture(scope="module")
def mlflow(tmp_path_factory):
    """Serve a model of a number and a text; give the port."""
    python = python_with("MODELWARDEN_MLFLOW_PYTHON", "mlflow", "sklearn", "uvicorn", "pandas")
    place = tmp_path_factory.mktemp("mlflow")
    subprocess.run([python, HERE / "train_mlflow.py", place / "model"], check=True, cwd=place)
    port = free_port()
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


SUMS = """
import numpy as np
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceResponse


class Sums(MLModel):
    async def load(self):
        return True

    async def predict(self, payload):
        x = NumpyCodec.decode_input(payload.inputs[0]).astype(np.float64)
        out = NumpyCodec.encode_output("s", x.sum(axis=1, keepdims=True))
        return InferenceResponse(model_name=self.name, id=payload.id, outputs=[out])
"""


@contextmanager
def mlserver(python, folder):
    """Run MLServer over gRPC; yields its port."""
    ports = {"http_port": free_port(), "grpc_port": free_port(), "metrics_port": free_port()}
    more = {"host": "127.0.0.1", "parallel_workers": 0, "metrics_endpoint": None}
    model = folder / "served" / "m"
    model.mkdir(parents=True)
    (model.parent / "settings.json").write_text(json.dumps(ports | more))
    (model / "model.py").write_text(SUMS)
    about = {"name": "m", "implementation": "model.Sums"}
    about["inputs"] = [{"name": "x", "datatype": "FP32", "shape": [-1, 12]}]
    about["outputs"] = [{"name": "s", "datatype": "FP64", "shape": [-1, 1]}]
    (model / "model-settings.json").write_text(json.dumps(about))
    command = [str(Path(python).parent / "mlserver"), "start", "."]
    with running(command, cwd=model.parent, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT):
        client = Client(ports["grpc_port"])
        deadline = time.monotonic() + 120
        while client.ask(sized(1, "m"), "ModelReady").message != whole(1, 1):
            assert time.monotonic() < deadline
            time.sleep(0.3)
        yield ports["grpc_port"]


def test_mlserver_over_grpc_answers_tritons_client_as_without_the_firewall(tmp_path):
    python = python_with("MODELWARDEN_MLSERVER_PYTHON", "mlserver", "tritonclient")
    (tmp_path / "profile.json").write_bytes(dumped(tensor()))
    batches = {f"b{n}": vectors(1 + n % 7, seed=900 + n).astype(np.float32) for n in range(40)}
    np.savez(tmp_path / "batches.npz", **batches)
    arguments = ("--mode", "enforce", "--alerts", "alerts", "--ledger", "ledger")
    arguments += ("--config", "c.toml")
    # Rows at the edge of what is normal are no matter of the wire.
    (tmp_path / "c.toml").write_text("[firewall.rules]\nabnormal = 'observe'\n")
    with (
        mlserver(python, tmp_path) as port,
        firewall(1, "profile.json", *arguments, *over_grpc(port), cwd=tmp_path) as wall,
    ):
        ran = subprocess.run(
            [python, HERE / "ask_triton.py", str(port), str(port_of(wall)), "batches.npz"],
            capture_output=True, text=True, cwd=tmp_path, check=False,
        )  # fmt: skip
        assert ran.returncode == 0, ran.stderr
        assert wall.end() == 0
    told = json.loads(ran.stdout)

    assert told["same"] == 40
    assert told["reads"][0] == told["reads"][1] != ""
    assert told["ready"] == [True, True, True]
    assert told["refused"] == [
        "StatusCode.INVALID_ARGUMENT the request was refused",
        "StatusCode.INVALID_ARGUMENT the request was refused",
        "StatusCode.UNIMPLEMENTED the request was refused",
        "StatusCode.UNIMPLEMENTED the request was refused",
    ]
    assert told["after"] == "True"  # nobody unloaded it
    kept = [json.loads(e.body) for e in entries(tmp_path / "ledger") if not e.own]
    assert [r["rule"] for r in kept if r["decision"] == "refuse"] == [
        "range", "finite", "route", "route",
    ]  # fmt: skip
    assert sum(r["decision"] != "refuse" for r in kept) == 40
    assert verify(tmp_path / "ledger").problems == ()
