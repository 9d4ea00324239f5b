"""A model that MLflow's own server serves on loopback, asked over its protocol."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from modelwarden.targets.config import LimitsConfig, ModelConfig
from modelwarden.targets.errors import TargetError
from modelwarden.targets.opened import open_model
from targets.opening import Case, case_in, data_set, frame_of, models_python, trained

SERVE = """
import sys
import uvicorn
from mlflow.pyfunc import load_model
from mlflow.pyfunc.scoring_server import init
uvicorn.run(init(load_model(sys.argv[1])), host="127.0.0.1", port=int(sys.argv[2]))
"""


@contextmanager
def served(case: Case) -> Iterator[str]:
    """Serve a saved folder; yield the address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    folder = case.folder / (case.model.path or "")
    process = subprocess.Popen(
        [models_python(), "-I", "-c", SERVE, str(folder), str(port)],
        env={"MLFLOW_DISABLE_TELEMETRY": "true", "PATH": "/usr/bin:/bin"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(600):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert process.poll() is None, "the server ended"
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


@pytest.mark.slow
def test_a_served_model_decides_as_it_does_in_the_sandbox():
    case = case_in(trained("mlflow") / "mlflow of scikit-learn")
    with served(case) as url:
        model = ModelConfig(adapter="http", url=url, protocol="mlflow")
        settings = {"sample": data_set(case.inputs), "classes_hint": case.classes}
        with open_model(
            case.project, model, LimitsConfig(), case.folder, **settings, tile=64
        ) as opened:
            labels = opened.target.labels(case.inputs)
            cost, isolation = opened.cost(), opened.isolation
        wrong = frame_of({"nothing": [1.0, 2.0]})
        with (
            pytest.raises(TargetError, match=r"400|feature|schema|missing") as caught,
            open_model(
                case.project,
                model,
                LimitsConfig(),
                case.folder,
                sample=data_set(wrong),
                classes_hint=case.classes,
            ),
        ):
            pass

    assert labels.tolist() == case.expected.argmax(axis=1).tolist()
    assert (isolation, cost.rows, cost.calls) == (None, len(case.inputs), -(-400 // 64))
    assert "\n" not in caught.value.message
    assert np.isfinite(cost.seconds).all()
