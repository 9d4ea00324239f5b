"""TorchServe's forms: what a handler would be handed is what was judged."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firewall.profiles import sentences, table, tensor, texts, vectors
from firewall.serving import alerts, firewall, model
from modelwarden.firewall import Checks, Reason, RefusedError, dumped
from modelwarden.firewall.profile import Protocol
from modelwarden.firewall.routes import Routes, error_body
from modelwarden.protocols import Tensor, torchserve

TENSOR = Checks(tensor("torchserve"))
TABLE = Checks(table("torchserve"))
TEXT = Checks(texts("torchserve"))
ROWS = vectors(3, seed=4)
RECORD = {"age": 30, "income": 3000.0, "colour": "red", "member": True}


def handed(body):
    """Return rows as a handler reads them: the oracle, in the words of the handlers' own code."""
    document = json.loads(body)
    data = document.get("data", document.get("instances")) if type(document) is dict else document
    array = np.array(data)
    return array[None] if array.ndim == 1 else array


def reason(checks, document, **more):
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    with pytest.raises(RefusedError) as caught:
        checks.verdict(body, **more)
    return caught.value.reason


@pytest.mark.parametrize(
    "document",
    [
        ROWS.tolist(),
        ROWS[0].tolist(),
        {"data": ROWS[0].tolist()},
        {"data": ROWS.tolist()},
        {"instances": ROWS.tolist()},
    ],
)
def test_the_common_forms_are_read_and_go_on_unchanged(document):
    body = json.dumps(document).encode()

    verdict = TENSOR.verdict(body)

    assert json.loads(verdict.request.body) == document
    assert np.array_equal(verdict.request.values["x"], handed(body))


def test_what_our_own_encoder_writes_is_read():
    body, kind = torchserve.encode([Tensor("x", ROWS[:1])], table=False)
    assert (kind, TENSOR.verdict(body).request.rows) == ("application/json", 1)
    columns = [Tensor(name, np.array([value], np.object_)) for name, value in RECORD.items()]
    body, _ = torchserve.encode(columns, table=True)
    assert TABLE.verdict(body).request.values["income"].tolist() == [3000.0]
    body, kind = torchserve.encode([Tensor("text", np.array(["good"], np.object_))], table=False)
    assert kind.startswith("text/plain")
    assert TEXT.verdict(body, text=True).request.values["text"].tolist() == ["good"]


WRONG = {
    "both forms": ({"data": [], "instances": []}, Reason.SCHEMA),
    "another key": ({"data": ROWS.tolist(), "target": 1}, Reason.SCHEMA),
    "no form": ({"body": ROWS.tolist()}, Reason.SCHEMA),
    "instances of one row alone": ({"instances": {"a": 1}}, Reason.SCHEMA),
    "instances of single numbers": ({"instances": ROWS[0].tolist()}, Reason.SHAPE),
    "a row too short": ({"data": ROWS[0, :5].tolist()}, Reason.SHAPE),
    "ragged": ([[0.5], [0.5, 0.5]], Reason.SHAPE),
    "too deep": ([ROWS.tolist()], Reason.SHAPE),
    "words": ([["a"] * 12], Reason.TYPE),
    "null": ([[None] * 12], Reason.MISSING),
    "beyond the range": ([[7.0] * 12], Reason.RANGE),
    "far away": ([[0.0, 1.0] * 6], Reason.ABNORMAL),
    "no rows": ([], Reason.SHAPE),
    "a number": (b"1", Reason.SYNTAX),
    "NaN": (b"[NaN]", Reason.FINITE),
    "a key twice": (b'{"data": [], "data": []}', Reason.DUPLICATE_KEY),
    "half a character": (b'{"data": "\\ud800"}', Reason.SYNTAX),
}


@pytest.mark.parametrize("name", WRONG)
def test_everything_else_is_refused(name):
    document, wanted = WRONG[name]
    assert reason(TENSOR, document) is wanted


def test_tables_are_objects_of_columns():
    for document in (RECORD, {"data": RECORD}, {"data": [RECORD]}, {"instances": [RECORD] * 2}):
        verdict = TABLE.verdict(json.dumps(document).encode())
        assert set(verdict.request.values["colour"].tolist()) == {"red"}
    assert reason(TABLE, {**RECORD, "colour": "purple"}) is Reason.CATEGORY
    assert reason(TABLE, {**RECORD, "age": [30, 31]}) is Reason.SHAPE
    assert reason(TABLE, {k: v for k, v in RECORD.items() if k != "age"}) is Reason.SCHEMA


def test_texts_are_json_or_stand_alone():
    for document in ("good", {"text": "good"}, {"data": "good"}, {"data": ["good"]}, ["good"]):
        if isinstance(document, str):
            continue
        assert TEXT.verdict(json.dumps(document).encode()).request.values["text"][0] == "good"
    assert TEXT.verdict("für".encode(), text=True).request.body == "für".encode()
    assert reason(TEXT, b"\xff", text=True) is Reason.SYNTAX
    assert reason(TEXT, {"data": "x" * 5000}) is Reason.SIZE
    assert reason(TEXT, {"data": 7}) is Reason.TYPE


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["data", "instances", "x"]), inner, max_size=2)
    ),
    max_leaves=20,
)


@settings(max_examples=200, deadline=None)
@given(plain)
def test_whatever_passes_is_what_a_handler_reads(document):
    body = json.dumps(document).encode()
    try:
        request = TENSOR.verdict(body).request
    except RefusedError:
        return
    assert json.loads(request.body) == document
    assert np.array_equal(request.values["x"], handed(body))


def test_paths_and_errors_are_torchserves():
    routes = Routes([tensor("torchserve")])
    for path in ("/predictions/m", "/predictions/m/1.0"):
        assert routes.of("POST", path) is routes.asked[0]
    assert routes.of("GET", "/ping") is not None
    for path in ("/models", "/predictions/other", "/predictions/m/1/2", "/explanations/m"):
        assert routes.of("POST", path) is None
    error = json.loads(error_body(Protocol.TORCHSERVE, status=413))
    assert set(error) == {"code", "type", "message"}
    assert error["code"] == 413


def test_the_command_in_front_of_it(tmp_path):
    """Texts as JSON and alone; refusals have the server's own form."""
    (tmp_path / "p.json").write_bytes(dumped(texts("torchserve")))
    arguments = ("--mode", "enforce", "--alerts", "alerts")
    with model() as server, firewall(server.port, "p.json", *arguments, cwd=tmp_path) as wall:
        server.answer = lambda path, body: b'{"label": 1}'
        text = sentences(1, seed=5)[0].encode()
        status, _, answer = wall.ask(text, "/predictions/t", content_type="text/plain")
        assert (status, answer) == (200, b'{"label": 1}')
        _, path, sent, headers = server.seen[-1]
        assert (path, sent, headers["content-type"]) == ("/predictions/t", text, "text/plain")
        assert wall.ask({"data": "good food"}, "/predictions/t")[0] == 200
        before = len(server.seen)
        status, headers, answer = wall.ask(b"\xff", "/predictions/t", content_type="text/plain")
        assert (status, headers["x-modelwarden"], json.loads(answer)["code"]) == (
            400,
            "refused",
            400,
        )
        assert wall.ask(b"x=1", "/predictions/t", content_type="image/png")[0] == 415
        assert wall.ask({"model": "x"}, "/models")[0] == 404
        assert len(server.seen) == before
    assert {line["rule"] for line in alerts(tmp_path / "alerts")} >= {"syntax", "content-type"}
