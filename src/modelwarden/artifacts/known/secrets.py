"""Texts that are a key, a token or a password, and texts that name somebody's own folders."""

from __future__ import annotations

import math
import re
from collections import Counter

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
_HOME = re.compile(
    r"(?:/home/|/Users/|[A-Za-z]:[\\/]+Users[\\/]+|[A-Za-z]:[\\/]+Documents and Settings[\\/]+)"
    r"(?!Public\b|Shared\b|runner\b|default\b|\.)[^\s/\\:*?\"<>|\x00-\x1f]{1,64}[\\/]?[^\s\"'<>|,;]{0,120}"
)


def secret_in(key: str, value: str) -> str | None:
    """Tell what kind of secret a setting holds, by the form of the value or the name of the key."""
    value = value.strip()
    for kind, form in _FORMS:
        if form.fullmatch(value):
            return kind
    key = key.lower().replace("-", "_")
    if _KEY.fullmatch(key) is None or not 8 <= len(value) <= 500:
        return None
    if any(c.isspace() for c in value) or _PLACEHOLDER.fullmatch(value) or _entropy(value) < _BITS:
        return None
    return "what looks like a secret"


def personal_path(text: str) -> str | None:
    """Return the first path in `text` that goes through somebody's home folder."""
    found = _HOME.search(text)
    return found[0] if found else None


def shown(value: str, kind: str) -> str:
    """Return how a secret begins and how long it is, and no more of it."""
    begin = "" if kind == "a private key" else value[:3]
    return f"{begin}… ({len(value)} characters)"


def _entropy(value: str) -> float:
    """Shannon entropy in bits per character."""
    counts = Counter(value)
    return -sum(n / len(value) * math.log2(n / len(value)) for n in counts.values())
