"""`tokenizer-slow-pattern`."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.core import Confidence, Evidence, Hit, Severity, rule
from modelwarden.formats.vocabulary.tokenizer import TokenizerFile


@rule(
    "tokenizer-slow-pattern",
    title="A tokenizer has a pattern that takes exponential time",
    severity=Severity.MEDIUM,
    reads=TokenizerFile,
    confidence=Confidence.MEDIUM,
    references=("CWE-400",),
    weakness="availability_attack",
)
def tokenizer_slow_pattern(tokenizer: TokenizerFile) -> Iterator[Hit]:
    """Flag patterns that repeat, without end, a group that itself repeats without end.

    Why: a short text that nearly fits such a pattern keeps the tokenizer busy for hours, whoever
    sends it: one request stops a server.

    Fix: take the tokenizer from the publisher of the base model.

    Blind spot: patterns that are slow by other means (alternatives that overlap in several
    letters, back references) are not recognised.
    """
    for fault in tokenizer.faults:
        if fault.kind == "slow":
            facts = {"fault": fault.kind, "what": fault.what, "why": fault.why}
            yield Hit(fault.why, Evidence(fault.at, facts))
