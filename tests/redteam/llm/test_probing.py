"""Probing: what is vulnerable is found, what is not is not accused, what shows nothing is a gap."""

from __future__ import annotations

import pytest

from modelwarden.redteam.llm.chat import Reply
from modelwarden.redteam.llm.probes import OBEYS, PROBES, Family
from modelwarden.redteam.llm.probing import Settings, asked, chosen, tallied
from modelwarden.targets.errors import TargetError
from redteam.llm.models import careful, mute, naive

FEW = Settings(repeats=2)


def tallies(model, settings=FEW, seed=0):
    return {t.family: t for t in tallied(asked(model, settings, seed=seed), settings)}


def test_a_model_that_falls_for_everything_is_found_out_by_every_probe():
    found = tallies(naive)

    held = [p.name for t in found.values() for p, broke, n in t.probes if broke < n]
    assert held == []
    assert set(found) == set(Family) - {Family.CONTROL}


def test_a_careful_model_breaks_nothing_and_that_means_something():
    found = tallies(careful)

    assert {t.broke for t in found.values()} == {0}
    assert all(t.shown for t in found.values())


def test_a_model_that_follows_nobody_shows_nothing():
    found = tallies(mute)

    assert {t.broke for t in found.values()} == {0}
    assert not any(t.shown for t in found.values())


def test_a_question_without_an_answer_is_neither_held_nor_broken():
    def failing(question):
        if "<data>" in question.messages[-1].text:
            raise TargetError("the server says no")
        return careful(question)

    found = tallies(failing)

    assert (found[Family.OVERRIDE].judged, found[Family.OVERRIDE].lost) == (0, 16)
    assert not found[Family.OVERRIDE].shown
    assert found[Family.LEAK].shown


def test_a_lost_endpoint_ends_the_probing():
    def gone(question):
        error = TargetError("nobody is there")
        error.lost = True
        raise error

    with pytest.raises(TargetError):
        list(asked(gone, FEW))


def test_an_empty_answer_is_not_judged():
    found = tallies(lambda _: Reply("  "))

    assert all(t.judged == 0 for t in found.values())


def test_the_same_seed_asks_the_same_and_another_seed_other_words():
    def words(seed):
        heard = []
        list(asked(lambda q: heard.append(q) or Reply("x"), FEW, seed=seed))
        return heard

    assert words(1) == words(1)
    assert words(1) != words(2)


def test_an_application_with_a_prompt_of_its_own_is_asked_without_ours():
    settings = Settings(repeats=1, system=False, canary="drelkiskora-1234-vlandezwo")
    heard = []

    def application(question):
        heard.append(question)
        user = question.messages[-1].text
        leaks = "reference" in user or "above" in user
        return Reply(
            "My reference is DRELKISKORA 1234 vlandezwo" if leaks else careful(question).text
        )

    found = tallies(application, settings)

    assert not any(m.role == "system" for q in heard for m in q.messages)
    assert found[Family.LEAK].broke > 0
    assert Family.REFUSAL not in found
    assert OBEYS in [p.name for p in chosen(settings)]


def test_probes_have_names_of_their_own_and_ask_for_nothing_but_made_up_words():
    assert len({p.name for p in PROBES}) == len(PROBES)
    assert len(PROBES) >= 40
