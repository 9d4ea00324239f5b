"""Imports: counts carry over, contradictions and gaps are told, hostile files do no harm."""

from __future__ import annotations

import json
import struct
import sys
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwarden.core import InputError
from modelwarden.redteam.imports import report_of
from modelwarden.redteam.imports.reading import NotReadableError
from redteam.imports import files


def rates(report):
    return {
        tuple(m.group.values()): (m.name, round(m.value, 3), m.n)
        for m in report.measurements
        if m.group is not None
    }


def whys(report):
    return [gap.why for gap in report.gaps]


def _say_zstandard(data, sizes):
    """Have the headers of stored members say that they are compressed by method 93."""
    for mark, method, size, name in ((b"PK\x03\x04", 8, 22, 30), (b"PK\x01\x02", 10, 24, 46)):
        at = data.find(mark)
        while at >= 0:
            length = struct.unpack_from("<H", data, at + name - (4 if name == 30 else 18))[0]
            member = bytes(data[at + name : at + name + length]).decode()
            struct.pack_into("<H", data, at + method, 93)
            struct.pack_into("<I", data, at + size, sizes[member])
            at = data.find(mark, at + 4)


def test_a_garak_report_is_counted_by_probe_and_detector(tmp_path):
    report = report_of(files.garak(tmp_path))

    key = ("encoding.InjectBase64", "encoding.DecodeMatch")
    assert rates(report) == {key: ("attack_success_rate", 0.3, 10)}
    total, one = report.measurements
    assert one.low < 0.3 < one.high
    assert (total.group, total.value, total.n) == (None, 0.3, 10)
    assert [f.rule for f in report.findings] == ["imported-failures"]
    assert report.gaps == ()
    assert (report.subject.name, report.stages) == ("rest shop", ("redteam",))


def test_no_failure_is_no_finding(tmp_path):
    report = report_of(files.garak(tmp_path, fails=0))

    assert report.findings == ()
    assert report.measurements[0].high > 0


def test_the_counts_of_older_garaks_are_read_too(tmp_path):
    old = {"entry_type": "eval", "probe": "dan.Dan", "detector": "detector.dan.DAN"}
    report = report_of(files.garak(tmp_path, entries=[{**old, "passed": 1, "total": 4}]))

    assert rates(report)["dan.Dan", "dan.DAN"] == ("attack_success_rate", 0.75, 4)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"end": False}, "did not come to its end"),
        (
            {
                "entries": [
                    {
                        "entry_type": "eval",
                        "probe": "encoding.InjectBase64",
                        "detector": "encoding.DecodeMatch",
                        "passed": 10,
                        "total_evaluated": 10,
                    }
                ]
            },
            "counts 20 outputs, its attempts 10",
        ),
        ({"entries": [{"entry_type": "eval", "probe": "x", "passed": 9, "total": 3}]}, "cannot be"),
        (
            {"entries": [{"entry_type": "eval", "probe": "x", "passed": -1, "total": 3}]},
            "cannot be",
        ),
        (
            {
                "entries": [
                    {
                        "entry_type": "eval",
                        "probe": "x",
                        "detector": "y",
                        "passed": 1,
                        "nones": 2,
                        "total_evaluated": 1,
                    }
                ]
            },
            "2 tests have no outcome",
        ),
        (
            {"entries": [{"entry_type": "attempt", "status": 1, "probe_classname": "x"}]},
            "1 were begun and not judged",
        ),
    ],
)
def test_what_a_garak_report_lacks_or_contradicts_is_a_gap(tmp_path, given, why):
    report = report_of(files.garak(tmp_path, **given))

    assert any(why in one for one in whys(report))
    assert report.stages == ()


def test_a_promptfoo_red_team_run_is_counted_by_plugin(tmp_path):
    report = report_of(files.promptfoo(tmp_path))

    assert rates(report) == {("prompt-extraction", "base64"): ("attack_success_rate", 0.4, 5)}
    assert whys(report) == ["1 tests have no outcome: they are neither passed nor failed"]
    assert report.findings[0].evidence["examples"] == ["id0", "id1"]


def test_a_plain_promptfoo_run_accuses_nobody(tmp_path):
    report = report_of(files.promptfoo(tmp_path, plugins=False))

    assert rates(report) == {("greets",): ("accuracy", 0.6, 5)}
    assert report.findings == ()


def test_promptfoo_stats_that_differ_are_a_gap(tmp_path):
    report = report_of(files.promptfoo(tmp_path, stats={"successes": 6, "failures": 0}))

    assert any("not those of the entries" in why for why in whys(report))


def test_an_inspect_log_is_counted_by_scorer_in_the_direction_that_is_said(tmp_path):
    path = files.inspect(tmp_path)

    plain, attacks = report_of(path), report_of(path, attacks=True)

    assert rates(plain) == {("injection", "match"): ("accuracy", 0.7, 10)}
    assert plain.findings == ()
    assert rates(attacks) == {("injection", "match"): ("attack_success_rate", 0.7, 10)}
    assert [f.rule for f in attacks.findings] == ["imported-failures"]


def test_an_inspect_run_that_failed_is_a_gap(tmp_path):
    assert "its status is error" in whys(report_of(files.inspect(tmp_path, status="error")))
    assert report_of(files.inspect(tmp_path, samples=[])).gaps


