"""The rule `safetensors-duplicate-key`."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.formats.safetensors import Safetensors


@rule(
    "safetensors-duplicate-key",
    title="safetensors header names something twice",
    severity=Severity.MEDIUM,
    reads=Safetensors,
    references=("CWE-694",),
    weakness="unsigned_or_altered_artifact",
)
def safetensors_duplicate_key(file: Safetensors) -> Iterator[Hit]:
    """Flag names that stand twice in one object of the header.

    Why: which of the two counts depends on the program that reads it, so a file can show one
    tensor to whoever checks it and another one to whoever loads it.

    Fix: ask the publisher for the file again; no library writes a name twice.
    """
    for fault in file.faults:
        if fault.kind == "duplicate":
            facts = {"name": fault.what, "why": fault.why}
            yield Hit(
                f"{fault.what!r}: {fault.why}", Evidence(fault.at, facts, (fault.what, fault.why))
            )
