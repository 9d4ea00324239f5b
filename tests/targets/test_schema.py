import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwarden.targets.reading.raw import column_of
from modelwarden.targets.schema import Kind, field_of, schema_of
from targets.opening import data_set, frame_of


def test_columns_have_kinds_ranges_and_gaps():
    frame = frame_of(
        {
            "age": [20, 30, 40, 30],
            "hours": [1.5, None, 40.0, 2.0],
            "children": [1, None, 2, 1],
            "member": [True, False, True, True],
            "job": ["smith", "nurse", None, "smith"],
            "note": ["a", "b", "c", "d"],
        }
    ).with_column("day", np.array(["2024-01-01", "NaT", "2024-01-02", "2024-01-02"], "M8[us]"))

    schema = schema_of(data_set(frame))

    assert [(f.name, f.kind) for f in schema.fields] == [
        ("age", Kind.INTEGER),
        ("hours", Kind.NUMBER),
        ("children", Kind.INTEGER),
        ("member", Kind.BOOLEAN),
        ("job", Kind.CATEGORY),
        ("note", Kind.TEXT),
        ("day", Kind.DATE),
    ]
    assert (schema["age"].low, schema["age"].high, schema["age"].missing) == (20, 40, 0)
    assert (schema["hours"].low, schema["hours"].high, schema["hours"].missing) == (1.5, 40, 0.25)
    assert schema["job"].categories == ("smith", "nurse")
    assert (schema["job"].missing, schema["note"].distinct) == (0.25, 4)
    assert (schema["day"].low, schema["day"].missing) == (1704067200.0, 0.25)
    assert schema.rows == 4
    with pytest.raises(KeyError):
        schema["nothing"]


def test_arrays_and_texts_are_one_field():
    image = schema_of(data_set(np.arange(96, dtype=np.float32).reshape(2, 3, 4, 4)))["x"]
    vector = schema_of(data_set(np.array([[1.0, np.nan], [np.inf, -2.0]])))["x"]
    text = schema_of(data_set(np.array(["a", "a", "b"], object)))["x"]

    assert (image.kind, image.shape, image.low, image.high) == (Kind.IMAGE, (3, 4, 4), 0, 95)
    assert (vector.kind, vector.low, vector.high, vector.missing) == (Kind.VECTOR, -2, 1, 0.25)
    assert (text.kind, text.distinct, text.categories) == (Kind.TEXT, 2, ())


VALUES = st.lists(
    st.one_of(st.none(), st.floats(), st.integers(-99, 99), st.booleans(), st.text(max_size=3))
)


@given(VALUES)
def test_any_column_has_a_schema_that_all_its_values_keep(values):
    column = column_of(values, "x")

    field = field_of("x", column)

    assert 0 <= field.missing <= 1
    if field.kind is Kind.CATEGORY:
        assert {v for v in column.tolist() if v is not None} == set(field.categories)
    if field.low is not None and column.dtype.kind in "bif":
        known = [float(v) for v in column.tolist() if np.isfinite(v)]
        assert all(field.low <= v <= field.high for v in known)
