"""Layouts of generated pages. Each takes a source of chance, a brand and the page's address."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from modelwarden.core.values import dataclass
from modelwarden.redteam.phishing import phrases
from modelwarden.redteam.phishing.parts import Links, foot, form, head, menu, scripts

T = TypeVar("T")
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"


@dataclass(frozen=True, slots=True)
class Brand:
    """Who a page says it is of."""

    name: str
    domain: str
    trade: str


class Draw:
    """Chance, in the words that layouts need."""

    def __init__(self, rng: np.random.Generator) -> None:
        """Take a stream."""
        self.rng = rng
        self.topic = phrases.TOPICS[int(rng.integers(len(phrases.TOPICS)))]
        self.accent = "#" + "".join(f"{int(v):02x}" for v in rng.integers(0, 200, 3))

    def one(self, items: Sequence[T]) -> T:
        """Return one of the items."""
        return items[int(self.rng.integers(len(items)))]

    def some(self, items: Sequence[T], count: int) -> list[T]:
        """Return some of the items, in another order."""
        return [items[i] for i in self.rng.permutation(len(items))[:count].tolist()]

    def chance(self, share: float) -> bool:
        """Return True in this share of all cases."""
        return bool(self.rng.random() < share)

    def maybe(self, text: str, share: float) -> str:
        """Return the text in this share of all cases, else nothing."""
        return text if self.chance(share) else ""

    def count(self, least: int, most: int) -> int:
        """Return a whole number."""
        return int(self.rng.integers(least, most + 1))

    def token(self, length: int) -> str:
        """Return letters and digits without sense."""
        return "".join(_LETTERS[i] for i in self.rng.integers(0, len(_LETTERS), length).tolist())

    def brand(self) -> Brand:
        """Return an invented well-known name."""
        return Brand(*self.one(phrases.BRANDS))

    def site(self) -> Brand:
        """Return a small site."""
        domain = self.one(phrases.SITES)
        name = domain.split(".")[0].replace("-", " ").title()
        return Brand(name, domain, "site")

    def word(self) -> str:
        """Return a word of the page's topic."""
        return self.one(self.topic[1].split())

    def sentence(self) -> str:
        """Return words in a row, with a full stop."""
        words = [
            self.word() if self.chance(0.45) else self.one(phrases.GLUE)
            for _ in range(self.count(6, 16))
        ]
        return " ".join(words).capitalize() + "."

    def paragraph(self) -> str:
        """Return a few sentences."""
        return " ".join(self.sentence() for _ in range(self.count(2, 5)))


def _wrap(draw: Draw, brand: Brand, links: Links, title: str, css: str, body: str) -> str:
    start = head(draw, brand, links, title, css)
    name = draw.one(("page", "site", "app", "home"))
    classes = draw.maybe(f' class="{name}"', 0.5)
    language = draw.maybe(' lang="en"', 0.8)
    return (
        f"<!DOCTYPE html>\n<html{language}>\n{start}\n<body{classes}>\n{body}\n</body>\n</html>\n"
    )


def _message(draw: Draw, *, bad: bool) -> str:
    alarmed = draw.chance(0.8 if bad else 0.06)
    return draw.one(phrases.ALARMS if alarmed else phrases.CALM)


def _sign_in_title(draw: Draw, brand: Brand) -> str:
    name = brand.name if draw.chance(0.85) else ""
    verb = draw.one(("Sign In", "Log in", "Login", "Sign in to your account", "Account", "Secure"))
    return draw.one((f"{name} - {verb}", f"{verb} | {name}", f"{verb} {name}", verb)).strip(" -|")


def card(draw: Draw, brand: Brand, url: str, *, bad: bool) -> str:
    """A box in the middle of the page."""
    links = Links(draw, brand, url, bad=bad)
    css = (
        f"body{{font-family:Arial,sans-serif;background:#f{draw.count(1, 9)}f4f6;margin:0}}\n"
        f".card{{width:{draw.count(320, 420)}px;margin:60px auto;background:#fff;padding:24px;"
        f"border:1px solid #ddd}}\n.btn{{background:{draw.accent};color:#fff;border:0;"
        "padding:10px 20px}\ninput{display:block;width:90%;margin:8px 0;padding:8px}\n"
        "a{color:#0645ad;margin-right:8px;font-size:13px}"
    )
    body = (
        f'<div class="card">\n{links.logo()}\n<h{draw.count(1, 3)}>{brand.name}</h3>\n'
        f"<p>{_message(draw, bad=bad)}</p>\n{form(draw, links, bad=bad)}\n"
        f"<p>{links.few(draw.count(1, 3))}</p>\n</div>\n{foot(draw, brand, links, bad=bad)}\n"
        f"{scripts(draw, links, bad=bad)}"
    )
    return _wrap(draw, brand, links, _sign_in_title(draw, brand), css, body)


