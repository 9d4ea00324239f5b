"""JSON and YAML as streams of scalars, compared with the libraries that loaders use."""

from __future__ import annotations

import json

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwarden.formats import DamagedError, LimitExceededError
from modelwarden.formats.config.scalars import DEPTH, Scalar, json_scalars, yaml_scalars


def nothing() -> None:
    """Spend nothing."""


def strings_in(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for part in value.values() for text in strings_in(part)]
    if isinstance(value, list):
        return [text for part in value for text in strings_in(part)]
    return []


def strings(found: list[Scalar]) -> list[str]:
    return [scalar.value for scalar in found if scalar.text]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=150, deadline=None)
@given(VALUES, st.booleans())
def test_json_has_the_strings_that_the_library_reads(value: object, ascii_only: bool):
    text = json.dumps(value, ensure_ascii=ascii_only, indent=1)

    found = list(json_scalars(text, nothing))

    assert strings(found) == strings_in(json.loads(text))


def test_json_paths_keys_and_lines_tell_where_a_value_stands():
    text = '{"a": {"b": [1, "x",\n {"c": "y"}]}, "d": true}'

    found = {s.path: s for s in json_scalars(text, nothing)}

    assert list(found) == ["a.b[0]", "a.b[1]", "a.b[2].c", "d"]
    assert found["a.b[1]"].key == "b"
    assert found["a.b[2].c"].line == 2
    assert not found["d"].text


def test_both_values_of_a_repeated_key_are_seen():
    found = list(json_scalars('{"a": "first", "a": "second"}', nothing))

    assert strings(found) == ["first", "second"]


@pytest.mark.parametrize("text", ['{"a": "x", ', '["x", 1}', '["x", nul]', '["x", "y', '["x"] : 1'])
def test_what_stands_before_damage_is_kept(text: str):
    found: list[Scalar] = []

    def keep() -> None:
        for scalar in json_scalars(text, nothing):
            found.append(scalar)  # noqa: PERF402 -- what came before the error is kept

    with pytest.raises(DamagedError):
        keep()

    assert strings(found)[:1] == ["x"]


@pytest.mark.parametrize("walk", [json_scalars, yaml_scalars])
def test_nesting_is_bounded(walk: object):
    with pytest.raises(LimitExceededError):
        list(walk("[" * (DEPTH + 1) + "]" * (DEPTH + 1), nothing))


def test_yaml_has_values_paths_and_tags():
    text = "a: &x {b: [1, 'two']}\nc: *x\n? k\n: !!python/object/apply:os.system ['true']\n"

    found = list(yaml_scalars(text, nothing))

    assert [(s.path, s.value) for s in found if s.tag is None] == [
        ("a.b[0]", "1"),
        ("a.b[1]", "two"),
        ("k[0]", "true"),
    ]
    assert [s.tag for s in found if s.tag] == ["tag:yaml.org,2002:python/object/apply:os.system"]


@pytest.mark.parametrize(
    "text",
    [
        "a: !!python/name:os.system ''",
        "a: !<tag:yaml.org,2002:python/name:os.system> ''",
        "%TAG ! tag:yaml.org,2002:\n---\na: !python/name:os.system ''",
        "%TAG !e! tag:yaml.org,2002:python/\n---\na: !e!name:os.system ''",
        "a: !!p%79thon/name:os.system ''",
        "!!python/name:os.system a: b",
        "- !!python/name:os.system",
    ],
)
def test_a_tag_is_the_same_in_every_spelling(text: str):
    found = list(yaml_scalars(text, nothing))

    assert "tag:yaml.org,2002:python/name:os.system" in {s.tag for s in found}


@settings(max_examples=60, deadline=None)
@given(VALUES)
def test_yaml_has_the_strings_that_the_library_wrote(value: object):
    text = yaml.safe_dump(value, allow_unicode=False)

    found = list(yaml_scalars(text, nothing))

    assert set(strings_in(value)) <= {s.value for s in found}


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="ab:-!&*?{}[],'\"%\n |>#", max_size=60))
def test_any_text_is_read_or_damaged(text: str):
    for walk in (json_scalars, yaml_scalars):
        try:
            list(walk(text, nothing))
        except (DamagedError, LimitExceededError):
            continue
