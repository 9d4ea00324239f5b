"""Edits of an address that whoever owns its domain can make: the same page, served elsewhere.

Nothing here changes what was registered. The owner of a domain names hosts below it, serves any
path, and may write the same path in other ways; whether a result is one that a browser opens, at
the same owner's, is decided outside of the edits (`rules`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

import numpy as np

from modelwarden.attacks.urls.parts import Address, address_of
from modelwarden.core import UnknownNameError, seed_for
from modelwarden.core.values import dataclass

Make: TypeAlias = Callable[[Address, np.random.Generator], Address | None]

_ALARM = re.compile(
    r"account|admin|alert|auth|bank|billing|confirm|credential|customer|invoice|log-?in|log-?on|"
    r"online|password|pay|portal|recover|secur\w*|service|sign-?in|sso|support|suspend|unlock|"
    r"update|valid\w*|verif\w*|wallet|webscr",
    re.IGNORECASE,
)
_CALM = ("about", "news", "blog", "products", "events", "team", "gallery", "archive", "topics")
_TOPICS = ("garden", "travel", "recipes", "music", "history", "library", "sport", "weather")
_TWINS = dict(zip("aceiopxys", "асеіорхуѕ", strict=True))
_LEET = dict(zip("oeis", "0315", strict=True))
_ENDING = re.compile(r"\.(?:php|html?|aspx?|cgi|jsp)$", re.IGNORECASE)


def _host(address: Address, before: str) -> Address | None:
    """Return the address at another name below the same domain."""
    if address.is_number or not address.domain:
        return None
    host = f"{before}.{address.domain}" if before else address.domain
    return replace(address, host=host)


def secure(address: Address, rng: np.random.Generator) -> Address | None:  # noqa: ARG001
    """Serve it over https."""
    return replace(address, scheme="https") if address.scheme == "http" else None


def bare_host(address: Address, rng: np.random.Generator) -> Address | None:  # noqa: ARG001
    """Serve it at the domain itself."""
    return _host(address, "") if address.subdomain else None


def www(address: Address, rng: np.random.Generator) -> Address | None:  # noqa: ARG001
    """Serve it at www."""
    return _host(address, "www")


def calm_host(address: Address, rng: np.random.Generator) -> Address | None:
    """Serve it at a host with an ordinary name."""
    return _host(address, ("blog", "news", "shop", "docs", "static")[int(rng.integers(5))])


def twin_host(address: Address, rng: np.random.Generator) -> Address | None:  # noqa: ARG001
    """Write names before the domain with letters that look the same."""
    labels = [_twin(label) for label in address.subdomain.split(".") if label]
    return _host(address, ".".join(labels)) if labels else None


def _twin(label: str) -> str:
    """Return a name with its first letter that has a twin replaced, as names are registered."""
    at = next((i for i, c in enumerate(label) if c in _TWINS), None)
    if at is None or label.startswith("xn--"):
        return label
    changed = label[:at] + _TWINS[label[at]] + label[at + 1 :]
    return "xn--" + changed.encode("punycode").decode("ascii")


def split_host(address: Address, rng: np.random.Generator) -> Address | None:  # noqa: ARG001
    """Part alarming words before the domain by hyphens."""
    return _host(address, _ALARM.sub(_hyphened, address.subdomain)) if address.subdomain else None


def _hyphened(match: re.Match[str]) -> str:
    word = match[0].replace("-", "")
    return f"{word[: len(word) // 2]}-{word[len(word) // 2 :]}"


def calm_path(address: Address, rng: np.random.Generator) -> Address | None:
    """Serve it under an ordinary path."""
    first, second = _CALM[int(rng.integers(len(_CALM)))], _TOPICS[int(rng.integers(8))]
    return replace(address, path=f"/{first}/{second}")


def short_path(address: Address, rng: np.random.Generator) -> Address | None:  # noqa: ARG001
    """Serve it at the root."""
    return replace(address, path="/") if address.path not in ("", "/") else None


def long_path(address: Address, rng: np.random.Generator) -> Address | None:
    """Serve it under a long path of ordinary words, as articles have."""
    words = "-".join(_TOPICS[i] for i in rng.permutation(8)[:5].tolist())
    return replace(address, path=f"/{_CALM[int(rng.integers(len(_CALM)))]}/2024/{words}")


def no_ending(address: Address, rng: np.random.Generator) -> Address | None:  # noqa: ARG001
    """Leave out the ending of the file."""
    return replace(address, path=_ENDING.sub("", address.path))


def no_query(address: Address, rng: np.random.Generator) -> Address | None:  # noqa: ARG001
    """Leave out the query: what it tells may stand in a cookie or the path."""
    return replace(address, query="") if address.query else None


def query_as_fragment(address: Address, rng: np.random.Generator) -> Address | None:  # noqa: ARG001
    """Carry the query behind the mark that is not sent to the server."""
    if not address.query:
        return None
    return replace(address, query="", fragment=address.query)


def percent_path(address: Address, rng: np.random.Generator) -> Address | None:  # noqa: ARG001
    """Write a letter of alarming words of the path in percent form: the same path."""
    return replace(address, path=_ALARM.sub(_percent, address.path))


def _percent(match: re.Match[str]) -> str:
    word = match[0]
    return f"{word[0]}%{ord(word[1]):02X}{word[2:]}"


def capitals(address: Address, rng: np.random.Generator) -> Address | None:  # noqa: ARG001
    """Write alarming words of the path in capitals."""
    return replace(address, path=_ALARM.sub(lambda m: m[0].upper(), address.path))


def split_path(address: Address, rng: np.random.Generator) -> Address | None:  # noqa: ARG001
    """Part alarming words of the path by hyphens."""
    return replace(address, path=_ALARM.sub(_hyphened, address.path))


def leet_path(address: Address, rng: np.random.Generator) -> Address | None:  # noqa: ARG001
    """Write letters of alarming words of the path as digits."""
    path = _ALARM.sub(lambda m: "".join(_LEET.get(c, c) for c in m[0]), address.path)
    return replace(address, path=path)


def no_digits(address: Address, rng: np.random.Generator) -> Address | None:
    """Write other names for tokens of digits and letters in path and query."""
    word = _TOPICS[int(rng.integers(8))]
    path = re.sub(r"(?<=/)[^/]*\d[^/]*(?=/|$)", word, address.path)
    query = re.sub(r"(?<==)[^&]*\d[^&]*", word, address.query)
    return replace(address, path=path, query=query)


def no_user(address: Address, rng: np.random.Generator) -> Address | None:  # noqa: ARG001
    """Leave out what stands before an @."""
    return replace(address, user="") if address.user else None


def no_port(address: Address, rng: np.random.Generator) -> Address | None:  # noqa: ARG001
    """Serve it at the usual port."""
    return replace(address, port="") if address.port else None


def number_as_one(address: Address, rng: np.random.Generator) -> Address | None:  # noqa: ARG001
    """Write a host that is a number as one number, as browsers read it too."""
    parts = address.host.split(".")
    if not address.is_number or len(parts) != 4 or any(int(p) > 255 for p in parts):
        return None
    value = int.from_bytes(bytes(int(part) for part in parts), "big")
    return replace(address, host=str(value))


@dataclass(frozen=True, slots=True, kw_only=True)
class UrlEdit:
    """An edit of addresses: its name, what it does, in words and in code."""

    name: str
    title: str
    make: Make


def _edit(name: str, make: Make) -> UrlEdit:
    title = (make.__doc__ or name).split("\n")[0].rstrip(".")
    return UrlEdit(name=name, title=title, make=make)


# Those that replace a part come before those that only write it otherwise.
EDITS: tuple[UrlEdit, ...] = (
    _edit("https", secure),
    _edit("bare-host", bare_host),
    _edit("www", www),
    _edit("calm-host", calm_host),
    _edit("split-host", split_host),
    _edit("twin-host", twin_host),
    _edit("short-path", short_path),
    _edit("calm-path", calm_path),
    _edit("long-path", long_path),
    _edit("no-digits", no_digits),
    _edit("no-ending", no_ending),
    _edit("no-query", no_query),
    _edit("query-as-fragment", query_as_fragment),
    _edit("split-path", split_path),
    _edit("leet-path", leet_path),
    _edit("percent-path", percent_path),
    _edit("capitals", capitals),
    _edit("no-user", no_user),
    _edit("no-port", no_port),
    _edit("number-as-one", number_as_one),
)
NAMES = tuple(edit.name for edit in EDITS)


def url_edit(name: str) -> UrlEdit:
    """Return an edit.

    Raises:
        UnknownNameError: there is none of this name; it says the nearest.
    """
    for edit in EDITS:
        if edit.name == name:
            return edit
    raise UnknownNameError("edit of addresses", name, NAMES)


def url_edited(url: str, names: tuple[str, ...], seed: int) -> tuple[str, tuple[str, ...]]:
    """Return an address with edits made, in their order, and those that changed it."""
    done = []
    for edit in EDITS:
        if edit.name in names:
            rng = np.random.default_rng(seed_for(seed, "url-edit", edit.name))
            made = edit.make(address_of(url), rng)
            text = url if made is None else made.text()
            if text != url:
                url = text
                done.append(edit.name)
    return url, tuple(done)
