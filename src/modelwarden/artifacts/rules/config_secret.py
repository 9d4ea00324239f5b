"""`config-secret`."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator

from modelwarden.core import Confidence, Evidence, Hit, Severity, rule
from modelwarden.formats.config.reader import ConfigFile
from modelwarden.formats.config.scalars import Scalar

# Names of settings, compared in lower case with `_` for `-`.
_KEY = re.compile(
    r"(?:\w*_)?(?:api_?key|secret(?:_?key)?|access_key(?:_id)?|private_key|passw(?:or)?d"
    r"|passphrase|(?:auth|access|bearer|refresh|api|hf)_token|client_secret)"
)
# Forms that their issuers publish.
_FORMS = (
    ("a Hugging Face token", re.compile(r"hf_[A-Za-z0-9]{30,}")),
    ("a GitHub token", re.compile(r"gh[pousr]_[A-Za-z0-9]{36,}|github_pat_\w{40,}")),
    ("a GitLab token", re.compile(r"glpat-[\w-]{20,}")),
    ("an AWS access key", re.compile(r"(?:AKIA|ASIA)[A-Z0-9]{16}")),
    ("a Google API key", re.compile(r"AIza[\w-]{35}")),
    ("a Slack token", re.compile(r"xox[abprs]-[\w-]{10,}")),
    ("an OpenAI key", re.compile(r"sk-(?:proj-)?[\w-]{32,}")),
    ("a private key", re.compile(r"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----[\s\S]*")),
)
_PLACEHOLDER = re.compile(
    r"[<$%{\[].*|.*(?:your|xxx|change|example|placeholder|dummy|redacted|secret_?name|none|null"
    r"|env[:.]|\*\*\*|\.\.\.).*",
    re.IGNORECASE,
)
_BITS = 2.5


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
    for scalar in config.scalars:
        kind = _kind(scalar) if scalar.text else None
        if kind is not None:
            begin = "" if kind == "a private key" else scalar.value[:3]
            facts = {
                "path": scalar.path[:200],
                "value": f"{begin}… ({len(scalar.value)} characters)",
            }
            yield Hit(f"{scalar.key[:60]} holds {kind}", Evidence(facts=facts, line=scalar.line))


def _kind(scalar: Scalar) -> str | None:
    value = scalar.value.strip()
    for kind, form in _FORMS:
        if form.fullmatch(value):
            return kind
    key = scalar.key.lower().replace("-", "_")
    if _KEY.fullmatch(key) is None or not 8 <= len(value) <= 500:
        return None
    if any(c.isspace() for c in value) or _PLACEHOLDER.fullmatch(value) or _entropy(value) < _BITS:
        return None
    return "what looks like a secret"


def _entropy(value: str) -> float:
    """Shannon entropy in bits per character."""
    counts = Counter(value)
    return -sum(n / len(value) * math.log2(n / len(value)) for n in counts.values())
