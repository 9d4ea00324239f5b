"""Advice rests on what was found, and is silent where nothing was."""

from __future__ import annotations

from assess.robustness.test_stage import attacked
from modelwarden.targets.spec import Access


def advice(result):
    (table,) = [t for t in result.tables if t.name == "what_would_help"] or [None]
    return [] if table is None else [row[0] for row in table.rows]


def test_a_model_that_falls_is_told_what_would_help():
    found = advice(attacked(eps=0.9))

    assert any("right answers fall to small changes" in line for line in found)
    assert any("fall to changes at random" in line for line in found)
    assert any("fewer than" in line for line in found)
    assert "the attacker saw scores" in found


def test_a_model_that_holds_is_told_nothing():
    assert advice(attacked(eps=0.001)) == []


def test_who_gives_no_scores_is_not_told_to_hide_them():
    assert "the attacker saw scores" not in advice(attacked(eps=0.9, access=Access.LABELS))
