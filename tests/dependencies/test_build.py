from __future__ import annotations

import json
import resource
import signal
import sqlite3
import subprocess
import sys
import time

import pytest

from modelwarden.core import InputError, OutputError
from modelwarden.dependencies.build import build
from modelwarden.dependencies.feeds import records
from modelwarden.dependencies.index import AdvisoryIndexError, Index
from osvdata import index_of, names, record


def held(folder):
    return sorted(path.name for path in folder.iterdir())


def test_seven_thousand_records_are_imported_in_five_cpu_seconds(shared, tmp_path):
    path = tmp_path / "advisories.sqlite"
    feed = shared / "data" / "advisories" / "pypa-osv-full.jsonl.gz"
    began = time.process_time()

    counts = build(records(feed), path)

    assert time.process_time() - began < 5
    assert [(c.ecosystem, c.records, c.withdrawn) for c in counts] == [("PyPI", 7080, 269)]
    with Index(path) as index:
        assert index.data.records == 7080
        assert index.data.date == "2026-07-23T14:34:38Z"
        assert len(index.rows("tensorflow")) == 427


def test_the_digest_does_not_depend_on_the_order_of_records(tmp_path):
    one, two = record("PYSEC-1"), record("PYSEC-2")

    with Index(index_of(tmp_path, one, two)) as index:
        first = index.data
    with Index(index_of(tmp_path, two, one)) as index:
        assert index.data == first


def test_a_withdrawn_record_is_counted_and_silent(tmp_path):
    path = index_of(tmp_path, record("PYSEC-1", withdrawn="2026-01-01T00:00:00Z"))

    assert names(path, "torch") == []
    with Index(path) as index:
        assert [(c.records, c.withdrawn) for c in index.counts()] == [(1, 1)]


def test_records_merge_by_id_and_the_newest_counts(tmp_path):
    path = index_of(tmp_path, record("PYSEC-1"), record("PYSEC-2"))
    newer = record("PYSEC-1", modified="2026-02-01T00:00:00Z", withdrawn="2026-02-01T00:00:00Z")

    build([newer], path)
    build([record("PYSEC-1")], path)

    assert names(path, "torch") == ["PYSEC-2"]


def test_a_record_from_the_future_neither_freshens_the_index_nor_blocks_its_successor(tmp_path):
    future = record("PYSEC-1", modified="2999-01-01T00:00:00Z")
    path = index_of(tmp_path, future, record("PYSEC-2"))

    with Index(path) as index:
        assert index.data.date == "2026-01-01T00:00:00Z"
    build([record("PYSEC-1", withdrawn="2026-01-01T00:00:00Z")], path)
    assert names(path, "torch") == ["PYSEC-2"]


def test_ecosystems_are_kept_apart(tmp_path):
    path = index_of(
        tmp_path,
        record("PYSEC-1", "Requests"),
        record("GHSA-1", "requests", ecosystem="npm"),
        record("DSA-1", "requests", ecosystem="Debian:12", events=[("introduced", "0")]),
    )

    assert names(path, "requests") == ["PYSEC-1"]
    assert names(path, "requests", "npm") == ["GHSA-1"]
    with Index(path) as index:
        assert [c.ecosystem for c in index.counts()] == ["Debian", "PyPI", "npm"]


@pytest.mark.parametrize(
    "broken", [{}, [], "words", {"id": "PYSEC-2"}, {**record(), "id": "a\nb"}, {"id": 3}]
)
def test_a_broken_record_ends_the_import_and_leaves_the_index(tmp_path, broken):
    path = index_of(tmp_path, record("PYSEC-1"))
    before = path.read_bytes()

    with pytest.raises(InputError):
        build([record("PYSEC-9"), broken], path)

    assert path.read_bytes() == before
    assert held(tmp_path) == [path.name]


def test_what_a_record_says_in_a_wrong_shape_is_left_out(tmp_path):
    odd = record("PYSEC-1", aliases="CVE-1", severity=[{"type": "CVSS_V3", "score": 9}, 4])
    odd["affected"] += [None, {"package": "torch"}, {"package": {"name": "x"}}]

    assert names(index_of(tmp_path, odd), "torch") == ["PYSEC-1"]


