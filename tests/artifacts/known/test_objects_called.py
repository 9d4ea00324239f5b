"""Objects that somebody calls later, and classes that libraries make while a file is loaded."""

from __future__ import annotations

import pickle
import random
from collections import defaultdict
from functools import partial

import pytest

from modelwarden.artifacts.known import Judgement, judged
from modelwarden.formats import Limits, Source
from modelwarden.formats.pickle.reader import read

QUIET = {Judgement.HARMLESS, Judgement.NEEDS_CODE}
NOTHING_RUN = {*QUIET, Judgement.UNKNOWN}  # of a library whose classes nobody has looked at
ZEROS = b"criver.optim.initializers\nZeros\n)\x81}b"
ARRAY = b"cdill._dill\n_create_array\n("
OF_NUMPY = b"cnumpy._core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\nt"
STATE = b"(I1\n(I2\ntcnumpy\ndtype\n(S'f8'\nI00\nI01\ntRI00\nS'0123456789abcdef'\nt"


def judgements(data: bytes) -> set[Judgement]:
    view = read(Source("x.pkl", data), Limits())
    return {one.ruling.judgement for one in judged(view.uses)}


def default_of(factory: bytes) -> bytes:
    return b"ccollections\ndefaultdict\n(" + factory + b"tR."


def partial_of(function: bytes, stored: bytes | None = None) -> bytes:
    """Return a partial as Python saves it: made of one function, restored with another."""
    state = function if stored is None else stored
    return b"cfunctools\npartial\n(" + function + b"tR(" + state + b"(t}Ntb"


@pytest.mark.parametrize("protocol", range(2, 6))
def test_a_draw_of_a_generator_as_a_default_is_harmless(protocol: int):
    drawn = defaultdict(partial(random.Random(1).gauss, 0, 1))

    assert judgements(pickle.dumps(drawn, protocol)) == {Judgement.HARMLESS}


def test_numbers_to_begin_with_as_a_default_are_harmless():
    assert judgements(default_of(ZEROS)) <= QUIET
    assert judgements(default_of(partial_of(ZEROS))) <= QUIET


@pytest.mark.parametrize(
    "factory",
    [
        partial_of(ZEROS, b"csomebody\nf\n"),
        partial_of(ZEROS, b"csomebody\nF\n)R"),
        b"csomebody\nF\n)R",
        b"cbuiltins\ngetattr\n(csomebody\nRandom\n)RS'gauss'\ntR",
        b"cbuiltins\ngetattr\n(crandom\nRandom\n)RS'shuffle'\ntR",
    ],
)
def test_any_other_object_as_a_default_is_not(factory: bytes):
    assert not judgements(default_of(factory)) <= QUIET


def test_an_array_as_dill_keeps_it_is_harmless():
    assert judgements(ARRAY + OF_NUMPY + STATE + b"NtR.") == {Judgement.HARMLESS}


@pytest.mark.parametrize(
    "function",
    [b"csomebody\nf\n(I0\nt", b"cos\nsystem\n(S'true'\nt", b"cnumpy\nfrompyfunc\n(t", b"N(t"],
)
def test_dill_calls_the_function_that_stands_where_that_of_numpy_does(function: bytes):
    assert not judgements(ARRAY + function + STATE + b"NtR.") <= QUIET


def test_a_slice_that_dill_finds_by_its_name_is_plain():
    made = b"cdill._dill\n_load_type\n(S'slice'\ntR(I0\nI3\nI1\ntR."
    code = made.replace(b"slice", b"CodeType")

    assert judgements(made) == {Judgement.HARMLESS}
    assert Judgement.CODE in judgements(code)


@pytest.mark.parametrize(
    ("module", "name", "expected"),
    [
        ("lifelines.fitters", "Row", Judgement.NEEDS_CODE),
        ("os", "system", Judgement.DANGEROUS),
        ("somebody", "f", Judgement.UNKNOWN),
        ("__main__", "Row", Judgement.CODE),
    ],
)
def test_dill_imports_the_tuple_that_it_names(module: str, name: str, expected: Judgement):
    data = f"cdill._dill\n_create_namedtuple\n(S'{name}'\n(S'a'\ntS'{module}'\ntR."

    assert judgements(data.encode()) == {expected}


def of_search(base: bytes, attributes: bytes) -> bytes:
    return b"cdeap.creator\nmeta_create\n(S'Ind'\n" + base + b"}" + attributes + b"tR"


def test_an_individual_of_a_search_is_plain():
    fitness = of_search(b"cdeap.base\nFitness\n", b"S'weights'\n(F1.0\nts")
    whole = of_search(b"cbuiltins\nlist\n", b"S'fitness'\n" + fitness + b"s") + b")\x81."

    assert judgements(b"\x80\x02" + whole) <= NOTHING_RUN
    assert Judgement.HIDDEN not in judgements(b"\x80\x02" + whole)


@pytest.mark.parametrize("room", [0, 20, 60])
def test_anything_else_in_the_class_of_a_search_may_be_called(room: int):
    plain = b"".join(b"S'a%d'\nI1\ns" % at for at in range(room))
    made = of_search(b"cbuiltins\nlist\n", plain + b"S'__setstate__'\ncsomebody\nf\ns")

    assert {Judgement.HIDDEN, Judgement.DANGEROUS} & judgements(
        b"\x80\x02" + made + b")\x81S'x'\nb."
    ) or Judgement.UNKNOWN in judgements(b"\x80\x02" + made + b".")


@pytest.mark.parametrize(
    "call",
    [
        b"cformulaic.utils.variables\nVariable.Role\n(S'value'\ntR.",
        b"cformulaic.utils.sentinels\nSentinel\n(S'UNSET'\ntR.",
        default_of(b"criver.naive_bayes.gaussian\nGaussianNB._make_gaussian\n"),
    ],
)
def test_names_that_real_libraries_write_are_harmless(call: bytes):
    assert judgements(b"\x80\x04" + call.replace(b"\n.", b".")) <= QUIET
