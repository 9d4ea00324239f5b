"""Uses judged with their arguments: what a call does when its name does not tell."""

from __future__ import annotations

import pickle
from collections import defaultdict
from functools import partial

import pytest

from modelwarden.artifacts.known import Judgement, judged
from modelwarden.core import GapKind, UseKind
from modelwarden.formats import Limits, Source
from modelwarden.formats.pickle.reader import read


def worst(data: bytes) -> dict[str, Judgement]:
    """Return the judgement of each target in a pickle."""
    view = read(Source("x.pkl", data), Limits())
    return {one.target: one.ruling.judgement for one in judged(view.uses)}


def test_getattr_with_a_constant_name_is_what_it_gives():
    zone = b"cbuiltins\ngetattr\n(czoneinfo\nZoneInfo\nS'_unpickle'\ntR(S'UTC'\nI01\ntR."
    gadget = b"cbuiltins\ngetattr\n(cnumpy\ndistutils\nS'exec_command'\ntR(S'true'\ntR."

    assert set(worst(zone).values()) == {Judgement.HARMLESS}
    assert Judgement.DANGEROUS in worst(gadget).values()


@pytest.mark.parametrize(
    "arguments",
    [b"(cbuiltins\nobject\nS'__subclasses__'\nt", b"(cos\npath\nS'join'\nt", b"(Nt", b"(t"],
)
def test_getattr_that_reaches_further_stays_dangerous(arguments: bytes):
    assert Judgement.DANGEROUS in worst(b"cbuiltins\ngetattr\n" + arguments + b"R.").values()


def test_an_attribute_that_the_file_set_on_its_own_object_is_not_trusted():
    made = b"cargparse\nNamespace\n)R}S'run'\ncnumpy\nmean\nsb"
    data = b"cbuiltins\ngetattr\n(" + made + b"S'run'\ntR(S'x'\ntR."

    assert Judgement.DANGEROUS in worst(data).values()


@pytest.mark.parametrize(
    ("module", "name", "expected"),
    [
        ("scipy.special._ufuncs", "expit", Judgement.NEEDS_CODE),
        ("numpy", "log1p", Judgement.NEEDS_CODE),
        ("os", "system", Judgement.DANGEROUS),
        ("somebody", "f", Judgement.UNKNOWN),
    ],
)
def test_numpy_finds_functions_by_name_and_so_does_the_judge(
    module: str, name: str, expected: Judgement
):
    data = f"cnumpy.core\n_ufunc_reconstruct\n(S'{module}'\nS'{name}'\ntR.".encode()

    assert worst(data) == {f"{module}.{name}": expected}


def test_a_constructor_that_calls_its_argument_is_as_bad_as_the_argument():
    data = b"cnumpy.random._pickle\n__generator_ctor\n(S'x'\ncsklearn.base\nclone\ntR."

    assert worst(data)["sklearn.base.clone"] is Judgement.UNKNOWN


def test_a_base_that_copyreg_initialises_counts_as_called():
    plain = b"ccopyreg\n_reconstructor\n(cnumpy\npoly1d\ncbuiltins\nobject\nNtR."
    base = b"ccopyreg\n_reconstructor\n(ca.b\nC\nca.b\nC\nS'x'\ntR."

    assert set(worst(plain).values()) == {Judgement.HARMLESS}
    assert worst(base)["a.b.C"] is Judgement.UNKNOWN


def test_calling_a_partial_is_calling_its_function():
    stored = b"cfunctools\npartial\n(cnumpy\nmean\ntR."
    called = b"cfunctools\npartial\n(csklearn.base\nclone\ntR)R."
    rebuilt = b"cfunctools\npartial\n(cnumpy\nmean\ntR(cnumpy\nmean\n()}NtbR)R."

    assert Judgement.UNKNOWN not in worst(stored).values()
    assert worst(called)["sklearn.base.clone"] is Judgement.UNKNOWN
    assert Judgement.HIDDEN not in worst(stored).values()
    assert {Judgement.HIDDEN, Judgement.UNKNOWN} & set(worst(rebuilt).values())


