"""What is refused before a model sees it, and that everything else arrives unchanged."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firewall.profiles import people, table, tensor, vectors
from modelwarden.firewall import Checks, Reason, RefusedError
from modelwarden.firewall.requests import read
from modelwarden.protocols import Tensor, mlflow, oip, tf_serving

TENSOR = {p: Checks(tensor(p)) for p in ("oip-v2", "mlflow", "tf-serving")}
TABLE = {p: Checks(table(p)) for p in ("oip-v2", "mlflow", "tf-serving")}
ROW = vectors(3, seed=4).tolist()


def infer(**changes):
    entry = {"name": "x", "shape": [3, 12], "datatype": "FP32", "data": ROW, **changes}
    return {"inputs": [{k: v for k, v in entry.items() if v is not ...}]}


def split(**changes):
    frame = {
        "columns": ["age", "income", "colour", "member"],
        "data": [[30, 3000.0, "red", True], [40, None, "blue", False]],
    }
    return {"dataframe_split": {**frame, **changes}}


def record(**changes):
    row = {"age": 30, "income": 3000.0, "colour": "red", "member": True, **changes}
    return {"dataframe_records": [{k: v for k, v in row.items() if v is not ...}]}


def refused(checks, document):
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    with pytest.raises(RefusedError) as caught:
        checks.verdict(body)
    return caught.value.reason


def changed(at, value):
    rows = [list(row) for row in ROW]
    rows[1][at] = value
    return rows


SYNTAX = {
    "empty": (b"", Reason.SYNTAX),
    "not JSON": (b"{", Reason.SYNTAX),
    "no object": (b"[]", Reason.SYNTAX),
    "a number": (b"1", Reason.SYNTAX),
    "two documents": (b"{}{}", Reason.SYNTAX),
    "byte-order mark": (b"\xef\xbb\xbf{}", Reason.SYNTAX),
    "UTF-16": ("{}".encode("utf-16"), Reason.SYNTAX),
    "Latin-1": (b'{"\xe9": 1}', Reason.SYNTAX),
    "single quotes": (b"{'inputs': []}", Reason.SYNTAX),
    "trailing comma": (b'{"inputs": [],}', Reason.SYNTAX),
    "comment": (b'{} // "', Reason.SYNTAX),
    "control character": (b'{"id": "a\x01"}', Reason.SYNTAX),
    "deep arrays": (b"[" * 100_000, Reason.SYNTAX),
    "deep objects": (b'{"a":' * 10_000, Reason.SYNTAX),
    "deep and closed": (b'{"inputs":' + b"[" * 100_000 + b"]" * 100_000 + b"}", Reason.SYNTAX),
    "key twice": (b'{"inputs": [], "inputs": []}', Reason.DUPLICATE_KEY),
    "key twice by escape": (b'{"inputs": [], "inp\\u0075ts": []}', Reason.DUPLICATE_KEY),
    "NaN": (b'{"inputs": [NaN]}', Reason.FINITE),
    "Infinity": (b'{"inputs": [-Infinity]}', Reason.FINITE),
    "a number of 5000 digits": (b'{"inputs": [' + b"9" * 5000 + b"]}", Reason.RANGE),
    "no keys": (b"{}", Reason.SCHEMA),
    "another key": (b'{"scanners_suppress": []}', Reason.SCHEMA),
}


@pytest.mark.parametrize("protocol", TENSOR)
@pytest.mark.parametrize("name", SYNTAX)
def test_what_parsers_read_differently_is_refused(name, protocol):
    body, reason = SYNTAX[name]

    assert refused(TENSOR[protocol], body) is reason


OIP = {
    "another name": (infer(name="y"), Reason.SCHEMA),
    "no name": (infer(name=...), Reason.SCHEMA),
    "no input": ({"inputs": []}, Reason.SCHEMA),
    "two inputs": ({"inputs": infer()["inputs"] * 2}, Reason.SCHEMA),
    "inputs no list": ({"inputs": {}}, Reason.SCHEMA),
    "no shape": (infer(shape=...), Reason.SHAPE),
    "a negative size": (infer(shape=[-3, -12]), Reason.SHAPE),
    "a size that is a float": (infer(shape=[3.0, 12]), Reason.SHAPE),
    "a size that is true": (infer(shape=[True, 12]), Reason.SHAPE),
    "a huge shape": (infer(shape=[3, 1 << 62]), Reason.SHAPE),
    "a shape that overflows": (infer(shape=[1 << 32, 1 << 32]), Reason.SHAPE),
    "more than the shape": (infer(shape=[2, 12]), Reason.SHAPE),
    "another width": (infer(shape=[4, 9], data=np.ravel(ROW).tolist()), Reason.SHAPE),
    "nested otherwise": (infer(shape=[36, 1]), Reason.SHAPE),
    "ragged": (infer(data=[*ROW[:2], ROW[2][:5]]), Reason.SHAPE),
    "no rows": (infer(shape=[0, 12], data=[]), Reason.SIZE),
    "no data": (infer(data=...), Reason.TYPE),
    "data a string": (infer(data="AAAA"), Reason.TYPE),
    "a string": (infer(data=changed(0, "1.0")), Reason.TYPE),
    "a null": (infer(data=changed(0, None)), Reason.MISSING),
    "a boolean": (infer(data=changed(0, True)), Reason.TYPE),
    "all booleans": (infer(data=[[True] * 12] * 3), Reason.TYPE),
    "an object": (infer(data=changed(0, {})), Reason.TYPE),
    "too large": (infer(data=changed(0, 1.0001)), Reason.RANGE),
    "too small": (infer(data=changed(0, -0.001)), Reason.RANGE),
    "beyond a double": (json.dumps(infer()).replace("[[", "[[1e400,", 1).encode(), Reason.SHAPE),
    "beyond a float": (infer(data=changed(0, 1e39)), Reason.RANGE),
    "beyond 64 bits": (infer(data=changed(0, 1 << 70)), Reason.RANGE),
    "another datatype": (infer(datatype="FP64"), Reason.TYPE),
    "an id with a line feed": ({**infer(), "id": "a\nb"}, Reason.SCHEMA),
    "an id with an escape": (json.dumps({**infer(), "id": "a\x1b[2J"}).encode(), Reason.SCHEMA),
    "an id that turns round": (
        json.dumps({**infer(), "id": "a\u202eb"}, ensure_ascii=False).encode(),
        Reason.SCHEMA,
    ),
    "a parameter with a null": ({**infer(), "parameters": {"a": "\0"}}, Reason.SCHEMA),
    "a parameter named oddly": ({**infer(), "parameters": {"a\n": 1}}, Reason.SCHEMA),
    "a huge parameter": ({**infer(), "parameters": {"a": 1e300}}, Reason.SCHEMA),
    "more classes than there are": (
        {**infer(), "outputs": [{"name": "y", "parameters": {"classification": 10**9}}]},
        Reason.SCHEMA,
    ),
    "an output named oddly": ({**infer(), "outputs": [{"name": "y\r"}]}, Reason.SCHEMA),
    "no datatype": (infer(datatype=...), Reason.TYPE),
    "binary data": (infer(parameters={"binary_data_size": [12]}), Reason.SCHEMA),
    "a size of binary data": (infer(parameters={"binary_data_size": 12}), Reason.SCHEMA),
    "shared memory": (infer(parameters={"shared_memory_region": "r"}), Reason.SCHEMA),
    "shared memory, of all": (
        {**infer(), "parameters": {"shared_memory_byte_size": 4}},
        Reason.SCHEMA,
    ),
    "an answer to shared memory": (
        {**infer(), "outputs": [{"name": "y", "parameters": {"shared_memory_region": "r"}}]},
        Reason.SCHEMA,
    ),
    "an answer in bytes": (
        {**infer(), "outputs": [{"name": "y", "parameters": {"binary_data": True}}]},
        Reason.SCHEMA,
    ),
    "all answers in bytes": (
        {**infer(), "parameters": {"binary_data_output": True}},
        Reason.SCHEMA,
    ),
    "another key of an input": (infer(contents={}), Reason.SCHEMA),
    "an id that is a number": ({**infer(), "id": 3}, Reason.SCHEMA),
    "a long id": ({**infer(), "id": "a" * 1000}, Reason.SCHEMA),
    "outputs without name": ({**infer(), "outputs": [{}]}, Reason.SCHEMA),
    "parameters a list": ({**infer(), "parameters": []}, Reason.SCHEMA),
    "nested parameters": ({**infer(), "parameters": {"a": {}}}, Reason.SCHEMA),
    "far from the reference": (infer(data=[[0.0, 1.0] * 6] * 3), Reason.ABNORMAL),
    "too many rows": (infer(shape=[1001, 12], data=ROW[:1] * 1001), Reason.SIZE),
}


@pytest.mark.parametrize("name", OIP)
def test_open_inference_requests_that_are_not_the_models_are_refused(name):
    document, reason = OIP[name]

    assert refused(TENSOR["oip-v2"], document) is reason


def test_a_number_beyond_a_double_is_refused():
    body = json.dumps(infer()).replace("[[" + repr(ROW[0][0]), "[[1e400", 1).encode()

    assert b"1e400" in body
    assert refused(TENSOR["oip-v2"], body) in (Reason.FINITE, Reason.RANGE)


MLFLOW = {
    "two forms": ({**split(), **record()}, Reason.SCHEMA),
    "a column less": (split(columns=["age", "income", "colour"]), Reason.SHAPE),
    "another column": (split(columns=["age", "income", "colour", "x"]), Reason.SCHEMA),
    "a column twice": (split(columns=["age", "age", "colour", "member"]), Reason.DUPLICATE_KEY),
    "columns no list": (split(columns="age"), Reason.SCHEMA),
    "rows of two lengths": (split(data=[[1, 2.0, "red", True], [1]]), Reason.SHAPE),
    "rows no list": (split(data={"age": 3}), Reason.SHAPE),
    "no rows": (split(data=[]), Reason.SIZE),
    "an index too short": (split(index=[1]), Reason.SCHEMA),
    "another key of a frame": (split(types=[]), Reason.SCHEMA),
    "frame a list": ({"dataframe_split": []}, Reason.SCHEMA),
    "records an object": ({"dataframe_records": {}}, Reason.SCHEMA),
    "records of lists": ({"dataframe_records": [[1]]}, Reason.SCHEMA),
    "a key less": (record(age=...), Reason.SCHEMA),
    "a key more": (record(x=1), Reason.SCHEMA),
    "text for a number": (record(age="30"), Reason.TYPE),
    "a number for text": (record(colour=3), Reason.TYPE),
    "a list for a number": (record(age=[30, 31]), Reason.TYPE),
    "a list of one for a number": (record(age=[30]), Reason.TYPE),
    "lists of one for numbers": (
        split(data=[[[30], 3000.0, "red", True], [[40], None, "blue", False]]),
        Reason.TYPE,
    ),
    "a list of one for text": (record(colour=["red"]), Reason.TYPE),
    "an object for text": (record(colour={}), Reason.TYPE),
    "half a year": (record(age=30.5), Reason.TYPE),
    "true for a number": (record(age=True), Reason.TYPE),
    "a number for a flag": (record(member=7), Reason.TYPE),
    "null where none is missing": (record(age=None), Reason.MISSING),
    "null for a category": (record(colour=None), Reason.MISSING),
    "an unknown category": (record(colour="mauve"), Reason.CATEGORY),
    "a category with a space": (record(colour="red "), Reason.CATEGORY),
    "out of range": (record(age=100_000), Reason.RANGE),
    "below range": (record(age=-500), Reason.RANGE),
    "beyond 64 bits": (record(age=1 << 66), Reason.TYPE),
}


@pytest.mark.parametrize("name", MLFLOW)
def test_frames_that_are_not_the_models_are_refused(name):
    document, reason = MLFLOW[name]

    assert refused(TABLE["mlflow"], document) is reason


TF = {
    "both forms": ({"instances": ROW, "inputs": ROW}, Reason.SCHEMA),
    "base64": ({"instances": [{"b64": "AAAA"}]}, Reason.SCHEMA),
    "rows of another name": ({"instances": [{"y": row} for row in ROW]}, Reason.SCHEMA),
    "rows of one more name": ({"instances": [{"x": row, "y": 1} for row in ROW]}, Reason.SCHEMA),
    "rows with and without name": ({"instances": [{"x": ROW[0]}, ROW[1]]}, Reason.SCHEMA),
    "base64 under the name": ({"instances": [{"x": {"b64": "AAAA"}}]}, Reason.TYPE),
    "a string": ({"instances": "x"}, Reason.TYPE),
    "another shape": ({"instances": [row[:5] for row in ROW]}, Reason.SHAPE),
    "a flat row": ({"instances": ROW[0]}, Reason.SHAPE),
    "signature no text": ({"instances": ROW, "signature_name": {}}, Reason.SCHEMA),
    "null": ({"instances": None}, Reason.TYPE),
}


def test_rows_may_be_objects_of_the_only_input():
    named = {"instances": [{"x": row} for row in ROW]}

    found = TENSOR["tf-serving"].verdict(json.dumps(named).encode()).request

    assert found.values["x"].tolist() == ROW
    assert json.loads(found.body) == named


@pytest.mark.parametrize("name", TF)
def test_instances_that_are_not_the_models_are_refused(name):
    document, reason = TF[name]

    assert refused(TENSOR["tf-serving"], document) is reason


def test_a_body_that_is_too_large_is_not_even_parsed():
    checks = Checks(replace(tensor(), limits=replace(tensor().limits, body=100)))

    assert refused(checks, b"x" * 101) is Reason.SIZE


def good():
    """Yield requests as our own client makes them, in every form."""
    batch = [Tensor("x", vectors(5, seed=7))]
    yield TENSOR["oip-v2"], oip.encode(batch, [oip.Field(name="x", datatype="FP32", shape=(12,))])
    yield TENSOR["mlflow"], mlflow.encode(batch, table=False)
    yield TENSOR["tf-serving"], tf_serving.encode(batch, table=False)
    frame = people(20, seed=8)
    batch = [Tensor(n, c) for n, c in zip(frame.names, frame.columns, strict=True)]
    yield TABLE["mlflow"], mlflow.encode(batch, table=True)
    whole = [Tensor(t.name, t.values[1:4]) for t in batch]
    yield TABLE["tf-serving"], tf_serving.encode(whole, table=True)
    yield TABLE["oip-v2"], oip.encode(whole)


@pytest.mark.parametrize("number", range(6))
def test_requests_of_a_client_pass_and_arrive_with_the_same_numbers(number):
    checks, body = list(good())[number]

    verdict = checks.verdict(body)

    assert json.loads(verdict.request.body) == json.loads(body)
    assert verdict.abnormal <= 0.2 * verdict.request.rows
    assert read(verdict.request.body, checks.profile).document == json.loads(body)


def test_flat_and_nested_data_are_the_same():
    flat = TENSOR["oip-v2"].verdict(json.dumps(infer(data=np.ravel(ROW).tolist())).encode())
    nested = TENSOR["oip-v2"].verdict(json.dumps(infer()).encode())

    assert np.array_equal(flat.request.values["x"], nested.request.values["x"])
    assert flat.request.rows == 3


def test_other_forms_of_frames_pass():
    columns = {"age": [30], "income": [None], "colour": ["red"], "member": [True]}
    for document in (split(), record(), {"inputs": columns}, split(index=[4, 5])):
        TABLE["mlflow"].verdict(json.dumps(document).encode())


@settings(max_examples=300, deadline=None)
@given(
    body=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda part: st.lists(part, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["inputs", "instances", "dataframe_split", "columns", "data", "name", "shape",
                 "datatype", "dataframe_records", "outputs", "x", "age", "index", "id"]
            ),
            part,
            max_size=4,
        ),
        max_leaves=20,
    ).map(lambda value: json.dumps(value).encode())
    | st.binary(max_size=60),
    protocol=st.sampled_from(sorted(TENSOR)),
    table=st.booleans(),
)  # fmt: skip
def test_no_body_does_anything_but_pass_or_be_refused(body, protocol, table):
    checks = (TABLE if table else TENSOR)[protocol]
    with suppress(RefusedError):
        assert checks.verdict(body).request.rows >= 1
