"""Reading one manifest in a test."""

from __future__ import annotations

from modelwarden.dependencies.manifests import kind_of, read
from modelwarden.dependencies.packages import Manifest


def reading(name: str, text: str | bytes) -> Manifest:
    kind = kind_of(name)
    assert kind is not None
    data = text if isinstance(text, bytes) else text.encode()
    return read(data, name, kind)


def shown(name: str, text: str | bytes) -> list[str]:
    """Return the packages as `name version` or `name>=range`; there is no gap."""
    manifest = reading(name, text)
    assert manifest.gaps == []
    return [package.shown for package in manifest.packages]


def whys(name: str, text: str | bytes) -> list[str]:
    return [gap.why for gap in reading(name, text).gaps]
