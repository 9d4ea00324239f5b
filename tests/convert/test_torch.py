"""Torch files: tensors by hand, with values that are known."""

from __future__ import annotations

import numpy as np
import pytest

from convert.torchtensors import call, glob, legacy, sizes, state, storage, tensor, zipped
from modelwarden.convert import ConvertError, convert
from modelwarden.convert.opening import contents_of
from modelwarden.formats import Limits, Source
from torchfiles import archive, integer, text

safetensors = pytest.importorskip("safetensors.numpy")
VALUES = np.arange(24, dtype="<f4")


def written(tmp_path, data, **options):
    """Convert and read the result back with the reference library."""
    (tmp_path / "model.pt").write_bytes(data)
    done = convert(
        tmp_path / "model.pt",
        tmp_path / "out.safetensors",
        form="safetensors",
        force=True,
        **options,
    )
    return done, safetensors.load_file(tmp_path / "out.safetensors")


def refusal(data):
    contents = contents_of(Source("model.pt", data), Limits())
    assert contents.tensors == []
    [refused] = contents.refused
    return refused.why


@pytest.mark.parametrize("layout", ["zip", "legacy"])
def test_views_of_one_storage_are_written_as_what_they_show(tmp_path, layout):
    tail = b"N" if layout == "legacy" else b""
    codes = {
        "whole": tensor(0, 24, (4, 6), (6, 1), tail=tail),
        "turned": tensor(0, 24, (6, 4), (1, 6), tail=tail),
        "part": tensor(0, 24, (2, 3), (12, 2), 1, tail=tail),
        "same": tensor(0, 24, (3, 5), (0, 1), 2, tail=tail),
        "one": tensor(0, 24, (), (), 7, tail=tail),
        "none": tensor(0, 24, (0, 4), (4, 1), tail=tail),
    }
    build = legacy if layout == "legacy" else zipped

    _, found = written(tmp_path, build(codes, {"0": VALUES.tobytes()}))

    whole = VALUES.reshape(4, 6)
    expected = {
        "whole": whole,
        "turned": whole.T,
        "part": np.lib.stride_tricks.as_strided(VALUES[1:], (2, 3), (48, 8)),
        "same": np.broadcast_to(VALUES[2:7], (3, 5)),
        "one": VALUES[7],
        "none": np.zeros((0, 4), "f4"),
    }
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert found[name].shape == value.shape
        np.testing.assert_array_equal(found[name], value)


def test_big_endian_storages_are_turned(tmp_path):
    raw = {"0": VALUES.astype(">f4").tobytes()}
    new = zipped({"w": tensor(0, 24, (24,), (1,))}, raw, byteorder=b"big")
    old = legacy({"w": tensor(0, 24, (24,), (1,), tail=b"N")}, raw, little=False)

    for data in (new, old):
        _, found = written(tmp_path, data)
        np.testing.assert_array_equal(found["w"], VALUES)


def test_shared_storages_are_written_twice_and_named(tmp_path):
    one = tensor(0, 24, (24,), (1,))

    done, found = written(tmp_path, zipped({"a": one, "b": one}, {"0": VALUES.tobytes()}))

    assert done.tied == (("b", "a"),)
    np.testing.assert_array_equal(found["a"], found["b"])


def test_nested_dicts_give_dotted_names_and_plain_values_become_metadata(tmp_path):
    inner = b"}(" + text("w") + tensor(0, 24, (24,), (1,)) + text("step") + b"K\x07" + b"u"
    codes = {"model": inner, "epoch": b"K\x03", "name": text("net"), "list": b"](K\x01K\x02e"}

    done, found = written(tmp_path, zipped(codes, {"0": VALUES.tobytes()}))
    cut, below = written(tmp_path, zipped(codes, {"0": VALUES.tobytes()}), below="model")

    assert list(found) == ["model.w"]
    assert list(below) == ["w"]
    assert done.kept == ("model.step", "epoch", "name")
    assert ("list", "2 plain values") in done.lost
    assert cut.kept == ("step",)


def test_a_name_below_which_nothing_stands_is_refused_with_those_that_there_are(tmp_path):
    data = zipped({"model": tensor(0, 24, (4, 6), (6, 1))}, {"0": VALUES.tobytes()})

    with pytest.raises(ConvertError, match="no tensor stands below optimizer") as raised:
        written(tmp_path, data, below="optimizer")
    assert raised.value.hint == "What there is: model."


