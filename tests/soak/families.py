"""Families of readers: those that share a module, or a package, of `modelwarden.formats`.

    python -m soak.families

prints each with its formats, and how many seeds and real files among them it has.
"""

from __future__ import annotations

import os
import sys
from collections import Counter, defaultdict
from pathlib import Path

from modelwarden.artifacts import examine
from modelwarden.formats import Limits, Source, identify
from modelwarden.formats.catalog import FORMATS, Format

from .seeds import Seed, real, seeds

_ROOT = Path(__file__).resolve().parent.parent.parent
_OURS = "modelwarden.formats."
_LIMITS = Limits(expanded=64 << 20, operations=2_000_000, seconds=60, memory=32 << 20)


def shared() -> Path | None:
    """Return the folder with real models and test sets, if it is here."""
    place = Path(os.environ.get("MODELWARDEN_SHARED") or _ROOT.parent / "shared")
    return place if place.is_dir() else None


def family_of(entry: Format) -> str:
    """Return the module or package that reads a format.

    >>> family_of(FORMATS[0])
    'pickle'
    """
    return entry.module.removeprefix(_OURS).partition(":")[0].partition(".")[0]


def families() -> dict[str, list[Format]]:
    """Return all, with their formats in catalogue order."""
    found: dict[str, list[Format]] = defaultdict(list)
    for entry in FORMATS:
        found[family_of(entry)].append(entry)
    return dict(found)


def of_family(pool: list[Seed], family: str) -> list[Seed]:
    """Return the seeds that a family reads."""
    return [seed for seed in pool if family in read_by(seed)]


def read_by(seed: Seed) -> set[str]:
    """Return the families that read a seed: those that claim it, and the one that names it."""
    source = Source(*seed)
    found = {family_of(entry) for entry in identify(source, lambda _, __: None)}
    named = examine(source, _LIMITS).coverage.format
    return found | {family_of(entry) for entry in FORMATS if entry.id == named}


def main() -> int:
    """Print the table."""
    made, files = (
        Counter(family for seed in pool for family in read_by(seed))
        for pool in (seeds(None), real(shared()))
    )
    for family, entries in sorted(families().items()):
        ids = " ".join(entry.id for entry in entries)
        sys.stdout.write(f"{family:16} {made[family]:5} made {files[family]:5} real  {ids}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
