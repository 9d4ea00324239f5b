"""Keras configurations are taken apart as Keras would read them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwarden.core import GapKind
from modelwarden.formats import Limits, Source
from modelwarden.formats.keras.config import KerasConfig, read, sniff


def view_of(tree: object) -> KerasConfig:
    text = tree if isinstance(tree, str) else json.dumps(tree)
    return read(Source("config.json", text.encode()), Limits())


def test_every_nested_object_is_found_with_its_path():
    inner = {"class_name": "Dense", "config": {"activation": "relu"}}
    wrapped = {"class_name": "TimeDistributed", "config": {"layer": inner}}
    tree = {"class_name": "Sequential", "config": {"layers": [wrapped]}, "keras_version": "3.1.0"}

    view = view_of(tree)

    assert [(o.path, o.class_name) for o in view.objects] == [
        ("", "Sequential"),
        ("config.layers[0]", "TimeDistributed"),
        ("config.layers[0].config.layer", "Dense"),
    ]
    assert view.objects[2].settings == {"activation": "relu"}
    assert view.producer is not None
    assert view.producer.version == "3.1.0"


@pytest.mark.parametrize(
    ("thing", "code"),
    [
        ({"class_name": "Lambda", "config": {"function": ["4wEAAAA=", None, None]}}, True),
        (
            {
                "class_name": "Lambda",
                "config": {
                    "function": {"class_name": "__tuple__", "items": ["4wEAAAA=", None, None]}
                },
            },
            True,
        ),
        ({"class_name": "__lambda__", "config": {"code": "4wEAAAA="}}, True),
        ({"class_name": "Lambda", "config": {"function_type": "lambda"}}, True),
        ({"class_name": "Lambda", "config": {"function": "my_function"}}, False),
        ({"class_name": "Reshape", "config": {"output_shape": [1, 2, 3]}}, False),
    ],
)
def test_bytecode_is_told_from_names_and_shapes(thing: object, code: bool):
    assert view_of(thing).objects[0].code is code


def test_the_last_of_two_equal_keys_counts_as_for_keras():
    view = view_of('{"class_name": "Dense", "config": {}, "class_name": "Lambda"}')

    assert [o.class_name for o in view.objects] == ["Lambda"]


@pytest.mark.parametrize("text", ['{"class_name": ', "[1", "{'a': 1}", "\x00", ""])
def test_what_keras_could_not_read_is_a_gap(text: str):
    assert [g.kind for g in view_of(text).gaps] == [GapKind.UNREADABLE]


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, '"' + "x" * 9_000_000 + '"'])
def test_too_deep_or_too_long_is_a_gap(text: str):
    assert [g.kind for g in view_of(text).gaps] == [GapKind.OVER_LIMIT]


def test_sniff_wants_a_class_and_a_configuration():
    assert sniff(Source("a", b'{"x": "' + b"y" * 9000 + b'", "class_name": "A", "config": {}}'))
    assert not sniff(Source("a", b'{"class": "A"}'))
    assert not sniff(Source("a", b"class_name config"))


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
def test_every_spelling_that_keras_reads_is_claimed_and_read(codec: str):
    text = '{"class\\u005fname": "Lambda", "c\\u006fnfig": {"function_type": "lambda"}}'
    source = Source("config.json", text.encode(codec))

    view = read(source, Limits())

    assert sniff(source)
    assert [o.code for o in view.objects] == [True]


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_end_in_a_view(data: bytes):
    source = Source("a", data)

    sniff(source)

    assert read(source, Limits()).format == "keras-config"


TREES = st.recursive(
    st.none() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["class_name", "config", "module", "function", "items", "layers"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=15,
)


@settings(max_examples=150, deadline=None)
@given(TREES)
def test_any_tree_ends_in_a_view_without_gaps(tree: object):
    assert view_of(json.dumps(tree)).gaps == ()
