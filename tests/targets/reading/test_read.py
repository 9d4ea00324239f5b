from __future__ import annotations

import contextlib
import gzip
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import duckdb
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwarden.targets.config import DataConfig, ProjectConfig
from modelwarden.targets.frames import Frame
from modelwarden.targets.reading import data_of_frame, read_data
from modelwarden.targets.reading.raw import DataError, column_of
from modelwarden.targets.reading.tables import iter_batches, read_table
from modelwarden.targets.spec import Modality, Task

CSV = """age,job,pay,left,since,label
39,clerk,1.5,true,2020-01-02,yes
50,NA,2,false,2020-01-03,no
61,"a, b",,true,2020-01-04,yes
"""


def project(modality: str = "tabular") -> ProjectConfig:
    return ProjectConfig(name="p", task=Task.BINARY, modality=Modality(modality))


def read(path: Path, modality: str = "tabular", **config: object):
    data = DataConfig(**{"label": "label", **config})
    return read_data("test", path.name, data, project(modality), path.parent)


@pytest.fixture
def csv(tmp_path: Path) -> Path:
    path = tmp_path / "test.csv"
    path.write_text(CSV)
    return path


LARGE = 2**64 - 1


def large(path: Path, form: str) -> Path:
    """Whole numbers that differ by one and are one float, beside such as a float holds."""
    place = path / f"test.{form}"
    if form == "csv":
        place.write_text(f"a,b,c,label\n{LARGE},{2**53 + 1},1.5,x\n{LARGE - 1},,1e300,y\n")
    elif form == "jsonl":
        rows = ({"a": 2**53 + 1, "b": 2**60, "c": 1.5, "label": "x"}, {"c": 1e300, "label": "y"})
        place.write_text("".join(json.dumps(row) + "\n" for row in rows))
    else:
        duckdb.sql(
            f"COPY (SELECT {LARGE}::UBIGINT a, {2**53 + 1}::BIGINT b, 1.5::DOUBLE c, 'x' AS label "
            f"UNION ALL SELECT {LARGE - 1}::UBIGINT, NULL, 1e300::DOUBLE, 'y') "
            f"TO '{place}' (FORMAT parquet)"
        )
    return place


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_whole_numbers_that_floats_cannot_tell_apart_are_told(tmp_path, form):
    data = read(large(tmp_path, form))

    told = [note for note in data.notes if "2**53" in note]
    assert len(told) == 1
    assert "'a', 'b' are read as floats" in told[0]


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_labels_that_floats_cannot_tell_apart_are_refused(tmp_path, form):
    place = large(tmp_path, form)

    with pytest.raises(DataError, match="the labels 'a' are whole numbers beyond 2"):
        read(place, label="a")


def test_large_whole_numbers_that_are_kept_exactly_are_not_told_of(tmp_path):
    path = tmp_path / "test.csv"
    path.write_text(f"a,label\n{2**62 + 1},x\n{2**62},y\n")

    data = read(path)

    assert data.inputs["a"].tolist() == [2**62 + 1, 2**62]
    assert data.notes == ()


