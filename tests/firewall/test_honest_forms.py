"""Forms that honest clients use and a picky firewall might not expect: all go on, unchanged."""

from __future__ import annotations

import json

import numpy as np
import pytest

from firewall.profiles import people, sentences, table, tensor, texts, vectors
from modelwarden.firewall import Meta, Protocol, Wanted, profile_of
from modelwarden.firewall.checks import Checks

FORM = Wanted(
    route="/score",
    inputs={name: f"$.people[*].{name}" for name in people().names},
    under="",
    others=("$.id", "$.options.explain"),
    reads=(),
)
CHECKS = {
    "oip": Checks(tensor()),
    "tf": Checks(tensor("tf-serving")),
    "mlflow": Checks(table()),
    "torch": Checks(texts("torchserve")),
    "chat": Checks(texts("openai")),
    "json": Checks(
        profile_of(
            people(), Meta(name="s", protocol=Protocol.JSON, form=FORM), digest="d", version="1"
        )
    ),
    "whole": Checks(
        profile_of(
            np.random.default_rng(1).integers(0, 2**60, (500, 3)),
            Meta(name="n", protocol=Protocol.OIP, input="n", datatype="INT64"),
            digest="d",
            version="1",
        )
    ),
}
ROWS = vectors(20, seed=11).round(6)
SAID = sentences(12, seed=9)


def infer(rows, **more):
    entry = {"name": "x", "shape": [*rows.shape], "datatype": "FP32", "data": rows.tolist()}
    return {"inputs": [{**entry, **more}]}


def person(number):
    frame = people()
    pairs = zip(frame.names, (c[number] for c in frame.columns), strict=True)
    plain = {name: v.item() if hasattr(v, "item") else v for name, v in pairs}
    return {name: None if v != v else v for name, v in plain.items()}


def split(*rows, **more):
    data = [list(row.values()) for row in rows]
    return {"dataframe_split": {"columns": list(rows[0]), "data": data, **more}}


def turned(row):
    return dict(reversed(row.items()))


def says(*messages, **more):
    return {"model": "t", "messages": [{"role": r, "content": c} for r, c in messages], **more}


ONE = json.dumps(infer(ROWS[2:3]))
FIRST = repr(float(ROWS[2][0]))
TOOL = {"name": "w", "parameters": {"type": "object", "properties": {"c": {"type": "string"}}}}
HONEST = {
    "oip": {
        "indented": json.dumps(infer(ROWS[:2]), indent=4),
        "CRLF between": json.dumps(infer(ROWS[:2]), indent=2).replace("\n", "\r\n"),
        "tabs": json.dumps(infer(ROWS[:2]), indent="\t"),
        "blanks around": f" \r\n\t{ONE}\n\n  ",
        "no blanks": json.dumps(infer(ROWS[:2]), separators=(",", ":")),
        "an exponent": ONE.replace(FIRST, f"{ROWS[2][0]:.9e}"),
        "a large exponent sign": ONE.replace(FIRST, f"{ROWS[2][0]:.9E}"),
        "zeros at the end": ONE.replace(FIRST, f"{FIRST}00000"),
        "seventeen digits": infer(vectors(2, seed=77)),
        "flat": {"inputs": [{**infer(ROWS[4:6])["inputs"][0], "data": ROWS[4:6].ravel().tolist()}]},
        "other order": {"inputs": [turned(infer(ROWS[7:8])["inputs"][0])]},
        "an escaped key": ONE.replace('"inputs"', '"in\\u0070uts"'),
        "an id of letters": {"id": "anfrage-ü-日本-😀", **infer(ROWS[:1])},
        "an empty id": {"id": "", **infer(ROWS[:1])},
        "an escaped slash": ONE.replace('{"inputs"', '{"id": "a\\/b", "inputs"'),
        "outputs": {**infer(ROWS[:1]), "outputs": [{"name": "s", "parameters": {"k": 3}}]},
        "parameters": {**infer(ROWS[:1]), "parameters": {"priority": 1, "t": 1.5, "trace": True}},
        "no bytes": {
            **infer(ROWS[:1]), "outputs": [{"name": "s", "parameters": {"binary_data": False}}],
        },
        "parameters of an input": infer(ROWS[:1], parameters={"content_type": "np"}),
        "a hundred rows": infer(vectors(100, seed=501).round(5)),
    },
    "whole": {
        "beyond what a float holds": {
            "inputs": [{"name": "n", "shape": [1, 3], "datatype": "INT64",
                        "data": [2**59 + 1, 2**58 + 3, 2**57 + 5]}]
        }
    },
    "tf": {
        "rows": {"instances": ROWS[12:14].tolist()},
        "a signature": {"signature_name": "serving_default", "instances": ROWS[14:15].tolist()},
        "columns": {"inputs": ROWS[15:17].tolist()},
        "columns by name": {"inputs": {"x": ROWS[17:18].tolist()}},
        "rows by name": {"instances": [{"x": row} for row in ROWS[18:20].tolist()]},
    },
    "mlflow": {
        "split": split(person(1), person(2)),
        "an index": split(person(1), person(2), index=["a", "b"]),
        "columns turned": split(turned(person(3)), turned(person(4))),
        "records": {"dataframe_records": [person(5), turned(person(6))]},
        "columns": {"inputs": {k: [v, v] for k, v in person(7).items()}},
        "columns of shape (n, 1)": {"inputs": {k: [[v], [v]] for k, v in person(7).items()}},
        "instances": {"instances": [person(8)]},
        "params": {**split(person(9)), "params": {"temperature": 0.2}},
        "a whole number as a float": split({**person(1), "age": float(person(1)["age"])}),
        "a float as a whole number": split({**person(1), "income": 3000}),
        "null where some are missing": split({**person(1), "income": None}),
    },
    "torch": {
        "an envelope": {"data": SAID[0]},
        "a list": [SAID[1], SAID[2]],
        "instances": {"instances": [SAID[3]]},
    },
    "chat": {
        "a dialogue": says(("system", "You are kind."), ("user", SAID[5]), ("assistant", SAID[6])),
        "parts": says(("user", [{"type": "text", "text": SAID[8]}])),
        "options": says(
            ("user", SAID[4]), temperature=0, top_p=1, n=1, max_tokens=100, stop=["\n"], seed=42,
            presence_penalty=-0.5, user="u1", logprobs=True, top_logprobs=3,
        ),
        "options that are null": says(("user", SAID[4]), temperature=None, stop=None),
        "a form of answers": says(("user", SAID[4]), response_format={"type": "json_object"}),
        "tools": says(
            ("user", SAID[4]), tools=[{"type": "function", "function": TOOL}], tool_choice="auto"
        ),
        "pictures of letters": says(("user", SAID[9] + " 👍🏽 👩‍👩‍👧")),
        "accents": says(("user", "le service était bon, la cuisine est arrivée très tard")),
    },
    "json": {
        "others": {"id": "q", "options": {"explain": True}, "people": [person(1)]},
        "rows turned": {"people": [turned(person(4)), person(5)]},
    },
}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "name"), [(kind, name) for kind, named in HONEST.items() for name in named]
)
def test_it_goes_on_and_means_the_same(kind, name):
    asked = HONEST[kind][name]
    body = asked if isinstance(asked, str) else json.dumps(asked, ensure_ascii=name != "accents")

    found = CHECKS[kind].verdict(body.encode()).request

    assert json.loads(found.body) == json.loads(body)