def test_calling_what_a_call_returned_is_hidden():
    assert Judgement.HIDDEN in worst(b"cbuiltins\nslice\n(NtR(S'x'\ntR.").values()


def test_setting_attributes_of_an_imported_thing_is_hidden():
    data = b"ctorch\n_utils\n}S'_rebuild_tensor'\nS'x'\nsb."

    assert worst(data)["torch._utils"] is Judgement.HIDDEN


def test_a_type_of_one_value_is_harmless_and_a_new_class_is_not():
    assert worst(pickle.dumps(type(None))) == {"builtins.type": Judgement.HARMLESS}
    made = b"cbuiltins\ntype\n(S'X'\n(cbuiltins\nobject\nt}tR."
    assert worst(made)["builtins.type"] is Judgement.UNKNOWN


def test_making_code_is_told_from_running_it():
    make = b"\x80\x02cdill._dill\n_create_function\n(NN}tR"

    assert set(worst(make + b".").values()) == {Judgement.CODE}
    assert Judgement.DANGEROUS in worst(make + b")R.").values()


def test_more_calls_of_getattr_than_are_kept_are_not_trusted():
    attribute = b"a" * 70 + b"%d"  # longer than the names by which calls are told apart
    call = b"cbuiltins\ngetattr\n(cdatetime\nx\nS'" + attribute + b"'\ntR0"
    calls = b"".join(call % number for number in range(80))

    assert Judgement.DANGEROUS in worst(calls + b"N.").values()


def test_a_partial_of_something_that_is_no_import_is_unknown():
    assert worst(b"cfunctools\npartial\n(NtR.")["functools.partial"] is Judgement.UNKNOWN


def test_a_torch_file_in_a_constant_is_examined_and_other_bytes_there_are_unknown():
    call = b"\x80\x03ctorch.storage\n_load_from_bytes\n"

    def loading(data: bytes) -> bytes:
        return call + b"C" + bytes([len(data)]) + data + b"\x85R."

    legacy = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19." + b"\x80\x02M\xe9\x03."
    view = read(Source("x.pkl", loading(legacy)), Limits())

    assert set(worst(loading(legacy)).values()) == {Judgement.HARMLESS}
    assert [child.open().read(0, 99) for child in view.children] == [legacy]
    assert set(worst(loading(b"N.")).values()) == {Judgement.UNKNOWN}


TEMPLATE = """
def _parse_args(self, a, b, loc=0, scale=1):
    return (a, b), loc, scale

def _parse_args_rvs(self, a, b, loc=0, scale=1, size=None):
    return self._argcheck_rvs(a, b, loc, scale, size=size)

def _parse_args_stats(self, a, b, loc=0, scale=1, moments='mv'):
    return (a, b), loc, scale, moments
"""


def distribution(state: bytes) -> bytes:
    return b"\x80\x02cscipy.stats._continuous_distns\nnorm_gen\n)\x81" + state + b"b."


def text(value: str) -> bytes:
    data = value.encode()
    return b"X" + len(data).to_bytes(4, "little") + data


def test_a_scipy_distribution_runs_the_text_in_its_state():
    key = text("_parse_arg_template")
    honest = distribution(b"}" + key + text(TEMPLATE) + b"s")
    hostile = distribution(b"}" + key + text("import os\nos.system('true')") + b"s")
    appended = distribution(b"}" + key + text(TEMPLATE + "\nimport os") + b"s")

    assert set(worst(honest).values()) == {Judgement.HARMLESS}
    assert set(worst(hostile).values()) == {Judgement.DANGEROUS}
    assert set(worst(appended).values()) == {Judgement.DANGEROUS}


def test_a_state_of_a_scipy_distribution_that_is_no_plain_dict_is_unknown():
    pair = b"(" + text("_parse_arg_template") + text("import os") + b"t"

    for state in (b"(" + pair + b"t", b"]" + pair + b"a", b"ca\nb\n)R"):
        assert Judgement.UNKNOWN in worst(distribution(state)).values()


