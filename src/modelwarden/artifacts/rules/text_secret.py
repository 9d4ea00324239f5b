"""`text-secret`."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from modelwarden.core import Confidence, Evidence, Hit, Severity, rule
from modelwarden.formats.plaintext import PlainText

_MOST = 50


@rule(
    "text-secret",
    title="A text beside a model holds a secret",
    severity=Severity.MEDIUM,
    reads=PlainText,
    confidence=Confidence.MEDIUM,
    references=(
        "CWE-798",
        "CWE-312",
    ),
    weakness="secrets_in_artifact",
)
def text_secret(one: PlainText) -> Iterator[Hit]:
    """Flag keys, tokens and passwords in code, scripts and notes; only their beginning is shown.

    Why: everyone who gets the model gets the secret with it, and it stays in every copy.

    Fix: revoke it first, then take it out and read it from the environment.

    Blind spot: a secret of unknown form under an innocent name looks like any other text.
    """
    if not one.tokens:
        return
    # Imported here: most texts hold nothing that could be one.
    from modelwarden.artifacts.known.secrets import GUESSED, looks_drawn, secret_in, shown

    told: set[tuple[str, str]] = set()
    for token in one.tokens:
        kind = secret_in(token.key, token.value)
        if kind is None or (kind, token.value) in told:
            continue
        if kind == GUESSED and not looks_drawn(token.value):
            continue
        told.add((kind, token.value))
        mark = hashlib.sha256(token.value.encode("utf-8", "replace")).hexdigest()[:16]
        facts = {"key": token.key[:100], "value": shown(token.value, kind)}
        where = Evidence(facts=facts, line=token.line, identity=(kind, mark))
        sure = Confidence.LOW if kind == GUESSED else None
        yield Hit(f"holds {kind}" + (f" as {token.key[:60]}" if token.key else ""), where, sure)
        if len(told) >= _MOST:
            return
