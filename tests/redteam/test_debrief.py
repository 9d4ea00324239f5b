"""The debrief says what happened, to people, without a network."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from modelwarden.redteam import campaign_of, run
from modelwarden.redteam.debrief.seen import sight
from tests.redteam.campaigns import SPAM, campaign, document, seeded
from tests.redteam.endpoints import Endpoint, named, serving


@pytest.fixture(scope="module")
def debriefed(tmp_path_factory):
    root = tmp_path_factory.mktemp("debrief")
    seeded(root, (*SPAM, "you get free <script>alert(1)</script> cash today"))
    with serving(Endpoint()) as endpoint:
        run(campaign(root, endpoint.url), output=root / "out")
    return root / "out", endpoint


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))


def test_the_page_asks_no_network_and_runs_nothing(debriefed):
    page = _Page()
    page.feed((debriefed[0] / "debrief.html").read_text())

    assert not {"script", "iframe", "link", "object"} & {tag for tag, _ in page.tags}
    sources = [attrs["src"] for tag, attrs in page.tags if "src" in attrs]
    assert all(source.startswith("data:") for source in sources)
    headings = [tag for tag, _ in page.tags if re.fullmatch(r"h\d", tag)]
    assert headings[0] == "h1"
    assert headings.count("h1") == 1
    assert dict(page.tags)["html"]["lang"] == "en"


def test_every_part_is_there(debriefed):
    text = (debriefed[0] / "debrief.html").read_text()

    for words in (
        "What to fix first",
        "the tests",
        "Cheapest evasions",
        "What the defender could have seen",
        "AML.T0015",
        "redteam replay",
        "redteam replay DIR --through URL",
    ):
        assert words in text
    assert "5 of 5 seeds get past" in text


def test_the_markdown_says_the_same(debriefed):
    text = (debriefed[0] / "debrief.md").read_text()

    assert text.startswith("# Debrief: spam")
    assert "redteam replay DIR --through URL" in text
    assert "5 of 5 seeds get past" in text
    assert "<script>" not in text


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """Return the folder of a campaign of 24 pairs, of which a third met a target that fails."""
    root = tmp_path_factory.mktemp("many")
    for number in range(8):
        seeded(root / str(number), SPAM[: 1 + number % 2])
    broken = Endpoint(fault=lambda n, rows: (200, {}, b"<html>") if n > 2 else None)
    with serving(Endpoint()) as good, serving(broken) as bad:
        made = document(good.url, budget={"rows": 4000}, campaign={"floor": False})
        made["target"] = [
            {"name": name, "url": one.url, "protocol": "mlflow"}
            for name, one in (("first", good), ("second", good), ("broken", bad))
        ]
        made["seeds"] = [{"path": f"{n}/seeds", "label": "spam"} for n in range(8)]
        made["attack"] = [{"name": "edits", "queries": 60}]
        run(campaign_of(made, root=root), output=root / "out")
    return root / "out"


def test_what_failed_for_one_reason_is_told_once_with_its_count(many):
    told = (many / "debrief.md").read_text().partition("## Not examined")[2]
    lines = [line for line in told.splitlines() if line.startswith("- ")]

    assert len(lines) < 4
    assert any(re.match(r"- \d+ × .*broken.*the answer is not JSON", line) for line in lines)


def test_many_pairs_are_told_worst_first_and_their_timeline_together(many):
    told = (many / "debrief.md").read_text()
    pairs = re.findall(r"^\| (first|second|broken) \| \d.seeds \| (\d) \| (\d) \|$", told, re.M)
    timeline = told.partition("| step |")[2].partition("\n\n")[0]

    shares = [int(fell) / int(n) for _, n, fell in pairs]
    assert len(pairs) >= 16
    assert shares == sorted(shares, reverse=True)
    assert "at worst" in told
    assert "24 pairs" in timeline or "16 pairs" in timeline
    assert len(timeline.splitlines()) < 20
    page = (many / "debrief.html").read_text()
    assert page.count("<summary>Pair by pair") == 1
    assert page.index("Pair by pair") < page.index("Share of the attacked sample")
    assert told.index("the worst first") < told.index("## What was measured")
    assert "pairs)" in page


def test_where_nothing_got_past_there_is_nothing_to_ask_again(tmp_path):
    seeded(tmp_path)
    with serving(Endpoint(lambda texts: [{"ham": 0.1, "spam": 0.9} for _ in texts])) as endpoint:
        run(campaign(tmp_path, endpoint.url), output=tmp_path / "out")

    for name in ("debrief.md", "debrief.html"):
        told = (tmp_path / "out" / name).read_text()
        assert "redteam replay" not in told
        assert "spam" in told


def test_what_the_defender_could_see_is_what_the_endpoint_saw(debriefed):
    folder, endpoint = debriefed
    seen = sight(folder)

    assert (seen.rows, seen.calls) == (endpoint.rows, len(endpoint.asked))
    assert seen.refused == 0
    assert 0.5 < seen.alike <= 1
    assert seen.steps[0].about == "seeds as they are"


def test_names_that_the_endpoint_gives_its_classes_write_nothing_into_the_debrief(tmp_path):
    odd = "ham\x1b[2J<script>alert(1)</script>"
    seeded(tmp_path)

    def answer(texts):
        return [{odd if k == "ham" else k: v for k, v in one.items()} for one in named(texts)]

    with serving(Endpoint(answer=answer)) as endpoint:
        run(campaign(tmp_path, endpoint.url), output=tmp_path / "out")

    for name in ("debrief.md", "debrief.html"):
        text = (tmp_path / "out" / name).read_text()
        assert "alert(1)" in text
        assert "\x1b" not in text
        assert re.search(r"(?<!\\)<script", text) is None
