"""The second opinion by Chromium, where it is installed."""

from __future__ import annotations

import pytest
from tests.attacks.html.samples import PAGE, URL

from modelwarden.attacks.html.browser import Browser, BrowserError, differences, found
from modelwarden.attacks.html.edits.catalog import EXACT, edited
from modelwarden.attacks.html.proof import prove

needs_chromium = pytest.mark.skipif(found() is None, reason="Chromium is not installed")


def test_a_browser_that_is_not_there_is_one_clear_line():
    with pytest.raises(BrowserError), Browser("/nowhere/chromium"):
        pass


@needs_chromium
@pytest.mark.slow
def test_a_browser_sees_no_difference_in_what_is_proven_and_sees_what_is_not():
    names = [n for n in EXACT if n not in ("percent-body", "data-scripts", "action-at-load")]
    kept: list[str] = []
    for name in names:
        html, _ = edited(PAGE, URL, [*kept, name], 1)
        if not prove(PAGE, html):
            kept.append(name)
    changed, done = edited(PAGE, URL, kept, 1)
    other = PAGE.replace("https://collect.example/post.php", "https://else.example/")

    with Browser() as browser:
        before = browser.show(PAGE, URL)
        assert differences(before, browser.show(changed, URL)) == ()
        assert differences(before, browser.show(other, URL)) == ("forms",)
        assert differences(before, browser.show(PAGE.replace("verify", "check"), URL))

    assert len(done) > 30
    state = before.state
    assert "Nordhaven Bank" in str(state["text"])
    assert state["fields"] == 4


@needs_chromium
@pytest.mark.slow
@pytest.mark.parametrize("family", ["DejaVu Sans", "Liberation Serif"])
def test_letters_that_a_font_joins_stay_joined(family):
    words = "office first waffle affix final flow effort Yours AVAIL Task Wait"
    page = f"<!doctype html><html><body style='font:32px {family}'><p>{words}</body></html>"
    changed, done = edited(page, URL, ["zero-width"], 0)

    with Browser() as browser:
        assert differences(browser.show(page, URL), browser.show(changed, URL)) == ()

    assert done == ("zero-width",)


@needs_chromium
@pytest.mark.slow
def test_a_page_that_shows_nothing_has_no_text():
    # What is not rendered gives its source as its text.
    sheet = "<style>body{display:none}</style>"
    page = f"<!doctype html><html><head>{sheet}</head><body><p>a</body></html>"
    more = page.replace("</body>", '<p style="display:none!important">b</p></body>')

    with Browser() as browser:
        shown = browser.show(page, URL)
        assert differences(shown, browser.show(more, URL)) == ()

    assert shown.state["text"] == ""
