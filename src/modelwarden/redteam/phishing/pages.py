"""Generated pages: phishing-like ones, and ordinary ones among which they must be told apart.

The two overlap on purpose: ordinary sign-in pages carry the words of phishing, phishing pages copy
whole sites, sit on respectable hosts or speak calmly. Nothing leads anywhere: names are invented.
"""

from __future__ import annotations

import numpy as np

from modelwarden.attacks.html.dom import Page
from modelwarden.core import seed_for
from modelwarden.core.values import dataclass
from modelwarden.redteam.phishing import layouts, phrases
from modelwarden.redteam.phishing.layouts import Brand, Draw


def made(seed: int, n: int, *, phishing: bool) -> list[Page]:
    """Return generated pages; page i is the same whatever `n` is."""
    kind = "phishing" if phishing else "ordinary"
    out = []
    for i in range(n):
        draw = Draw(np.random.default_rng(seed_for(seed, "pages", kind, i)))
        out.append(_phishing(draw) if phishing else _ordinary(draw))
    return out


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Pages with their classes: 1 is phishing."""

    pages: list[Page]
    y: list[int]


def sample(seed: int, n: int) -> Sample:
    """Return n pages of each kind, in turn."""
    bad, good = made(seed, n, phishing=True), made(seed, n, phishing=False)
    pages = [page for pair in zip(bad, good, strict=True) for page in pair]
    return Sample(pages=pages, y=[1, 0] * n)


def _phishing(draw: Draw) -> Page:
    brand = draw.brand()
    url = _bad_address(draw, brand)
    styles = (layouts.card, layouts.split, layouts.old_table, layouts.clone, layouts.bare)
    return Page(html=draw.one(styles)(draw, brand, url, bad=True), url=url)


def _ordinary(draw: Draw) -> Page:
    if draw.chance(0.36):  # a true sign-in page
        brand = draw.brand() if draw.chance(0.7) else draw.site()
        forms = (layouts.card, layouts.split, layouts.old_table, layouts.clone)
        url = _good_sign_in(draw, brand)
        return Page(html=draw.one(forms)(draw, brand, url, bad=False), url=url)
    brand = draw.site() if draw.chance(0.7) else draw.brand()
    url = f"https://{draw.maybe('www.', 0.6)}{brand.domain}/{_path(draw)}"
    styles = (layouts.company, layouts.article, layouts.shop, layouts.plain)
    return Page(html=draw.one(styles)(draw, brand, url), url=url)


def _path(draw: Draw) -> str:
    if draw.chance(0.35):
        return ""
    words = [draw.word() for _ in range(draw.count(1, 3))]
    ending = draw.one(("", "/", ".html", ".php", ".aspx"))
    return "/".join(words) + ending + draw.maybe(f"?id={draw.count(1, 9000)}", 0.15)


def _good_sign_in(draw: Draw, brand: Brand) -> str:
    scheme = "https" if draw.chance(0.96) else "http"
    before = draw.one(("login.", "account.", "accounts.", "secure.", "www.", "my.", ""))
    tail = draw.one(
        (
            "login",
            "signin",
            "account/login",
            "auth/sign-in?next=%2Fhome",
            "users/sign_in",
            "",
            "sso",
        )
    )
    if draw.chance(0.12):  # many firms sign in at somebody else's
        short = brand.domain.split(".")[0]
        return f"https://{short}.signonhub.com/{tail}"
    return f"{scheme}://{before}{brand.domain}/{tail}"


def _bad_address(draw: Draw, brand: Brand) -> str:
    short = brand.domain.split(".")[0]
    page = draw.one(("login.php", "index.html", "signin", "verify.php", "", "home", "account/"))
    token = draw.token(draw.count(6, 32))
    tail = draw.one(
        (page, f"{token}/{page}", f"{page}?id={token}", f"{page}?email=user%40mail.com")
    )
    scheme = "https" if draw.chance(0.6) else "http"
    word = draw.one(("secure", "verify", "account", "update", "support", "login", "alert"))
    ending = draw.one(phrases.ENDINGS)
    other = draw.one(phrases.SITES)
    hosts = (
        f"{short}-{word}.{ending}",
        f"{word}.{short}.com.{draw.token(7)}.{ending}",
        f"{short}.{draw.one(phrases.FREE_HOSTS)}",
        f"{draw.token(9)}.{draw.one(phrases.FREE_HOSTS)}",
        f"{word}-{draw.token(5)}.{ending}",
        ".".join(str(draw.count(1, 254)) for _ in range(4)),
    )
    if draw.chance(0.35):  # a respectable site that was broken into
        place = draw.one(
            ("wp-content/plugins", "wp-includes/js", "images", "old", "tmp", short, "")
        )
        return f"{scheme}://{draw.maybe('www.', 0.4)}{other}/{place}/{tail}".replace(
            "//" + "/", "//"
        )
    return f"{scheme}://{draw.one(hosts)}/{tail}"
