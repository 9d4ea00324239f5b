"""Texts that are a key, a token or a password, and texts that name somebody's own folders."""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
import string
from collections import Counter
from collections.abc import Callable, Iterator
from urllib.parse import unquote

from modelwarden.core.patterns import lazily
from modelwarden.formats.tokens import ISSUED, MACHINE, tokens_in

# Names of settings, compared in lower case with `_` for `-`.
_KEY = lazily(
    r"(?:[\w.]*[_.])?(?:api_?key|secret(?:_?key)?|access_key(?:_id)?|private_key|passw(?:or)?d"
    r"|passphrase|(?:auth|access|bearer|refresh|api|hf|hub)_token|client_secret|client_key_data)"
)
_BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
_PLACEHOLDER = lazily(
    r"[<$%{\[].*|.*(?:your|xxx|change|example|placeholder|dummy|redacted|secret_?name|none|null"
    r"|env[:.]|\*\*\*|\.\.\.|insert|replace|sample|fake|test_?key|todo|1234567|abcdef|foobar).*",
    re.IGNORECASE | re.DOTALL,
)
GUESSED = "what looks like a secret"
_BITS = 2.5
_TOKEN_BITS = 3.0
_ISSUED_BITS = 3.3
_LETTER_BITS = 3.8
_HOME = lazily(
    r"(?:/home/|/Users/|[A-Za-z]:[\\/]+Users[\\/]+|[A-Za-z]:[\\/]+Documents and Settings[\\/]+)"
    r"(?!Public\b|Shared\b|runner\b|default\b|\.)[^\s/\\:*?\"<>|\x00-\x1f]{1,64}[\\/]?[^\s\"'<>|,;]{0,120}"
)
_WEAK = frozenset(
    "password passwd secret pass postgres root admin user test guest mysql redis changeme pwd "
    "mypassword my-secret-pw".split()
)
_LOCAL = lazily(r"@(?:localhost|127\.[\d.]+|0\.0\.0\.0|host|db|redis|postgres|mysql)(?![\w.-])")


def _random(value: str) -> bool:
    """Tell whether the part behind the prefix looks drawn by lot; it may have `-` and `_` in it."""
    parts = re.split(r"[_\-.]", value)
    body, longest = parts[-1], max(parts, key=len)
    if _entropy(body) >= _TOKEN_BITS and any(c.isdigit() for c in body):
        return True
    cases = longest != longest.lower() and longest != longest.upper()
    mixed = cases and any(c.isdigit() for c in longest)
    return len(longest) >= 12 and mixed and _entropy(longest) >= _TOKEN_BITS


def _issued(value: str) -> bool:
    """Tell whether a token with a strict form looks drawn by lot."""
    return any(c.isdigit() for c in value) and _entropy(value) >= _ISSUED_BITS


def _letters(value: str) -> bool:
    """Tell whether a token that may be of letters alone looks drawn by lot."""
    body = value.rpartition("_")[2]
    return _entropy(body) > _LETTER_BITS and body != body.lower() and body != body.upper()


def _checksummed(value: str) -> bool:
    """Check the last six characters of a token of GitHub or npm: a CRC-32 in base 62."""
    prefix, _, body = value.partition("_")
    if prefix == "github":
        return _random(value)
    if len(body) != 36:
        return _random(value)
    total, digits = binascii.crc32(body[:-6].encode()), ""
    while total:
        total, digit = divmod(total, 62)
        digits = _BASE62[digit] + digits
    return digits.rjust(6, "0") == body[-6:]


def _jwt(value: str) -> bool:
    """Tell whether a token begins as a JSON web token, and is not the example of all guides."""
    try:
        head, claims = (
            json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
            for part in value.split(".")[:2]
        )
    except (ValueError, RecursionError):
        return False
    example = isinstance(claims, dict) and claims.get("sub") == "1234567890"
    return isinstance(head, dict) and "alg" in head and not example


def _macaroon(value: str) -> bool:
    try:
        return b"pypi.org" in base64.urlsafe_b64decode(value.removeprefix("pypi-")[:40])
    except ValueError:
        return False


def _key_block(value: str) -> bool:
    """Tell whether a block has enough of a key in it to be one."""
    body = value.partition("PRIVATE KEY")[2].partition("-----")[2]
    kept = "".join(re.findall(r"(?m)^[ \t\"']*([A-Za-z0-9+/=]{16,})", body.replace("\\n", "\n")))
    return len(kept) >= 60 and _entropy(kept) > 4


def _with_password(value: str) -> bool:
    """Tell whether an address carries a password that somebody chose."""
    user, _, password = value.partition("://")[2].rpartition("@")[0].partition(":")
    weak = password.lower() in _WEAK or password.lower() == user.lower()
    return not weak and not _LOCAL.search(value) and _entropy(password) >= _BITS


