"""What clients are shown of answers, and which answers are none."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firewall.profiles import tensor
from firewall.serving import alerts, firewall, model
from firewall.test_asgi import GOOD, PATH, asked
from modelwarden.core import ConfigError
from modelwarden.firewall import dumped
from modelwarden.firewall.answers import FINITE, FORM, SECRET, shown
from modelwarden.firewall.asgi import Firewall
from modelwarden.firewall.config import AnswersConfig
from modelwarden.firewall.profile import Protocol
from modelwarden.firewall.rules import Mode
from modelwarden.firewall.settings import load_config

OIP, MLFLOW, TF = Protocol.OIP, Protocol.MLFLOW, Protocol.TF_SERVING
TOKEN = "glpat-" + "k7Rq2Vx9Lm4Zt8Wb1NcD"  # made up


def output(shape, data, kind="FP64"):
    return {"outputs": [{"name": "p", "shape": shape, "datatype": kind, "data": data}]}


WRONG = {
    "no JSON": (MLFLOW, b"<html>", FORM),
    "nothing": (MLFLOW, b"", FORM),
    "nested without end": (MLFLOW, b'{"predictions": ' + b"[" * 100_000, FORM),
    "NaN": (MLFLOW, b'{"predictions": [0.1, NaN, 0.2]}', FINITE),
    "infinity": (OIP, b'{"outputs": [{"shape": [3], "data": [1, -Infinity, 2]}]}', FINITE),
    "beyond all bounds": (TF, b'{"predictions": [1, 2, 1e999]}', FINITE),
    "a row too few": (MLFLOW, b'{"predictions": [1, 2]}', FORM),
    "a row too many": (OIP, json.dumps(output([4], [1, 2, 3, 4])).encode(), FORM),
    "another shape": (OIP, json.dumps(output([3, 2], [1, 2, 3])).encode(), FORM),
    "no shape": (OIP, b'{"outputs": [{"data": [1, 2, 3]}]}', FORM),
    "no outputs": (OIP, b'{"predictions": [1, 2, 3]}', FORM),
    "other keys": (TF, b'{"results": [1, 2, 3]}', FORM),
    "a token": (
        Protocol.OPENAI,
        json.dumps({"choices": [{"message": {"content": f"use {TOKEN} for it"}}]}).encode(),
        SECRET,
    ),
}
RIGHT = {
    "labels": (MLFLOW, {"predictions": ["ham", "spam", "ham"]}),
    "a bare list": (MLFLOW, [0.1, 0.2, 0.3]),
    "rows of scores": (TF, {"predictions": [[0.1, 0.9], [0.5, 0.5], [1.0, 0.0]]}),
    "columns": (TF, {"outputs": {"a": [1, 2, 3]}}),
    "a tensor": (OIP, output([3, 2], [0.1, 0.9, 0.5, 0.5, 1.0, 0.0])),
    "a nested tensor": (OIP, output([3, 2], [[0.1, 0.9], [0.5, 0.5], [1.0, 0.0]])),
    "texts": (OIP, output([3], ["a", "b", "c"], "BYTES")),
    "one answer": (Protocol.TORCHSERVE, {"cat": 0.7, "dog": 0.3}),
    "talk": (Protocol.OPENAI, {"choices": [{"message": {"content": "the password is a secret"}}]}),
}


@pytest.mark.parametrize("name", WRONG)
def test_an_answer_that_is_none_is_told_and_kept_back_where_that_is_asked_for(name):
    protocol, body, rule = WRONG[name]

    told = shown(AnswersConfig(), protocol, body, 3)
    kept = shown(AnswersConfig(check=Mode.ENFORCE), protocol, body, 3)

    assert (told.body, told.rule) == (body, rule)
    assert (kept.body, kept.rule) == (None, rule)
    assert TOKEN not in kept.detail
    assert shown(AnswersConfig(check=Mode.OFF), protocol, body, 3).body == body


@pytest.mark.parametrize("name", RIGHT)
def test_an_honest_answer_goes_on_as_it_came(name):
    protocol, document = RIGHT[name]
    body = json.dumps(document, indent=1).encode()

    assert shown(AnswersConfig(check=Mode.ENFORCE), protocol, body, 3).body == body
    changed = shown(AnswersConfig(decimals=6, top=9), protocol, body, 3).body
    assert json.loads(changed) == document


@pytest.mark.parametrize(
    ("protocol", "document", "expected"),
    [
        (OIP, output([2, 3], [0.2, 0.7, 0.1, 0.34, 0.33, 0.33]), [0, 0.7, 0, 0.3, 0, 0]),
        (OIP, output([2, 3], [[0.2, 0.7, 0.1], [0.1, 0.1, 0.8]]), [[0, 0.7, 0], [0, 0, 0.8]]),
        (OIP, output([2], [0.51, 0.49]), [0.5, 0.5]),  # two rows, no row of shares
        (OIP, output([2, 2], [1, 0, 0, 1], "INT64"), [1, 0, 0, 1]),
        (MLFLOW, {"predictions": [[0.26, 0.74], [0.9, 0.1]]}, [[0, 0.7], [0.9, 0]]),
        (MLFLOW, {"predictions": [0.51, 0.49]}, [0.5, 0.5]),
        (MLFLOW, {"predictions": [{"a": 0.26, "b": 0.74}]}, [{"a": 0, "b": 0.7}]),
        (TF, {"predictions": [[-2.04, 3.16], [1.55, 9.01]]}, [[-2.0, 3.2], [1.6, 9.0]]),  # logits
        (Protocol.TORCHSERVE, {"cat": 0.74, "dog": 0.26}, {"cat": 0.7, "dog": 0}),
    ],
)
def test_scores_are_rounded_and_the_highest_alone_are_shown(protocol, document, expected):
    config = AnswersConfig(decimals=1, top=1)

    found = json.loads(shown(config, protocol, json.dumps(document).encode(), 0).body)

    if protocol is OIP:
        assert found["outputs"][0]["data"] == expected
        assert found["outputs"][0]["shape"] == document["outputs"][0]["shape"]
    else:
        assert (found["predictions"] if "predictions" in document else found) == expected


def test_what_cannot_be_read_is_never_shown_unrounded():
    config = AnswersConfig(check=Mode.OFF, decimals=1)

    assert shown(config, MLFLOW, b'{"predictions": [0.123, NaN]}', 2).body is None
    assert shown(config, OIP, b'{"outputs": [{"data": [0.123]}]}', 1).body is None


def test_numbers_whose_sum_is_beyond_all_numbers_are_no_shares():
    body = b'{"predictions": [[1.7e308, 1.7e308, 0.5]]}'

    found = shown(AnswersConfig(check=Mode.OFF, top=1), MLFLOW, body, 1).body

    assert json.loads(found or body) == json.loads(body)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=150)
@given(st.sampled_from(Protocol), st.binary(max_size=60) | json_values)
def test_any_answer_is_shown_or_kept_back_and_labels_stay(protocol, given_):
    body = given_ if isinstance(given_, bytes) else json.dumps({"predictions": given_}).encode()

    found = shown(AnswersConfig(decimals=2, top=1), protocol, body, 0)

    assert found.body is None or json.loads(found.body) is not NotImplemented
    again = found.body and shown(AnswersConfig(decimals=2, top=1), protocol, found.body, 0)
    assert again is None or again.body is not None


@settings(max_examples=60)
@given(st.integers(2, 6), st.integers(1, 5), st.integers(0, 4), st.integers(0, 2**32 - 1))
def test_rounding_is_numpys_and_the_winner_stays(k, n, decimals, seed):
    p = np.random.default_rng(seed).dirichlet(np.ones(k), n)
    document = json.dumps(output([n, k], p.ravel().tolist())).encode()

    found = shown(AnswersConfig(decimals=decimals), OIP, document, n).body
    first = shown(AnswersConfig(top=1), OIP, document, n).body

    rounded = np.array(json.loads(found)["outputs"][0]["data"]).reshape(n, k)
    np.testing.assert_allclose(rounded, np.round(p, decimals), atol=1e-12)
    kept = np.array(json.loads(first)["outputs"][0]["data"]).reshape(n, k)
    assert ((kept > 0).sum(axis=1) == 1).all()
    assert (kept.argmax(axis=1) == p.argmax(axis=1)).all()


def write(place, text):
    (place / "wall.toml").write_text(text)
    return place / "wall.toml"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("decimals = -1", "decimals"),
        ("decimals = 40", "must be 12 or less, not 40"),
        ("top = 0", "top"),
        ("check = 'shadow'", "mode"),
        ("rounding = 2", "rounding"),
    ],
)
def test_settings_that_cannot_be_are_one_line(tmp_path, text, said):
    with pytest.raises(ConfigError, match=said) as caught:
        load_config(write(tmp_path, f"[firewall.answers]\n{text}\n"))

    assert "\n" not in caught.value.message


def answering(document):
    return lambda *_: json.dumps(document).encode()


def test_proxy_and_middleware_show_the_same(tmp_path):
    config = write(tmp_path, "[firewall.answers]\ncheck = 'enforce'\ndecimals = 2\n")
    (tmp_path / "p.json").write_bytes(dumped(tensor()))
    answers = [
        output([3, 2], [0.123, 0.877, 0.5, 0.5, 0.999, 0.001]),
        output([2], [0.5, 0.25]),
        output([3], [float("nan")] * 3),
        output([3], [f"key {TOKEN}", "b", "c"], "BYTES"),
    ]
    told = ["--alerts", "alerts", "--config", str(config), "--mode", "enforce"]
    with model() as server, firewall(server.port, "p.json", *told, cwd=tmp_path) as wall:
        for document in answers:
            server.answer = answering(document)

            async def application(scope, receive, send, document=document):
                await receive()
                body = json.dumps(document).encode()
                head = [
                    (b"content-type", b"application/json"),
                    (b"content-length", b"%d" % len(body)),
                ]
                await send({"type": "http.response.start", "status": 200, "headers": head})
                await send({"type": "http.response.body", "body": body[:9], "more_body": True})
                await send({"type": "http.response.body", "body": body[9:]})

            app = Firewall(
                application,
                profiles=[tmp_path / "p.json"],
                mode="enforce",
                config=load_config(config),
                alerts=tmp_path / "mine",
            )
            status, headers, body = wall.ask(GOOD)
            mine = asked(app, json.dumps(GOOD).encode(), PATH)

            assert (mine[0], mine[2]) == (status, body)
            assert int(mine[1][b"content-length"]) == len(body) == int(headers["content-length"])
            if document is answers[0]:
                assert json.loads(body)["outputs"][0]["data"] == [0.12, 0.88, 0.5, 0.5, 1.0, 0.0]
            else:
                assert status == 502
                assert TOKEN.encode() not in body
        wall.end()

    rules = [FORM, FINITE, SECRET]
    for path in ("alerts", "mine"):
        found = [a for a in alerts(tmp_path / path) if a["kind"] == "upstream"]
        assert [a["rule"] for a in found] == rules
        assert TOKEN not in json.dumps(found)
