"""Parts of generated pages: head, links, menu, form, scripts, foot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwarden.attacks.urls.parts import address_of
from modelwarden.redteam.phishing import phrases

if TYPE_CHECKING:
    from modelwarden.redteam.phishing.layouts import Brand, Draw

_DOT = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9Q"
    "DwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


class Links:
    """Where the links and pictures of a page lead: its own site, the brand's, nowhere."""

    def __init__(self, draw: Draw, brand: Brand, url: str, *, bad: bool) -> None:
        """Draw the habits of whoever made the page."""
        self.draw, self.brand, self.bad = draw, brand, bad
        self.host = address_of(url).host
        draw_away = draw.rng.beta(2, 2) if bad else draw.rng.beta(1, 9)
        draw_null = draw.rng.beta(2, 3) if bad else draw.rng.beta(1, 12)
        self.away, self.null = float(draw_away), float(draw_null)

    def own(self) -> str:
        """Return a link within the site."""
        path = f"{self.draw.word()}{self.draw.one(('', '.html', '/', '.php'))}"
        return self.draw.one((path, f"/{path}", f"https://{self.host}/{path}"))

    def any(self) -> str:
        """Return a link as this page has them."""
        draw = self.draw
        if draw.chance(self.null):
            return draw.one(("#", "#", "javascript:void(0)", ""))
        if draw.chance(self.away):
            other = self.brand.domain if self.bad else draw.one(phrases.SITES)
            return f"https://www.{other}/{draw.word()}"
        return self.own()

    def few(self, count: int) -> str:
        """Return links with words of the trade."""
        names = (
            "Forgot password?",
            "Create account",
            "Help",
            "Learn more",
            "Contact us",
            "Read on",
        )
        return " ".join(f'<a href="{self.any()}">{self.draw.one(names)}</a>' for _ in range(count))

    def source(self, name: str) -> str:
        """Return where a file of the page lies."""
        if self.bad and self.draw.chance(0.4):
            return f"https://www.{self.brand.domain}/assets/{name}"
        if self.draw.chance(0.12):
            return f"https://cdn.{self.draw.one(phrases.SITES)}/{name}"
        return self.draw.one((f"/static/{name}", f"img/{name}", name))

    def logo(self) -> str:
        """Return the picture of the brand."""
        src = _DOT if self.draw.chance(0.3 if self.bad else 0.12) else self.source("logo.png")
        return f'<img src="{src}" alt="{self.brand.name}" width="90" height="30">'

    def pictures(self, count: int) -> str:
        """Return pictures."""
        return "".join(
            f'<img src="{self.source(name)}" alt="" width="160" height="90">'
            for name in (self.draw.word() + ".jpg" for _ in range(count))
        )


def head(draw: Draw, brand: Brand, links: Links, title: str, css: str) -> str:
    """Return the head of a page."""
    lines = ["<head>", '<meta charset="utf-8">', f"<title>{title}</title>"]
    good = not links.bad
    if draw.chance(0.75 if good else 0.5):
        lines.append('<meta name="viewport" content="width=device-width, initial-scale=1">')
    if draw.chance(0.65 if good else 0.15):
        lines.append(f'<meta name="description" content="{draw.sentence()}">')
    if draw.chance(0.4 if good else 0.12):
        lines.append(f'<meta property="og:title" content="{brand.name}">')
    if draw.chance(0.7 if good else 0.6):
        lines.append(f'<link rel="icon" href="{links.source("favicon.ico")}">')
    if draw.chance(0.03 if good else 0.08):
        lines.append('<meta http-equiv="refresh" content="900">')
    sheets = ("main.css", "theme.css")[: draw.count(0, 2)]
    lines += [f'<link rel="stylesheet" href="{links.source(name)}">' for name in sheets]
    lines += [f"<style>\n{css}\n</style>", "</head>"]
    return "\n".join(lines)


def menu(draw: Draw, links: Links, count: int, between: str = " ") -> str:
    """Return a menu."""
    return between.join(
        f'<a href="{links.any()}">{name}</a>' for name in draw.some(phrases.NAV, count)
    )