def restored(cls: str, state: str) -> bytes:
    """Return a pickle that makes an instance and restores it; the arguments are opcodes."""
    return f"c{cls}\n)\x81".encode("latin-1") + state.encode() + b"b."


@pytest.mark.parametrize("path", ["statsmodels.base.data\nPandasData", "statsmodels.a\ndata.XData"])
def test_a_formula_that_statsmodels_evaluates_is_judged(path: str):
    honest = restored(path, "}S'formula'\nS'y ~ x1*x2 + C(kind) + np.log(size) + 1.5'\ns")
    hostile = restored(path, "}S'formula'\nS'I(__import__(1)) + a'\ns")
    untold = restored(path, "ccollections\nOrderedDict\n)RS'formula'\nS'I(f(1))'\ns")

    assert set(worst(honest).values()) == {Judgement.NEEDS_CODE}
    assert Judgement.DANGEROUS in worst(hostile).values()
    assert Judgement.UNKNOWN in worst(untold).values()


def test_a_state_that_cannot_be_told_leaves_a_gap():
    state = b"}X\x13\0\0\0_parse_arg_templateI1\nsb."
    data = b"cscipy.stats._continuous_distns\nnorm_gen\n)\x81" + state
    made = judged(read(Source("x.pkl", data), Limits()).uses)

    assert [one.ruling.known for one in made if one.use.method] == [False]


def test_the_formula_of_many_digits_takes_no_time():
    data = restored("statsmodels.base.data\nPandasData", f"}}S'formula'\nS'{'1' * 250}!'\ns")

    assert Judgement.DANGEROUS in worst(data).values()


def test_a_class_that_evaluates_what_it_is_made_of_is_dangerous():
    data = b"ctorch.utils._sympy.functions\nCeilDiv\n(S'f()'\nI1\nt\x81."

    assert set(worst(data).values()) == {Judgement.DANGEROUS}


@pytest.mark.parametrize("path", ["nltk.collections\nLazyMap", "nltk.util\nLazyMap"])
def test_a_sequence_that_calls_its_function_is_dangerous(path: str):
    assert Judgement.DANGEROUS in worst(f"c{path}\n)\x81.".encode("latin-1")).values()


def test_going_through_an_object_of_a_library_is_not_harmless():
    loader = b"(ctorch.utils.data.dataloader\nDataLoader\n)\x81"
    listed = b"cbuiltins\nlist\n" + loader + b"tR."
    array = b"cnumpy\narray\n" + loader + b"tR."

    assert Judgement.UNKNOWN in worst(listed).values()
    assert Judgement.UNKNOWN in worst(array).values()


def test_a_generator_is_not_made_by_a_method_of_an_object():
    method = b"cbuiltins\ngetattr\n(csklearn.base\nBaseEstimator\n)\x81S'fit'\ntR"
    data = b"cnumpy.random._pickle\n__generator_ctor\n(S'x'\n" + method + b"tR."

    assert Judgement.HIDDEN in worst(data).values()


def test_states_that_were_not_looked_at_count_where_a_class_runs_them():
    def many(cls: str) -> bytes:
        each = "".join(f"c{cls}\n)\x81}}S'a'\nI{i}\nsb0" for i in range(80))
        return (each + "N.").encode("latin-1")

    array = worst(many("sklearn.tree._tree\nTree"))
    net = judged(read(Source("x", many("skorch.net\nNeuralNet"), expect="pickle"), Limits()).uses)

    assert set(array.values()) == {Judgement.HARMLESS}
    assert not all(one.ruling.known for one in net)


@pytest.mark.parametrize(
    "path",
    ["pandas.core.indexing\n_LocIndexer", "torch.utils._appending_byte_serializer\nF"],
)
def test_a_class_that_calls_what_an_opcode_gives_it_is_dangerous(path: str):
    assert Judgement.DANGEROUS in worst(f"c{path}\n)\x81.".encode("latin-1")).values()


