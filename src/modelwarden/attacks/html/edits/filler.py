"""What ordinary pages are made of: words, links and blocks that edits hide in a page."""

from __future__ import annotations

import numpy as np

from modelwarden.attacks.html.scan import Draft
from modelwarden.attacks.urls.parts import address_of

_TOPICS = (
    "garden season plants water soil harvest roses workshop spring summer",
    "bread oven flour bakery recipe butter morning market family local",
    "music concert choir stage festival tickets orchestra evening hall",
    "travel coast museum train guide weekend island walk history village",
    "school library science project teacher lessons sport parents term",
    "company growth quarter partners strategy annual report team office",
    "software release version library module documentation package community",
    "health clinic doctor exercise nutrition visit wellness care sleep",
)
_GLUE = (
    "we offer our with for from and the new this year more about find read learn join visit "
    "discover every simple family local quality team great open today best small world how what"
).split()
_PATHS = (
    "about news products services contact careers press events gallery team prices locations "
    "community partners downloads privacy terms imprint sitemap accessibility blog archive topics"
).split()


class Filler:
    """Ordinary content for one page, the same for the same page and seed."""

    def __init__(self, draft: Draft, rng: np.random.Generator) -> None:
        """Choose a topic; names come from the address."""
        self.rng = rng
        self.words = _TOPICS[int(rng.integers(len(_TOPICS)))].split()
        host = address_of(draft.url)
        self.site = host.domain.split(".")[0].replace("-", " ").title() or "Our Site"
        self.home = f"https://{host.host}" if host.host else ""

    def word(self) -> str:
        """Return a word of the topic."""
        return self.words[int(self.rng.integers(len(self.words)))]

    def sentence(self) -> str:
        """Return a sentence of the topic."""
        count = int(self.rng.integers(7, 16))
        own = (self.rng.random(count) < 0.45).tolist()
        at = self.rng.integers(len(self.words) * len(_GLUE), size=count).tolist()
        out = [
            self.words[i % len(self.words)] if mine else _GLUE[i % len(_GLUE)]
            for mine, i in zip(own, at, strict=True)
        ]
        return " ".join(out).capitalize() + "."

    def paragraph(self) -> str:
        """Return some sentences."""
        return " ".join(self.sentence() for _ in range(int(self.rng.integers(2, 5))))

    def path(self) -> str:
        """Return a page of the site."""
        first = _PATHS[int(self.rng.integers(len(_PATHS)))]
        if self.rng.random() < 0.5:
            return f"/{first}"
        return f"/{first}/{self.words[int(self.rng.integers(len(self.words)))]}"

    def link(self) -> str:
        """Return a link to a page of the site."""
        path = self.path()
        return f'<a href="{path}">{path.rsplit("/", 1)[-1].capitalize()}</a>'

    def links(self, count: int) -> str:
        """Return links in a list."""
        return "<ul>" + "".join(f"<li>{self.link()}</li>" for _ in range(count)) + "</ul>"

    def section(self) -> str:
        """Return a heading with a text."""
        word = self.words[int(self.rng.integers(len(self.words)))]
        return f"<h2>{word.capitalize()}</h2><p>{self.paragraph()}</p>"

    def rights(self) -> str:
        """Return a line of rights of the site that the address names."""
        return f"Copyright &copy; {2019 + int(self.rng.integers(8))} {self.site}"