def test_an_import_of_nothing_is_refused(tmp_path):
    with pytest.raises(InputError, match="no OSV record"):
        build([], tmp_path / "advisories.sqlite")


def test_an_index_that_cannot_be_read_is_not_merged_with(tmp_path):
    path = tmp_path / "advisories.sqlite"
    path.write_bytes(b"SQLite format 3\0 but no more")

    with pytest.raises(AdvisoryIndexError) as caught:
        build([record()], path)

    assert "--replace" in caught.value.hint
    build([record()], path, replace=True)
    assert names(path, "torch") == ["PYSEC-1"]


def test_a_full_disk_leaves_the_old_index(tmp_path):
    path = index_of(tmp_path, record("PYSEC-1"))
    before = path.read_bytes()
    feed = tmp_path / "feed.jsonl"
    feed.write_text("")
    with feed.open("a") as stream:
        for n in range(2_000):
            stream.write(json.dumps(record(f"PYSEC-{n}", versions=[f"{n}.0"] * 3)) + "\n")
    limit = 64 << 10

    done = subprocess.run(
        [sys.executable, "-m", "modelwarden", "advisories", "import", feed, "--advisories", path],
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )

    assert done.returncode == 2
    assert "cannot write the advisory index" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert path.read_bytes() == before
    assert held(tmp_path) == ["advisories.sqlite", "feed.jsonl"]


def test_a_folder_that_cannot_be_written_is_an_output_error(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(OutputError):
        build([record()], tmp_path / "file" / "advisories.sqlite")


def test_an_interrupted_import_leaves_the_old_index(tmp_path):
    path = index_of(tmp_path, record("PYSEC-1"))

    def feed():
        yield record("PYSEC-2")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build(feed(), path)
    assert names(path, "torch") == ["PYSEC-1"]
    assert held(tmp_path) == [path.name]


IMPORT = [sys.executable, "-m", "modelwarden", "advisories", "import", "--advisories"]


def test_a_killed_import_leaves_the_old_index_and_the_next_one_clears_up(tmp_path):
    path = index_of(tmp_path, record("PYSEC-1"))
    feed = tmp_path / "feed"
    line = json.dumps(record("PYSEC-2-0"))
    feed.write_text("".join(f"{line.replace('-2-0', f'-2-{n}')}\n" for n in range(100_000)))
    process = subprocess.Popen([*IMPORT, path, feed], stderr=subprocess.DEVNULL)
    while process.poll() is None and not any(name.endswith(".tmp") for name in held(tmp_path)):
        time.sleep(0.01)
    process.kill()

    assert process.wait() == -signal.SIGKILL  # it was at work
    assert names(path, "torch") == ["PYSEC-1"]
    assert any(name.endswith(".tmp") for name in held(tmp_path))
    build([record("PYSEC-3")], path)
    assert names(path, "torch") == ["PYSEC-1", "PYSEC-3"]
    assert held(tmp_path) == ["advisories.sqlite", "feed"]


def test_imports_at_the_same_time_lose_nothing(tmp_path):
    path = index_of(tmp_path, record("PYSEC-0"))
    feeds = [tmp_path / f"{n}.jsonl" for n in range(1, 4)]
    for n, feed in enumerate(feeds, 1):
        feed.write_text("".join(json.dumps(record(f"PYSEC-{n}{k}")) + "\n" for k in range(300)))

    running = [subprocess.Popen([*IMPORT, path, feed]) for feed in feeds]

    assert [process.wait() for process in running] == [0, 0, 0]
    assert len(names(path, "torch")) == 901


def test_the_index_is_plain_sqlite(tmp_path):
    db = sqlite3.connect(index_of(tmp_path, record("PYSEC-1")))

    assert db.execute("SELECT count(*) FROM advisory").fetchone() == (1,)
    db.close()