def wrapper(state: object, name: str = "NDArrayWrapper") -> bytes:
    """Return a pickle in which one of joblib's wrappers is restored from a state."""
    made = f"cjoblib.numpy_pickle_compat\n{name}\n)\x81".encode("latin-1")
    return b"\x80\x02" + made + pickle.dumps(state, 2)[2:-1] + b"b."


@pytest.mark.parametrize(
    "file", ["/tmp/x.npy", "../x.npy", "a/x.npy", "C:x.npy", "..\\x.npy", "\\\\host\\x", ".."]
)
@pytest.mark.parametrize("name", ["NDArrayWrapper", "ZNDArrayWrapper"])
def test_an_array_that_is_read_from_another_folder_is_dangerous(file: str, name: str):
    found = worst(wrapper({"filename": file}, name))

    assert found == {f"joblib.numpy_pickle_compat.{name}": Judgement.DANGEROUS}


def test_an_array_that_is_read_from_a_file_beside_is_harmless():
    assert set(worst(wrapper({"filename": "m.pkl_01.npy"})).values()) == {Judgement.HARMLESS}


def test_every_array_of_a_large_old_model_is_looked_at():
    plain = b"".join(wrapper({"filename": f"m.pkl_{i:03}.npy"})[2:-1] + b"0" for i in range(300))
    bad = wrapper({"filename": "/tmp/x.npy"})[2:-1] + b"0"

    assert set(worst(b"\x80\x02" + plain + b"N.").values()) == {Judgement.HARMLESS}
    assert Judgement.DANGEROUS in worst(b"\x80\x02" + plain + bad + b"N.").values()


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (b"(csklearn.tree._tree\nNODE_DTYPE\nt", Judgement.HIDDEN),
        (b"(csklearn.tree._tree\nNODE_DTYPE\nI00\nI00\nt", Judgement.HIDDEN),
        (b"(cnumpy\ndtype\n(csklearn.tree._tree\nNODE_DTYPE\ntRt", Judgement.HIDDEN),
        (b"(csklearn.tree._tree\nNODE_DTYPE\nI00\nI01\nt", Judgement.NEEDS_CODE),
        (b"(S'f8'\nt", Judgement.HARMLESS),
        (b"(cnumpy\nfloat64\nt", Judgement.HARMLESS),
        (b"(cnumpy\nrecord\nI00\nI01\nt", Judgement.HARMLESS),
    ],
)
@pytest.mark.parametrize("make", [b"R", b"\x81"])
def test_changing_an_element_type_that_a_library_holds_is_hidden(arguments, found, make):
    made = b"cnumpy\ndtype\n" + arguments + make
    state = b"(I3\nS'>'\nNNNI-1\nI-1\nI0\ntb"

    told = worst(b"\x80\x02" + made + b"0" + made + state + b".").values()

    assert max(told, key=list(Judgement).index) is found


@pytest.mark.parametrize("state", [{}, {"filename": b"x"}, (None, {"filename": "/tmp/x"}), None])
def test_an_array_whose_file_cannot_be_told_is_unknown(state: object):
    assert Judgement.UNKNOWN in worst(wrapper(state)).values()


@pytest.mark.parametrize(
    "made",
    [
        b"clogging\ngetLogger\n(S'x'\ntR",
        b"czoneinfo\nZoneInfo\n(S'UTC'\ntR",
        b"chttp\nHTTPStatus\n(I200\ntR",
        b"cgensim.utils\nidentity\n(ctorch\nnn\ntR",
        b"cbuiltins\ntype\n(csklearn.base\nBaseEstimator\n)\x81tR",
        b"cbuiltins\ngetattr\n(ctorch\nnn\nS'functional'\ntR",
        b"cnumpy.core\n_ufunc_reconstruct\n(S'numpy'\nS'exp'\ntR",
    ],
)
@pytest.mark.parametrize("change", [b"}S'name'\nS'y'\nsb.", b"S'name'\nS'y'\ns."])
def test_changing_an_object_that_existed_before_is_hidden(made: bytes, change: bytes):
    assert Judgement.HIDDEN in worst(b"\x80\x02" + made + change).values()


