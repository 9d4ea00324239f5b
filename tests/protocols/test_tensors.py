import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from modelwarden.protocols import WireError
from modelwarden.protocols.tensors import array_of, plain


def test_nested_lists_become_one_array_of_their_kind():
    whole = array_of([[1, 2], [3, 4]], "x")
    real = array_of([[1, 2.5], [None, 4]], "x")
    text = array_of(["a", None], "x")
    flag = array_of([True, False], "x")

    assert whole.dtype == np.int64
    assert whole.tolist() == [[1, 2], [3, 4]]
    assert real.dtype == np.float64
    assert np.isnan(real[1, 0])
    assert real[0].tolist() == [1.0, 2.5]
    assert text.dtype == np.object_
    assert text.tolist() == ["a", None]
    assert flag.dtype == np.bool_


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ("abc", "is a string, not an array"),
        ([[1, 2], [3]], "ragged"),
        ([[1], 2], "ragged"),
        ([1, "a"], "mixes kinds of values: a number, a string"),
        ([True, 1], "mixes kinds"),
        ([1 << 70], "beyond 64 bits"),
        ([0.5, 1 << 2000], "beyond 64 bits"),
        ([{}], "mixes kinds of values: an object"),
    ],
)
def test_what_is_no_array_says_why(data, why):
    with pytest.raises(WireError, match=why):
        array_of(data, "outputs")


def test_nesting_without_end_is_refused():
    deep = [1.0]
    for _ in range(50):
        deep = [deep]

    with pytest.raises(WireError, match="nested deeper"):
        array_of(deep, "outputs")


@given(
    hnp.arrays(
        np.float64,
        hnp.array_shapes(min_dims=1, max_dims=3, min_side=1),
        elements=st.floats(allow_infinity=False, allow_nan=False),
    )
)
def test_numbers_survive_the_way_there_and_back(values):
    back = array_of(plain(values, "x", missing=False), "x")

    assert back.shape == values.shape
    assert np.array_equal(back, values)


def test_a_missing_value_is_null_where_the_protocol_has_a_word_for_it():
    numbers = np.array([1.0, np.nan])
    texts = np.array(["a", None], dtype=object)

    assert plain(numbers, "x", missing=True) == [1.0, None]
    assert plain(texts, "x", missing=True) == ["a", None]
    for values in (numbers, texts):
        with pytest.raises(WireError, match="missing"):
            plain(values, "x", missing=False)
    with pytest.raises(WireError, match="infinite"):
        plain(np.array([np.inf]), "x", missing=True)
