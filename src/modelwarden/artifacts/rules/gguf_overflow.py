"""`gguf-overflow`."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.formats.gguf.reader import GgufModel


@rule(
    "gguf-overflow",
    title="A GGUF file holds numbers that overflow in a loader",
    severity=Severity.HIGH,
    reads=GgufModel,
    references=("CWE-190", "CWE-787", "CVE-2024-21836", "CVE-2024-23496", "CVE-2024-21802"),
    weakness="custom_code_in_model",
)
def gguf_overflow(model: GgufModel) -> Iterator[Hit]:
    """Flag counts, lengths, dimensions and offsets that no file can have.

    Why: a loader that multiplies or adds them gets a small number, makes a small buffer and writes
    behind it: with chosen bytes that runs code. No truncated download looks like this.

    Fix: do not load the file, and keep llama.cpp and what builds on it up to date.

    Blind spot: numbers that are wrong but fit the file are `gguf-invalid`.
    """
    for fault in model.faults:
        if fault.kind == "overflow":
            facts = {"fault": fault.kind, "what": fault.what, "why": fault.why}
            yield Hit(fault.why, Evidence(fault.at, facts))
