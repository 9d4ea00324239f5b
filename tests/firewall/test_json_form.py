"""A server of a form of its own: read by JSONPaths, before the real command too."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cli.command import command
from firewall.profiles import people, tensor, vectors
from firewall.serving import firewall, model
from firewall.test_requests import refused
from modelwarden.firewall import (
    Checks,
    Meta,
    ProfileError,
    Protocol,
    Wanted,
    dumped,
    load,
    wanted_in,
)
from modelwarden.firewall.build import profile_of
from modelwarden.firewall.routes import Routes


def wanted(inputs, **more):
    under = inputs if isinstance(inputs, str) else ""
    given = {"route": "/score", "others": (), "reads": (), **more}
    return Wanted(inputs={} if under else inputs, under=under, **given)


def table_of(inputs, **more):
    meta = Meta(name="people", protocol=Protocol.JSON, form=wanted(inputs, **more))
    return profile_of(people(), meta, digest="sha256:0", version="1")


ROW = {"age": 30, "income": 3000.0, "colour": "red", "member": True}
NESTED = {
    "age": "$.applicant.age",
    "income": "$.applicant['income']",
    "colour": "$.items[0].colour",
    "member": "$.items[1]",
}
ALONE = {"applicant": {"age": 30, "income": None}, "items": [{"colour": "red"}, False]}
TABLES = {
    "rows": (table_of("$.rows[*]", others=("$.id",)), {"id": "a", "rows": [ROW, ROW]}, 2),
    "one row": (table_of("$"), ROW, 1),
    "a list": (table_of("$[*]"), [ROW], 1),
    "nested": (table_of(NESTED), ALONE, 1),
    "columns": (
        table_of({name: f"$.data.{name}[*]" for name in ROW}),
        {"data": {name: [value] * 3 for name, value in ROW.items()}},
        3,
    ),
}


@pytest.mark.parametrize("name", TABLES)
def test_rows_stand_where_the_paths_lead(name):
    profile, document, rows = TABLES[name]

    request = Checks(profile).verdict(json.dumps(document).encode()).request

    assert request.rows == rows
    assert [request.values[n].tolist()[0] for n in ("age", "colour")] == [30, "red"]
    assert json.loads(request.body) == document


@pytest.mark.parametrize(
    ("inputs", "document"),
    [
        ("$.rows[*]", {"rows": vectors(3).tolist()}),
        ({"x": "$.a.vector"}, {"a": {"vector": vectors(1)[0].tolist()}}),
        ("$", vectors(1)[0].tolist()),
        ("$[*].v", [{"v": row} for row in vectors(2).tolist()]),
    ],
)
def test_tensors_too(inputs, document):
    profile = tensor("json", form=wanted(inputs))

    request = Checks(profile).verdict(json.dumps(document).encode()).request

    assert request.values["x"].shape[1:] == (12,)
    assert json.loads(request.body) == document


ROWS = TABLES["rows"][0]
BAD = {
    "no key": {},
    "another key": {"rows": [ROW], "debug": True},
    "a key in a row": {"rows": [{**ROW, "x": 1}]},
    "a row less": {"rows": [{k: v for k, v in ROW.items() if k != "age"}]},
    "no rows": {"rows": []},
    "a list for a value": {"rows": [{**ROW, "age": [30]}]},
    "lists for all values": {"rows": [{k: [v] for k, v in ROW.items()}]},
    "a text for a number": {"rows": [{**ROW, "age": "30"}]},
    "a fraction": {"rows": [{**ROW, "age": 30.5}]},
    "another colour": {"rows": [{**ROW, "colour": "pink"}]},
    "null": {"rows": [{**ROW, "age": None}]},
    "too old": {"rows": [{**ROW, "age": 1e6}]},
    "an id that is a list": {"rows": [ROW], "id": [1]},
    "a list": [ROW],
    "too many": {"rows": [ROW] * 1001},
}


@pytest.mark.parametrize("name", BAD)
def test_what_the_model_cannot_be_given_is_refused(name):
    refused(Checks(ROWS), BAD[name])


def test_a_key_twice_and_numbers_that_json_lacks_are_refused_as_everywhere():
    for body in (
        b'{"rows": [], "rows": []}',
        b'{"rows": [{"age": 1, "\\u0061ge": 2}]}',
        b'{"rows": [{"age": NaN}]}',
        b'{"rows": ' + b"[" * 9999,
    ):
        refused(Checks(ROWS), body)


def test_what_may_be_missing_may_be_absent():
    row = {k: v for k, v in ROW.items() if k != "income"}

    request = Checks(ROWS).verdict(json.dumps({"rows": [row, ROW]}).encode()).request

    assert np.isnan(request.values["income"][0])
    assert json.loads(request.body) == {"rows": [row, ROW]}


@pytest.mark.parametrize(
    ("form", "told"),
    [
        (wanted({"age": "$.age"}), "not those of the model's inputs"),
        (wanted("$..x"), "not understood"),
        (wanted("$.rows[*]", others=("$.rows",)), "contradicts"),
        (wanted("$.rows[*]", route="score"), "no path of a server"),
        (wanted("$.rows[*]", route="/a/../b c"), "no path of a server"),
        (wanted("$.rows[*]", reads=("/health?x",)), "no path of a server"),
        (None, "goes with the protocol"),
    ],
)
def test_a_form_that_does_not_fit_is_an_error(form, told):
    meta = Meta(name="people", protocol=Protocol.JSON, form=form)
    with pytest.raises(ProfileError, match=told):
        profile_of(people(), meta, digest="sha256:0", version="1")


def test_a_profile_whose_form_was_damaged_is_not_loaded(tmp_path):
    for form in (None, replace(ROWS.form, inputs={"age": "$.age"})):
        (tmp_path / "p").write_bytes(dumped(replace(ROWS, form=form)))
        with pytest.raises(ProfileError):
            load(tmp_path / "p")
    (tmp_path / "p").write_bytes(dumped(ROWS))
    assert load(tmp_path / "p") == ROWS


def test_its_route_and_reads_are_the_only_ones_and_nobody_elses():
    routes = Routes([replace(ROWS, form=replace(ROWS.form, reads=("/health",)))])
    assert routes.of("POST", "/score") is not None
    assert routes.of("GET", "/health") is not None
    for method, path in (("GET", "/score"), ("POST", "/health"), ("POST", "/score/"), ("GET", "/")):
        assert routes.of(method, path) is None
    with pytest.raises(ProfileError, match="one path"):
        Routes([ROWS, replace(ROWS, name="other")])


def test_the_command_makes_a_profile_and_stands_before_a_server(tmp_path):
    np.savez(tmp_path / "data.npz", x=vectors())
    meta = {"name": "m", "protocol": "json", "low": 0, "high": 1}
    (tmp_path / "meta.json").write_text(json.dumps(meta))
    form = {"route": "/score", "inputs": "$.instances[*]", "reads": ["/health"]}
    (tmp_path / "form.json").write_text(json.dumps(form))
    arguments = ("--reference", "data.npz", "--meta", "meta.json", "--output", "p.json")

    made = command("profile", *arguments, "--form", "form.json", cwd=tmp_path)

    assert made.code == 0, made.err
    with (
        model() as server,
        firewall(server.port, "p.json", "--mode", "enforce", cwd=tmp_path) as wall,
    ):
        good = {"instances": vectors(3, seed=5).tolist()}
        status, _, answer = wall.ask(good, "/score")
        assert (status, answer) == (200, server.answer("", json.dumps(good)))
        assert wall.ask(None, "/health", "GET")[0] == 200
        for path, body in (("/score", {**good, "x": 1}), ("/other", good), ("/score", [1])):
            status, headers, answer = wall.ask(body, path)
            assert headers["x-modelwarden"] == "refused"
            assert json.loads(answer) == {"error": "the request was refused"}
    assert [path for _, path, _, _ in server.seen] == ["/score", "/health"]


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ("{", "no valid JSON"),
        ("[]", "no JSON object"),
        ('{"inputs": "$"}', "route is not there"),
        ('{"route": "/x"}', "inputs must be"),
        ('{"route": "/x", "inputs": {"x": 1}}', "inputs must be"),
        ('{"route": "/x", "inputs": "$", "inputz": 1}', "unknown key"),
        ('{"route": "/x", "inputs": "$.a[0:2]"}', "[0:2]"),
    ],
)
def test_a_form_that_cannot_be_used_is_an_error(tmp_path, form, told):
    (tmp_path / "form.json").write_text(form)

    with pytest.raises(ProfileError) as caught:
        wanted_in(tmp_path / "form.json").form(ROWS.inputs, table=True)

    assert told in caught.value.message


def test_a_form_without_its_protocol_is_one_line_and_exit_2(tmp_path):
    np.savez(tmp_path / "data.npz", x=vectors())
    (tmp_path / "meta.json").write_text('{"name": "m", "protocol": "mlflow"}')
    (tmp_path / "form.json").write_text('{"route": "/x", "inputs": "$"}')
    arguments = ("--reference", "data.npz", "--meta", "meta.json", "--output", "p.json")

    ran = command("profile", *arguments, "--form", "form.json", cwd=tmp_path)

    assert ran.code == 2
    assert "a form of requests goes with the protocol 'json'" in ran.line
    assert not Path(tmp_path / "p.json").exists()