@pytest.mark.parametrize(
    ("head", "told"),
    [
        ("a,a,label", "a further 'a' is 'a_1'"),
        ("a,A,label", "a further 'A' is 'A_1'"),
        ('\ufeff"a ","a",label', "a further 'a' is 'a_1'"),
        ("a_1,a_1,label", "a further 'a_1' is 'a_1_1'"),
        ("a,b,label", None),
        (",b,label", None),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_columns_of_one_name_are_told(tmp_path, head, told, packed):
    path = tmp_path / "test.csv"
    text = f"{head}\n1,2,x\n3,4,y\n".encode()
    path.write_bytes(gzip.compress(text) if packed else text)

    notes = read(path).notes

    assert [told in note for note in notes] == ([True] if told else [])


def test_columns_of_one_name_but_for_its_case_in_parquet_are_told(tmp_path):
    path = tmp_path / "test.parquet"
    duckdb.sql(f"COPY (SELECT 1 AS aaa, 2 AS zzz, 'x' AS label) TO '{path}' (FORMAT parquet)")
    path.write_bytes(path.read_bytes().replace(b"zzz", b"AAA"))  # as other writers have it

    data = read(path)

    assert data.inputs.names == ("aaa", "AAA_1")
    assert ["a further 'AAA' is 'AAA_1'" in note for note in data.notes] == [True]


def test_a_csv_has_stable_types_and_missing_values_as_pandas_reads_them(csv):
    data = read(csv)

    frame = data.inputs
    assert frame.names == ("age", "job", "pay", "left", "since")
    assert frame["age"].dtype == np.int64
    assert frame["job"].tolist() == ["clerk", None, "a, b"]
    assert frame["pay"].tolist()[:2] == [1.5, 2.0]
    assert np.isnan(frame["pay"][2])
    assert frame["left"].dtype == np.bool_
    assert frame["since"].tolist() == ["2020-01-02", "2020-01-03", "2020-01-04"]
    assert data.y.tolist() == ["yes", "no", "yes"]


def test_a_gzipped_csv_and_a_parquet_say_the_same(csv, tmp_path):
    packed, parquet = tmp_path / "t.csv.gz", tmp_path / "t.parquet"
    packed.write_bytes(gzip.compress(CSV.encode()))
    duckdb.sql(f"COPY (SELECT * FROM read_csv('{csv}', nullstr=['NA',''])) TO '{parquet}'")

    first, second, third = read(csv), read(packed), read(parquet)

    for name in ("age", "job", "left"):
        assert first.inputs[name].tolist() == second.inputs[name].tolist()
        assert first.inputs[name].tolist() == third.inputs[name].tolist()
    assert third.inputs["since"].dtype.kind == "M"
    assert first.digest != second.digest


def test_json_lines_are_a_table_and_absent_keys_are_missing(tmp_path):
    path = tmp_path / "t.jsonl"
    rows = [{"a": 1, "label": 0}, {"a": None, "b": "x", "label": 1}, {}]
    path.write_text("\n".join(map(json.dumps, rows)) + "\n\n")

    data = read(path)

    assert np.isnan(data.inputs["a"][1:]).all()
    assert data.inputs["b"].tolist() == [None, "x", None]


def test_json_lines_with_ever_new_keys_are_refused_before_they_fill_memory(tmp_path):
    path = tmp_path / "wide.jsonl"
    path.write_text("".join(json.dumps({f"k{i}": 1}) + "\n" for i in range(13_000)))

    with pytest.raises(DataError, match="lines are more than"):
        read(path)


def test_texts_that_a_small_file_unpacks_to_are_refused_before_they_fill_memory(tmp_path):
    path = tmp_path / "bomb.parquet"
    with duckdb.connect() as connection:
        texts = "SELECT repeat('A', 100000) AS words, 1 AS label FROM range(45000)"
        connection.execute(f"COPY ({texts}) TO '{path}' (FORMAT parquet)")

    with pytest.raises(DataError, match="4,500,000,000 bytes of texts"):
        read(path)


def test_a_gzipped_csv_that_unpacks_without_end_is_refused_before_it_is_looked_at(
    csv, tmp_path, monkeypatch
):
    monkeypatch.setattr("modelwarden.targets.reading.tables.MOST_UNPACKED", 1 << 20)
    bomb, honest = tmp_path / "bomb.csv.gz", tmp_path / "test.csv.gz"
    bomb.write_bytes(gzip.compress(b"a,label\n") + gzip.compress(b"1,0\n" * 60_000) * 5)
    honest.write_bytes(gzip.compress(CSV.encode()))
    half = tmp_path / "half.csv.gz"
    half.write_bytes(bomb.read_bytes()[:40])

    with pytest.raises(DataError, match="unpacks to more than 1,048,576 bytes"):
        read(bomb)
    with pytest.raises(DataError, match="cannot be read"):
        read(half)
    assert len(read(honest).inputs) == 3


def test_label_identity_and_dropped_columns_are_no_features(csv):
    data = read(csv, id="age", drop=("since",))

    assert data.inputs.names == ("job", "pay", "left")
    assert data.ids.tolist() == [39, 50, 61]
    assert data.context.names == ("since",)


def test_a_column_to_leave_out_that_is_not_there_is_told(csv):
    data = read(csv, drop=("sinc", "since"))

    [told] = [note for note in data.notes if "[data] drop" in note]
    assert told == "there is no column 'sinc', which [data] drop names; did you mean 'since'?"


def test_texts_are_one_column_and_the_rest_is_context(csv):
    data = read(csv, "text", text="job")

    assert data.inputs.tolist() == ["clerk", "", "a, b"]
    assert data.context.names == ("age", "pay", "left", "since")


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((5, 4, 6), (5, 1, 4, 6)),
        ((5, 4, 6, 3), (5, 3, 4, 6)),
        ((5, 3, 4, 6), (5, 3, 4, 6)),
        ((5, 3, 4, 3), (5, 3, 4, 3)),
    ],
)
def test_images_become_channels_first_in_their_own_units(shape, expected, tmp_path):
    x = np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)
    np.savez(tmp_path / "t.npz", x=x, y=np.arange(5))

    data = read(tmp_path / "t.npz", "image")

    assert data.inputs.shape == expected
    assert data.inputs.dtype == np.float32
    assert data.inputs.max() == x.max()
    assert bool(data.notes) == (shape == (5, 3, 4, 3))
    if shape == (5, 4, 6, 3):
        assert np.array_equal(data.inputs[:, 1], x[..., 1])


