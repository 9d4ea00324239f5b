"""R data: code in it, the packages that it loads, and every way in which R writes it."""

from __future__ import annotations

import gzip
import random
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwarden.artifacts import Examined, examine
from modelwarden.artifacts.known import r_functions
from modelwarden.core import GapKind, Producer
from modelwarden.formats import Limits, Source
from modelwarden.formats.rdata.reader import read
from rfiles import (
    SYSTEM,
    alternative,
    bytecode,
    call,
    characters,
    environment,
    function,
    header,
    integer,
    namespace,
    numbers,
    pairs,
    promise,
    rds,
    symbol,
    texts,
    vector,
    workspace,
)


def examined(data: bytes, name: str = "m.rds") -> Examined:
    with Source(name, data) as source:
        return examine(source, Limits())


def rules(data: bytes) -> set[str]:
    return {finding.rule for finding in examined(data).findings}


ASCII = b"A\n3\n262658\n197888\n5\nUTF-8\n531\n2\n13\n2\n1\nNA\n14\n1\n1.5e-3\n1026\n1\n262153\n5\n"
ASCII += b"names\n16\n2\n262153\n1\na\n262153\n3\n\\303\\251\\n\n254\n"
SOUND = {
    "numbers": rds(numbers(1, 2, 3)),
    "an older layout": rds(vector(texts("a", "b"), numbers(1)), 2),
    "a formula": rds(call("~", symbol("y"), call("+", symbol("x"), call("log", symbol("z"))))),
    "a variable with a telling name": rds(call("~", symbol("y"), symbol("source"))),
    "a call that was kept": rds(call("lm", symbol("y"), call("read.csv", texts("x.csv")))),
    "a function that computes": rds(function(call("exp", call("sum", symbol("x"))), ["x"])),
    "a function that calls its argument": rds(function(call("f", symbol("x")), ["f", "x"])),
    "a promise with its value": rds(environment(x=promise(SYSTEM, numbers(1)))),
    "a promise of an environment": rds(environment(x=promise(call("sum", numbers(1))))),
    "a sequence": rds(alternative("compact_intseq", "base", numbers(1, 10, 1))),
    "a workspace": workspace(
        model=vector(numbers(1)), f=function(call("mean", symbol("x")), ["x"])
    ),
    "as text": ASCII,
}
MARKED = call("function", pairs([("x", integer(251))]), SYSTEM)

# What R does with it: evaluates it at the first touch, with a prediction, or at its start.
HOSTILE = {
    "CVE-2024-27322": (rds(promise(SYSTEM)), "r-promise"),
    "a promise in a list": (rds(vector(numbers(1), promise(call("sum")))), "r-promise"),
    "a promise in a workspace": (workspace(x=promise(SYSTEM)), "r-promise"),
    "a promise in attributes": (
        rds(integer(13 | 1 << 9) + integer(0) + pairs([("names", promise(SYSTEM))])),
        "r-promise",
    ),
    "a promise of an environment": (rds(environment(x=promise(SYSTEM))), "r-unsafe-call"),
    "a function": (rds(function(SYSTEM)), "r-unsafe-call"),
    "a function in a function": (rds(function(MARKED)), "r-unsafe-call"),
    "a function through its package": (
        rds(function(call(call("::", symbol("base"), symbol("system2")), texts("true")))),
        "r-unsafe-call",
    ),
    "a text that is evaluated": (
        rds(function(call("eval", call("parse", call("file"), texts("x"))))),
        "r-unsafe-call",
    ),
    "a function by its name": (rds(function(call("do.call", texts("system")))), "r-unsafe-call"),
    "a function handed on": (
        rds(function(call("lapply", symbol("x"), symbol("system")))),
        "r-unsafe-call",
    ),
    "compiled code": (rds(function(bytecode((1, symbol("system"))))), "r-unsafe-call"),
    "a formula": (rds(call("~", symbol("y"), SYSTEM)), "r-unsafe-call"),
    "a formula with brackets": (
        rds(call("~", call(call("(", symbol("system")), texts("true")))),
        "r-unsafe-call",
    ),
    "a formula with a name put together": (
        rds(call("~", call("do.call", call("paste0", texts("sys"), texts("tem"))))),
        "r-function",
    ),
    "an expression": (rds(integer(20) + integer(1) + SYSTEM), "r-unsafe-call"),
    "a start function": (workspace(**{".First": function(call("sum"))}), "r-startup-function"),
    "a file that is written": (
        rds(function(call("writeLines", texts("x"), texts("f")))),
        "r-function",
    ),
    "a name put together": (
        rds(function(call("do.call", call("paste0", texts("sys"), texts("tem"))))),
        "r-function",
    ),
    "a function that nobody knows": (rds(function(call("acme_run"))), "r-function"),
    "a mapped file": (
        rds(alternative("mmap_real", "base", vector(texts("/etc/passwd")))),
        "r-foreign-class",
    ),
    "a class of a package": (rds(alternative("evil", "acme", numbers(1))), "r-foreign-class"),
    "a package": (rds(function(call("sum"), home=namespace("acme"))), "r-needs-package"),
    "bytes behind": (rds(numbers(1)) + b"hidden", "model-hidden-data"),
}