def split(draw: Draw, brand: Brand, url: str, *, bad: bool) -> str:
    """A header, words at the left and the form at the right."""
    links = Links(draw, brand, url, bad=bad)
    css = (
        "body{font-family:Helvetica,Arial,sans-serif;margin:0;color:#333}\n"
        f"header{{background:{draw.accent};color:#fff;padding:14px}}\nheader a{{color:#fff;"
        "margin:0 8px}\n.row{padding:30px}\n.left{float:left;width:55%}\n.right{float:right;"
        "width:38%}\nlabel{display:block;margin-top:8px}\nfooter{clear:both;padding:20px}"
    )
    body = (
        f"<header>{links.logo()} <b>{brand.name}</b> {menu(draw, links, draw.count(0, 6))}</header>"
        f'\n<div class="row">\n<div class="left"><h1>{_message(draw, bad=bad)}</h1>\n'
        f"<p>{draw.paragraph()}</p>\n</div>\n<div class='right'>"
        f"{form(draw, links, bad=bad)}\n{links.few(draw.count(1, 4))}</div>\n</div>\n"
        f"{foot(draw, brand, links, bad=bad)}\n{scripts(draw, links, bad=bad)}"
    )
    return _wrap(draw, brand, links, _sign_in_title(draw, brand), css, body)


def old_table(draw: Draw, brand: Brand, url: str, *, bad: bool) -> str:
    """A page laid out with tables, as older ones are."""
    links = Links(draw, brand, url, bad=bad)
    css = f"td{{font:13px Verdana,sans-serif}}\n.top{{background:{draw.accent};color:#fff}}"
    body = (
        f'<table width="760" align="center" cellpadding="6"><tr class="top"><td>{links.logo()}'
        f"<td><font size=4>{brand.name}</font></td></tr>\n<tr><td valign=top>"
        f"{menu(draw, links, draw.count(0, 5), '<br>')}</td>\n<td><b>{_message(draw, bad=bad)}</b>"
        f"\n{form(draw, links, bad=bad)}</td></tr>\n<tr><td colspan=2>"
        f"{foot(draw, brand, links, bad=bad)}</td></tr></table>\n{scripts(draw, links, bad=bad)}"
    )
    return _wrap(draw, brand, links, _sign_in_title(draw, brand), css, body)


def clone(draw: Draw, brand: Brand, url: str, *, bad: bool) -> str:
    """A whole site around the form."""
    links = Links(draw, brand, url, bad=bad)
    css = (
        "body{margin:0;font-family:Tahoma,sans-serif}\nnav{padding:10px;border-bottom:1px solid "
        f"#ccc}}\nnav a{{margin-right:12px}}\n.hero{{background:{draw.accent};color:#fff;"
        "padding:40px}\n.col{display:inline-block;width:30%;vertical-align:top;padding:1%}"
    )
    columns = "\n".join(
        f'<div class="col"><h3>{draw.word().title()}</h3><p>{draw.sentence()}</p>'
        f"{links.few(draw.count(1, 3))}</div>"
        for _ in range(draw.count(2, 6))
    )
    body = (
        f"<nav>{links.logo()}{menu(draw, links, draw.count(4, 10))}</nav>\n<div class='hero'>"
        f"<h1>{_message(draw, bad=bad)}</h1>\n{form(draw, links, bad=bad)}</div>\n{columns}\n"
        f"{foot(draw, brand, links, bad=bad)}\n{scripts(draw, links, bad=bad)}"
    )
    return _wrap(draw, brand, links, _sign_in_title(draw, brand), css, body)


