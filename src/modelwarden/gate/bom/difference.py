"""What changed between two bills of materials: components, weaknesses, measures.

Components are told apart by their address without the version, so a package that moved is one
change and not two; weaknesses by any of their ids, so a record that got its CVE is the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Generic, TypeVar

from modelwarden.core import InputError
from modelwarden.core.values import dataclass
from modelwarden.dependencies.manifests.text import json_document, table
from modelwarden.gate.bom import reading
from modelwarden.gate.bom.reading import Component, Flaw, Measure, Told

_LARGEST = 256 << 20

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes(Generic[T]):
    """What is only in B, only in A, and in both but another: (as in A, as in B)."""

    added: tuple[T, ...] = ()
    removed: tuple[T, ...] = ()
    changed: tuple[tuple[T, T], ...] = ()

    @property
    def any(self) -> bool:
        """Tell whether something changed."""
        return bool(self.added or self.removed or self.changed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What changed from A to B.

    Attributes:
        unsure: why B may have weaknesses that it does not tell; empty when it does not say so.
    """

    components: Changes[Component]
    weaknesses: Changes[Flaw]
    measures: Changes[Measure]
    unsure: str = ""


def read(path: Path) -> Told:
    """Return what a document tells: CycloneDX or SPDX 2 or 3, in JSON.

    Raises:
        InputError: it cannot be read or is none of them.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(_LARGEST + 1)
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise InputError(f"cannot read {path}: {why}", hint="Check the path.") from error
    if len(data) > _LARGEST:
        raise InputError(f"{path}: larger than {_LARGEST} bytes")
    hint = "Give a CycloneDX or SPDX document in JSON; modelwarden bom PATH writes one."
    try:
        return reading.told(table(json_document(data.decode("utf-8-sig"))))
    except (InputError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: {str(error)[:200]}", hint=hint) from error


def between(a: Told, b: Told) -> Difference:
    """Return what changed from `a` to `b`."""
    return Difference(
        components=_changes(a.components, b.components),
        weaknesses=_weaknesses(a, b),
        measures=_changes(a.measures, b.measures),
        unsure=_unsure(a, b),
    )


def _changes(a: Mapping[str, T], b: Mapping[str, T]) -> Changes[T]:
    return Changes(
        added=tuple(b[key] for key in sorted(b.keys() - a.keys())),
        removed=tuple(a[key] for key in sorted(a.keys() - b.keys())),
        changed=tuple((a[key], b[key]) for key in sorted(a.keys() & b.keys()) if a[key] != b[key]),
    )


def _weaknesses(a: Told, b: Told) -> Changes[Flaw]:
    """Pair the weaknesses of one component that share a name."""
    known = {(flaw.key, name): flaw for flaw in a.flaws for name in flaw.names}
    met: set[int] = set()
    added: list[Flaw] = []
    changed: list[tuple[Flaw, Flaw]] = []
    for flaw in b.flaws:
        same = [known[flaw.key, name] for name in flaw.names if (flaw.key, name) in known]
        met.update(id(one) for one in same)
        if not same:
            added.append(flaw)
        elif (flaw.severity, flaw.settled) != (same[0].severity, same[0].settled):
            changed.append((same[0], flaw))
    removed = [flaw for flaw in a.flaws if id(flaw) not in met]
    return Changes(added=tuple(added), removed=tuple(removed), changed=tuple(changed))


def _unsure(a: Told, b: Told) -> str:
    if b.incomplete:
        return "B says that it is incomplete"
    if not b.audited and (a.audited or b.components):
        return "B says nothing of vulnerabilities"
    return ""
