"""Windows on storages give the values that numpy sees through the same window."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwarden.convert import tensor as module
from modelwarden.convert.tensor import Tensor, column_major, pieces, row_major
from modelwarden.formats import Source
from modelwarden.formats.view import DamagedError

NAMES = {"u1": "U8", "i2": "I16", "f4": "F32", "c8": "C64", "i8": "I64", "c16": "C128"}
BYTES = bytes(np.random.default_rng(0).integers(0, 256, 4000, dtype=np.uint8))


def window(dtype, shape, strides, offset, *, swapped=False):
    return Tensor(
        name="x",
        dtype=NAMES[dtype],
        shape=shape,
        source=Source("storage", BYTES),
        offset=offset,
        strides=strides,
        swapped=swapped,
    )


@st.composite
def windows(draw):
    dtype = draw(st.sampled_from(sorted(NAMES)))
    width = np.dtype(dtype).itemsize
    shape = tuple(draw(st.lists(st.integers(0, 5), max_size=4)))
    kind = draw(st.sampled_from(["c", "fortran", "permuted", "any", "odd"]))
    if kind == "fortran":
        strides = column_major(shape, width)
    elif kind == "permuted":
        order = draw(st.permutations(range(len(shape))))
        whole = row_major(shape, width)
        shape, strides = tuple(shape[i] for i in order), tuple(whole[i] for i in order)
    elif kind == "any":
        strides = tuple(draw(st.integers(0, 7)) * width for _ in shape)
    elif kind == "odd":  # fields of records stand at any distance
        strides = tuple(draw(st.integers(0, 40)) for _ in shape)
    else:
        strides = row_major(shape, width)
    return dtype, shape, strides, draw(st.integers(0, 33)), draw(st.booleans())


@given(windows(), st.sampled_from([8, 64, 1 << 20]))
def test_pieces_are_what_numpy_sees(case, block):
    dtype, shape, strides, offset, swapped = case
    tensor = window(dtype, shape, strides, offset, swapped=swapped)
    if tensor.problem() is not None:
        return
    old = module.BLOCK, module.PIECE
    module.BLOCK, module.PIECE = block, block
    try:
        found = b"".join(map(bytes, pieces(tensor)))
    finally:
        module.BLOCK, module.PIECE = old

    kind = np.dtype(dtype).newbyteorder(">" if swapped else "<")
    seen = np.ndarray(shape, kind, buffer=BYTES, offset=offset, strides=strides)
    assert found == seen.astype(kind.newbyteorder("<")).tobytes()


@pytest.mark.parametrize(
    ("shape", "strides", "offset"),
    [
        ((2,), (4,), len(BYTES) - 4),
        ((1 << 40,), (4,), 0),
        ((2, 2), (4,), 0),
        ((-1,), (4,), 0),
        ((2,), (-4,), 8),
        ((1,), (4,), -4),
        ((), (), len(BYTES)),
    ],
)
def test_a_window_that_leaves_its_storage_is_told(shape, strides, offset):
    assert window("f4", shape, strides, offset).problem() is not None


def test_an_empty_window_may_stand_anywhere():
    tensor = window("f4", (0, 3), (12, 4), len(BYTES) + 100)

    assert tensor.problem() is None
    assert list(pieces(tensor)) == []


def test_a_storage_that_became_shorter_is_an_error():
    source = Source("storage", BYTES)
    source.size = len(BYTES) + 8  # as it was told before the file was cut
    tensor = Tensor(
        name="x", dtype="U8", shape=(len(BYTES) + 8,), source=source, offset=0, strides=(1,)
    )

    with pytest.raises(DamagedError, match="shorter"):
        list(pieces(tensor))
