"""What `init` looks at: each file alone, whatever its name or what it unpacks to."""

import bz2
import gzip
import lzma
import pickle
import zlib

import duckdb
import pytest
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from modelwarden.gate.look import look

NAMES = ["data*.csv", "[a-z]ata.csv", "{data}.csv", "dat?.csv", "it's.csv", "fold*/data.csv"]


@pytest.mark.parametrize("name", NAMES)
def test_a_file_is_read_alone_also_where_its_name_is_a_pattern(tmp_path, name):
    (tmp_path / "folder").mkdir()
    for other, rows in (("data.csv", 7), ("folder/data.csv", 9)):
        (tmp_path / other).write_text("a,b\n" + "1,x\n" * rows)
    place = tmp_path / name
    place.parent.mkdir(exist_ok=True)
    place.write_text("a,b\n" + "1,x\n" * 3)

    rows = {table.path: table.rows for table in look(tmp_path).tables}

    assert rows == {"data.csv": 7, "folder/data.csv": 9, name: 3}


def test_a_table_that_unpacks_to_more_than_memory_is_told_as_unread(tmp_path):
    with duckdb.connect() as connection:
        connection.execute(
            "COPY (SELECT repeat('A', 100000) AS words FROM range(40000)) "
            f"TO '{tmp_path / 'bomb.parquet'}' (FORMAT parquet)"
        )

    seen = look(tmp_path)

    assert (tmp_path / "bomb.parquet").stat().st_size < 1 << 20
    assert [(name, "memory" in why.lower()) for name, why in seen.unread] == [
        ("bomb.parquet", True)
    ]


def test_of_a_table_with_very_many_columns_the_first_and_the_last_are_looked_at(tmp_path):
    names = [f"g{i}" for i in range(3_000)]
    lines = [",".join([*names, "label"]), ",".join(["1"] * 3_000 + ["yes"])]
    (tmp_path / "genes.csv").write_text("\n".join(lines) + "\n")

    (table,) = look(tmp_path).tables

    assert len(table.columns) == 1_000
    assert [c.name for c in table.columns[-2:]] == ["g998", "label"]


@pytest.mark.parametrize("pack", [zlib.compress, gzip.compress, bz2.compress, lzma.compress])
def test_a_compressed_pickle_of_a_model_is_a_model_and_of_other_things_is_none(tmp_path, pack):
    (tmp_path / "model.joblib").write_bytes(pack(pickle.dumps(DecisionTreeClassifier())))
    (tmp_path / "scaler.joblib").write_bytes(pack(pickle.dumps(StandardScaler())))
    (tmp_path / "words.bin").write_bytes(pack(pickle.dumps({"some": "words"})))

    found = {model.path: (model.adapter, model.step) for model in look(tmp_path).models}

    assert found == {
        "model.joblib": ("sklearn", None),
        "scaler.joblib": ("sklearn", "StandardScaler"),
    }