def test_more_entries_than_the_scanner_keeps_are_all_taken(tmp_path):
    codes = {f"k{i}": tensor(0, 24, (1,), (1,), i % 24) for i in range(9000)}

    _, found = written(tmp_path, zipped(codes, {"0": VALUES.tobytes()}))

    assert len(found) == 9000
    assert all(found[f"k{i}"][0] == i % 24 for i in range(0, 9000, 997))


def test_parameters_of_a_module_are_named_as_in_its_state_dict(tmp_path):
    weight = call("torch._utils._rebuild_parameter", tensor(0, 24, (24,), (1,)), b"\x88", b"N")

    def module(name, parameters=b"}", modules=b"}"):
        body = text("_parameters") + parameters + text("_buffers") + b"}"
        body += text("_modules") + modules + text("training") + b"\x88"
        return glob(name) + b")\x81}(" + body + b"ub"

    inner = module("net.Layer", parameters=b"}(" + text("weight") + weight + b"u")
    outer = module("net.Net", modules=b"}(" + text("fc") + inner + b"u")
    data = archive({"data/0": VALUES.tobytes()}, pickled=b"\x80\x02" + outer + b".")

    done, found = written(tmp_path, data)

    assert list(found) == ["fc.weight"]
    assert any("net.Net" in what for _, what in done.lost)


@pytest.mark.parametrize(
    ("code", "why"),
    [
        (tensor(0, 24, (25,), (1,)), "it ends at byte 100"),
        (tensor(0, 24, (2,), (1 << 40,)), "it ends at byte"),
        (tensor(0, 23, (2,), (1,)), "not there in this size"),
        (tensor(1, 24, (2,), (1,)), "not there in this size"),
        (tensor(0, 24, (2,), (1,), kind="QInt32Storage"), "quantised"),
        (tensor(0, 24, (2,), (1,), kind="OtherStorage"), "unknown"),
        (tensor(0, 24, (2,), (1,), metadata=b"}(" + text("conj") + b"\x88u"), "values are changed"),
        (
            tensor(0, 24, (2,), (1,), metadata=b"}(" + text("other") + b"\x89u"),
            "values are changed",
        ),
        (tensor(0, 24, (2,), (1,), metadata=b"K\x01"), "metadata of an unknown kind"),
        (tensor(0, 24, (2,), (1,)) + b"}(" + text("x") + b"K\x01ub", "changed after it was made"),
        (call("torch._utils._rebuild_qtensor", storage(0, 24)), "quantised"),
        (call("torch._utils._rebuild_sparse_tensor", storage(0, 24)), "sparse"),
        (call("net.rebuild", storage(0, 24)), "made by net.rebuild, which is unknown"),
        (storage(0, 24), "bare storage"),
        (
            call(
                "torch._tensor._rebuild_from_type_v2",
                glob("torch._utils._rebuild_tensor_v2"),
                glob("net.MyTensor"),
                sizes(()),
                b"N",
            ),
            "net.MyTensor, a subclass",
        ),
        (call("torch._utils._rebuild_parameter", b"K\x01"), "no tensor where one must be"),
        (call("torch._utils._rebuild_tensor_v2", storage(0, 24)), "too few"),
        (tensor(0, 24, (2, 2), (1,)), "do not fit"),
    ],
)
def test_what_is_not_plain_data_is_refused_in_words(code, why):
    assert why in refusal(zipped({"w": code}, {"0": VALUES.tobytes()}))


def test_types_of_untyped_storages_come_from_the_call(tmp_path):
    def v3(name, width):
        body = storage(0, 96, "UntypedStorage") + integer(0) + sizes((2,)) + sizes((1,))
        return call("torch._utils._rebuild_tensor_v3", body, b"\x89N", glob(f"torch.{name}"))

    data = zipped({"a": v3("uint16", 2), "b": v3("float8_e4m3fn", 1)}, {"0": VALUES.tobytes()})

    contents = contents_of(Source("m", data), Limits())

    assert [(t.name, t.dtype, t.shape) for t in contents.tensors] == [
        ("a", "U16", (2,)),
        ("b", "F8_E4M3", (2,)),
    ]


