"""Names that do not exist: the nearest one, or those that there are."""

from __future__ import annotations

from modelwarden.core import UnknownNameError


def test_the_nearest_name_is_told_where_one_is_near():
    error = UnknownNameError("rule", "picle-call", ["pickle-call", "trigger"])

    assert (error.nearest, error.hint) == ("pickle-call", "Did you mean 'pickle-call'?")


def test_a_name_in_other_letters_is_near_however_many_they_are():
    error = UnknownNameError("stage", "PERFORMANCE", ["performance", "cost"])

    assert error.hint == "Did you mean 'performance'?"


def test_what_is_like_nothing_gets_the_names_that_there_are_and_not_hundreds():
    few = UnknownNameError("rule", "nope", ["type", "trigger"])
    many = UnknownNameError("rule", "nope", [f"rule-{n:03d}" for n in range(200)])

    assert (few.nearest, few.hint) == (None, "Known: trigger, type.")
    assert many.hint.endswith("rule-029, … (200 in all).")