def _says(value: str) -> bool:
    """Tell whether a value is a sentence in Base64, as guides write it where a secret belongs."""
    try:
        plain = base64.b64decode(value, validate=True)
    except ValueError:
        return False
    return plain.isascii() and len(plain.split()) >= 4 and plain.decode().isprintable()


def _signature(value: str) -> bool:
    """Tell whether the end of a signed address holds the 32 bytes that Azure signs with."""
    try:
        return len(base64.b64decode(unquote(value.partition("=")[2]), validate=True)) == 32
    except ValueError:
        return False


# Forms that their issuers publish, and what else must hold.
_FORMS: tuple[tuple[str, str, Callable[[str], bool]], ...] = (
    ("a Hugging Face token", r"(?:hf_|api_org_)[A-Za-z0-9]{30,}", _letters),
    ("a GitHub token", r"gh[pousr]_[A-Za-z0-9]{36,}|github_pat_\w{40,}", _checksummed),
    ("a GitLab token", r"glpat-[\w-]{20,}", _random),
    ("an AWS access key", r"(?:AKIA|ASIA)[A-Z0-9]{16}", lambda v: _entropy(v[4:]) >= _TOKEN_BITS),
    ("a Google API key", r"AIza[\w-]{35}", _random),
    ("a Google access token", r"ya29\.[\w-]{40,}", _random),
    ("a Slack token", r"xox[abeprs]-[\w-]{10,}|xapp-\d-[\w-]{20,}", _random),
    ("a Slack webhook", r"https://hooks\.slack\.com/services/T\w+/B\w+/\w{16,}", _random),
    ("an Anthropic key", r"sk-ant-[\w-]{24,}", _random),
    ("an OpenAI key", r"sk-(?:proj-|svcacct-|admin-)?[\w-]{32,}", _random),
    ("a Stripe key", r"(?:sk|rk)_live_[A-Za-z0-9]{16,}|whsec_[A-Za-z0-9]{32,}", _random),
    ("a JSON web token", r"eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{16,}", _jwt),
    ("an npm token", r"npm_[A-Za-z0-9]{36}", _checksummed),
    ("a PyPI token", r"pypi-AgE[\w-]{50,}", _macaroon),
    ("a SendGrid key", r"SG\.[\w-]{22}\.[\w-]{43}", _random),
    ("a DigitalOcean token", r"dop_v1_[0-9a-f]{64}", _random),
    ("a Shopify token", r"shpat_[0-9a-f]{32}", _random),
    ("a Databricks token", r"dapi[0-9a-f]{32}(?:-\d)?", _random),
    ("a Discord webhook", r"https://discord(?:app)?\.com/api/webhooks/\d{17,20}/[\w-]{60,}",
     _random),
    ("a Telegram bot token", r"\d{8,10}:AA[\w-]{33}", _random),
    ("an NVIDIA key", r"nvapi-[\w-]{40,}", _random),
    ("a Groq key", r"gsk_[A-Za-z0-9]{40,}", _random),
    ("an xAI key", r"xai-[A-Za-z0-9]{60,}", _random),
    ("a Replicate token", r"r8_[A-Za-z0-9]{37}", _random),
    ("a Docker token", r"dckr_pat_[\w-]{20,}", _random),
    ("a Linear key", r"lin_api_[A-Za-z0-9]{40}", _random),
    ("an Atlassian token", r"ATATT[\w=-]{80,}", _random),
    ("a Tailscale key", r"tskey-[\w-]{20,}", _random),
    ("an age key", r"AGE-SECRET-KEY-1[A-Z0-9]{58}", _random),
    ("a Perplexity key", r"pplx-[A-Za-z0-9]{40,}", _random),
    ("a Pinecone key", r"pcsk_\w{50,}", _random),
    ("a LangSmith key", r"lsv2_(?:pt|sk)_[0-9a-f]{32}_[0-9a-f]{10}", _random),
    ("a Notion token", r"ntn_[A-Za-z0-9]{40,}", _random),
    ("a Supabase token", r"sbp_[0-9a-f]{40}", _random),
    ("a Figma token", r"figd_[\w-]{40,}", _random),
    ("a Grafana token", r"glsa_[A-Za-z0-9]{32}_[0-9a-f]{8}", _random),
    ("a Vault token", r"hvs\.[\w-]{60,}", _random),
    ("an Azure client secret", r"[\w~.-]{3}8Q~[\w~.-]{34}", lambda v: _entropy(v) >= _TOKEN_BITS),
    ("a Square key", r"sq0(?:csp|atp)-[\w-]{22,}", _random),
    ("an Alibaba Cloud key", r"LTAI[A-Za-z0-9]{20}", _random),
    ("a Tencent Cloud key", r"AKID[A-Za-z0-9]{32}", _random),
    ("a Mailgun key", r"key-[0-9a-f]{32}", _random),
    ("an Airtable token", r"pat[A-Za-z0-9]{14}\.[0-9a-f]{64}", _random),
    ("a Twilio key", r"SK[0-9a-f]{32}", _random),
    ("a signed address of Azure", r"[?&]sig=[A-Za-z0-9%]{40,}", _signature),
    ("a bearer token", r"Bearer [A-Za-z0-9_.~+/-]{40,}", lambda v: looks_drawn(v[7:])),
    ("an Azure storage key", r"AccountKey=[A-Za-z0-9+/]{86}==", lambda v: _entropy(v) > 4),
    ("an address with a password", r"[a-z][a-z+]*://[^\s/:@]{0,64}:[^\s/@]{3,128}@[\w.-]+",
     _with_password),
    ("a private key", r"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY(?: BLOCK)?-----[\s\S]*", _key_block),
)  # fmt: skip
_COMPILED = (
    *((one.kind, lazily(one.form), _issued) for one in ISSUED),
    *((kind, re.compile(form), holds) for kind, form, holds in _FORMS),
)