def test_vectors_keep_their_numbers_and_objects_are_never_unpickled(tmp_path):
    np.savez(tmp_path / "t.npz", x=np.eye(3, dtype=np.float32), y=np.array(["a", "b", "a"]))
    np.savez(tmp_path / "bad.npz", x=np.array([{}, 1], dtype=object), y=np.zeros(2))

    data = read(tmp_path / "t.npz", "vector", label=None)

    assert data.inputs.dtype == np.float32
    assert data.y.tolist() == ["a", "b", "a"]
    with pytest.raises(DataError, match=r"bad\.npz cannot be read"):
        read(tmp_path / "bad.npz", "vector")


def test_folders_of_classes_and_of_pages_with_a_table_of_labels(tmp_path):
    image = pytest.importorskip("PIL.Image")
    for name, level in (("cat", 10), ("dog", 200)):
        (tmp_path / "images" / name).mkdir(parents=True)
        for i in range(2):
            picture = image.fromarray(np.full((4, 4), level + i, np.uint8))
            picture.save(tmp_path / "images" / name / f"{i}.png")
    pages = tmp_path / "pages"
    pages.mkdir()
    (pages / "b.html").write_text("<b>two</b>")
    (pages / "a.html").write_text("<b>one</b>")
    (pages / "labels.csv").write_text("file,label\nb.html,bad\na.html,good\n")

    images, texts = read(tmp_path / "images", "image"), read(pages, "html")

    assert images.inputs.shape == (4, 1, 4, 4)
    assert images.y.tolist() == ["cat", "cat", "dog", "dog"]
    assert images.inputs[:, 0, 0, 0].tolist() == [10, 11, 200, 201]
    assert texts.inputs.tolist() == ["<b>one</b>", "<b>two</b>"]
    assert texts.y.tolist() == ["good", "bad"]


def bmp_head(width: int, height: int) -> bytes:
    """Return the head of a picture of this size, with nothing behind it."""
    size = width.to_bytes(4, "little") + height.to_bytes(4, "little")
    info = (40).to_bytes(4, "little") + size + bytes([1, 0, 24, 0]) + bytes(24)
    return b"BM" + (54).to_bytes(4, "little") + bytes(4) + (54).to_bytes(4, "little") + info


# Pillow hands PostScript to a program of the system: this one would leave a marker.
POSTSCRIPT = (
    b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n%%EndComments\n(m) (w) file\n%%EOF\n"
)


@pytest.mark.filterwarnings("default::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize(
    ("content", "why"),
    [
        (POSTSCRIPT, "no image that can be read"),
        (b"nothing", "no image that can be read"),
        (b"", "no image that can be read"),
        (bmp_head(60_000, 60_000), "pixels"),
        (bmp_head(9_000, 9_000), "9000 × 9000 pixels, more than"),
        (bmp_head(8_000, 8_000), "image file is truncated|no image that can be read"),
    ],
)
def test_pictures_that_hurt_are_refused_by_their_head(tmp_path, content, why):
    pytest.importorskip("PIL.Image")
    (tmp_path / "images" / "cat").mkdir(parents=True)
    (tmp_path / "images" / "cat" / "x.png").write_bytes(content)

    with pytest.raises(DataError, match=why):
        read(tmp_path / "images", "image")


