"""Lanes think one at a time, in a fixed order, whoever is answered first."""

from __future__ import annotations

import random
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from modelwarden.redteam.turns import StoppedError, Turns


def test_the_order_of_turns_does_not_depend_on_who_is_answered_first():
    told: list[str] = []
    lengths = {"a": 3, "b": 5, "c": 2}
    chance = random.Random(1)
    turns = Turns("abc")

    def lane(name: str) -> None:
        with turns.taken(name):
            for _ in range(lengths[name]):
                told.append(name)
                with turns.passed(name):
                    time.sleep(chance.random() / 500)

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lane, "abc"))

    assert "".join(told) == "abcabcabbb"


def test_a_lane_that_fails_ends_the_others():
    turns = Turns("ab")

    def failing() -> None:
        with turns.taken("a"):
            raise ValueError("no answer")

    def other() -> None:
        with turns.taken("b"):
            pytest.fail("it went on")

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.submit(failing), pool.submit(other)

    assert isinstance(first.exception(), ValueError)
    assert isinstance(second.exception(), StoppedError)
