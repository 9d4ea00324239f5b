"""An address in its parts, read without the network and without asking anybody."""

from __future__ import annotations

import re
from urllib.parse import urljoin, urlsplit, urlunsplit

from modelwarden.core.values import dataclass

# Second-level names under which others register, below two-letter countries.
_SECOND = frozenset("ac co com edu gob gov go ltd me mil ne net nom or org plc sch".split())
_IPV4 = re.compile(r"(?:\d{1,3}\.){3}\d{1,3}")
_LONGEST = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """The parts of an address.

    Attributes:
        scheme: in lower case. user: before an `@`. host: in lower case. port: as written.
        path, query, fragment: without their marks.
    """

    scheme: str
    user: str
    host: str
    port: str
    path: str
    query: str
    fragment: str

    def text(self) -> str:
        """Return the address as it is written."""
        place = f"{self.user}@{self.host}" if self.user else self.host
        if self.port:
            place += f":{self.port}"
        return urlunsplit((self.scheme, place, self.path, self.query, self.fragment))

    @property
    def labels(self) -> tuple[str, ...]:
        """The names in the host, from the left."""
        return tuple(part for part in self.host.split(".") if part)

    @property
    def is_number(self) -> bool:
        """The host is a number, as in 192.0.2.1."""
        return bool(_IPV4.fullmatch(self.host)) or self.host.startswith("[")

    @property
    def domain(self) -> str:
        """What somebody registered: the last two names, three below a country's second level."""
        labels = self.labels
        if self.is_number or len(labels) < 3:
            return self.host
        deep = len(labels[-1]) == 2 and labels[-2] in _SECOND
        return ".".join(labels[-3:] if deep else labels[-2:])

    @property
    def subdomain(self) -> str:
        """What stands before the domain; empty where nothing does."""
        return self.host[: -len(self.domain)].rstrip(".") if self.domain else ""


def address_of(url: str) -> Address:
    """Return the parts of an address; what cannot be read has empty parts."""
    try:
        split = urlsplit(url.strip()[:_LONGEST])
        place = split.netloc
    except ValueError:
        return Address(scheme="", user="", host="", port="", path="", query="", fragment="")
    user, _, place = place.rpartition("@")
    host, port = place, ""
    match = re.fullmatch(r"(.*):(\d*)", place)
    if match and not place.endswith("]"):
        host, port = match[1], match[2]
    return Address(
        scheme=split.scheme.lower(),
        user=user,
        host=host.lower().rstrip("."),
        port=port,
        path=split.path,
        query=split.query,
        fragment=split.fragment,
    )


def absolute(base: str, url: str) -> str:
    """Return an address as seen from a page; as it stands where it cannot be joined."""
    try:
        return urljoin(base, url.strip())
    except ValueError:
        return url
