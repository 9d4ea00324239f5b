"""`pickle-secret`."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from modelwarden.core import Confidence, Evidence, Hit, Severity, rule
from modelwarden.formats.pickle.reader import PickleStream


@rule(
    "pickle-secret",
    title="A pickle holds a secret",
    severity=Severity.MEDIUM,
    reads=PickleStream,
    confidence=Confidence.MEDIUM,
    references=("CWE-798", "CWE-312"),
    weakness="secrets_in_artifact",
)
def pickle_secret(stream: PickleStream) -> Iterator[Hit]:
    """Flag keys, tokens and passwords among the strings; only their beginning is shown.

    Why: settings of the training are saved with many models, and what they held goes to everyone
    who gets the model.

    Fix: revoke it first, then save the model again without it.

    Blind spot: a secret of unknown form is found only as the value of a telling key, and none in
    strings of more than a megabyte.
    """
    if not stream.tokens:
        return
    # Imported here: most pickles hold nothing that could be one.
    from modelwarden.artifacts.known.secrets import GUESSED, looks_drawn, secret_in, shown

    told: set[str] = set()
    for token in stream.tokens:
        kind = secret_in(token.key, token.value)
        if (
            kind is None
            or token.value in told
            or (kind == GUESSED and not looks_drawn(token.value))
        ):
            continue
        told.add(token.value)
        mark = hashlib.sha256(token.value.encode("utf-8", "replace")).hexdigest()[:16]
        facts = {"key": token.key[:100], "value": shown(token.value, kind)}
        where = Evidence(token.at, facts=facts, identity=(kind, mark))
        sure = Confidence.LOW if kind == GUESSED else None
        yield Hit(f"holds {kind}" + (f" as {token.key[:60]}" if token.key else ""), where, sure)
