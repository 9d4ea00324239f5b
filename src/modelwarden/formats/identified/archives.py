"""Kinds of zip archive that are told by their members, each of which is examined by itself.

What the members of an H2O MOJO mean together is a gap.
"""

from __future__ import annotations

import re
from dataclasses import field
from typing import TYPE_CHECKING

from modelwarden.core import GapKind, Producer
from modelwarden.core.values import dataclass
from modelwarden.formats.archive import ArchiveView
from modelwarden.formats.identified.kind import producer, unexamined
from modelwarden.formats.limits import LimitExceededError
from modelwarden.formats.view import DamagedError, gap

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from modelwarden.formats.zip import Archive

_PEEKED = 1 << 16


@dataclass(frozen=True, slots=True)
class _Known:
    """One kind of archive.

    Attributes:
        id: as in the catalogue.
        title: for the gap; empty for archives that are no models, or whose members say all.
        needs: each must match the name of some member.
        by: the library, the member that has its version, and the key that it stands under.
        expect: format as which a loader reads a member, by name.
    """

    id: str
    title: str
    needs: tuple[str, ...]
    by: tuple[str, str, str] | None = None
    expect: Mapping[str, str] = field(default_factory=dict)


_KNOWN = (
    _Known(
        "keras-v3",
        "",
        (r"config\.json", r"metadata\.json"),
        ("keras", "metadata.json", "keras_version"),
        {"config.json": "keras-config"},
    ),
    _Known("h2o-mojo", "an H2O MOJO", (r"model\.ini",), ("h2o", "model.ini", "h2o_version")),
    _Known("office-document", "", (r"\[Content_Types\]\.xml",)),
    _Known("android-package", "", (r"AndroidManifest\.xml",)),
    _Known("wheel", "", (r"[^/]+\.dist-info/WHEEL",)),
    _Known("jar", "", (r"META-INF/MANIFEST\.MF",)),
)


def is_known(names: Sequence[str]) -> bool:
    """Tell whether the names of the members are those of a kind that is known here."""
    return _known(names) is not None


def read_archive(archive: Archive) -> ArchiveView:
    """Name the kind and its producer; the members are examined as what they are."""
    known = _known([member.name for member in archive.members])
    parts = archive.parts(expect=known.expect if known else None)
    gaps = parts.gaps
    if known and known.title:
        gaps += (gap(archive.source, unexamined(known.title), GapKind.UNSUPPORTED),)
    return ArchiveView(
        source=archive.source,
        format=known.id if known else "zip",
        producer=_producer(archive, known),
        gaps=gaps,
        children=parts.children,
        entries=parts.entries,
        anomalies=parts.anomalies,
    )


def _known(names: Sequence[str]) -> _Known | None:
    for known in _KNOWN:
        if all(any(re.fullmatch(need, name) for name in names) for need in known.needs):
            return known
    return None


def _producer(archive: Archive, known: _Known | None) -> Producer | None:
    if known is None or known.by is None:
        return None
    library, member, key = known.by
    found = archive.named(member)
    if found is None:
        return producer(library)
    try:
        data = archive.peek(found, _PEEKED)
    except (DamagedError, LimitExceededError):
        return producer(library)
    version = re.search(rb'"?%b"?\s*[:=]\s*"?([\w.+-]{1,40})' % re.escape(key).encode(), data)
    return producer(library, version[1].decode() if version else None)
