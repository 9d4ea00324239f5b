"""What other scanners of pickles have been fooled by, one test for each."""

from __future__ import annotations

import base64
import io
import pickle
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwarden.core import GapKind, UseKind
from modelwarden.formats import Limits, Source
from modelwarden.formats.pickle.opcodes import OPCODES
from modelwarden.formats.pickle.reader import PickleStream, read, sniff

PAYLOAD = b"cos\nsystem\n(S'true'\ntR."


def view(data: bytes, limits: Limits | None = None) -> PickleStream:
    return read(Source("x", data), limits or Limits())


def calls(data: bytes) -> list[str]:
    return [use.rendered for use in view(data).uses if use.kind is UseKind.CALLED]


@pytest.mark.parametrize(
    "before",
    [
        *(
            b"I0x10\n0",
            b"I\x00x\n0",
            b"I0_0\n0",
            b"I010\n0",
            b"I1_000\n0",
            b"I1\x00junk\n0",
            b"L0x1fL\n0",
            b"L12\n0",
        ),
        *(b"F1_0.5\n0", b"S'\\d'\n0", b"V\\u00e9\n0", b"S'\xe9'\n0", b"I00\n0", b"I01\n0"),
        *(b"(0", b"(1", b"(l0", b"NN\x860", b"Np9\ng9\n00", b"Nq\x07h\x0700", b"(N\x9100"[:-1]),
        *(b"\x80\x050", b"\x80\x01\x80\x03", b"\x95\x00\x00\x00\x00\x00\x00\x00\x00"),
        *(b"\x8a\x01\xff0", b"\x8b\x00\x00\x00\x000", b"G\x00\x00\x00\x00\x00\x00\x00\x000"),
    ],
)
def test_what_pickletools_stops_at_or_misreads_hides_nothing(before: bytes):
    if before == b"\x80\x050":
        before = b"\x80\x05N0"

    assert calls(before + PAYLOAD) == ["os.system('true')"]


def test_a_name_that_is_not_ascii_is_read_as_cpython_reads_it():
    found = view("cmödul\nnäme\n(tR.".encode())

    assert [use.dotted for use in found.uses] == ["mödul.näme"]


def test_a_line_at_the_end_without_a_newline_loses_its_last_byte():
    found = view(b"cos\nsystemX")

    assert [use.dotted for use in found.uses] == ["os.system"]


def test_names_of_python_2_are_mapped_below_protocol_3_only():
    old = view(b"c__builtin__\neval\n.").uses[0]
    new = view(b"\x80\x03c__builtin__\neval\n.").uses[0]

    assert (old.dotted, old.raw) == ("builtins.eval", "__builtin__.eval")
    assert (new.dotted, new.raw) == ("__builtin__.eval", None)


def test_memo_entries_of_every_kind_share_their_numbers():
    # PUT leaves a hole at 0: MEMOIZE counts entries, so that it stores at 1 and not behind 5.
    data = (
        b"\x80\x04\x8c\x02osr\x05\x00\x00\x000\x8c\x06system\x940h\x05h\x01\x93\x8c\x04true\x85R."
    )

    assert calls(data) == ["os.system('true')"]


def test_a_codec_encoded_name_is_followed():
    name = b"c_codecs\nencode\n(X\x02\x00\x00\x00osX\x06\x00\x00\x00latin1tR"
    decoded = b"c_codecs\ndecode\n(" + name + b"X\x04\x00\x00\x00utf8tR"

    assert "os.system('true')" in calls(decoded + b"X\x06\x00\x00\x00system\x93\x8c\x04true\x85R.")


def test_a_name_known_only_while_loading_is_a_gap():
    found = view(b"\x80\x04cm\nf\n)R\x8c\x06system\x93)R.")

    assert [use.resolved for use in found.uses] == [True, False]
    assert GapKind.UNEXAMINED_CODE in {gap.kind for gap in found.gaps}


def test_an_extension_code_is_a_gap_unless_the_file_registers_it():
    register = b"ccopyreg\nadd_extension\n(S'os'\nS'system'\nK\x07tR0"

    assert [use.resolved for use in view(b"\x82\x07)R.").uses] == [False]
    assert "os.system('true')" in calls(register + b"\x82\x07(S'true'\ntR.")


@pytest.mark.parametrize(
    ("data", "rendered"),
    [
        (b"coperator\nattrgetter\n(S'system'\ntR(cos\npath\ntR.",
         "operator.attrgetter('system')(os.path)"),
        (b"cm\nC\n)\x81(K\x01e.", "m.C().extend([1])"),
        (b"cm\nC\n)\x81K\x01a.", "m.C().append(1)"),
        (b"cm\nC\n)RK\x01K\x02s.", "m.C().__setitem__(1, 2)"),
        (b"cm\nC\n)R(K\x01\x90.", "m.C().add(1)"),
        (b"cm\nC\n)R}b.", "m.C().__setstate__({})"),
        (b"(K\x01im\nC\n.", "m.C(1)"),
        (b"(cm\nC\nK\x01o.", "m.C(1)"),
        (b"cm\nC\nK\x01\x85}\x92.", "m.C(1)"),
    ],
)  # fmt: skip
def test_every_way_to_call_something_is_shown(data: bytes, rendered: str):
    assert rendered in [use.rendered for use in view(b"\x80\x04" + data).uses]