def test_pictures_that_are_too_many_together_are_refused_before_they_are_unpacked(tmp_path):
    pytest.importorskip("PIL.Image")
    (tmp_path / "images" / "cat").mkdir(parents=True)
    for i in range(60):
        (tmp_path / "images" / "cat" / f"{i}.bmp").write_bytes(bmp_head(7_000, 7_000))

    with pytest.raises(DataError, match="60 images of 7000 × 7000 pixels are more than"):
        read(tmp_path / "images", "image")


def test_a_workbook_is_called_one(tmp_path):
    path = tmp_path / "sheet.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")

    with pytest.raises(DataError, match="is a workbook of Excel") as caught:
        read(path)

    assert "as CSV" in caught.value.hint


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("e.csv", b"", "0 bytes hold no rows"),
        ("e.parquet", b"PAR1 no", "cannot be read"),
        ("e.npz", b"PK\x03\x04 no", "cannot be read as npz"),
        ("e.jsonl", b'{"a": 1}\n{"a": \n', "line 2 is no JSON"),
        ("e.jsonl", b'{"a": [1]}\n', "lists or objects"),
        ("e.csv", "a,b\n1,2\n".encode("utf-16"), "text in UTF-16"),
        ("e.bin", b"\x00\x01\x02", "no data set of a known form"),
        ("e.csv", b"a,b\n1,2\n3,4,5,6\n", "line 3 has 4 fields, the header 2"),
        ("e.csv", b"a,b\n1,2\n3\n", "line 3 has 1 fields, the header 2"),
        ("e.csv", b"a;label\nK\xf6ln;2\n", r"line 2 is not UTF-8 \(byte 0xf6\)"),
        ("e.csv", gzip.compress(b"a,b\n1,2\n3,4,5,6\n", mtime=0), "line 3 has 4 fields"),
        ("e.csv", b"a,b\n1,2\n", "no column 'label'"),
    ],
)
def test_what_is_no_data_set_is_one_clear_error(name, content, why, tmp_path):
    path = tmp_path / name
    path.write_bytes(content)

    with pytest.raises(DataError, match=why) as caught:
        read(path)

    assert "\n" not in caught.value.message
    assert "/proc/" not in caught.value.message
    assert "SELECT" not in caught.value.message


def test_a_missing_file_and_a_nearly_right_column_say_so(csv):
    with pytest.raises(DataError, match=r"\[data\] test = 'no.csv' cannot be read"):
        read(csv.with_name("no.csv"))
    with pytest.raises(DataError, match="no column 'lable'") as caught:
        read(csv, label="lable")
    assert "'label'" in caught.value.hint


def test_names_of_files_are_no_patterns_and_no_other_file_can_be_reached(tmp_path):
    for name in ("a[b].csv", "a*.csv", "it's.csv"):
        (tmp_path / name).write_text("x,label\n1,0\n")
        assert len(read(tmp_path / name)) == 1
    hostile = tmp_path / "h.csv"
    hostile.write_text('"x"" FROM read_csv(\'/etc/passwd\') --",label\n1,0\n')

    assert read(hostile).inputs.names == ("x\" FROM read_csv('/etc/passwd') --",)


def test_lists_in_a_parquet_are_named_not_flattened(tmp_path):
    path = tmp_path / "t.parquet"
    duckdb.sql(f"COPY (SELECT [1, 2] AS items, 1 AS label) TO '{path}'")

    with pytest.raises(DataError, match="'items' holds lists"):
        read(path)


