"""Names of zip members: where unpacking would write them, and which are there twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwarden.formats.archive import Anomaly, Oddity, escape, link_escape, printable
from modelwarden.formats.zip.members import STORED, Member
from modelwarden.formats.zip.records import name_of, normalised

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from modelwarden.core.findings import Json
    from modelwarden.formats.source import Source

LINK, TYPE = 0o120000, 0o170000
_TARGET = 4096


def odd_names(source: Source, members: Sequence[Member]) -> Iterator[Anomaly]:
    """Yield names and links that lead outside, and names that the directory lists twice."""
    seen: dict[str, Member] = {}
    for member in members:
        facts: dict[str, Json] = {"member": member.name}
        at = member.local.at if member.local is not None else None
        shown = printable(member.name, 120)
        headers = [h for h in (member.central, member.local) if h is not None]
        for why in sorted({r for h in headers if (r := escape(name_of(h)))}):
            yield Anomaly(Oddity.ESCAPE, f"{shown} {why}", member.name, at, facts)
        if (target := _target(source, member)) and (reason := link_escape(member.name, target)):
            facts = {**facts, "target": printable(target)}
            text = f"the link {shown} points to a path that {reason}"
            yield Anomaly(Oddity.ESCAPE, text, member.name, at, facts)
        if member.folder or member.central is None:
            continue
        path = normalised(member.name)
        if path in seen and seen[path].central is not member.central:
            text = f"{shown} is in the directory more than once"
            yield Anomaly(Oddity.DUPLICATE, text, member.name, member.central.at, facts)
        seen[path] = member


def _target(source: Source, member: Member) -> str | None:
    entry = member.central
    if entry is None or entry.mode & TYPE != LINK or member.method != STORED:
        return None
    data = source.read(member.data, min(member.packed, _TARGET))
    return data.decode("utf-8", "backslashreplace")
