"""Shares with their intervals, Markdown tables, and where the shared data lie."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def wilson(hits: int, n: int, z: float = 1.959964) -> tuple[float, float]:
    """Return the 95 % interval of a share; (0, 1) when `n` is 0.

    Source: Wilson 1927, the score interval.
    """
    if n == 0:
        return 0.0, 1.0
    share, shrink = hits / n, 1 + z * z / n
    middle = (share + z * z / (2 * n)) / shrink
    half = z / shrink * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return round(max(0.0, middle - half), 9), round(min(1.0, middle + half), 9)


def share(hits: int, n: int) -> str:
    """Return `12 (30 %, 18–45)`: hits, their share and its 95 % interval in per cent."""
    if n == 0:
        return "none"
    low, high = wilson(hits, n)
    return f"{hits} ({100 * hits / n:.3g} %, {100 * low:.2g}–{100 * high:.2g})".replace(
        "1e+02", "100"
    )


def markdown(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a Markdown table."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def shared() -> Path:
    """Return the folder of the shared data.

    Raises:
        SystemExit: it is not there.
    """
    folder = Path(os.environ.get("MODELWARDEN_SHARED") or ROOT.parent / "shared").resolve()
    if not (folder / "data").is_dir():
        raise SystemExit("the shared data are not there: set MODELWARDEN_SHARED to their folder")
    return folder