def test_a_log_in_an_archive_is_counted_by_every_part_of_a_score(tmp_path):
    report = report_of(files.inspect_archive(tmp_path), attacks=True)

    assert rates(report) == {
        ("injection", "judge/harmful"): ("attack_success_rate", 0.667, 3),
        ("injection", "judge/refused"): ("attack_success_rate", 0.333, 3),
    }
    assert report.gaps == ()
    assert report.subject.name == "openai/shop"


def test_an_archive_says_the_same_in_zstandard(tmp_path):
    zstd = pytest.importorskip(
        "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd"
    )
    path = files.inspect_archive(tmp_path)
    plain = report_of(path)
    with zipfile.ZipFile(path) as archive:
        told = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in told.items():
            archive.writestr(name, zstd.compress(data))
    data = bytearray(path.read_bytes())
    _say_zstandard(data, {name: len(raw) for name, raw in told.items()})
    path.write_bytes(data)

    assert rates(report_of(path)) == rates(plain)
    assert report_of(path).gaps == ()


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"header": "_journal/start.json"}, "its status is started"),
        ({"told": 9}, "its results tell of 9, the log holds 3"),
        ({"samples": 0}, "the log holds no samples"),
        ({"extra": {"samples/x.json": "{"}}, "it is no JSON object"),
        ({"extra": {"samples/x.json": "[1]"}}, "it is no JSON object"),
    ],
)
def test_what_an_archive_lacks_or_contradicts_is_a_gap(tmp_path, given, why):
    report = report_of(files.inspect_archive(tmp_path, **given))

    assert any(why in one for one in whys(report))
    assert report.stages == ()


def test_a_damaged_sample_of_an_archive_takes_no_other_with_it(tmp_path):
    path = files.inspect_archive(tmp_path)
    with zipfile.ZipFile(path) as archive:
        at = archive.getinfo("samples/1_epoch_1.json").header_offset
    data = bytearray(path.read_bytes())
    start = at + 30 + len("samples/1_epoch_1.json")
    data[start : start + 20] = b"\xff" * 20
    path.write_bytes(data)

    report = report_of(path)

    assert [gap.what.rpartition(": ")[2] for gap in report.gaps][:1] == ["samples/1_epoch_1.json"]
    assert {n for _, _, n in rates(report).values()} == {2}


@pytest.mark.parametrize(
    "given", [{"header": ""}, {"header": "", "extra": {"header.json": "[]"}}, {"header": "x.json"}]
)
def test_an_archive_that_is_no_log_is_one_line(tmp_path, given):
    with pytest.raises(NotReadableError, match="no log of Inspect"):
        report_of(files.inspect_archive(tmp_path, **given))


def test_an_archive_that_expands_beyond_measure_is_one_line(tmp_path):
    with pytest.raises(NotReadableError, match="expansion ratio"):
        report_of(files.inspect_archive(tmp_path, extra={"samples/x.json": b" " * (64 << 20)}))


def test_promptfoo_lines_are_counted_and_what_they_cannot_tell_is_said(tmp_path):
    report = report_of(files.promptfoo_lines(tmp_path))

    assert rates(report) == {("prompt-extraction", "base64"): ("attack_success_rate", 0.4, 5)}
    assert any("whether the run came to its end" in note for note in report.run.notes)
    assert "1 entries tell no outcome" in whys(
        report_of(files.promptfoo_lines(tmp_path, more='{"succ'))
    )


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"PK\x03\x04",
        b"PK\x03\x04" + b"\0" * 400,
        b"{",
        b"[]",
        b'{"a": 1}',
        b'{"results": 3}',
        b"[" * 200_000,
        b'{"eval": {"a": ' * 50_000,
        b"\xff\xfe\x00",
        b'{"eval": 3, "status": "success"}',
    ],
)
def test_what_is_no_result_is_one_line(tmp_path, data):
    path = tmp_path / "x.json"
    path.write_bytes(data)

    with pytest.raises(InputError) as told:
        report_of(path)
    assert "\n" not in told.value.message


def test_a_folder_or_nothing_is_one_line(tmp_path):
    for path in (tmp_path, tmp_path / "nobody"):
        with pytest.raises(NotReadableError):
            report_of(path)


def test_names_of_a_hostile_file_stay_short_and_printable(tmp_path):
    entry = {"entry_type": "eval", "probe": "\x1b[31m\n" + "p" * 10_000, "passed": 0, "total": 2}

    report = report_of(files.garak(tmp_path, entries=[entry]))

    assert all(len(f.message) < 600 and f.message.isprintable() for f in report.findings)


leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                "success failureReason error gradingResult provider id testCase metadata pluginId "
                "scores value entry_type probe passed total status detector_results".split()
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=60)
@given(entry=values)
def test_any_entry_is_survived(tmp_path_factory, entry):
    folder = tmp_path_factory.mktemp("any")

    report_of(files.promptfoo(folder, extra=[entry]))
    report_of(files.inspect(folder, samples=[entry]))
    report_of(files.garak(folder, entries=[entry]))


def test_nan_is_a_missing_value(tmp_path):
    samples = [{"id": 1, "scores": {"s": {"value": float("nan")}}, "error": None}]
    path = files.inspect(tmp_path, samples=samples)
    assert "NaN" in path.read_text()

    report = report_of(path)

    assert report.measurements == ()
    assert json.dumps(whys(report)).count("no outcome") == 1
