"""Calls that their arguments make harmless, and the same functions with others."""

from __future__ import annotations

import functools
import inspect
import operator
import pickle
import types

import pytest

from modelwarden.artifacts.known import Judgement, judged
from modelwarden.formats import Limits, Source
from modelwarden.formats.pickle.reader import read

QUIET = {Judgement.HARMLESS, Judgement.NEEDS_CODE}


def judgements(data: bytes) -> set[Judgement]:
    view = read(Source("x.pkl", data), Limits())
    return {one.ruling.judgement for one in judged(view.uses)}


def call(module: str, name: str, arguments: bytes, *, more: bytes = b".") -> bytes:
    return f"c{module}\n{name}\n(".encode() + arguments + b"tR" + more


@pytest.mark.parametrize("protocol", range(2, 6))
@pytest.mark.parametrize(
    "value",
    [
        operator.itemgetter(1, "a"),
        operator.attrgetter("score", "best.score"),
        operator.methodcaller("split", ","),
        "x".join,
        [1].append,
        iter([1, 2]),
        int | None,
        functools.partial(max, 1),
        types.SimpleNamespace(a=1),
        inspect.signature(judgements),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_scripts_save_of_python_itself_is_quiet(value: object, protocol: int):
    assert judgements(pickle.dumps(value, protocol)) <= QUIET


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("methodcaller", b"S'system'\nS'true'\n"),
        ("methodcaller", b"S'format'\nS'x'\n"),
        ("methodcaller", b"N"),
        ("attrgetter", b"S'__class__'\n"),
        ("attrgetter", b"S'a._private'\n"),
        ("attrgetter", b"S'path.os'\n"),
        ("attrgetter", b"S'a'\nS'b'\nS'c'\nS'd'\nS'__class__'\n"),
        ("getitem", b"cnumpy\nload\nS'x'\n"),
    ],
)
def test_getters_of_anything_else_stay_dangerous(name: str, arguments: bytes):
    assert Judgement.DANGEROUS in judgements(call("operator", name, arguments))


@pytest.mark.parametrize(
    ("module", "name", "arguments"),
    [
        ("builtins", "iter", b"cnumpy\nmean\nI0\n"),
        ("builtins", "iter", b"cos\nenviron\n"),
        ("builtins", "getattr", b"S'x'\nS'format'\n"),
        ("builtins", "getattr", b"S'x'\nS'__class__'\n"),
        ("functools", "reduce", b"cnumpy\nload\n(S'a'\nS'b'\nt"),
        ("functools", "reduce", b"coperator\nor_\n(cos\nsystem\nI1\nt"),
    ],
)
def test_functions_that_call_stay_dangerous(module: str, name: str, arguments: bytes):
    assert Judgement.DANGEROUS in judgements(call(module, name, arguments))


@pytest.mark.parametrize(
    "made",
    [
        call("operator", "methodcaller", b"S'split'\n", more=b""),
        call("operator", "itemgetter", b"S'a'\n", more=b""),
        call("builtins", "getattr", b"S'x'\nS'join'\n", more=b""),
    ],
)
def test_calling_what_a_getter_returned_is_not_quiet(made: bytes):
    assert not judgements(made + b"(cnumpy\nmean\ntR.") <= QUIET


def test_a_function_of_cython_makes_an_instance_of_the_class_among_its_arguments():
    known = call("sklearn._x", "__pyx_unpickle_Loss", b"csklearn._x\nLoss\nI119\nN", more=b"}b.")
    unknown = call("mine.fast", "__pyx_unpickle_Loss", b"cmine.fast\nLoss\nI119\nN")
    other = call("mine.fast", "__pyx_unpickle_Loss", b"csubprocess\nPopen\nI119\nN")
    text = call("mine.fast", "__pyx_unpickle_Loss", b"cmine.fast\nLoss\nS'id'\nN")

    assert judgements(known) <= QUIET
    assert judgements(unknown) == {Judgement.UNKNOWN}
    assert Judgement.DANGEROUS in judgements(other)
    assert Judgement.UNKNOWN in judgements(text)


def test_a_tensor_of_a_class_of_its_own_is_only_what_torch_rebuilds():
    name = "_rebuild_from_type_v2"
    rebuilt = b"ctorch._utils\n_rebuild_tensor_v2\ncmine\nMine\n(t}"
    called = b"cposix\nsystem\ncmine\nMine\n(S'true'\nt}"
    by_name = b"ctorch._utils\n_import_dotted_name\ncmine\nMine\n(S'os.system'\nt}"

    assert judgements(call("torch._tensor", name, rebuilt)) <= {*QUIET, Judgement.UNKNOWN}
    assert Judgement.DANGEROUS in judgements(call("torch._tensor", name, called))
    assert Judgement.DANGEROUS in judgements(call("torch._tensor", name, by_name))


def test_a_curried_function_is_what_it_stands_for():
    start = b"ctoolz.functoolz\n_restore_curry\n(ctoolz.functoolz\ncurry\n"
    harmless = start + b"S'numpy:mean'\n(t}}I00\ntR."
    hostile = start + b"S'os:system'\n(t}}I00\ntR."

    assert judgements(harmless) <= QUIET
    assert Judgement.DANGEROUS in judgements(hostile)
    assert Judgement.DANGEROUS in judgements(hostile[:-1] + b"(S'true'\ntR.")


def test_a_function_of_numba_is_code_and_anything_else_stays_dangerous():
    inner = pickle.dumps(("a", {}), 4)
    packed = b"B" + len(inner).to_bytes(4, "little") + inner
    name = "_unpickle__CustomPickled"

    assert judgements(call("numba.core.serialize", name, packed)) == {Judgement.CODE}
    assert judgements(call("numba.core.serialize", name, b"S'x'\n")) == {Judgement.DANGEROUS}
    assert judgements(call("numba.core.serialize", "custom_rebuild", b"N")) == {Judgement.DANGEROUS}


@pytest.mark.parametrize("name", ["__hash__", "__len__"])
def test_a_bound_method_of_a_value_is_no_machinery(name: str):
    made = b"cargparse\nNamespace\n)R"
    stored = call("builtins", "getattr", made + f"S'{name}'\n".encode())

    assert judgements(stored) <= QUIET


def test_an_enumeration_of_a_library_is_quiet():
    assert judgements(call("optuna.trial._state", "TrialState", b"I1\n")) <= QUIET


def test_a_serialised_expression_of_polars_is_dangerous():
    # given: its state holds Python functions as pickles
    data = b"cpolars.expr.expr\nExpr\n)\x81C\x01xb."

    assert Judgement.DANGEROUS in judgements(data)


def test_a_text_that_sympy_would_evaluate_is_dangerous():
    start = b"csympy.functions.elementary.trigonometric\nsin\n(S"

    assert judgements(start + b"'len([])'\nt\x81.") == {Judgement.DANGEROUS}
    assert judgements(start + b"'" + b"len" * 200 + b"'\nt\x81.") == {Judgement.DANGEROUS}
    assert judgements(start + b"'x'\nt\x81.") == {Judgement.UNKNOWN}
