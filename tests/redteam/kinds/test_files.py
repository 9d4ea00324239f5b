"""Arrays of an evasion that were edited, or cut, are named and not raised."""

from __future__ import annotations

import numpy as np
import pytest

from modelwarden.core import InputError
from modelwarden.redteam.kinds.arrays import ARRAYS

HUGE = (
    np.lib.format.magic(1, 0)
    + b"v\x00"
    + (
        b"{'descr': '<f8', 'fortran_order': False, 'shape': (900000000000000,), }".ljust(117)
        + b"\n"
    )
)


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"\x93NUMPY", b"\xff", HUGE, None])
def test_an_array_that_cannot_be_read_is_named(tmp_path, data):
    x = np.zeros((1, 2, 2), np.float32)
    ARRAYS.save(tmp_path, x, x)
    assert np.array_equal(ARRAYS.load(tmp_path)[0], x)

    place = tmp_path / "changed.npy"
    place.unlink() if data is None else place.write_bytes(data)

    with pytest.raises(InputError, match=r"changed\.npy is no array of an evasion"):
        ARRAYS.load(tmp_path)
