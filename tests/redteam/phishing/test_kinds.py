"""Pages and addresses as seeds of campaigns, from files to evasions on disk."""

from __future__ import annotations

import json

import numpy as np
import pytest
from tests.redteam.campaigns import campaign
from tests.redteam.endpoints import Endpoint, serving

from modelwarden.attacks.html.browser import found
from modelwarden.attacks.html.pictures import restored
from modelwarden.attacks.html.proof import prove
from modelwarden.attacks.urls.rules import broken
from modelwarden.core import InputError, Outcome
from modelwarden.redteam import run
from modelwarden.redteam.kinds.catalog import kind_of
from modelwarden.redteam.kinds.kind import Given
from modelwarden.redteam.phishing.kind import PAGES, address_in
from modelwarden.redteam.phishing.pages import made


def pages_in(folder, n=3):
    place = folder / "seeds"
    place.mkdir(parents=True)
    for number, page in enumerate(made(6, n, phishing=True)):
        (place / f"page-{number}.html").write_text(page.html)
    return place


def bad(html):
    return 0.9 if "<form" in html else 0.2


def scored(pages):
    return [{"ordinary": 1 - bad(p), "phishing": bad(p)} for p in pages]


def test_pages_evade_an_endpoint_and_what_is_delivered_is_proven(tmp_path):
    pages_in(tmp_path)
    with serving(Endpoint(answer=scored)) as endpoint:
        done = run(
            campaign(
                tmp_path,
                endpoint.url,
                seeds={"path": "seeds", "label": "phishing", "url": "https://a.example/login"},
                attack=[{"name": "page-edits", "queries": 30}],
            ),
            output=tmp_path / "out",
        )

    assert done.report.verdict.outcome is Outcome.FAIL
    assert len(done.evasions) == 3
    for name in done.evasions:
        folder = done.folder / "evasions" / name
        before = (folder / "original.html").read_text()
        after = (folder / "changed.html").read_text()
        about = json.loads((folder / "evasion.json").read_text())
        assert prove(before, after) == ()
        assert bad(before) > 0.5 > bad(after)
        assert [edit["name"] for edit in about["edits"]] == ["written-forms"]


def test_addresses_evade_an_endpoint_and_stay_with_their_owner(tmp_path):
    lines = [f"http://login.site{i}.com/secure/verify.php?id={i}" for i in range(3)]
    (tmp_path / "seeds.txt").write_text("\n".join(lines))

    def answer(urls):
        return [{"ok": 1 - s, "bad": s} for s in (0.9 if "verify" in u else 0.1 for u in urls)]

    with serving(Endpoint(answer=answer)) as endpoint:
        done = run(
            campaign(
                tmp_path,
                endpoint.url,
                seeds={"path": "seeds.txt", "label": "bad"},
                attack=[{"name": "url-edits", "queries": 30}],
            ),
            output=tmp_path / "out",
        )

    assert len(done.evasions) == 3
    for name in done.evasions:
        folder = done.folder / "evasions" / name
        before = (folder / "original.txt").read_text()
        after = (folder / "changed.txt").read_text()
        assert broken(before, after) == ()
        assert "verify" not in after


@pytest.mark.skipif(found() is None, reason="Chromium is not installed")
@pytest.mark.slow
def test_texts_become_pictures_where_the_campaign_lets_them(tmp_path):
    def seen(pages):
        worst = [0.2 if "display:block;width:" in page else 0.9 for page in pages]
        return [{"ordinary": 1 - p, "phishing": p} for p in worst]

    (tmp_path / "seeds").mkdir()
    for name in ("Nordhaven Bank", "Kronwerk Post"):
        form = '<form action="/in"><input name="user"><button>Log in</button></form>'
        page = f"<!DOCTYPE html><title>Hello</title><body><h1>{name}</h1><p>Verify now</p>{form}"
        (tmp_path / "seeds" / f"{name}.html").write_text(page)
    rates = {}
    for wanted in (False, True):
        with serving(Endpoint(answer=seen)) as endpoint:
            attack = [{"name": "page-edits", "queries": 20, "pictures": wanted}]
            done = run(
                campaign(
                    tmp_path,
                    endpoint.url,
                    campaign={"floor": False},
                    seeds={"path": "seeds", "label": "phishing", "url": "https://a.example/"},
                    attack=attack,
                ),
                output=tmp_path / f"out-{wanted}",
            )
        rates[wanted] = len(done.evasions)

    assert rates == {False: 0, True: 2}
    for name in done.evasions:
        folder = done.folder / "evasions" / name
        before = (folder / "original.html").read_text()
        after = (folder / "changed.html").read_text()
        about = json.loads((folder / "evasion.json").read_text())
        assert [edit["name"] for edit in about["edits"]] == ["image-for-text"]
        assert prove(before, after)
        assert prove(before, restored(after)) == ()
    assert any("for one size of window" in note for note in done.report.run.notes)
    sent = [np.array([html], object) for html in (before, after.replace("<form", "<form id=x"))]
    assert PAGES.checks(*sent, {"pictures": True})


def test_pictures_are_a_choice_of_yes_or_no(tmp_path):
    pages_in(tmp_path)
    with serving(Endpoint(answer=scored)) as endpoint:
        attack = [{"name": "page-edits", "pictures": "yes"}]
        seeds = {"path": "seeds", "label": "phishing"}
        made = campaign(tmp_path, endpoint.url, seeds=seeds, attack=attack)
        with pytest.raises(InputError, match=r"attack\.pictures must be true or false"):
            run(made, output=tmp_path / "out")


def test_a_folder_of_pages_and_a_list_of_addresses_are_told_by_what_they_are(tmp_path):
    place = pages_in(tmp_path)
    (tmp_path / "list.txt").write_text("https://a.example/x\nhttps://b.example/y\n")
    (tmp_path / "mail.txt").write_text("see https://a.example/x\n")

    assert kind_of(place, "seeds", None).name == "pages"
    assert kind_of(tmp_path / "list.txt", "list.txt", None).name == "urls"
    with pytest.raises(InputError):
        kind_of(tmp_path / "mail.txt", "mail.txt", None)


def test_a_page_keeps_the_address_that_it_notes(tmp_path):
    note = "<!-- saved from url=(0022)https://own.example/a -->"
    (tmp_path / "one.html").write_text(f"{note}<p>x")
    (tmp_path / "two.html").write_text("<p>y")

    seeds = PAGES.read(
        Given(path=tmp_path, shown="pages", label="bad", options={"url": "https://b.example/?a&b"})
    )

    assert [address_in(str(page)) for page in seeds.inputs] == [
        "https://own.example/a",
        "https://b.example/?a&b",
    ]


def test_a_page_beyond_the_bounds_is_one_clear_line(tmp_path):
    (tmp_path / "deep.html").write_text("<div>" * 3000)

    with pytest.raises(InputError, match="nest deeper"):
        PAGES.read(Given(path=tmp_path, shown="pages", label="bad"))


def test_what_is_no_evasion_is_named(tmp_path):
    (tmp_path / "original.html").write_text('<form action="/a"></form>')
    (tmp_path / "changed.html").write_text('<form action="/b"></form>')

    assert PAGES.checks(*PAGES.load(tmp_path), {})
