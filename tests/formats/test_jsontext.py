import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwarden.formats import Limits, Source
from modelwarden.formats import jsontext as module
from modelwarden.formats.jsontext import outline, starts_like_json

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=30,
)


def is_json(data: bytes) -> bool:
    seen = outline(Source("j", data), ())
    return seen.damage is None and seen.values > 0  # blanks alone are no value


@given(values, st.sampled_from([None, 1]), st.booleans())
def test_what_json_writes_is_accepted(value: object, indent: int | None, ascii_only: bool):
    data = json.dumps(value, indent=indent, ensure_ascii=ascii_only).encode("utf-8", "replace")

    seen = outline(Source("j", data), ())

    assert (seen.damage, seen.values) == (None, 1)


@given(values, st.randoms())
def test_a_mutated_text_is_judged_as_json_judges_it(value: object, dice: random.Random):
    data = bytearray(json.dumps(value).encode())
    for _ in range(dice.randint(1, 3)):
        data[dice.randrange(len(data))] = dice.choice(b'[]{},:"\\0eE.-+ tn')
    try:
        json.loads(bytes(data))
        accepted = True
    except ValueError as error:
        accepted = "Extra data" in str(error)

    if accepted != is_json(bytes(data)):
        # Several values are JSON lines here, and what follows the first is judged, too.
        assert accepted
        with pytest.raises(ValueError, match="Extra data"):
            json.loads(bytes(data))


@given(st.binary(max_size=200))
def test_any_bytes_are_judged_without_an_exception(data: bytes):
    seen = outline(Source("j", data), ("a",), Limits())

    assert seen.damage is None or 0 <= (seen.damage.offset or 0) <= len(data)


def test_wanted_keys_are_kept_by_path_wherever_they_stand():
    data = {
        "filler": {"version": {"deep": {"version": 1}}},
        "many": list(range(3000)),
        "learner": {"objective": {"version": "inner"}, "x": [{"version": 2}]},
        "version": [1, 7, 1],
        "name": "caf\u00e9",
        "n\u00e4me": "b",
    }

    seen = outline(Source("j", json.dumps(data).encode()), ("version", "learner", "name", "näme"))

    assert seen.keys == {
        "filler.version": b"{",
        "learner": b"{",
        "learner.objective.version": b'"inner"',
        "version": b"[1, 7, 1]",
        "name": b'"caf\\u00e9"',
        "näme": b'"b"',
    }
    assert seen.text("name") == "café"


def test_a_key_written_with_escapes_is_the_same_key():
    seen = outline(Source("j", b'{"a": 1, "v\\u0065rsion": 2, "b": 3}'), ("version",))

    assert seen.keys == {"version": b"2"}


def test_keys_of_the_objects_in_an_array_are_kept():
    seen = outline(Source("j", b'[{"paths": ["a"], "weights": []}]'), ("paths", "weights"))

    assert seen.keys == {"[].paths": b'["a"]', "[].weights": b"[]"}


def test_lines_of_json_are_counted():
    assert outline(Source("j", b'{"a": 1}\n{"a": 2}\n[3]\n'), ()).values == 3


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 64])
def test_the_size_of_the_window_changes_nothing(monkeypatch: pytest.MonkeyPatch, size: int):
    data = b' {"a" : [1, 2.5e3, "x\\"y", {"b": null}], "version": "1.0", "c": [[], {}, true]} '
    whole = outline(Source("j", data), ("version",))
    monkeypatch.setattr(module, "_CHUNK", size)

    seen = outline(Source("j", data), ("version",))

    assert (seen.damage, seen.values) == (None, 1)
    assert seen.keys == whole.keys


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b'{"a": 1,}', "a comma before a closing bracket"),
        (b"[1, 2", "it ends before it is complete"),
        (b'{"a" 1}', "a key without a colon"),
        (b"{1: 2}", "a key that is not a string"),
        (b"[1 2]", "a comma or a closing bracket is missing"),
        (b"[1}", "a comma or a closing bracket is missing"),
        (b"[:]", "a value is missing"),
        (b'["a\nb"]', "no JSON from here on"),
        (b"[01]", "a comma or a closing bracket is missing"),
        (b'["\xff"]', "not UTF-8"),
        (b'{"a": 1} x', "no JSON from here on"),
    ],
)
def test_damage_is_named_with_its_place(data: bytes, why: str):
    seen = outline(Source("j", data), ())

    assert seen.damage is not None
    assert why in seen.damage.why


@pytest.mark.parametrize("cut", range(1, 40))
def test_a_cut_text_is_damaged_at_its_end(cut: int):
    data = b'{"a": [1, 2.5e3, "x"], "b": {"c": null}}'[:-cut]

    damage = outline(Source("j", data), ()).damage

    assert damage is not None
    assert damage.offset is not None
    assert data[damage.offset :].count(b'"') <= 1
    assert damage.offset <= len(data)


def test_depth_is_bounded_without_recursion():
    assert outline(Source("j", b"[" * 100_000), ()).over is not None
    assert outline(Source("j", b"[" * 200 + b"]" * 200), ()).over is None


def test_one_endless_string_ends_at_the_memory_limit():
    seen = outline(Source("j", b'["' + b"a" * 3_000_000 + b'"]'), (), Limits(memory=1 << 21))

    assert seen.over is not None


def test_a_cut_prefix_is_no_damage_but_a_wrong_one_is():
    data = b'{"a": [1, 2, "long text that is cut'

    assert outline(Source("j", data + b'"]}'), (), end=len(data)).damage is None
    assert outline(Source("j", b'{"a": oops, 1 ] and so on ' * 9), (), end=40).damage is not None


@pytest.mark.parametrize(
    ("head", "answer"),
    [
        (b"\xef\xbb\xbf {", True),
        (b'[\n  {"a"', True),
        (b"[-1.5", True),
        (b"[tool.ruff]", False),
        (b"{% if x %}", False),
        (b"{L\x00", False),
        (b"[link](there)", False),
    ],
)
def test_only_what_can_go_on_as_json_starts_like_it(head: bytes, answer: bool):
    assert starts_like_json(head) is answer


def test_rows_of_scalars_alone_are_counted_and_told_apart():
    text = b'{"a": 1}\n["model"] {"model": "]}"}\n{"b": {"model": 2}}{}[]\n'
    with Source("a.jsonl", text) as source:
        seen = outline(source, ("model",))

    assert (seen.values, seen.top, seen.damage) == (6, "{", None)
    assert seen.keys == {"model": b'"]}"', "b.model": b"2"}


def test_damage_behind_rows_of_scalars_stands_where_it_is():
    with Source("a.jsonl", b'{"a": 1}\n' * 3 + b'{"a": 1,}\n') as source:
        seen = outline(source, ())

    assert seen.values == 4
    assert seen.damage is not None
    assert seen.damage.offset == 35
