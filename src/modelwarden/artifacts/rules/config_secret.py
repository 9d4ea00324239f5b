"""`config-secret`."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from modelwarden.artifacts.known.secrets import GUESSED, login_in, looks_drawn, secrets_in, shown
from modelwarden.core import Confidence, Evidence, Hit, Severity, rule
from modelwarden.formats.config.reader import ConfigFile


@rule(
    "config-secret",
    title="A configuration holds a secret",
    severity=Severity.MEDIUM,
    reads=ConfigFile,
    confidence=Confidence.MEDIUM,
    references=("CWE-798", "CWE-312"),
    weakness="secrets_in_artifact",
)
def config_secret(config: ConfigFile) -> Iterator[Hit]:
    """Flag keys, tokens and passwords; the report shows only how they begin.

    Why: everyone who gets the model gets the secret with it, and it stays in every copy.

    Fix: revoke it first, then take it out and read it from the environment.

    Blind spot: a secret of unknown form under an innocent name looks like any other text.
    """
    if config.syntax == "settings":
        return  # judged by `text-secret`, as the text that they are
    # Tokens of known form in YAML are found in its text, by `text-secret`.
    in_json = config.syntax == "json" or config.source.depth > 0
    for scalar in config.scalars:
        if not scalar.text:
            continue
        login = login_in(scalar.path, scalar.value)
        found = ((login, scalar.value),) if login else secrets_in(scalar.key, scalar.value)
        for kind, value in found:
            if in_json or (kind == GUESSED and looks_drawn(value)):
                facts = {"path": scalar.path[:200], "value": shown(value, kind)}
                mark = hashlib.sha256(value.encode(errors="surrogatepass")).hexdigest()[:16]
                where = Evidence(facts=facts, line=scalar.line, identity=(scalar.path, kind, mark))
                yield Hit(f"{scalar.key[:60]} holds {kind}", where)