def _action(draw: Draw, links: Links, *, bad: bool) -> str:
    if not bad:
        return draw.one(("/login", "/session", links.own(), "", "https://" + links.host + "/auth"))
    return draw.one(
        (
            "login.php",
            "next.php",
            f"https://{draw.token(8)}.{draw.one(phrases.ENDINGS)}/post.php",
            "",
            "#",
            "submit",
            f"https://collect.{draw.one(phrases.FREE_HOSTS)}/f/{draw.token(6)}",
        )
    )


def form(draw: Draw, links: Links, *, bad: bool) -> str:
    """Return a form that asks for a name and a password, sometimes for more."""
    method = draw.one(("post", "POST", "post", "get"))
    fields = []
    label = draw.one(("Email", "User name", "Email or phone", "Customer number"))
    kind = draw.one(("text", "email", "text"))
    name = draw.one(("user", "email", "login"))
    fields.append(f'<label>{label}</label><input type="{kind}" name="{name}">')
    if draw.chance(0.92 if bad else 0.85):
        fields.append('<label>Password</label><input type="password" name="pass" value="">')
    if draw.chance(0.25 if bad else 0.04):
        fields.append('<input name="card" placeholder="Card number"><input name="cvv" size="4">')
    if draw.chance(0.25 if bad else 0.5):
        token, name = draw.token(24), draw.one(("csrf", "token", "id"))
        fields.append(f'<input type="hidden" name="{name}" value="{token}">')
    if draw.chance(0.4):
        fields.append('<label><input type="checkbox" name="keep"> Keep me signed in</label>')
    button = draw.one(phrases.BUTTONS if bad else phrases.BUTTONS[:4])
    handler = draw.maybe(' onsubmit="return check(this)"', 0.15)
    inner = "\n".join(fields)
    return (
        f'<form action="{_action(draw, links, bad=bad)}" method="{method}"{handler}>\n{inner}\n'
        f'<button class="btn" type="submit">{button}</button>\n</form>'
    )


_LINES = (
    "var started = new Date().getTime();",
    "window.dataLayer = window.dataLayer || []; function track(){dataLayer.push(arguments);}",
    "document.addEventListener('DOMContentLoaded', function () { var b = 1; });",
    "function toggle(id){var e=document.getElementById(id);if(e){e.hidden=!e.hidden;}}",
    "var settings = {lang: 'en', theme: 'light', beta: false};",
)
_WRITES = "document.write(unescape('%3C!-- counter --%3E'));"
_NO_CLICK = "document.oncontextmenu = function () { return false; };"
_CHECK = "function check(f){return f.elements[0].value.length > 0;}"


def scripts(draw: Draw, links: Links, *, bad: bool) -> str:
    """Return scripts: harmless lines of the kinds that pages carry."""
    lines = draw.some(_LINES, draw.count(0, 3))
    lines.append(_CHECK)
    if draw.chance(0.15 if bad else 0.08):
        lines.append(_WRITES)
    if draw.chance(0.15 if bad else 0.02):
        lines.append(_NO_CLICK)
    out = [f"<script>\n{chr(10).join(lines)}\n</script>"]
    names = [f"{draw.word()}.js" for _ in range(draw.count(0, 1 if bad else 3))]
    out += [f'<script src="{links.source(name)}"></script>' for name in names]
    if draw.chance(0.06 if bad else 0.08):
        out.append(f'<iframe src="{links.source("frame.html")}" width="1" height="1"></iframe>')
    return "\n".join(out)


def foot(draw: Draw, brand: Brand, links: Links, *, bad: bool) -> str:
    """Return the foot of a page."""
    if draw.chance(0.3 if bad else 0.1):
        return ""
    names = draw.some(phrases.LEGAL, draw.count(1, 5))
    anchors = " ".join(f'<a href="{links.any()}">{name}</a>' for name in names)
    year = draw.count(2012, 2026)
    rights = f"&copy; {year} {brand.name}" if draw.chance(0.8) else f"{year}"
    tag = draw.one(("footer", "footer", "div"))
    return f"<{tag}>{anchors} {rights}. All rights reserved.</{tag}>"
