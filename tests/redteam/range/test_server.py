"""The range's server: two protocols, asked by our own client; what is wrong is one line."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from urllib.parse import urlsplit

import numpy as np
import pytest

from modelwarden.core import InputError
from modelwarden.protocols.oip import Field
from modelwarden.redteam.range.served import Served
from modelwarden.redteam.range.server import RangeServer
from modelwarden.targets.frames import Frame
from modelwarden.targets.http.connection import Connection, parse_address
from modelwarden.targets.http.wires import wire_for


def two(total):
    return np.column_stack([1 - total, total])


TEXT = Served(
    name="text",
    fields=(Field(name="text", datatype="BYTES", shape=(1,)),),
    classes=("a", "b"),
    answer=lambda x: two(np.array([len(t) / 100 for t in x.ravel()])),
    accuracy=1.0,
)
TABLE = Served(
    name="table",
    fields=tuple(Field(name=n, datatype="FP64", shape=(1,)) for n in ("u", "v")),
    classes=("a", "b"),
    answer=lambda x: two((x["u"] - x["v"]) / 10),
    accuracy=1.0,
)
IMAGE = Served(
    name="image",
    fields=(Field(name="image", datatype="FP32", shape=(1, 2, 2)),),
    classes=("a", "b"),
    answer=lambda x: two(x.reshape(len(x), -1).mean(axis=1)),
    accuracy=1.0,
)
INPUTS = {
    "text": np.array(["one", "eleven"], np.object_),
    "table": Frame(("v", "u"), (np.array([1.0, 2.0]), np.array([4.0, 8.0]))),
    "image": np.full((2, 1, 2, 2), 0.25, np.float32),
}


@pytest.fixture(scope="module")
def server():
    with RangeServer([TEXT, TABLE, IMAGE]) as running:
        yield running


def asked(url, protocol, name):
    address = parse_address(f"{url}/v2/models/{name}" if protocol == "oip-v2" else f"{url}/{name}")
    connection = Connection(address, seconds=10.0)
    try:
        return wire_for(protocol, connection, model=None, classes=()).ask(INPUTS[name])
    finally:
        connection.close()


@pytest.mark.parametrize("protocol", ["oip-v2", "mlflow"])
@pytest.mark.parametrize("model", [TEXT, TABLE, IMAGE], ids=lambda m: m.name)
def test_both_protocols_answer_what_the_model_says(server, protocol, model):
    (answer,) = asked(server.url, protocol, model.name)

    assert answer.values == pytest.approx(model.answer(INPUTS[model.name]))


def test_rows_are_counted_by_model(server):
    before = server.rows("text"), server.rows("image")

    post(server, "/invocations", json.dumps({"inputs": ["a", "b", "c"]}).encode())

    assert (server.rows("text"), server.rows("image")) == (before[0] + 3, before[1])


def post(server, path, body, **headers):
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=10)
    try:
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def oip(**entry):
    return json.dumps({"inputs": [entry]}).encode()


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/v2/models/text/infer", b"{", 400),
        ("/v2/models/text/infer", b"[" * 100_000, 400),
        ("/v2/models/text/infer", b'{"inputs": []}', 400),
        ("/v2/models/text/infer", b'{"inputs": [1]}', 400),
        ("/v2/models/text/infer", oip(name="t", shape=[1], datatype="FP64", data=[1.0]), 400),
        ("/v2/models/text/infer", oip(name="t", shape=[2], datatype="BYTES", data=["a"]), 400),
        ("/v2/models/text/infer", oip(name="t", shape=[-1], datatype="BYTES", data=["a"]), 400),
        ("/v2/models/text/infer", oip(name="t", shape=[0], datatype="BYTES", data=[]), 400),
        ("/v2/models/table/infer", oip(name="u", shape=[1], datatype="FP64", data=[1.0]), 400),
        ("/table/invocations", b'{"inputs": [[1, 2]]}', 400),
        ("/table/invocations", b'{"dataframe_split": {"columns": ["u"], "data": [[1]]}}', 400),
        ("/table/invocations", b'{"dataframe_split": {"columns": ["u"], "data": [[1, 2]]}}', 400),
        ("/table/invocations", b'{"dataframe_records": [{"u": 1, "v": null}]}', 400),
        ("/table/invocations", b'{"dataframe_records": [{"u": NaN, "v": 1}]}', 400),
        ("/image/invocations", b'{"inputs": [[1, 2, 3]]}', 400),
        ("/nobody/invocations", b'{"inputs": ["a"]}', 404),
        ("/v2/models/nobody/infer", b'{"inputs": ["a"]}', 404),
        ("/v2/repository/index", b"{}", 404),
    ],
)
def test_what_no_model_takes_is_refused_in_one_line(server, path, body, status):
    answered, said = post(server, path, body)

    assert answered == status
    assert "\n" not in json.loads(said)["error"]


def test_a_body_beyond_the_limit_and_another_host_are_refused(server):
    huge, _ = post(server, "/invocations", b"{}", **{"content-length": str(1 << 40)})
    elsewhere, _ = post(server, "/invocations", b"{}", host="model.example")

    assert (huge, elsewhere) == (413, 403)


def test_a_port_in_use_is_one_line(server):
    with pytest.raises(InputError, match=r"cannot listen at 127\.0\.0\.1"):
        RangeServer([TEXT], urlsplit(server.url).port).__enter__()


def test_nothing_is_left_when_it_ends():
    before = threading.active_count()
    with RangeServer([TEXT]) as running:
        port = urlsplit(running.url).port
        post(running, "/invocations", b'{"inputs": ["a"]}')

    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0
    assert threading.active_count() <= before + 1  # a connection that ends by itself
