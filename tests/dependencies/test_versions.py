from __future__ import annotations

import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from modelwarden.dependencies.osv import parse
from modelwarden.dependencies.versions import Answer, affects, canonical, fixes, is_listed

YES, NO, UNKNOWN = Answer.YES, Answer.NO, Answer.UNKNOWN


def listed(*versions: str) -> str:
    return "\n".join(("", *map(canonical, versions), ""))


def answer(version: str, *events: tuple[str, str], versions: tuple[str, ...] = ()) -> Answer:
    kinds = {"introduced": "i", "fixed": "f", "last_affected": "l", "limit": "m"}
    ranges = [[(kinds[kind], at) for kind, at in events]] if events else []
    return affects(version, ranges, listed(*versions) if versions else "")


@pytest.mark.parametrize(
    ("version", "spelled"),
    [
        ("3.6.0", "3.6"),
        ("4.30", "4.30.0"),
        ("v1.0-RC1", "1.0rc1"),
        ("1.0.0.post1", "1.0-1"),
        ("1.0.DEV3", "1.dev3"),
        ("1!1.0", "1!1"),
        ("1.13.1+cu117", "1.13.1"),
        ("1.0+Local.1", "1.0+local-1"),
    ],
)
def test_a_listed_version_is_found_however_it_is_spelled(version, spelled):
    assert is_listed(version, listed("0.1", spelled, "99"))


def test_a_listed_build_is_not_another_build_nor_the_release():
    assert not is_listed("2.6.0+cu126", listed("2.6.0+cu124"))
    assert not is_listed("2.6.0", listed("2.6.0+cu124"))


def test_a_version_is_no_part_of_another():
    assert not is_listed("1.1", listed("1.10", "11.1"))


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("0.dev0", YES),
        ("2.3.0.dev0", YES),
        ("2.6.0a0+git123", YES),
        ("2.5.9+cu117", YES),
        ("2.6.0", NO),
        ("2.6.0+cu117", NO),
        ("2.6.0.post1", NO),
    ],
)
def test_the_fix_is_outside_and_what_comes_before_it_is_inside(version, expected):
    assert answer(version, ("introduced", "0"), ("fixed", "2.6.0")) is expected


@pytest.mark.parametrize(
    ("version", "expected"),
    [("2.6.0", YES), ("2.6.0+cu126", YES), ("2.5", YES), ("2.6.1", NO), ("2.6.0.post1", NO)],
)
@pytest.mark.parametrize("last", ["2.6.0", "2.6.0+cu124"])
def test_last_affected_is_inclusive_and_takes_every_build(version, last, expected):
    assert answer(version, ("introduced", "0"), ("last_affected", last)) is expected


@pytest.mark.parametrize(
    ("version", "expected"),
    [("1.2", YES), ("1.2+other", YES), ("1.2+patched.1", NO), ("1.3", NO), ("1.1", YES)],
)
def test_a_fix_with_a_local_part_holds_for_that_build(version, expected):
    assert answer(version, ("introduced", "0"), ("fixed", "1.2+patched.1")) is expected


def test_events_are_put_in_order_first():
    events = [("fixed", "1.10"), ("introduced", "2.0"), ("introduced", "1.9"), ("fixed", "2.1")]

    got = [answer(v, *events) for v in ("1.8", "1.9", "1.10", "2.0", "2.0.5", "2.1")]

    assert got == [NO, YES, NO, YES, YES, NO]


def test_a_fix_and_a_new_start_at_one_version_is_a_start():
    events = [("introduced", "1.0"), ("fixed", "1.5"), ("introduced", "1.5"), ("fixed", "2.0")]

    assert answer("1.5", *events) is YES


def test_last_affected_at_its_own_start_takes_one_version():
    events = [("introduced", "1.5"), ("last_affected", "1.5")]

    assert [answer(v, *events) for v in ("1.4", "1.5", "1.5.1")] == [NO, YES, NO]


