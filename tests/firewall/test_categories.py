"""Which words a category may be."""

from __future__ import annotations

import numpy as np
import pytest

from modelwarden.firewall import Meta, Protocol, profile_of
from modelwarden.firewall.checks import check_values
from modelwarden.firewall.errors import Reason, RefusedError
from modelwarden.targets.frames import Frame

RNG = np.random.default_rng(4)
COUNTRIES = [f"{a}{b}land" for a in ("Ice", "Fin", "Hol", "Po", "Green") for b in "aeiouy"]


def spec_of(words):
    column = np.empty(len(words), np.object_)
    column[:] = list(words)
    frame = Frame(("country", "x"), (column, RNG.normal(size=len(words))))
    meta = Meta(name="m", protocol=Protocol.MLFLOW)
    return profile_of(frame, meta, digest="sha256:0", version="0").inputs[0]


def held(spec, word):
    check_values(spec, np.array([word], np.object_))


@pytest.fixture
def rare():
    """Twenty countries of which each came once, among a thousand rows of few others."""
    return spec_of(["Iceland", "Norway"] * 490 + COUNTRIES[:20])


@pytest.mark.parametrize("word", ["Iceland", "Poyland", "Newland"])
def test_a_word_like_those_that_came_once_is_no_mistake(rare, word):
    held(rare, word)


@pytest.mark.parametrize(
    "word",
    [
        "iceland", "ICELAND", " Iceland", "Ice-land", "Icel\u0430nd", "Ice\u200bland", "", "-1",
        "New;land", "N" + "e" * 40 + "wland", "\u0406celand", "New\nland", "1234",
    ],
)  # fmt: skip
def test_a_word_of_another_make_is_refused_all_the_same(rare, word):
    with pytest.raises(RefusedError) as caught:
        held(rare, word)

    assert caught.value.reason is Reason.CATEGORY


def test_a_list_that_is_whole_stays_closed():
    spec = spec_of(["Iceland", "Norway"] * 490 + ["Poland"])

    with pytest.raises(RefusedError):
        held(spec, "Newland")
