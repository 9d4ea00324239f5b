"""Raw arrays of joblib: where a loader reads bytes, and where opcodes that we must see."""

from __future__ import annotations

import pytest

from modelwarden.core import UseKind
from modelwarden.formats import Limits, Source
from modelwarden.formats.pickle.reader import PickleStream, read

CALL = b"cposix\nsystem\n(S'true'\ntR0"
WRAPPER = b"joblib.numpy_pickle\nNumpyArrayWrapper"


def number(value: int) -> bytes:
    """Return BININT."""
    return b"J" + value.to_bytes(4, "little", signed=True)


def dtype(code: str, size: int, flags: int) -> bytes:
    """Return the opcodes that make a `numpy.dtype` and restore its state."""
    made = f"cnumpy\ndtype\n(S'{code}'\nI00\nI01\ntR".encode()
    return made + b"(I3\nS'|'\nNNN" + number(size) + number(-1) + number(flags) + b"tb"


def wrapper(element: bytes, count: int, path: bytes = WRAPPER) -> bytes:
    """Return the opcodes that stand before a raw array."""
    state = b"}(S'shape'\n(" + number(count) + b"tS'dtype'\n" + element + b"u"
    return b"c" + path + b"\n)\x81" + state + b"b"


def view_of(opcodes: bytes) -> PickleStream:
    """Read a pickle of protocol 3."""
    return read(Source("x.joblib", b"\x80\x03" + opcodes + b"."), Limits())


def calls(view: PickleStream) -> bool:
    """Tell whether the call of `CALL` was seen."""
    return any(use.dotted == "os.system" or use.dotted == "posix.system" for use in view.uses)


@pytest.mark.parametrize(
    "element", [dtype("V9", 9, 0), dtype("S9", 9, 0), dtype("u1", -1, 0), dtype("M8", -1, 0)]
)
def test_arrays_as_numpy_describes_them_are_stepped_over(element: bytes):
    size = {b"u1": 1, b"M8": 8}.get(element[16:18], 9)
    view = view_of(wrapper(element, 3) + b"\xff" * size * 3 + CALL)

    assert not view.gaps
    assert view.raw_arrays == 1
    assert calls(view)


@pytest.mark.parametrize(
    "element",
    [
        dtype("V4000", 4, 0),  # the state wins over the code
        dtype("S4000", 4, 0),
        dtype("U1000", 4, 0),
        dtype("O8", -1, 0),  # no pickle is read there
        dtype("u1", -1, 63),  # one is
        b"cnumpy\ndtype\n(S'V4000'\nI00\nI01\ntR",
    ],
)
def test_a_dtype_whose_state_says_otherwise_hides_nothing(element: bytes):
    hidden = b"\xff\xff\xff\xff" + CALL + b"N."

    view = view_of(wrapper(element, 1) + hidden + b"\xff" * (4000 - len(hidden)))

    assert view.gaps


def test_a_wrapper_that_is_reached_along_another_path_is_one():
    path = b"\x80\x04\x8c\x06joblib\x8c\x1enumpy_pickle.NumpyArrayWrapper\x93"
    begin = wrapper(dtype("u1", -1, 0), 8).replace(b"c" + WRAPPER + b"\n", path)

    assert calls(view_of(begin + b"." + b"\xff" * 7 + CALL))


def test_a_wrapper_that_is_restored_twice_is_not_followed():
    first = wrapper(dtype("u1", -1, 0), 1).replace(b")\x81", b")\x81q\x01")
    again = b"0h\x01}(S'shape'\n(I1\ntS'dtype'\n" + dtype("u1", -1, 0) + b"ub"

    view = view_of(first + b"\xff" + again + b"\xff" + CALL)

    assert view.gaps


SYSTEM = b"cposix\nsystem\n"
OBJECTS = wrapper(dtype("O8", -1, 63), 1)
# What stands before an array of objects, the pickle that is the array, and what only a loader
# calls that takes no notice of joblib's arrays, with the kind of its use.
READ_OTHERWISE = {
    "a place in the memo that MEMOIZE counts": (
        SYSTEM + b"q\x000",
        b"\x80\x04cbuiltins\nlen\n\x940h\x00(S'true'\ntR.",
        "posix.system",
    ),
    "what the pickle around it set as append": (
        b"ca\nA\n)\x81}(S'append'\n" + SYSTEM + b"ub0",
        b"\x80\x03cb\nB\n)\x81Na.",
        "posix.system",
    ),
    "a code that the pickle around it registered": (
        b"ccopyreg\nadd_extension\n(S'posix'\nS'system'\nI5\ntR0",
        b"\x80\x03\x82\x05(S'true'\ntR.",
        "posix.system",
    ),
    "the protocol of the pickle around it": (
        b"",
        b"ccommands\ngetoutput\n(S'true'\ntR.",
        "commands.getoutput",
    ),
}


@pytest.mark.parametrize("case", READ_OTHERWISE)
def test_an_array_of_objects_is_also_run_as_a_part_of_the_pickle_around_it(case: str):
    before, array, name = READ_OTHERWISE[case]
    begin = before + OBJECTS

    view = view_of(begin + array)

    found = [u.dotted for u in view.uses if u.at > len(begin) and u.kind is UseKind.CALLED]
    assert name in found


def test_an_array_of_objects_that_depends_on_nothing_is_told_once():
    view = view_of(OBJECTS + b"\x80\x03" + CALL + b"N.")

    assert [use.kind for use in view.uses if use.dotted == "posix.system"] == [UseKind.CALLED]