def test_every_type_of_a_parquet_comes_as_one_of_ours(tmp_path):
    path = tmp_path / "t.parquet"
    columns = """1::TINYINT a, 2::UBIGINT b, 1.25::DECIMAL(9,2) c, 'x'::VARCHAR d,
        DATE '2020-01-02' e, true f, NULL::BOOLEAN g, NULL::INTEGER h, uuid() i,
        TIME '01:02:03' j"""
    duckdb.sql(f"COPY (SELECT {columns}, 1 AS label) TO '{path}'")

    frame = read(path).inputs

    kinds = {n: c.dtype.kind for n, c in zip(frame.names, frame.columns, strict=True)}
    assert kinds == dict(zip("abcdefghij", "iffOMbffOO", strict=True))


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_batches_are_the_whole_table_piece_by_piece(form, tmp_path):
    path = tmp_path / f"t.{form}"
    duckdb.sql(f"COPY (SELECT range AS a, range % 3 AS b FROM range(5000)) TO '{path}'")

    pieces = list(iter_batches(path, ["b", "a"], rows=1024))

    assert [len(piece) for piece in pieces] == [1024] * 4 + [904]
    assert np.concatenate([p["a"] for p in pieces]).tolist() == list(range(5000))
    assert pieces[0].names == ("b", "a")
    with pytest.raises(DataError, match="no column 'c'"):
        list(iter_batches(path, ["c"]))


def test_a_table_is_read_as_pandas_reads_it(shared):
    pandas = pytest.importorskip("pandas")
    path = shared / "data/german-credit/german.parquet"
    pytest.importorskip("pyarrow")

    ours, theirs = read_table(path, "parquet").frame, pandas.read_parquet(path)

    assert ours.names == tuple(theirs.columns)
    for name in ours.names:
        assert ours[name].tolist() == theirs[name].tolist()


@given(st.binary(max_size=200))
def test_any_bytes_are_a_table_or_one_clear_error(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("any") / "t"
    path.write_bytes(data)

    with contextlib.suppress(DataError):
        assert isinstance(read(path, label=None).inputs, Frame | np.ndarray)


@given(st.lists(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3)))
def test_any_values_become_a_column_of_their_length(values):
    try:
        column = column_of(values, "c")
    except DataError:
        return
    assert column.shape == (len(values),)
    assert column.dtype.kind in "bifO"


class Streamed:
    """A frame of some library: it gives an Arrow stream and nothing else."""

    def __init__(self, sql: str) -> None:
        self._rows = duckdb.connect().sql(sql)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._rows.__arrow_c_stream__(requested_schema)


def test_a_frame_of_any_library_is_the_data_set_that_its_file_would_be(csv, tmp_path):
    pandas = pytest.importorskip("pandas")
    parquet = tmp_path / "t.parquet"
    duckdb.connect().execute(f"COPY (SELECT * FROM read_csv('{csv}')) TO '{parquet}'")
    config = DataConfig(label="label", id="job")

    from_file = read_data("test", parquet.name, config, project(), tmp_path)
    streamed = Streamed(f"SELECT * FROM read_parquet('{parquet}')")
    frames = [streamed, pandas.DataFrame(duckdb.sql(f"FROM '{parquet}'").fetchnumpy())]
    pairs = [(data_of_frame("test", frame, config, project()), frame) for frame in frames]

    for data, _ in pairs:
        assert data.inputs.names == from_file.inputs.names
        assert [str(c) for c in data.inputs.columns] == [str(c) for c in from_file.inputs.columns]
        assert data.y.tolist() == from_file.y.tolist()
        assert data.ids.tolist() == from_file.ids.tolist()
    again = data_of_frame("test", Streamed(f"FROM read_parquet('{parquet}')"), config, project())
    other = data_of_frame(
        "test", Streamed("SELECT 1 AS a, 2 AS label, 3 AS job"), config, project()
    )
    assert again.digest == pairs[0][0].digest
    assert other.digest != again.digest


def test_a_frame_of_polars_needs_nothing_else(tmp_path):
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame({"a": [1, None], "b": ["x", None], "label": [True, False]})

    data = data_of_frame("test", frame, DataConfig(label="label"), project())

    assert data.y.tolist() == [True, False]
    assert data.inputs["b"].tolist() == ["x", None]


@pytest.mark.parametrize("table", [7, "SELECT 1", None, [1, 2], {"a": [1]}, np.zeros(3)])
def test_what_is_no_frame_is_refused(table):
    with pytest.raises(DataError, match="no data frame"):
        data_of_frame("test", table, DataConfig(label="label"), project())


