"""JSONPaths that lead to one place, and documents that are read by all of them at once."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwarden.protocols import WireError
from modelwarden.protocols.json_paths import PathError, Template, steps_of


@pytest.mark.parametrize(
    ("path", "steps"),
    [
        ("$", []),
        ("$.a.b_c", ["a", "b_c"]),
        ("$.größe", ["größe"]),
        ("$['a b'][0][\"c\"]", ["a b", 0, "c"]),
        (r"$['it\'s']['\\']", ["it's", "\\"]),
        ("$['']", [""]),
        ("$.a[12].b", ["a", 12, "b"]),
    ],
)
def test_what_leads_to_one_place_is_understood(path, steps):
    assert steps_of(path) == steps


@pytest.mark.parametrize(
    "path",
    ["", "a", "$a", "$.", "$..a", "$.a..b", "$.*", "$[?@.a]", "$[0:2]", "$[-1]", "$[01]", "$[1000]",
     "$['a','b']", "$['a'", "$[a]", "$.a b", "$.1", r"$['\n']", "$[*].a[*]", "$ .a", "$.a ",
     "$.a\n", "$['a']" * 200],
)  # fmt: skip
def test_what_does_not_is_an_error_that_shows_it(path):
    with pytest.raises(PathError):
        steps_of(path)


@pytest.mark.parametrize(
    "paths",
    [
        {"a": "$.x", "b": "$.x"},
        {"a": "$.x", "b": "$.x.y"},
        {"a": "$.x.y", "b": "$.x"},
        {"a": "$.x[0]", "b": "$.x.y"},
        {"a": "$.r[*].x", "b": "$.r[0].y"},
        {"a": "$.r[*].x", "b": "$.y"},
        {"a": "$", "b": "$.y"},
    ],
)
def test_paths_that_contradict_each_other_are_an_error(paths):
    with pytest.raises(PathError):
        Template(paths)


def test_others_may_not_be_inputs():
    with pytest.raises(PathError):
        Template({"a": "$.x"}, ["$.x"])


FORM = Template(
    {"age": "$.rows[*].person.age", "pay": "$.rows[*].pay"},
    others=["$.id", "$.options.verbose", "$.rows[*].note"],
    missing=["pay"],
)
ROW = {"person": {"age": 3}, "pay": 9.5}


def test_values_stand_where_the_paths_lead_a_value_for_each_row():
    document = {
        "id": "a",
        "rows": [ROW, {"person": {"age": 4}, "note": None}, {"person": {"age": [1]}, "pay": {}}],
        "options": {"verbose": True},
    }
    assert FORM.read(document) == {"age": [3, 4, [1]], "pay": [9.5, None, {}]}
    assert FORM.read({"rows": []}) == {"age": [], "pay": []}


@pytest.mark.parametrize(
    "document",
    [
        [],
        None,
        {},
        {"rows": None},
        {"rows": {"0": ROW}},
        {"rows": [ROW], "more": 1},
        {"rows": [{**ROW, "more": 1}]},
        {"rows": [{"pay": 1}]},
        {"rows": [{"person": {}, "pay": 1}]},
        {"rows": [{"person": [{"age": 1}]}]},
        {"rows": [[ROW]]},
        {"rows": [ROW], "id": ["a"]},
        {"rows": [ROW], "id": {"a": 1}},
        {"rows": [ROW], "id": "a" * 257},
        {"rows": [ROW], "id": float("inf")},
        {"rows": [ROW], "options": {"verbose": 1, "other": 2}},
        {"rows": [ROW], "options": []},
        {"rows": [ROW], "options": None},
    ],
)
def test_what_no_path_leads_to_may_not_be_there(document):
    with pytest.raises(WireError):
        FORM.read(document)


def test_positions_of_a_list_are_all_named_or_the_list_is_another():
    form = Template({"a": "$[0].x", "b": "$[1]"})
    assert form.listed
    assert form.read([{"x": 1}, 2]) == {"a": [1], "b": [2]}
    for document in ([{"x": 1}], [{"x": 1}, 2, 3], {"0": {"x": 1}, "1": 2}):
        with pytest.raises(WireError):
            form.read(document)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["rows", "person", "age", "pay", "id", "z"]), inner)
    ),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(JSON)
def test_every_document_is_read_whole_or_refused(document):
    try:
        found = FORM.read(document)
    except WireError:
        return
    assert len(found["age"]) == len(found["pay"]) == len(document["rows"])
    assert set(document) <= {"rows", "id", "options"}
    assert "z" not in json.dumps({**document, "rows": []})