def test_a_limit_ends_a_range():
    events = [("introduced", "1.0"), ("limit", "2.0")]

    assert [answer(v, *events) for v in ("1.5", "2.0")] == [YES, NO]
    assert answer("9", ("introduced", "0"), ("limit", "*")) is YES


def test_listed_or_in_range_is_affected():
    events = [("introduced", "1.0"), ("fixed", "2.0")]

    got = [answer(v, *events, versions=("3.0a1",)) for v in ("1.5", "3.0a1", "3.0")]

    assert got == [YES, YES, NO]


def test_an_entry_without_a_list_is_evaluated_by_range_and_the_other_way_round():
    assert answer("1.5", ("introduced", "1.0")) is YES
    assert answer("1.5", versions=("1.5",)) is YES
    assert answer("1.6", versions=("1.5",)) is NO
    assert answer("1.5") is UNKNOWN


@pytest.mark.parametrize(
    ("version", "events", "expected"),
    [
        ("2.0", [("introduced", "0"), ("fixed", "2.9.0-NA")], UNKNOWN),
        ("0.5", [("introduced", "1.0"), ("fixed", "2.9.0-NA")], NO),
        ("2.0", [("introduced", "0"), ("fixed", "1.0"), ("fixed", "1.x")], NO),
        ("2.0", [("introduced", "4.6.0.stable11")], UNKNOWN),
        ("2.0", [("introduced", "stable"), ("introduced", "1.0")], YES),
        ("nightly", [("introduced", "0")], UNKNOWN),
    ],
)
def test_what_is_no_version_leaves_open_only_what_it_would_decide(version, events, expected):
    assert answer(version, *events) is expected


def test_text_that_is_no_version_is_found_in_a_list():
    assert answer("2024-09-25x", versions=("2024-09-25x",)) is YES


def test_fixes_are_those_above_in_order():
    ranges = [[("i", "0"), ("f", "1.10"), ("i", "2.0"), ("f", "2.1")], [("f", "1.9"), ("f", "x")]]

    assert fixes("1.9", ranges) == ("1.10", "2.1")


@given(st.text(max_size=20), st.lists(st.tuples(st.sampled_from("iflm"), st.text(max_size=9))))
def test_any_text_gets_an_answer(version, events):
    assert affects(version, [events], "\n1\n") in set(Answer)


numbers = st.builds("{}.{}{}".format, st.integers(0, 3), st.integers(0, 3),
                    st.sampled_from(["", "a1", ".dev1", ".post1"]))  # fmt: skip


@given(numbers, st.lists(st.tuples(st.sampled_from("ifl"), numbers), min_size=1, max_size=6))
def test_ranges_agree_with_a_plain_reading_of_the_specification(version, events):
    order = {"f": 0, "i": 1, "l": 2}
    inside, at = False, Version(version)
    for kind, text in sorted(events, key=lambda e: (Version(e[1]), order[e[0]])):
        if kind == "i" and at >= Version(text):
            inside = True
        elif (kind == "f" and at >= Version(text)) or (kind == "l" and at > Version(text)):
            inside = False

    assert affects(version, [events], "") is (YES if inside else NO)


def test_no_listed_version_of_any_record_is_missed(shared):
    """Every record against every version that it lists, as written."""
    feed = shared / "data" / "advisories" / "pypa-osv-full.jsonl.gz"
    asked = undecided = 0
    missed = []
    with gzip.open(feed) as lines:
        for line in lines:
            record = json.loads(line)
            entries = [a for a in record["affected"] if a["package"]["ecosystem"] == "PyPI"]
            for raw, entry in zip(entries, parse(record).affected, strict=True):
                for version in raw.get("versions", ()):
                    asked += 1
                    if affects(version, entry.ranges, entry.listed) is not YES:
                        missed.append((record["id"], version))
                probe = affects("0.0.0.1", entry.ranges, entry.listed)
                undecided += probe is UNKNOWN

    assert missed == []
    assert asked == 588_814
    assert 20 <= undecided <= 60
