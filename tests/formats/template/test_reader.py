"""Templates are judged by what they reach for, however it is spelt."""

from __future__ import annotations

import base64
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwarden.core import GapKind
from modelwarden.formats import Limits, Source
from modelwarden.formats.template.reader import TemplateText, read, sniff
from modelwarden.formats.template.uses import Reach

sys.path.insert(0, str(Path(__file__).parent))
from honest import HONEST


def view_of(text: str, *, name: str = "chat_template.jinja") -> TemplateText:
    return read(Source(name, text.encode()), Limits())


def attributes(text: str) -> set[str]:
    found = view_of(text).uses
    return {use.name for use in found if use.reach in {Reach.ATTRIBUTE, Reach.TEXT}}


@pytest.mark.parametrize("name", sorted(HONEST))
def test_honest_templates_are_parsed_and_reach_for_no_internals(name: str):
    view = view_of(HONEST[name])

    assert view.gaps == ()
    assert view.uses
    assert not [use for use in view.uses if "__" in use.name]
    assert not [u for u in view.uses if u.reach in {Reach.DYNAMIC, Reach.FILE, Reach.WORK}]


SPELLINGS = {
    "dot": "{{ x.__class__ }}",
    "item": "{{ x['__class__'] }}",
    "filter": "{{ x|attr('__class__') }}",
    "sum of strings": "{{ x['__cla' + 'ss__'] }}",
    "tilde": "{{ x|attr('__cla' ~ 'ss__') }}",
    "hex escapes": r"{{ x['\x5f\x5fclass\x5f\x5f'] }}",
    "unicode escapes": r"{{ x['\u005f_class__'] }}",
    "join": "{{ x|attr(['__', 'class', '__']|join) }}",
    "join method": "{{ x|attr(''.join(['__', 'class', '__'])) }}",
    "reverse filter": "{{ x['__ssalc__'|reverse] }}",
    "reversed slice": "{{ x['__ssalc__'[::-1]] }}",
    "replace": "{{ x['..class..'|replace('.', '_')] }}",
    "replace method": "{{ x['..class..'.replace('.', '_')] }}",
    "old formatting": "{{ x['%s%s%s' % ('__', 'class', '__')] }}",
    "characters": "{{ x['%c%cclass%c%c' % (95, 95, 95, 95)] }}",
    "format filter": "{{ x['%sclass%s'|format('__', '__')] }}",
    "format method": "{{ x['{0}class{0}'.format('__')] }}",
    "format keyword": "{{ x['{u}class{u}'.format(u='__')] }}",
    "format character": "{{ x['{:c}_class__'.format(95)] }}",
    "chr": "{{ x[chr(95) ~ chr(95) ~ 'class__'] }}",
    "repeated": "{{ x['_' * 2 ~ 'class' ~ '_' * 2] }}",
    "lower": "{{ x['__CLASS__'|lower] }}",
    "swapped": "{{ x['__CLASS__'.swapcase()] }}",
    "trim": "{{ x['  __class__ '|trim] }}",
    "first": "{{ x[['__class__']|first] }}",
    "index": "{{ x[('a', '__class__')[1]] }}",
    "dict value": "{{ x[{'k': '__class__'}['k']] }}",
    "dict keys": "{{ x|attr(dict(__cla=1, ss__=2)|join) }}",
    "dict list": "{{ x[(dict(__class__=1)|list)[0]] }}",
    "variable": "{% set a = '__cla' %}{% set b = 'ss__' %}{{ x[a ~ b] }}",
    "block variable": "{% set a %}__class__{% endset %}{{ x[a] }}",
    "set after use": "{% for i in y %}{{ x[a] }}{% set a = '__class__' %}{% endfor %}",
    "loop": "{% for k in ['role', '__class__'] %}{{ x[k] }}{% endfor %}",
    "unpacked": "{% for k, v in [('role', '__class__')] %}{{ x[v] }}{% endfor %}",
    "namespace": "{% set ns = namespace(a='__cla') %}{% set ns.b = ns.a ~ 'ss__' %}{{ x[ns.b] }}",
    "with": "{% with a = '__class__' %}{{ x[a] }}{% endwith %}",
    "macro argument": "{% macro m(k) %}{{ x[k ~ 'ss__'] }}{% endmacro %}{{ m('__cla') }}",
    "macro default": "{% macro m(k='__class__') %}{{ x[k] }}{% endmacro %}{{ m() }}",
    "condition": "{{ x['__class__' if y else 'role'] }}",
    "or": "{{ x[y or '__class__'] }}",
    "default": "{{ x[''|default('__class__')] }}{{ '__class__' }}",
    "map attribute": "{{ xs|map(attribute='__class__')|list }}",
    "dotted map": "{{ xs|map(attribute='role.__class__')|list }}",
    "map attr": "{{ xs|map('attr', '__class__')|list }}",
    "selectattr": "{{ xs|selectattr('__class__')|list }}",
    "groupby": "{{ xs|groupby('__class__') }}",
    "sort": "{{ xs|sort(attribute='__class__') }}",
    "sum": "{{ xs|sum(attribute='__class__') }}",
    "format field": "{{ '{0.__class__}'.format(x) }}",
    "base64": "{{ x[('" + base64.b64encode(b"__class__").decode() + "')|b64decode] }}",
    "in a call argument": "{{ getattr(x, '__class__') }}",
    "in a filter block": "{% filter upper %}{{ x.__class__ }}{% endfilter %}",
    "in a call block": "{% call(a) m() %}{{ x.__class__ }}{% endcall %}",
    "in a condition": "{% if x.__class__ is defined %}{% endif %}",
    "in a test": "{{ x is sameas(y.__class__) }}",
    "in generation": "{% generation %}{{ x.__class__ }}{% endgeneration %}",
    "in an else": "{% for a in b %}{% else %}{{ x.__class__ }}{% endfor %}",
}


