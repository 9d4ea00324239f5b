"""Served models in every protocol: a small server on loopback that speaks it, asked as a target."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from modelwarden.core import GapKind
from modelwarden.targets.access import ScoreTarget
from modelwarden.targets.config import ModelConfig
from modelwarden.targets.errors import TargetError
from modelwarden.targets.opened import open_model
from targets import subjects

from .servers import serving


def opening(url, protocol, data, task="binary", modality="vector", seconds=10.0, **more):
    model = ModelConfig(adapter="http", url=url, protocol=protocol, **more)
    project = subjects.project(task, modality)
    return open_model(project, model, subjects.limits(seconds), None, sample=data)


def rows_of(protocol, body):
    """Return the rows of a request as lists, the way such a server reads them."""
    said = json.loads(body)
    if protocol == "oip-v2":
        (only,) = said["inputs"]
        return np.reshape(only["data"], only["shape"])
    if protocol == "mlflow":
        return np.array(said["inputs"])
    return np.array(said["instances"])


def answer_in(protocol, scores):
    if protocol == "oip-v2":
        output = {"name": "probabilities", "shape": [*scores.shape], "datatype": "FP64"}
        return {"model_name": "m", "outputs": [{**output, "data": scores.ravel().tolist()}]}
    return {"predictions": scores.tolist()}


def scorer(protocol, sizes=None):
    """Return a server that scores a row by the sign of its sum."""

    def answer(method, path, body):
        if method == "GET":
            return 404, {}, b'{"error": "no metadata"}'
        rows = rows_of(protocol, body)
        if sizes is not None:
            sizes.append(len(rows))
        yes = 1 / (1 + np.exp(-rows.sum(axis=1)))
        return 200, {}, json.dumps(answer_in(protocol, np.stack([1 - yes, yes], 1))).encode()

    return answer


@pytest.mark.parametrize(
    ("protocol", "path"),
    [
        ("oip-v2", "/v2/models/m"),
        ("mlflow", "/invocations"),
        ("tf-serving", "/v1/models/m:predict"),
    ],
)
def test_a_server_is_asked_in_tiles_and_its_scores_come_back(protocol, path):
    data, sizes = subjects.vectors(300), []

    with (
        serving(scorer(protocol, sizes)) as url,
        opening(url + path, protocol, data) as opened,
    ):
        scores = opened.target.scores(data.inputs)

    expected = 1 / (1 + np.exp(-data.inputs.sum(axis=1)))
    assert np.abs(scores[:, 1] - expected).max() < 1e-12
    assert set(sizes) == {256}
    assert opened.isolation is None
    assert opened.findings() == ()
    assert opened.gaps() == ()
    assert opened.notes[0].startswith(protocol)
    assert (opened.cost().rows, opened.cost().calls) == (300, 2)


def test_a_table_goes_to_mlflow_with_its_names_and_gaps():
    data, seen = subjects.table(30), []

    def answer(method, path, body):
        split = json.loads(body)["dataframe_split"]
        seen.append(split["columns"])
        job = split["columns"].index("job")
        return (
            200,
            {},
            json.dumps({"predictions": [int(r[job] is None) for r in split["data"]]}).encode(),
        )

    with (
        serving(answer) as url,
        opening(url, "mlflow", data, modality="tabular") as opened,
    ):
        labels = opened.target.labels(data.inputs)

    assert labels.tolist() == [int(job is None) for job in data.inputs["job"].tolist()]
    assert seen[0] == ["age", "pay", "job", "new"]
    assert not isinstance(opened.target, ScoreTarget)


def test_inputs_of_the_open_inference_protocol_go_as_the_server_describes_them():
    data = subjects.table(20)
    frame = data.inputs.only(["age", "new"])
    data = replace(data, inputs=frame)
    metadata = {
        "name": "m",
        "inputs": [
            {"name": "new", "datatype": "BOOL", "shape": [-1, 1]},
            {"name": "age", "datatype": "INT32", "shape": [-1, 1]},
        ],
    }
    seen = []

    def answer(method, path, body):
        if method == "GET":
            assert path == "/v2/models/m"
            return 200, {}, json.dumps(metadata).encode()
        inputs = {e["name"]: e for e in json.loads(body)["inputs"]}
        seen.append({n: (e["datatype"], e["shape"]) for n, e in inputs.items()})
        said = ["yes" if v else "no" for v in inputs["new"]["data"]]
        output = {"name": "label", "shape": [len(said)], "datatype": "BYTES", "data": said}
        return 200, {}, json.dumps({"outputs": [output]}).encode()

    data = replace(data, y=np.array(["no", "yes"] * 10, dtype=object))
    with (
        serving(answer) as url,
        opening(f"{url}/v2", "oip-v2", data, modality="tabular", name="m") as opened,
    ):
        labels = opened.target.labels(data.inputs)

    assert labels.tolist() == frame["new"].astype(int).tolist()
    assert seen[0] == {"age": ("INT32", [256, 1]), "new": ("BOOL", [256, 1])}


def test_torchserve_is_asked_row_by_row():
    data = replace(
        subjects.texts("good", "bad", "good", "bad"),
        y=np.array(["neg", "pos"] * 2, dtype=object),
    )

    def answer(method, path, body):
        assert path == "/predictions/m"
        return (
            200,
            {},
            json.dumps(
                {"pos": 0.9, "neg": 0.1} if body == b"good" else {"neg": 1.0, "pos": 0.0}
            ).encode(),
        )

    with (
        serving(answer) as url,
        opening(f"{url}/predictions/m", "torchserve", data, modality="text") as opened,
    ):
        scores = opened.target.scores(data.inputs)

    assert opened.target.spec.classes == ("neg", "pos")
    assert scores.tolist() == [[0.1, 0.9], [1.0, 0.0]] * 2
    assert opened.cost().calls == 4


def test_a_chat_model_classifies_and_no_clear_word_is_an_error():
    data = replace(
        subjects.texts("buy now", "see you", "what"), y=np.array(["spam", "ham", "ham"], object)
    )
    vague = []

    def answer(method, path, body):
        text = json.loads(body)["messages"][1]["content"]
        word = "Spam." if "buy" in text else "perhaps" if text in vague else "ham"
        return 200, {}, json.dumps({"choices": [{"message": {"content": word}}]}).encode()

    with (
        serving(answer) as url,
        opening(f"{url}/v1", "openai", data, modality="text", name="m") as opened,
    ):
        labels = opened.target.labels(data.inputs)
        vague.append("what")
        with pytest.raises(TargetError, match="none of its 2 classes"):
            opened.target.labels(data.inputs)

    assert [opened.target.spec.classes[i] for i in labels] == ["spam", "ham", "ham"]


@pytest.mark.parametrize(
    ("status", "body", "why"),
    [
        (400, b'{"error_code": "BAD_REQUEST", "message": "schema mismatch"}', "schema mismatch"),
        (500, b"<html>oops</html>", "answered with status 500"),
        (200, b"<html>a page</html>", "not JSON"),
        (200, b'{"predictions": [1]}', "1 entries for 256 rows"),
        (200, b'{"outputs": []}', "no predictions"),
        (302, b"", "status 302"),
    ],
)
def test_what_a_server_does_wrong_is_one_clear_error(status, body, why):
    with (
        serving(lambda *_: (status, {}, body)) as url,
        pytest.raises(TargetError, match=why) as caught,
        opening(url, "mlflow", subjects.vectors()),
    ):
        pass
    assert "\n" not in caught.value.message
    assert isinstance(caught.value.kind, GapKind)


def test_numbers_that_are_none_and_answers_that_change_their_form_are_errors():
    data, turn = subjects.vectors(), [0]

    def answer(method, path, body):
        rows = len(json.loads(body)["inputs"])
        turn[0] += 1
        if turn[0] == 1:
            return 200, {}, json.dumps({"predictions": [[0.2, 0.8]] * rows}).encode()
        if turn[0] == 2:
            return 200, {}, json.dumps({"predictions": [[float("nan"), 0.8]] * rows}).encode()
        return 200, {}, json.dumps({"predictions": ["yes"] * rows}).encode()

    with serving(answer) as url, opening(url, "mlflow", data) as opened:
        with pytest.raises(TargetError, match="NaN or infinity"):
            opened.target.scores(data.inputs)
        with pytest.raises(TargetError, match="where scores were due"):
            opened.target.scores(data.inputs)