@pytest.mark.parametrize("data", SOUND.values(), ids=SOUND)
def test_sound_data_are_quiet(data: bytes):
    found = examined(data)

    assert (found.findings, found.gaps, found.coverage.format) == ([], [], "r-data")
    assert found.coverage.producer == Producer(name="R", version="4.2.2")


@pytest.mark.parametrize(("data", "rule"), HOSTILE.values(), ids=HOSTILE)
def test_code_in_data_is_found(data: bytes, rule: str):
    assert rule in rules(data)


def test_code_in_a_compressed_file_is_found():
    assert rules(gzip.compress(rds(promise(SYSTEM)))) == {"r-promise", "r-unsafe-call"}


def test_a_second_object_behind_the_first_is_read():
    assert rules(rds(numbers(1)) + rds(function(SYSTEM))) == {"r-unsafe-call"}


def test_the_order_of_this_machine_is_read():
    data = b"B\n" + struct.pack("<4i", 3, 0x40202, 0x30500, 5) + b"UTF-8"

    assert rules(data + struct.pack("<3i", 13, 1, 7)) == set()
    assert "r-promise" in rules(data + struct.pack("<5i", 5, 252, 13, 1, 7))


def test_code_as_text_is_found():
    data = b"A\n2\n262658\n131840\n6\n1\n262153\n6\nsystem\n2\n16\n1\n262153\n4\ntrue\n254\n"

    assert rules(data) == {"r-unsafe-call"}


def test_a_name_that_is_referred_to_is_known():
    repeated = call("c", symbol("system"), call(integer(255 | 2 << 8), texts("true")))

    assert rules(rds(function(repeated))) == {"r-unsafe-call"}


def test_packages_stand_in_the_inventory_with_their_version():
    data = rds(function(call("sum"), home=namespace("randomForest", "4.7-1")))

    view = read(Source("m", data), Limits())

    assert view.packages == (("randomForest", "4.7-1"),)
    assert [(item.name, item.version) for item in view.inventory] == [("R:randomForest", "4.7-1")]


@pytest.mark.parametrize(
    "data",
    [
        rds(vector(numbers(1), numbers(2)))[:-2],
        rds(integer(255 | 9 << 8)),
        rds(integer(77)),
        rds(integer(13) + integer(-7)),
        rds(integer(19) + integer(1 << 30)),
        rds(integer(9) + integer(-5)),
        header(3)[:-3],
        header(2),
        rds(integer(249) + integer(0) + integer(1 << 20)),
        b"A\n3\n262658\n197888\n5\nUTF-8\nx\n",
    ],
    ids=[
        "cut",
        "reference",
        "type",
        "length",
        "huge",
        "text",
        "header",
        "empty",
        "package",
        "word",
    ],
)
def test_what_cannot_be_read_is_a_gap(data: bytes):
    assert examined(data).gaps


def test_what_comes_before_the_damage_is_kept():
    found = examined(rds(vector(function(SYSTEM), integer(77))))

    assert "r-unsafe-call" in {finding.rule for finding in found.findings}
    assert found.gaps


def test_deep_nesting_is_read_without_recursion():
    item = numbers(1)
    for _ in range(5000):
        item = vector(item)

    assert examined(rds(item)).gaps == []


def test_no_function_stands_in_two_tables():
    tables = (r_functions.RUNS, r_functions.FILES, r_functions.INDIRECT, r_functions.KNOWN)

    assert sum(map(len, tables)) == len(frozenset().union(*tables))
    assert r_functions.STRICT <= r_functions.RUNS | r_functions.FILES


_BASES = [*SOUND.values(), *(data for data, _ in HOSTILE.values())]


@settings(max_examples=400)
@given(st.sampled_from(range(len(_BASES))), st.integers(0, 1 << 32))
def test_mutants_are_survived(which: int, seed: int):
    rng = random.Random(seed)
    data = bytearray(_BASES[which])
    for _ in range(rng.randint(1, 4)):
        data[rng.randrange(len(data))] = rng.randrange(256)

    assert GapKind.FAILED not in {gap.kind for gap in examined(bytes(data)).gaps}


@given(st.binary(max_size=200))
def test_any_bytes_are_survived(data: bytes):
    for start in (header(), b"A\n3\n262658\n197888\n5\nUTF-8\n", rds(characters("a"))[:-1]):
        assert GapKind.FAILED not in {gap.kind for gap in examined(start + data).gaps}