@pytest.mark.parametrize("spelling", sorted(SPELLINGS))
def test_an_internal_name_is_found_however_it_is_spelt(spelling: str):
    assert any("__class__" in name for name in attributes(SPELLINGS[spelling]))


@pytest.mark.parametrize(
    "text",
    [
        "{{ x|attr(message.content) }}",
        "{{ x[(lipsum|string|list)[18] ~ y] }}",
        "{{ x['_' ~ '_' ~ message.content] }}",
        "{{ x[a ~ b] }}",
        "{{ x[names|join] }}",
        "{{ x[word[::-1]] }}",
        "{{ x['%s' % y] }}",
        "{{ xs|map('attr', y)|list }}",
        "{{ xs|map(y.filter, y.name)|list }}",
        "{{ x[u ~ u ~ 'class' ~ u ~ u] }}",
        "{{ x[u * 2 ~ 'cl' ~ 'ass' ~ u * 2] }}",
        "{% set k = u + 'globals' + u %}{{ x[k] }}",
        "{% set k = 'role' %}{% set k = [u, 'init', u]|join %}{{ x|attr(k) }}",
        "{% set k %}{{ u }}class{{ u }}{% endset %}{{ x[k] }}",
        "{% set k %}{% if y %}__cl{% endif %}ass__{% endset %}{{ x[k] }}",
        "{% set k %}{% for c in ['__cl', 'ass__'] %}{{ c }}{% endfor %}{% endset %}{{ x[k] }}",
        "{% set k %}{% filter lower %}__CL{% endfilter %}{% endset %}{{ x[k] }}",
        "{% macro m() %}{{ x[caller()] }}{% endmacro %}{% call m() %}_{{ y }}{% endcall %}",
        "{% macro m() %}_{{ y }}{% endmacro %}{{ x[m()] }}",
    ],
)
def test_a_name_that_only_rendering_would_tell_is_dynamic(text: str):
    assert Reach.DYNAMIC in {use.reach for use in view_of(text).uses}


@pytest.mark.parametrize(
    "text",
    [
        "{% set k = 'tool_' ~ name %}{{ x[k] }}",
        "{% set k = messages[0].role %}{{ x[k] }}",
        "{% set k %}role{% endset %}{{ x[k] }}",
        "{{ x[loop.index0 + 1] }}",
        "{% macro m() %}text{% endmacro %}{{ m() }}",
        "{% set i = messages|length - 1 %}{{ messages[i] }}",
    ],
)
def test_an_ordinary_key_is_not_dynamic(text: str):
    assert Reach.DYNAMIC not in {use.reach for use in view_of(text).uses}


