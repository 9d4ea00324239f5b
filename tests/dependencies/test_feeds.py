from __future__ import annotations

import gzip
import io
import json
import zipfile

import pytest

from modelwarden.core import InputError
from modelwarden.dependencies.feeds import records
from osvdata import lines, record

ONE, TWO = record("PYSEC-1"), record("PYSEC-2")
YAML = """
id: PYSEC-3
modified: "2026-01-01T00:00:00Z"
details: |
  first line
  second line
affected:
- package: {name: torch, ecosystem: PyPI}
  versions: ["1.0", "1.10"]
"""


def ids(path) -> list[str]:
    return [r["id"] for r in records(path)]


def zipped(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name.replace("_", "."), data)
    return out.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        lines(ONE, TWO),
        gzip.compress(lines(ONE, TWO)),
        json.dumps([ONE, TWO], indent=1).encode(),
        zipped(a_json=lines(ONE), b_json=lines(TWO), readme_txt=b"words"),
    ],
    ids=["lines", "gzip", "array", "zip"],
)
def test_a_feed_is_told_by_its_content(tmp_path, data):
    path = tmp_path / "feed"
    path.write_bytes(data)

    assert ids(path) == ["PYSEC-1", "PYSEC-2"]


def test_a_checked_out_tree_gives_its_records_and_nothing_else(tmp_path):
    for name, data in {
        "vulns/torch/PYSEC-1.json": json.dumps(ONE),
        "vulns/torch/PYSEC-3.yaml": YAML,
        "package.json": '{"name": "site"}',
        ".github/workflows/ci.yaml": "id: 1\naffected: 2\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(data)

    found = list(records(tmp_path))

    assert [r["id"] for r in found] == ["PYSEC-1", "PYSEC-3"]
    assert found[1]["affected"][0]["versions"] == ["1.0", "1.10"]
    assert found[1]["details"] == "first line\nsecond line\n"


@pytest.mark.parametrize(
    "data",
    [
        gzip.compress(lines(ONE, TWO))[:-12],
        lines(ONE, TWO)[:-20],
        zipped(a_json=lines(ONE))[:-30],
        lines(ONE) + b"[" * 100_000,
        b"\xff\xfe\x00",
        b"",
    ],
    ids=["cut gzip", "cut line", "cut zip", "deep", "binary", "empty"],
)
def test_a_feed_that_breaks_off_is_refused(tmp_path, data):
    path = tmp_path / "feed"
    path.write_bytes(data)

    with pytest.raises(InputError):
        list(records(path))


def test_a_feed_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match="nowhere"):
        list(records(tmp_path / "nowhere"))


def test_yaml_that_nests_without_end_is_refused(tmp_path):
    (tmp_path / "a.yaml").write_text("[" * 5_000)

    # By us, or by a version of the parser that has a limit of its own.
    with pytest.raises(InputError, match=r"nested deeper|nesting depth"):
        list(records(tmp_path / "a.yaml"))