def made(cls: str, *operations: bytes) -> bytes:
    """A pickle of an instance of a class of the libraries, and what is done with it."""
    module, _, name = cls.rpartition(".")
    return b"\x80\x02" + f"c{module}\n{name}\n)\x81".encode("latin-1") + b"".join(operations) + b"."


FUNCTION = b"ctransformers.models.auto\nsome_function\n"


@pytest.mark.parametrize(
    ("cls", "key", "value"),
    [
        ("sklearn.isotonic.IsotonicRegression", "_build_f", FUNCTION),
        ("sklearn.isotonic.IsotonicRegression", "_build_f", b"csklearn.base\nX\n)\x81"),
        ("torch.optim.sgd.SGD", "_patch_step_function", FUNCTION),
        ("statsmodels.discrete.discrete_model.NegativeBinomial", "_initialize", FUNCTION),
        ("gensim.models.Word2Vec", "close", FUNCTION),
        ("gensim.models.Word2Vec", "close", b"cfunctools\npartial\n(" + FUNCTION + b"tR"),
    ],
)
def test_a_callable_in_the_place_of_a_method_is_called(cls: str, key: str, value: bytes):
    state = b"}S'" + key.encode() + b"'\n" + value + b"sb"

    found = worst(made(cls, state))

    assert {Judgement.UNKNOWN, Judgement.HIDDEN} & set(found.values()), found


def test_a_callable_under_a_name_that_is_made_while_loading_is_called():
    key = b"cbuiltins\nstr\n(cbuiltins\nbytearray\n(S'_build_f'\ntRtR"
    state = b"}" + key + FUNCTION + b"sb"

    assert Judgement.UNKNOWN in worst(made("sklearn.isotonic.IsotonicRegression", state)).values()


def test_a_callable_that_is_called_when_slots_are_set_is_called():
    state = b"}S'_setattr_hook'\n" + FUNCTION + b"s}S'slot'\nI1\ns\x86b"

    assert Judgement.UNKNOWN in worst(made("keras.layers.Dense", state)).values()


@pytest.mark.parametrize(
    "state",
    [
        b"}S'close'\ncnumpy\nfloat64\n)\x81sb",
        b"}S'stop'\ncnumpy.core.multiarray\nscalar\n(cnumpy\ndtype\n(S'f8'\nI00\nI01\ntRS'12345678'\ntRsb",
        b"}S'loss'\n" + FUNCTION + b"sb",
        b"}S'_call'\n" + FUNCTION + b"s}S'slot'\nI1\ns\x86b",
    ],
)
def test_an_object_under_a_common_name_and_a_function_under_any_other_are_stored(state: bytes):
    assert set(worst(made("sklearn.base.X", state)).values()) <= {
        Judgement.HARMLESS,
        Judgement.NEEDS_CODE,
    }


@pytest.mark.parametrize(
    "operation", [b"}b", b"S'a'\nI1\ns", b"(S'a'\nI1\nu", b"I1\na", b"(I1\ne", b"(I1\n\x90"]
)
def test_what_is_done_with_an_object_after_it_was_restored_is_hidden(operation: bytes):
    before = worst(made("torch.nn.modules.container.Sequential", operation, b"}S'a'\nI1\nsb"))
    after = worst(made("torch.nn.modules.container.Sequential", b"}S'a'\nI1\nsb", operation))

    assert Judgement.HIDDEN in after.values()
    if operation != b"}b":
        assert Judgement.HIDDEN not in before.values()


def test_an_object_is_restored_again_though_very_many_stand_before_it():
    """Beyond the objects that the memo tells apart, nobody knows which were restored."""
    crowd = b"".join(b"h\x00)\x81r" + i.to_bytes(4, "little") + b"0" for i in range(1, 1 << 17))

    data = b"\x80\x02csklearn.base\nX\nq\x000" + crowd + b"h\x00)\x81r\xff\xff\x02\x00"
    data += b"}S'a'\nI1\nsb0j\xff\xff\x02\x00}b."

    assert Judgement.HIDDEN in worst(data).values()