def test_a_frame_of_lists_is_named_not_flattened():
    with pytest.raises(DataError, match="'a' holds lists"):
        data_of_frame("test", Streamed("SELECT [1, 2] AS a"), DataConfig(), project())


@pytest.mark.slow
def test_many_rows_are_counted_in_little_memory(tmp_path):
    """Ten million rows have 80 MB a column; the process that counts them stays below 400 MB."""
    parquet = tmp_path / "t.parquet"
    made = "SELECT (range % 7)::BIGINT AS g, hash(range) AS h FROM range(10000000)"
    duckdb.connect().execute(f"COPY ({made}) TO '{parquet}'")
    code = (
        "import pathlib, re, sys\n"
        "from modelwarden.targets.reading.tables import iter_batches\n"
        "rows = sum(len(f) for f in iter_batches(pathlib.Path(sys.argv[1]), ['g'], 1 << 18))\n"
        # `ru_maxrss` would still hold the peak of the process that started this one.
        "status = pathlib.Path('/proc/self/status').read_text()\n"
        "print(rows, int(re.search(r'VmHWM:\\s+(\\d+)', status)[1]) >> 10)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(parquet)], capture_output=True, text=True, check=True
    )
    rows, megabytes = map(int, done.stdout.split())
    assert rows == 10_000_000
    assert megabytes < 400


@pytest.mark.parametrize("form", ["parquet", "csv", "csv.gz"])
def test_of_too_many_rows_evenly_spaced_ones_are_read_and_it_is_said(tmp_path, form, monkeypatch):
    path = tmp_path / f"test.{form}"
    how = "FORMAT parquet" if form == "parquet" else "FORMAT csv, HEADER"
    query = "SELECT i AS a, i % 2 AS label FROM range(1009) AS t(i)"
    duckdb.sql(f"COPY ({query}) TO '{path}' ({how})")
    whole, asked = read(path), read(path, rows=100)
    monkeypatch.setattr("modelwarden.targets.reading.tables.MOST_CELLS", 40)

    bounded = read(path)

    assert len(whole) == 1009
    assert whole.part == ""
    assert asked.inputs["a"].tolist() == list(range(5, 1009, 11))  # 11: a prime
    assert asked.y.tolist() == [a % 2 for a in range(5, 1009, 11)]
    assert asked.part == "1 row of every 11 of 1,009, from row 5 on"
    assert "row r here is row 11 r + 5 of the file" in asked.notes[-1]
    assert len(bounded) == 1009 // 53
    assert whole.digest == asked.digest


def test_a_label_that_is_another_array_than_y_is_told_and_not_passed_over(tmp_path):
    np.savez(tmp_path / "t.npz", x=np.eye(3), y=np.arange(3), outcome=np.arange(3))

    with pytest.raises(DataError, match=r"its array y, and \[data\] label = 'outcome'"):
        read(tmp_path / "t.npz", "vector", label="outcome")


def test_rows_without_a_value_and_lines_without_end_are_refused(tmp_path, monkeypatch):
    np.savez(tmp_path / "x.npz", x=np.zeros((5, 0)), y=np.zeros(5))
    (tmp_path / "x.jsonl").write_text('{"a": 1, "label": 0}\n' * 4)
    monkeypatch.setattr("modelwarden.targets.reading.lines._LARGEST", 50)

    with pytest.raises(DataError, match="rows of no value"):
        read(tmp_path / "x.npz", "vector", label=None)
    with pytest.raises(DataError, match="too many for JSON lines"):
        read(tmp_path / "x.jsonl")


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        ([2**64 - 1, 0, 2**64 - 1], [float(2**64), 0.0, float(2**64)]),
        ([2**64 - 1, 2**64 - 2, 0], [str(2**64 - 1), str(2**64 - 2), "0"]),
    ],
)
def test_labels_that_no_signed_number_holds_neither_turn_negative_nor_meet(tmp_path, labels, told):
    np.savez(tmp_path / "test.npz", x=np.zeros((3, 2)), y=np.array(labels, np.uint64))
    project = ProjectConfig(name="x", task=Task.MULTICLASS, modality=Modality.VECTOR)

    data = read_data("test", "test.npz", DataConfig(test="test.npz"), project, tmp_path)

    assert data.y.tolist() == told