def secret_in(key: str, value: str) -> str | None:
    """Tell what kind of secret a setting holds, by the form of the value or the name of the key."""
    value = value.strip()
    for kind, form, holds in _COMPILED:
        if form.fullmatch(value):
            return kind if holds(value) and not _stands_for(value, kind) else None
    if key == MACHINE:
        weak = value.lower() in _WEAK or _PLACEHOLDER.fullmatch(value)
        return None if weak or _entropy(value) < _BITS else "a password of a machine"
    key = key.lower().replace("-", "_")
    if _KEY.fullmatch(key) is None or not 8 <= len(value) <= 500:
        return None
    if value.lower() in _WEAK:  # an example that everybody knows
        return None
    if any(c.isspace() for c in value) or _PLACEHOLDER.fullmatch(value) or _entropy(value) < _BITS:
        return None
    return None if _says(value) else GUESSED


def login_in(path: str, value: str) -> str | None:
    """Tell what a setting holds that some program takes for a login, by where it stands.

    >>> login_in("auths.https://index.docker.io/v1/.auth", "dXNlcjpTM2NyM3RQYTU1")
    'a login of Docker'
    """
    if path.endswith(".auth"):
        try:
            login = base64.b64decode(value, validate=True).decode("ascii")
        except ValueError:
            return None
        name, _, password = login.partition(":")
        strong = name and password and password not in _WEAK and login.isprintable()
        return "a login of Docker" if strong else None
    return None


def secrets_in(key: str, value: str) -> Iterator[tuple[str, str]]:
    """Yield each secret of a setting with its kind: all of the value, or what stands within it."""
    kind = secret_in(key, value)
    if kind is not None:
        yield kind, value
        return
    for token in tokens_in(value, settings=None):
        kind = secret_in("", token.value)
        if kind is not None:
            yield kind, token.value


def looks_drawn(value: str) -> bool:
    """Tell whether a value under a telling name was drawn by lot, and is no word or name.

    In code and prose such names stand beside names of variables, messages and examples.
    """
    kinds = (str.isupper, str.islower, str.isdigit)
    mixed = all(any(test(c) for c in value) for test in kinds)
    hexadecimal = len(value) >= 24 and re.fullmatch(r"[0-9a-fA-F-]+", value) is not None
    return len(value) >= 12 and (mixed or hexadecimal) and _entropy(value) >= _TOKEN_BITS


def _stands_for(value: str, kind: str) -> bool:
    """Tell whether a token of a known form only shows what one looks like."""
    if kind == "a private key":
        return False
    if kind == "an address with a password":
        value = value.partition("://")[2].rpartition("@")[0].partition(":")[2]
    return _PLACEHOLDER.fullmatch(value) is not None


def personal_path(text: str) -> str | None:
    """Return the first path in `text` that goes through somebody's home folder."""
    found = _HOME.search(text)
    return found[0] if found else None


def shown(value: str, kind: str) -> str:
    """Return how long a secret is and, where its form is public, how it begins; no more of it."""
    hidden = kind in {"a private key", "an address with a password", GUESSED}
    begin = "" if hidden else value[:3]
    return f"{begin}… ({len(value)} characters)"


def redacted(text: str) -> str:
    """Return a text without whatever in it has the form of a key, a token or a password."""
    for token in tokens_in(text, settings=True):
        text = text.replace(token.value, f"{token.value[:3]}…")
    return text


def _entropy(value: str) -> float:
    """Shannon entropy in bits per character."""
    counts = Counter(value)
    return -sum(n / len(value) * math.log2(n / len(value)) for n in counts.values())