@pytest.mark.parametrize(
    ("call", "kind"),
    [
        (b"cintervaltree.intervaltree\nIntervalTree\n)R.", UseKind.CONSTRUCTED),
        (b"csomewhere\n_Private2\n(I1\n]I2\natR.", UseKind.CONSTRUCTED),
        (b"csomewhere\n_Private2\n(S'x'\ntR.", UseKind.CALLED),
        (b"csomewhere\n_Private2\n((]S'x'\nattR.", UseKind.CALLED),
        (b"csomewhere\n_Private2\n(cbuiltins\nlist\ntR.", UseKind.CALLED),
        (b"csomewhere\n_Private2\n(C\x01atR.", UseKind.CALLED),
        (b"csomewhere\n_Private2\n((" + b"K\x01" * 5000 + b"S'x'\nttR.", UseKind.CALLED),
        (b"csomewhere\nmake_it\n(S'x'\ntR.", UseKind.CALLED),
        (b"csomewhere\nMAKE\n(S'x'\ntR.", UseKind.CALLED),
        (b"csomewhere\nMake_it\n(S'x'\ntR.", UseKind.CALLED),
        (b"cdatetime\nThing\n)R.", UseKind.CALLED),
    ],
)
def test_calling_a_class_makes_an_instance_and_stays_unknown(call: bytes, kind: UseKind):
    view = read(Source("x.pkl", b"\x80\x02" + call), Limits())

    one = judged(view.uses)[-1]

    assert (one.kind, one.ruling.judgement, one.ruling.known) == (kind, Judgement.UNKNOWN, False)


def test_a_class_of_a_well_known_library_that_is_called_is_never_clean():
    from modelwarden.artifacts import examine

    source = Source("x.pkl", b"\x80\x02cspacy.strings\nNewStore\n(S'x'\ntR.")

    examined = examine(source, Limits())

    assert {(f.rule, f.severity.value) for f in examined.findings} == {("unknown-global", "medium")}
    assert [gap.kind for gap in examined.gaps] == [GapKind.UNEXAMINED_CODE]


RESAMPLE = b"csklearn.utils\nresample\n"
LATER = b"cfunctools\npartial\n(" + RESAMPLE + b"S'x'\ntR"


def holder(name: str, value: bytes, made: bytes = b"ctypes\nSimpleNamespace\n)\x81") -> bytes:
    """Return an object with one attribute of the file's choosing."""
    return made + b"}S'" + name.encode() + b"'\n" + value + b"sb"


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"cnumpy\narray\n(" + holder("__array__", LATER) + b"tR.", id="array"),
        pytest.param(b"cuuid\nUUID\n(" + holder("replace", LATER) + b"tR.", id="text"),
        pytest.param(
            b"cfractions\nFraction\n(" + holder("as_integer_ratio", LATER) + b"tR.", id="ratio"
        ),
        pytest.param(
            b"cdatetime\ndatetime\n(S'x'\n"
            + holder("utcoffset", LATER, b"cdateutil.tz.tz\ntzlocal\n)\x81")
            + b"tR.",
            id="time zone",
        ),
        pytest.param(
            b"csklearn.utils\nBunch\n)\x81S'append'\n" + RESAMPLE + b"sS'true'\na.", id="items"
        ),
        pytest.param(
            b"cbuiltins\ndict\n(coptparse\nValues\n(}S'keys'\n" + LATER + b"stRtR.", id="arguments"
        ),
        pytest.param(b"ccollections\ndefaultdict\n(" + RESAMPLE + b"tR.", id="default"),
        pytest.param(b"ccollections\ndefaultdict\n(" + LATER + b"tR.", id="stored default"),
    ],
)
def test_a_function_that_python_would_call_by_itself_counts_as_called(data: bytes):
    assert worst(data).get("sklearn.utils.resample") is Judgement.UNKNOWN