def test_a_method_that_the_file_sets_itself_is_called_by_build():
    made = b"\x80\x04cm\nC\n)\x81}\x8c\x0c__setstate__cos\nsystem\nsb\x8c\x04trueb."

    assert "os.system('true')" in calls(made)


def test_a_lying_frame_is_read_in_both_ways():
    # The frame ends inside the name: on a file, the rest of the frame is dropped.
    frame = b"\x95" + struct.pack("<Q", 6) + b"cos\nsy"
    data = b"\x80\x04" + frame + b"stem\n(S'true'\ntR."

    found = view(data)

    assert found.lying_frames
    assert {"os.system", "os.stem"} <= {use.dotted for use in found.uses}


@pytest.mark.parametrize("wrap", [bytes, bytes.hex, base64.b64encode])
def test_a_pickle_inside_a_constant_is_a_child(wrap):
    inner = pickle.dumps(io.BytesIO, 4)

    found = view(pickle.dumps([wrap(inner)]))

    (child,) = found.children
    nested = child.open()
    assert (nested.expect, nested.read(0, 99)) == ("pickle", inner)


def test_text_and_numbers_inside_constants_are_no_pickles():
    words = ["gAAAA not a pickle", "8004", "cat\ndog\n", "K" * 40, b"\x80\x04 no", "a" * 64]

    assert view(pickle.dumps(words)).children == ()


@pytest.mark.parametrize(
    "text",
    [
        *(b"carrot\nbanana\napple\n", b"id,name\n1,a\n", b"{}", b"[]", b"N,1\n", b"import os\n"),
        *(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"PK\x03\x04", b"GGUF", b"(defun x)", b"I am text.\n"),
        *(b"", b".", b"c", b"Version: 1\n", b"Some words.", b"K", b"}", b")", b"# x\n"),
    ],
)
def test_other_files_are_not_taken_for_pickles(text: bytes):
    assert not sniff(Source("x", text))


@pytest.mark.parametrize("data", [PAYLOAD, b"N.", b"I1\n.cos\nsystem\n(S'x'\ntR.", b"cthis\nx\n!"])
def test_a_pickle_without_a_mark_is_recognised(data: bytes):
    assert sniff(Source("x", data))


def test_the_table_has_every_opcode_that_cpython_has():
    assert sorted(OPCODES) == sorted(key for key in pickle._Unpickler.dispatch)


def test_the_digest_of_arguments_depends_on_them_and_not_on_the_protocol():
    def digest(data: bytes) -> str:
        return view(data).uses[0].arguments_digest

    other = PAYLOAD.replace(b"true", b"trud")
    newer = b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x04true\x85R."

    assert digest(PAYLOAD) == digest(newer) != digest(other)


def test_a_payload_behind_very_much_data_still_tells_its_digest_apart():
    def digest(word: bytes) -> str:
        data = b"\x80\x04cm\nf\n(" + b"K\x01" * 9000 + b"C\x04" + word + b"tR."
        return view(data).uses[0].arguments_digest

    assert digest(b"true") != digest(b"trud")


def test_the_end_of_a_very_long_constant_is_part_of_the_digest():
    size = (64 << 20) + 8

    def digest(last: bytes) -> str:
        constant = b"B" + size.to_bytes(4, "little") + bytes(size - 1) + last
        return view(b"\x80\x03cm\nf\n(" + constant + b"tR.").uses[0].arguments_digest

    assert digest(b"0") != digest(b"1")


def test_the_end_of_a_very_long_stream_is_part_of_the_digest():
    filler = b"B" + (64 << 20).to_bytes(4, "little") + bytes(64 << 20) + b"0"

    def digest(word: bytes) -> str:
        calls = b"cm\nf\n(" + b"K\x01" * 9000 + b"C\x04" + word + b"tR."
        return view(b"\x80\x03" + filler + calls).uses[0].arguments_digest

    assert digest(b"true") != digest(b"trud")


@pytest.mark.parametrize(
    "opcode", [b"N", b"(", b"]", b"}\x94", b"N\x85", b")R", b"\x95" + bytes(8)]
)
def test_very_many_of_the_same_opcode_end_within_bounds(opcode: bytes):
    found = view(b"\x80\x04cm\nf\n" + opcode * 60_000 + b".", Limits(seconds=60))

    assert found.end > 0


def test_the_budget_of_operations_ends_as_a_gap():
    found = view(pickle.dumps(list(range(150_000))), Limits(operations=100_000))

    assert [gap.kind for gap in found.gaps] == [GapKind.OVER_LIMIT]


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_without_an_error(data: bytes):
    for start in (b"", b"\x80\x04", b"cos\nsystem\n("):
        source = Source("x", start + data)

        found = read(source, Limits())

        assert isinstance(sniff(source), bool)
        assert 0 <= found.end <= source.size
