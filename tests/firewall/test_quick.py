"""The fast reader accepts nothing that the slow one does not, and reads the same from it."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firewall.profiles import tensor, vectors
from modelwarden.firewall import Checks, Meta, Protocol, Reason, RefusedError, Wanted, profile_of
from modelwarden.firewall.checks import check_values
from modelwarden.firewall.quick import AVAILABLE, Quick, document_of
from modelwarden.firewall.requests import Arrival, Requests, read

pytestmark = pytest.mark.skipif(not AVAILABLE, reason="simdjson has no wheel here")
OWN = Wanted(route="/score", inputs={"x": "$.rows[*]"}, under="", others=(), reads=())
PROFILES = {p: tensor(p) for p in ("oip-v2", "mlflow", "tf-serving")} | {
    "json": tensor("json", form=OWN)
}
QUICK = {name: Requests(profile) for name, profile in PROFILES.items()}
ROWS = vectors(3, seed=4).round(4).tolist()


def infer(**changes):
    entry = {"name": "x", "shape": [3, 12], "datatype": "FP32", "data": ROWS, **changes}
    return {"inputs": [entry]}


FORMS = {
    "oip-v2": json.dumps(infer()),
    "mlflow": json.dumps({"inputs": ROWS}),
    "tf-serving": json.dumps({"instances": ROWS}),
    "json": json.dumps({"rows": ROWS}),
}


def slowly(body, profile):
    request = read(body, profile)
    for spec in profile.inputs:
        check_values(spec, request.values[spec.name])
    return request


@pytest.mark.parametrize("protocol", FORMS)
def test_plain_requests_are_read_fast(protocol):
    body = FORMS[protocol].encode()

    found = QUICK[protocol].read(body)

    assert found.written is not None
    assert json.loads(found.body) == json.loads(body)
    assert np.array_equal(found.values[PROFILES[protocol].inputs[0].name], ROWS)


@pytest.mark.parametrize(
    "more",
    [
        {"id": "a"},
        {"id": "data"},
        {"parameters": {"a": 1, "b": "c"}},
        {"outputs": [{"name": "data"}]},
        {"outputs": [{"name": "y", "parameters": {"binary_data": False}}], "id": "b"},
    ],
)
def test_what_else_a_request_may_say_goes_on(more):
    body = json.dumps({**infer(), **more}).encode()

    found = QUICK["oip-v2"].read(body)

    assert json.loads(found.body) == json.loads(body)
    assert found.id == more.get("id")


@pytest.mark.parametrize(
    "numbers",
    ["[1]", "[]", "[[1]]", '["a"]', "[null]", "[1,2],[3]", "{}", "[1e400]", '[1],"data":[2]'],
)  # fmt: skip
def test_a_form_that_is_known_vouches_for_nothing_but_itself(numbers):
    requests = Requests(PROFILES["oip-v2"])
    requests.read(FORMS["oip-v2"].encode())
    body = json.dumps(infer(data="*")).replace('"*"', numbers).encode()

    with pytest.raises(RefusedError):
        requests.read(body)


def test_each_form_keeps_its_own_id_and_shape():
    requests = Requests(PROFILES["oip-v2"])
    for name, rows in (("a", 3), ("b", 2), ("a", 2), ("b", 3)) * 2:
        entry = {"name": "x", "shape": [rows, 12], "datatype": "FP32", "data": ROWS[:rows]}
        body = json.dumps({"id": name, "inputs": [entry]}).encode()

        found = requests.read(body)

        assert (found.id, found.rows) == (name, rows)
        assert found.written is not None
        assert json.loads(found.body) == json.loads(body)


TRICKS = st.sampled_from(
    ["1e400", "-0", "-0.0", "1E-2", "0.5e0", "01", "+1", "1.", ".5", "NaN", "Infinity", "null",
     "true", '"0.5"', "{}", "[]", "[0.5]", "0x1", "123456789012345678901234567890", "1e-400",
     "0.1000000000000000055511151231257827", '"data"', '"data":[1]', "\ufeff", "\\u0030", "0.5,"]
)  # fmt: skip


@settings(max_examples=600, deadline=None)
@given(protocol=st.sampled_from(sorted(FORMS)), trick=TRICKS, at=st.data(), drop=st.integers(0, 6))
def test_whatever_is_put_in_it_is_never_read_otherwise(protocol, trick, at, drop):
    text = FORMS[protocol]
    place = at.draw(st.integers(0, len(text)))
    body = (text[:place] + trick + text[place + drop :]).encode()
    profile = PROFILES[protocol]

    try:
        fast = QUICK[protocol].read(body)
    except RefusedError:
        fast = None
    if fast is None or fast.written is None:
        return  # the slow reader has judged it
    slow = slowly(body, profile)

    name = profile.inputs[0].name
    assert np.array_equal(fast.values[name], slow.values[name].astype(np.float64))
    assert json.loads(fast.body) == json.loads(slow.body)
    assert fast.id == slow.id


AROUND = {
    "oip-v2": ('{"inputs":[{"name":"x","shape":[1,12],"datatype":"FP32","data":', "}]}"),
    "mlflow": ('{"inputs":', "}"),
    "tf-serving": ('{ "instances": ', " }"),
    "json": ('{"rows":', "}\n"),
}


def spelled(protocol, row, deep=True):
    before, after = AROUND[protocol]
    return before + json.dumps([row] if deep else row) + after


@settings(max_examples=600, deadline=None)
@given(
    protocol=st.sampled_from(sorted(AROUND)),
    nested=st.lists(st.booleans(), min_size=2, max_size=6),
    tricks=st.lists(st.tuples(st.integers(0, 5), TRICKS, st.integers(0, 160), st.integers(0, 6))),
)
def test_requests_that_are_read_together_are_read_as_each_alone(protocol, nested, tricks):
    """What one holds – half a list, two lists, no list – must not change how others are read."""
    rows = vectors(len(nested), seed=11).round(4).tolist()
    texts = [spelled(protocol, row, deep) for row, deep in zip(rows, nested, strict=True)]
    for number, trick, place, drop in tricks:
        text = texts[number % len(texts)]
        at = len(text) - 4 - place % (len(text) - 4)
        texts[number % len(texts)] = text[:at] + trick + text[at + drop :]
    together, alone = (Requests(PROFILES[protocol]) for _ in range(2))
    name = PROFILES[protocol].inputs[0].name
    for requests in (together, alone):  # a form that is known, last
        requests.read(spelled(protocol, ROWS[0]).encode())

    many = together.read_all([Arrival(text.encode()) for text in texts])

    for text, found in zip(texts, many, strict=True):
        (one,) = alone.read_all([Arrival(text.encode())])
        if isinstance(one, RefusedError):
            assert isinstance(found, RefusedError)
            assert (found.reason, found.detail) == (one.reason, one.detail)
        else:
            assert np.array_equal(found.values[name], one.values[name], equal_nan=True)
            assert (found.checked, found.id) == (one.checked, one.id)
            assert found.body == one.body if one.checked else found.read == one.read


@pytest.mark.parametrize("protocol", sorted(AROUND))
def test_short_requests_in_a_form_that_is_known_are_read_by_one_call(protocol, monkeypatch):
    requests = Requests(PROFILES[protocol])
    bodies = [spelled(protocol, row).encode() for row in ROWS]
    requests.read(bodies[0])
    monkeypatch.setattr(requests._quick, "read", lambda body: 1 / 0)

    many = requests.read_all([Arrival(body) for body in bodies])

    name = PROFILES[protocol].inputs[0].name
    assert np.array_equal(np.concatenate([one.values[name] for one in many]), ROWS)
    assert [json.loads(one.body) for one in many] == [json.loads(body) for body in bodies]


def test_what_is_spelled_as_it_goes_on_is_not_copied():
    requests = Requests(PROFILES["oip-v2"])
    body = spelled("oip-v2", ROWS[0]).encode()

    assert requests.read(body).body is body
    assert [one.body is body for one in requests.read_all([Arrival(body)] * 3)] == [True] * 3


@pytest.mark.parametrize(
    "body",
    [b'{"a":1,"a":2}', b'{"a":{"b":1,"b":2}}', b'{"a":[{"b":1,"b":1}]}', b'{"a":"x:y"}', b"[1]",
     b'\xef\xbb\xbf{"a":1}', b'{"a":1}{"b":2}', b'{"a":1e999}', b'{"a":12345678901234567890123}'],
)  # fmt: skip
def test_documents_that_could_be_read_twice_are_left_to_the_slow_reader(body):
    assert document_of(body) is None


def test_a_verdict_is_the_same_for_one_row_as_for_many():
    checks = Checks(PROFILES["tf-serving"])
    rows = vectors(40, seed=9)

    together = checks.scorer.judged(rows)
    alone = [checks.scorer.judged(row[None]) for row in rows]

    assert np.allclose(together.scores, [j.scores[0] for j in alone], rtol=1e-4)
    assert np.allclose(together.places, np.concatenate([j.places for j in alone]), atol=1e-5)


@pytest.mark.parametrize("protocol", ["oip-v2", "tf-serving"])
def test_numbers_that_were_always_whole_are_read_fast_and_refused_with_fractions(protocol):
    rng = np.random.default_rng(0)
    pictures = np.rint(np.clip(rng.normal(8, 3, (300, 12)), 0, 16))
    datatype = "FP32" if protocol == "oip-v2" else ""
    meta = Meta(name="m", protocol=Protocol(protocol), input="x", datatype=datatype)
    profile = profile_of(pictures, meta, digest="sha256:0", version="1")
    assert not profile.inputs[0].fractions
    reader = Quick(profile, lambda _: None, lambda _: None)

    def body(rows):
        rows = rows.tolist()
        if protocol == "tf-serving":
            return json.dumps({"instances": rows}).encode()
        entry = {"name": "x", "shape": [2, 12], "datatype": "FP32", "data": rows}
        return json.dumps({"inputs": [entry]}).encode()

    for _ in range(2):  # read as a whole, and in a form that is known
        assert np.array_equal(reader.read(body(pictures[:2])).values, pictures[:2])
        between = pictures[:2] + np.array([[0.0], [0.25]])
        assert reader.read(body(between)) is None
        assert reader.read_all([body(between)] * 3) == [None] * 3
    with pytest.raises(RefusedError) as caught:
        Checks(profile).verdict(body(between))
    assert caught.value.reason is Reason.ABNORMAL


@pytest.mark.parametrize("change", [lambda x: x[:50], lambda x: x + 0.5 * (x > 15)])
def test_few_numbers_or_one_with_a_fraction_say_nothing_of_fractions(change):
    rng = np.random.default_rng(0)
    pictures = change(np.rint(np.clip(rng.normal(8, 3, (300, 12)), 0, 16)))
    meta = Meta(name="m", protocol=Protocol.TF_SERVING)

    assert profile_of(pictures, meta, digest="sha256:0", version="1").inputs[0].fractions