@pytest.mark.parametrize(
    "data",
    [
        b"ccollections\ndefaultdict\n(cbuiltins\nlist\ntR.",
        b"ccollections\ndefaultdict\n(cpandas\nDataFrame\ntR.",
        b"ccollections\ndefaultdict\n(cfunctools\npartial\n(ccollections\ndeque\ntRtR.",
        b"csklearn.utils\nBunch\n)\x81S'keys'\nS'x'\ns.",
        holder("__wrapped__", b"csklearn.utils\nresample\n", b"csklearn.svm\nSVC\n)\x81") + b".",
    ],
)
def test_classes_and_values_in_the_same_places_do_not(data: bytes):
    assert set(worst(data).values()) <= {Judgement.HARMLESS, Judgement.NEEDS_CODE}


@pytest.mark.parametrize("stored", [partial(defaultdict, int), partial(float, "nan"), list])
def test_a_default_of_plain_values_stays_harmless(stored: object):
    assert set(worst(pickle.dumps(defaultdict(stored))).values()) == {Judgement.HARMLESS}


def test_a_default_is_what_the_state_of_a_partial_says():
    first = b"cfunctools\npartial\n(cbuiltins\nlist\ntR"
    state = b"(" + RESAMPLE + b"(S'x'\nt}Ntb"
    data = b"ccollections\ndefaultdict\n(" + first + state + b"tR."

    assert worst(data)["sklearn.utils.resample"] is Judgement.UNKNOWN


def made_of(first: bytes, *, function: bytes = b"ccollections\nCounter\n", call: bytes = b")R"):
    """Return what protocols before 4 write for an object whose constructor takes keywords."""
    new = b"cbuiltins\ngetattr\n(" + function + b"S'__new__'\ntR"
    return b"cfunctools\npartial\n(" + new + b"tR(" + new + b"(" + first + b"t}Ntb" + call + b"."


def test_a_constructor_with_keywords_makes_an_instance_in_protocols_before_4():
    seen = worst(made_of(b"csklearn.svm\nSVC\n", function=b"csklearn.svm\nSVC\n"))

    assert seen["sklearn.svm.SVC"] is Judgement.NEEDS_CODE
    assert not {Judgement.DANGEROUS, Judgement.HIDDEN} & set(seen.values())


@pytest.mark.parametrize(
    "data",
    [
        made_of(b"csubprocess\nPopen\n"),
        made_of(b"csubprocess\nPopen\n", function=b"csubprocess\nPopen\n"),
        made_of(b"N"),
        b"cbuiltins\ngetattr\n(csklearn.svm\nSVC\nS'__new__'\ntR(csubprocess\nPopen\ntR.",
        b"cbuiltins\nmap\n(cbuiltins\ngetattr\n(csklearn.svm\nSVC\nS'__new__'\ntR]tR.",
    ],
)
def test_a_constructor_that_makes_something_else_is_no_instance(data: bytes):
    assert {Judgement.DANGEROUS, Judgement.HIDDEN} & set(worst(data).values())


def test_a_function_of_sympy_that_only_has_a_name_is_harmless():
    maker = b"csympy.core.function\n_rebuild_undef\n(S'f'\n}tR"
    gadget = b"csympy.core.function\n_rebuild_undef\n(S'f'\n}S'a'\ncos\nsystem\nstR(N tR."

    assert set(worst(maker + b"(I1\ntR.").values()) == {Judgement.HARMLESS}
    assert Judgement.DANGEROUS in worst(gadget.replace(b"N ", b"N")).values()


def test_a_sorted_container_calls_its_key():
    maker = b"csortedcontainers.sorteddict\nSortedDict\n("

    assert set(worst(maker + b"N}tR.").values()) == {Judgement.HARMLESS}
    assert Judgement.DANGEROUS in worst(maker + b"cos\nsystem\n}tR.").values()
