"""Pictures in place of texts: made and proven by Chromium, and used beside other edits."""

from __future__ import annotations

import io

import numpy as np
import pytest
from tests.attacks.html.samples import PAGE, URL

from modelwarden.attacks.html.browser import Browser, found
from modelwarden.attacks.html.pictures import NAME, pictured, restored, seen_otherwise, twins
from modelwarden.attacks.html.proof import prove
from modelwarden.attacks.html.space import PageSpace
from modelwarden.core import InputError

needs_chromium = pytest.mark.skipif(found() is None, reason="Chromium is not installed")
TWIN = PAGE.replace(
    "Nordhaven Bank</h1>",
    '<img src="data:image/png;base64,iVBORw0KGgo=" alt="Nordhaven Bank" '
    'style="display:block;width:10.500000px;height:27.000000px"></h1>',
)


def _space(**more):
    return PageSpace(x=np.array([PAGE], object), urls=(URL,), **more)


def test_with_its_alternatives_in_place_a_twin_is_the_page():
    assert TWIN != PAGE
    assert restored(TWIN) == PAGE
    assert prove(PAGE, restored(TWIN.replace("Nordhaven Bank", "Nordhaven Bonk")))


def test_pictures_are_never_used_unless_twins_are_given():
    at, plain = np.array([0]), _space()

    assert NAME not in plain.edits
    assert not plain.fit(at, np.array([TWIN], object), free=True)[1][0]
    assert plain.conditions()["proven"] is True


def test_other_edits_are_proven_of_a_page_or_of_its_twin():
    at, space = np.array([0]), _space(twins=(TWIN,))
    both, alone = space.made(0, (NAME, "late-title")), space.made(0, ("late-title",))

    assert space.names(0, both) == (NAME, "late-title")
    assert restored(both) == alone
    assert space.fit(at, np.array([both], object))[1][0]
    other = both.replace("https://collect.example/post.php", "https://else.example/")
    assert not space.fit(at, np.array([other], object))[1][0]
    assert space.conditions()["proven"] == "but for pictures"
    assert space.take(at).twins == (TWIN,)


def test_a_page_without_a_twin_is_as_without_the_edit():
    space = _space(twins=(None,))

    assert NAME not in space.edits
    assert space.made(0, ("late-title",)) == _space().made(0, ("late-title",))


@needs_chromium
@pytest.mark.slow
def test_a_twin_shows_the_same_pixels_and_no_text_that_was_replaced():
    from PIL import Image

    hard = '<p style="line-height:4px">Letters that leave their box</p>'
    reading = "<script>document.title = document.body.innerText</script>"
    page = PAGE.replace("<p>Please", f"{hard}<p>Please")
    with Browser() as browser:
        twin = pictured(browser, page, URL)
        before, after = browser.show(page, URL), browser.show(twin, URL)
        assert pictured(browser, PAGE.replace("</body>", f"{reading}</body>"), URL) is None

    pixels = [np.asarray(Image.open(io.BytesIO(one.pixels))) for one in (before, after)]
    assert np.array_equal(*pixels)
    assert restored(twin) == page
    # innerText leaves pictures out: a reader of texts has lost what a visitor sees.
    assert "Nordhaven Bank" in str(before.state["text"])
    assert "Nordhaven Bank" not in str(after.state["text"])
    assert hard in twin
    wrong = browser_sees(page, twin.replace("collect.example", "else.example"))
    assert wrong == ("forms",)


def browser_sees(before, after):
    with Browser() as browser:
        return seen_otherwise(browser.show(before, URL), browser.show(after, URL))


def test_without_a_browser_pictures_are_one_clear_line(monkeypatch):
    monkeypatch.setattr("modelwarden.attacks.html.browser.found", lambda: None)

    with pytest.raises(InputError, match="no Chromium is installed"):
        twins(["<p>not seen before"], [""])