@pytest.mark.parametrize(
    "text",
    [
        "{% for i in range(10**9) %}x{% endfor %}",
        "{% for i in range(9999) %}{% for j in range(9999) %}x{% endfor %}{% endfor %}",
        "{% set n = 99999999 %}{% for i in range(n) %}x{% endfor %}",
        "{{ 'x' * 10**10 }}",
        "{{ 9 ** (9 ** 9) }}",
        "{{ lipsum(n=100000000) }}",
        "{{ 'x'|center(999999999) }}",
    ],
)
def test_endless_work_is_seen(text: str):
    assert Reach.WORK in {use.reach for use in view_of(text).uses}


@pytest.mark.parametrize(
    "text", ["{{ unclosed", "{% for %}", "{% nonsense %}", "{{ '\\", "{{ 9" * 9]
)
def test_a_chat_template_that_jinja_refuses_is_a_gap(text: str):
    view = view_of(text)

    assert [g.kind for g in view.gaps] == [GapKind.UNREADABLE]


def test_nothing_is_executed_to_describe_the_error_of_a_template():
    heard: list[str] = []
    listening = True
    sys.addaudithook(lambda event, _: heard.append(event) if listening else None)

    view = read(Source("chat_template.jinja", b"{{ 'a' \n}}{% if %}"), Limits())

    listening = False
    assert view.gaps
    assert {"exec", "compile", "code.__new__"} & set(heard) == set()


def test_other_text_that_jinja_refuses_is_just_text():
    view = view_of("Usage: {{#if x}} {{ .Values }}", name="notes.txt")

    assert view.gaps == ()


@pytest.mark.parametrize(
    "text",
    [
        "{{ " + "(" * 500 + ")" * 500 + " }}",
        "{{ " + "-" * 500 + "1 }}",
        "{{ " + "not " * 500 + "x }}",
        "{% if x %}" * 500 + "{% endif %}" * 500,
        "{% set x %}" * 500 + "{% endset %}" * 500,
        "{{ " + "a if b else " * 500 + "c }}",
        "{{ x }}" * 40_000,
    ],
)
def test_a_template_too_deep_or_too_long_to_be_parsed_safely_is_a_gap(text: str):
    view = view_of(text)

    assert [g.kind for g in view.gaps] == [GapKind.OVER_LIMIT]


def test_many_statements_and_brackets_in_the_text_are_not_nesting():
    text = "{% set a = 1 %}({{ a }}" * 200 + "{% if a %}({% endif %}" * 200

    assert view_of(text).gaps == ()


@pytest.mark.parametrize(
    "text",
    [
        "{{ " + " ~ ".join(["x"] * 4000) + " }}",
        "{{ " + " + ".join(["x"] * 4000) + " }}",
        "{{ x" + ".a" * 8000 + " }}",
        "{{ x" + "|trim" * 8000 + " }}",
        "{% set a = 'x' * 4000 %}" + "{% set a = a ~ a %}" * 500,
        "{% set a = (1, 2) %}" + "{% set a = (a, a) %}" * 500,
        "{{ '" + "9" * 5000 + "'|int ** 99 }}",
    ],
)
def test_long_chains_are_walked_without_recursion(text: str):
    view = view_of(text)

    assert all(g.kind is GapKind.OVER_LIMIT for g in view.gaps)


def test_sniff_takes_text_with_delimiters_and_leaves_the_rest():
    assert sniff(Source("a", b"{% for m in messages %}{% endfor %}"))
    assert sniff(Source("a", b"Hello {{ name }}"))
    assert not sniff(Source("a", b"Hello"))
    assert not sniff(Source("a", b'{"a": "{{ x }}"}'))
    assert not sniff(Source("a", b"\x00{{ x }}"))
    assert not sniff(Source("a", b""))


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            "{{ }} {% %} for if endfor endif in x y . | ( ) [ ] ~ + - * ** % 'a' '__' 1 9 join "
            "attr set = , : macro endmacro range dict not and or is".split()
        )
        | st.text(max_size=4),
        max_size=40,
    )
)
def test_any_tokens_end_in_a_view(words: list[str]):
    view = view_of(" ".join(words))

    assert isinstance(view, TemplateText)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_end_in_a_view(data: bytes):
    source = Source("chat_template.jinja", data)

    sniff(source)

    assert read(source, Limits()).format == "jinja"
