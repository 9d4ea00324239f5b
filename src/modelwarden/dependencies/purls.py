"""Package addresses (purl), taken apart and put together.

A part is percent-encoded wherever it could be read as the beginning of another, so a name or a
version that holds `@`, `/`, `?` or `#` stays one part.

Source: https://github.com/package-url/purl-spec
"""

from __future__ import annotations

from urllib.parse import quote, unquote

from modelwarden.core.values import dataclass
from modelwarden.dependencies.names import normal_name

_LONGEST = 2_000
_PLAIN = "-._~:"


@dataclass(frozen=True, slots=True)
class Purl:
    """One address; what it does not hold is empty.

    Attributes:
        kind: `pypi`, `conda`, `deb`, …, in lower case; empty when it is no package address.
        namespace: decoded, its parts joined by `/`.
    """

    kind: str
    namespace: str
    name: str
    version: str


def parse(text: str) -> Purl:
    """Take an address apart; what is none has no kind.

    >>> parse("pkg:pypi/Scikit-Learn@1.0.2%2Blocal?arch=x86#sub")
    Purl(kind='pypi', namespace='', name='Scikit-Learn', version='1.0.2+local')
    >>> parse("pkg:npm/@babel/core@7.0.0").namespace
    '@babel'
    """
    text = text.strip()
    if text[:4].lower() != "pkg:" or len(text) > _LONGEST:
        return Purl("", "", "", "")
    bare = text[4:].partition("#")[0].partition("?")[0].strip("/")
    path, last = bare.rpartition("/")[::2]
    # An `@` that opens a part is a scope of npm that somebody did not encode.
    at = last.rfind("@")
    name, version = (last[:at], last[at + 1 :]) if at > 0 else (last, "")
    kind, _, namespace = path.partition("/")
    return Purl(kind.lower(), unquote(namespace), unquote(name), unquote(version))


def purl_of(kind: str, name: str, version: str | None = None, namespace: str = "") -> str:
    """Put an address together.

    >>> purl_of("pypi", "Scikit_Learn", "1.0+local"), purl_of("deb", "a@b/c", "1", "debian")
    ('pkg:pypi/scikit-learn@1.0%2Blocal', 'pkg:deb/debian/a%40b%2Fc@1')
    """
    if kind == "pypi":
        name = normal_name(name)
    parts = [*(p for p in namespace.split("/") if p), name]
    path = "/".join(quote(part, safe=_PLAIN) for part in parts)
    return f"pkg:{kind}/{path}" + (f"@{quote(version, safe=_PLAIN)}" if version else "")
