"""Of a flood the first ones are told at once, a few later, and how many were not."""

from __future__ import annotations

from modelwarden.detectors.flood import Flood


def flood(rate=1.0, burst=3, pause=10.0):
    at = [100.0]
    return Flood(rate, burst, pause, clock=lambda: at[0]), at


def test_the_first_ones_of_each_sort_are_told_at_once_whatever_the_others_do():
    many, _ = flood()
    for _ in range(1000):
        many.take("range")

    assert [many.take("shape") for _ in range(4)] == [True, True, True, False]
    assert many.left_out == 1000 - 3 + 1


def test_nothing_is_left_out_without_being_counted():
    many, at = flood()
    told, counted = 0, 0
    for _ in range(5000):
        at[0] += 0.05
        told += many.take("range")
        counted += sum(count for _, count in many.due())
    counted += sum(count for _, count in many.due(all_of_them=True))

    assert told + counted == 5000
    assert 3 + 249 <= told <= 3 + 251  # a burst, and one a second for 250 seconds
    assert many.due(all_of_them=True) == []


def test_counts_come_after_a_pause_and_not_more_often():
    many, at = flood()
    for _ in range(10):
        many.take("range")
    early = many.due()
    at[0] += 10
    once = many.due()
    at[0] += 10

    assert (early, once, many.due()) == ([], [("range", 7)], [])


def test_a_sort_that_was_quiet_has_all_its_room_again():
    many, at = flood()
    for _ in range(10):
        many.take("range")
    at[0] += 60

    assert [many.take("range") for _ in range(4)] == [True, True, True, False]


def test_other_bounds_hold_at_once():
    many, _ = flood()
    many.limit(1.0, 1)
    many.take("range")

    assert not many.take("range")
