"""Data that were frozen: whatever is changed afterwards is found, and named."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.sets import column
from modelwarden.data.frozen.compare import compare
from modelwarden.data.frozen.digests import column_digest, digests_of, row_marks
from modelwarden.data.frozen.manifest import ManifestError, decode, encode

HEAD = "age,town,label"
ROWS = [f"{20 + i % 50},{'abc'[i % 3]}{i},{i % 2}" for i in range(200)]


def write(path, rows=ROWS, head=HEAD):
    path.write_text("\n".join([head, *rows]) + "\n")
    return path


def frozen(*paths):
    return encode([f for path in paths for f in digests_of(path, path.name)])[0]


def after(manifest, *paths, places=()):
    files = [f for path in paths for f in digests_of(path, path.name)]
    return compare(decode(manifest), files, places)


def kinds(compared):
    return [d.kind for d in compared.differences]


def test_what_was_not_changed_is_unchanged(tmp_path):
    path = write(tmp_path / "train.csv")

    compared = after(frozen(path), path)

    assert compared.differences == ()
    assert compared.unchecked == ()


def test_changed_cells_are_named_by_column_and_counted_by_row(tmp_path):
    path = write(tmp_path / "train.csv")
    manifest = frozen(path)
    rows = ROWS.copy()
    for i in (3, 50, 199):
        rows[i] = rows[i][:-1] + str(1 - int(rows[i][-1]))
    write(path, rows)

    (found,) = after(manifest, path).differences

    assert (found.kind, found.columns, found.rows) == ("changed", ("label",), 3)
    assert found.first == (3, 50, 199)
    assert "3 of 200 rows changed in column label" in found.told


@pytest.mark.parametrize(
    ("rows", "head", "expected"),
    [
        ([*ROWS, "44,x,1", "45,y,0"], HEAD, [("rows added", 2)]),
        (ROWS[5:], HEAD, [("rows removed", 5)]),
        ([*ROWS[:7], *ROWS[8:]], HEAD, [("rows removed", 1)]),
        (ROWS[::-1], HEAD, [("rows reordered", 200)]),
        ([f"{row},1" for row in ROWS], f"{HEAD},leak", [("column added", None)]),
        ([row[: row.rindex(",")] for row in ROWS], "age,town", [("column removed", None)]),
        ([row.replace(",", ", ", 1) for row in ROWS], HEAD, [("changed", 200)]),
        ([row.replace(",", ".0,", 1) for row in ROWS], HEAD, [("column type", None)]),
    ],
)
def test_every_kind_of_change_has_its_name(tmp_path, rows, head, expected):
    path = write(tmp_path / "train.csv")
    manifest = frozen(path)
    write(path, rows, head)

    found = [(d.kind, d.rows) for d in after(manifest, path).differences]

    assert found[: len(expected)] == expected


def test_rows_are_named_where_they_stand_and_removed_ones_where_they_stood(tmp_path):
    path = write(tmp_path / "train.csv")
    manifest = frozen(path)
    write(path, [*ROWS[:7], *ROWS[9:], "44,x,1"])

    added, removed = after(manifest, path).differences

    assert (added.first, removed.first) == ((198,), (7, 8))
    assert added.told == "rows added or changed: 1 (at 198); 199 rows now, 200 before"
    assert removed.told == "rows removed or changed: 2 (at 7, 8); 199 rows now, 200 before"


def test_other_bytes_with_the_same_values_are_said_to_be_that(tmp_path):
    path = write(tmp_path / "train.csv")
    manifest = frozen(path)
    path.write_text(path.read_text().replace("\n", "\r\n"), newline="")

    assert kinds(after(manifest, path)) == ["rewritten"]


def test_names_that_hold_half_a_character_are_frozen_as_others(tmp_path):
    path = tmp_path / "odd-\udcff.jsonl"
    path.write_text('{"\\ud800": 1, "b": "\\udfff"}\n{"\\ud800": 2, "b": "x"}\n')
    manifest = frozen(path)

    assert kinds(after(manifest, path)) == []
    path.write_text(path.read_text().replace("2", "3"))
    (changed,) = after(manifest, path).differences
    assert (changed.kind, changed.columns) == ("changed", ("\ud800",))


def test_arrays_folders_and_unknown_bytes_are_frozen_too(tmp_path):
    rng = np.random.default_rng(0)
    x, y = rng.random((50, 4, 4)), rng.integers(0, 3, 50)
    np.savez(tmp_path / "a.npz", x=x, y=y)
    (tmp_path / "pages" / "b").mkdir(parents=True)
    (tmp_path / "pages/b/1.html").write_text("<p>one</p>")
    (tmp_path / "pages/b/2.html").write_text("<p>two</p>")
    (tmp_path / "odd.bin").write_bytes(b"\0\1\2" * 9)
    paths = [tmp_path / name for name in ("a.npz", "pages", "odd.bin")]
    manifest = frozen(*paths)
    y[7] = 9
    np.savez(tmp_path / "a.npz", x=x, y=y)
    (tmp_path / "pages/b/2.html").unlink()
    (tmp_path / "pages/b/3.html").write_text("<p>new</p>")
    (tmp_path / "odd.bin").write_bytes(b"\0\1\3" * 9)

    compared = after(manifest, *paths, places=["pages"])

    found = {(d.file, d.kind, d.columns) for d in compared.differences}
    assert found == {
        ("a.npz", "changed", ("y",)),
        ("pages/b/3.html", "not frozen", ()),
        ("odd.bin", "changed", ()),
        ("pages/b/2.html", "missing", ()),
    }


def test_a_file_elsewhere_is_found_by_its_name_and_one_left_out_is_said(tmp_path):
    one, two = write(tmp_path / "one.csv"), write(tmp_path / "two.csv", ROWS[:9])
    manifest = frozen(one, two)
    (tmp_path / "copy").mkdir()
    moved = write(tmp_path / "copy" / "one.csv")

    compared = compare(decode(manifest), list(digests_of(moved, "copy/one.csv")), [])

    assert compared.differences == ()
    assert compared.unchecked == ("two.csv",)


def test_equal_values_have_equal_digests_whatever_holds_them():
    numbers = np.array([1.0, np.nan, -0.0])
    other = np.array([1.0, -np.nan, 0.0], np.float32)

    assert column_digest("a", numbers) == column_digest("a", other)
    assert column_digest("a", np.array([1, 2], np.int8)) == column_digest("a", np.array([1, 2]))
    assert column_digest("a", column(["x", None])) != column_digest("a", column(["x", ""]))
    assert column_digest("a", column(["ab", "c"])) != column_digest("a", column(["a", "bc"]))


@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from("xyz")), min_size=1, max_size=30))
def test_equal_rows_have_equal_marks_and_others_do_not(rows):
    marks = row_marks([np.array([n for n, _ in rows]), column([w for _, w in rows])], len(rows))

    assert len(set(marks.tolist())) == len(set(rows))


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.pop("predicate"),
        lambda d: d.update(predicateType="other"),
        lambda d: d["predicate"].update(files=[]),
        lambda d: d["predicate"]["files"].append(d["predicate"]["files"][0]),
        lambda d: d["predicate"]["files"][0].update(marks="!!"),
        lambda d: d["predicate"]["files"][0].update(marks="AAAA"),
        lambda d: d["predicate"]["files"][0].update(size=-1),
        lambda d: d["predicate"]["files"][0].update(columns=[3]),
        lambda d: d["predicate"]["files"][0].update(rows=True),
    ],
)
def test_what_is_no_manifest_is_refused(tmp_path, change):
    document = json.loads(frozen(write(tmp_path / "train.csv")))
    change(document)

    with pytest.raises(ManifestError):
        decode(json.dumps(document).encode())


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_with_an_error_of_ours(data):
    with pytest.raises(ManifestError):
        decode(data)


def test_a_signed_manifest_holds_for_its_key_only(tmp_path):
    pytest.importorskip("cryptography")
    from artifacts.signing.keymaking import make_keys

    path = write(tmp_path / "train.csv")
    private, public = make_keys(tmp_path / "keys")
    _, stranger = make_keys(tmp_path / "others")
    made, signer = encode(list(digests_of(path, path.name)), private)
    forged = made.replace(made[100:104], b"AAAA", 1)

    assert decode(made, public).signer == signer
    assert decode(made, public).broken is None
    assert "not one of this key" in decode(made, stranger).broken
    assert decode(frozen(path), public).broken == "it is not signed"
    with pytest.raises(ManifestError):
        decode(forged[:-40], public)
