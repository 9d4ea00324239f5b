"""From the anomalies of an archive to hits: every rule about archives is one kind of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwarden.core import Evidence, Hit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelwarden.formats.archive import ArchiveView, Oddity


def hits(view: ArchiveView, kind: Oddity) -> Iterator[Hit]:
    """Yield a hit for each anomaly of one kind."""
    for anomaly in view.anomalies:
        if anomaly.kind is kind:
            yield Hit(anomaly.message, Evidence(anomaly.at, anomaly.facts))
