import posixpath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwarden.formats.archive import (
    SHOWN,
    Anomaly,
    Oddity,
    bounded,
    escape,
    link_escape,
    printable,
)


@pytest.mark.parametrize("name", ["a", "a/b", "a/../b", "./a", "..a", "a..", "...", "", "ab:c"])
def test_names_that_stay_inside(name: str):
    assert escape(name) is None


@pytest.mark.parametrize(
    "name", ["/a", "\\a", "..", "a/../..", "..\\a", "C:\\a", "c:a", "c:", "a/./../../b"]
)
def test_names_that_lead_outside(name: str):
    assert escape(name) is not None


@given(st.lists(st.sampled_from(["a", "b", "..", ".", ""]), max_size=8).map("/".join))
def test_the_judgement_agrees_with_the_path_that_would_be_written(name: str):
    written = posixpath.normpath(posixpath.join("/root/x", name))

    if not (written + "/").startswith("/root/x/"):
        assert escape(name) is not None


@pytest.mark.parametrize(
    ("name", "target", "outside"),
    [
        ("a/b", "../c", False),
        ("a/b", "../../c", True),
        ("a", "/etc", True),
        ("a", "C:\\x", True),
        ("a/b/c", "../../d", False),
    ],
)
def test_links_are_judged_from_where_they_stand(name: str, target: str, outside: bool):
    assert (link_escape(name, target) is not None) is outside


def test_long_lists_are_cut_and_say_so():
    many = [Anomaly(Oddity.HIDDEN, str(n)) for n in range(SHOWN + 7)]

    kept = bounded([*many, Anomaly(Oddity.BOMB, "x")])

    assert len(kept) == SHOWN + 2
    assert any(a.message == "and 7 more of this kind" for a in kept)


@given(st.text())
def test_what_is_shown_has_no_control_characters(text: str):
    assert printable(text).isprintable()