def bare(draw: Draw, brand: Brand, url: str, *, bad: bool) -> str:
    """Little but a form."""
    links = Links(draw, brand, url, bad=bad)
    body = (
        f"<center>{links.logo()}<h2>{brand.name}</h2>{_message(draw, bad=bad)}<br><br>"
        f"{form(draw, links, bad=bad)}</center>{scripts(draw, links, bad=bad)}"
    )
    return _wrap(draw, brand, links, _sign_in_title(draw, brand), "body{background:#eee}", body)


def company(draw: Draw, brand: Brand, url: str) -> str:
    """The first page of a firm."""
    links = Links(draw, brand, url, bad=False)
    css = (
        "body{margin:0;font-family:Georgia,serif}\nnav a{margin:0 10px}\n"
        f".hero{{padding:50px;background:{draw.accent};color:#fff}}\n.box{{padding:20px}}"
    )
    boxes = "\n".join(
        f'<div class="box"><h2>{draw.word().title()} {draw.word()}</h2><p>{draw.paragraph()}</p>'
        f"{links.few(draw.count(1, 3))}</div>"
        for _ in range(draw.count(2, 7))
    )
    sign_up = form(draw, links, bad=False) if draw.chance(0.25) else ""
    body = (
        f"<nav>{links.logo()}{menu(draw, links, draw.count(4, 12))}</nav>\n<div class='hero'><h1>"
        f"{brand.name}: {draw.sentence()}</h1></div>\n{boxes}\n{links.pictures(draw.count(1, 8))}\n"
        f"{sign_up}\n{foot(draw, brand, links, bad=False)}\n{scripts(draw, links, bad=False)}"
    )
    return _wrap(draw, brand, links, f"{brand.name} | {draw.word().title()}", css, body)


def article(draw: Draw, brand: Brand, url: str) -> str:
    """A text with a menu and links in it."""
    links = Links(draw, brand, url, bad=False)
    parts = "\n".join(
        f"<p>{draw.paragraph()} {links.few(1) if draw.chance(0.4) else ''}</p>"
        for _ in range(draw.count(3, 14))
    )
    search = f'<form action="{links.own()}"><input type="search" name="q"></form>'
    body = (
        f"<header><a href='/'>{brand.name}</a> {menu(draw, links, draw.count(3, 9))}"
        f"{search if draw.chance(0.5) else ''}</header>\n<article><h1>{draw.sentence()}</h1>\n"
        f"{links.pictures(draw.count(0, 3))}{parts}</article>\n<aside><ul>"
        + "".join(f"<li>{links.few(1)}</li>" for _ in range(draw.count(2, 12)))
        + f"</ul></aside>\n{foot(draw, brand, links, bad=False)}\n{scripts(draw, links, bad=False)}"
    )
    css = "body{max-width:800px;margin:0 auto;font:16px serif}\naside{background:#fafafa}"
    return _wrap(draw, brand, links, f"{draw.sentence()[:-1]} - {brand.name}", css, body)


def shop(draw: Draw, brand: Brand, url: str) -> str:
    """Goods in a grid."""
    links = Links(draw, brand, url, bad=False)
    goods = "\n".join(
        f'<div class="item">{links.pictures(1)}<h3>{links.few(1)}</h3><p>{draw.sentence()}</p>'
        f"<b>{draw.count(3, 900)}.{draw.count(10, 99)}</b></div>"
        for _ in range(draw.count(4, 16))
    )
    body = (
        f"<header>{links.logo()}{menu(draw, links, draw.count(5, 10))}</header><main>{goods}</main>"
        f"\n{foot(draw, brand, links, bad=False)}\n{scripts(draw, links, bad=False)}"
    )
    css = ".item{display:inline-block;width:180px;padding:10px;vertical-align:top}"
    return _wrap(draw, brand, links, f"{brand.name} - {draw.word()} shop", css, body)


def plain(draw: Draw, brand: Brand, url: str) -> str:
    """A short page: contact, opening hours, a page that moved."""
    links = Links(draw, brand, url, bad=False)
    contact = form(draw, links, bad=False) if draw.chance(0.3) else ""
    body = (
        f"<h1>{brand.name}</h1>\n<p>{draw.paragraph()}</p>\n{contact}"
        f"<p>{links.few(draw.count(1, 5))}</p>\n"
    )
    if draw.chance(0.6):
        body += foot(draw, brand, links, bad=False)
    return _wrap(draw, brand, links, brand.name, "body{font-family:sans-serif}", body)