def test_a_hostile_pickle_gives_its_tensors_and_a_warning(tmp_path):
    attack = call("posix.system", text("true"))
    codes = {"w": tensor(0, 24, (24,), (1,)), "x": attack}

    done, found = written(tmp_path, zipped(codes, {"0": VALUES.tobytes()}))

    assert list(found) == ["w"]
    assert "pickle-unsafe-global" in {finding.rule for finding in done.findings}
    assert any("posix.system" in what for _, what in done.lost)


def test_a_restored_object_is_not_restored_again():
    inner = glob("net.Net") + b")\x81}(" + text("a") + tensor(0, 24, (1,), (1,)) + b"ub"
    twice = inner + b"}(" + text("a") + tensor(0, 24, (2,), (1,)) + b"ub"

    with pytest.raises(ConvertError, match="restored twice"):
        contents_of(Source("m", zipped({"n": twice}, {"0": VALUES.tobytes()})), Limits())


def test_one_name_for_two_tensors_is_refused(tmp_path):
    one, two = tensor(0, 24, (1,), (1,)), tensor(0, 24, (2,), (1,))
    items = text("w") + one + text("w") + two
    data = archive({"data/0": VALUES.tobytes()}, pickled=b"\x80\x02}(" + items + b"u.")

    with pytest.raises(ConvertError, match="the name of more than one"):
        written(tmp_path, data)


def test_a_tensor_that_is_the_whole_file_is_named_for_what_it_is(tmp_path):
    pickled = b"\x80\x02" + tensor(0, 24, (4, 6), (6, 1)) + b"."
    data = archive({"data/0": VALUES.tobytes()}, pickled=pickled)

    _, found = written(tmp_path, data)

    assert [*found] == ["tensor"]
    np.testing.assert_array_equal(found["tensor"], VALUES.reshape(4, 6))


def test_a_tensor_that_repeats_a_few_numbers_without_end_is_refused(tmp_path):
    code = {"w": tensor(0, 24, (1 << 30, 24), (0, 1))}

    with pytest.raises(ConvertError, match="many times over"):
        written(tmp_path, zipped(code, {"0": VALUES.tobytes()}))


def test_partial_leaves_out_what_cannot_be_taken_and_names_it(tmp_path):
    codes = {"w": tensor(0, 24, (24,), (1,)), "q": call("torch._utils._rebuild_qtensor")}
    data = zipped(codes, {"0": VALUES.tobytes()})

    with pytest.raises(ConvertError, match="q cannot be taken: it is quantised"):
        written(tmp_path, data)
    done, found = written(tmp_path, data, partial=True)

    assert list(found) == ["w"]
    assert [name for name, _ in done.skipped] == ["q"]


def test_an_archive_that_loaders_read_in_different_ways_is_refused():
    data = zipped({"w": tensor(0, 24, (24,), (1,))}, {"0": VALUES.tobytes()})

    with pytest.raises(ConvertError, match="different things"):
        contents_of(Source("m", data + b"trailing" + data), Limits())


def test_a_cut_pickle_is_refused():
    whole = state({"w": tensor(0, 24, (24,), (1,))})
    data = archive({"data/0": VALUES.tobytes()}, pickled=whole[:-5])

    with pytest.raises(ConvertError, match="damaged"):
        contents_of(Source("m", data), Limits())


def test_a_pickle_that_builds_without_end_is_refused_in_bounded_memory(monkeypatch):
    from modelwarden.convert import exact

    monkeypatch.setattr(exact, "STEPS", 50_000)
    monkeypatch.setattr(exact, "HELD", 1 << 20)
    many = b"\x80\x02](" + b"N" * 60_000 + b"e."
    long = b"\x80\x02](" + (b"B" + (4000).to_bytes(4, "little") + bytes(4000)) * 2048 + b"e."

    for data, why in ((many, "opcodes of one pickle"), (long, "besides arrays")):
        with pytest.raises(ConvertError, match=why):
            contents_of(Source("m", data), Limits())


def test_shared_values_that_multiply_without_end_are_refused(monkeypatch):
    from modelwarden.convert import values

    monkeypatch.setattr(values, "VISITS", 10_000)
    doubled = (
        b"\x80\x02]("
        + b"Ne"
        + b"".join(
            b"q" + bytes([i]) + b"0](h" + bytes([i]) + b"h" + bytes([i]) + b"e" for i in range(60)
        )
    )

    with pytest.raises(ConvertError, match="nested or shared"):
        contents_of(Source("m", doubled + b"."), Limits())
