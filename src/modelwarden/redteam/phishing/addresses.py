"""Numbers of an address."""

from __future__ import annotations

import math
import re
from collections import Counter

from modelwarden.attacks.urls.parts import address_of

WORDS = (
    "account admin alert auth bank billing confirm credential customer invoice login logon online "
    "password pay portal recover secure security service signin sign-in support suspend unlock "
    "update validate verify wallet webscr"
).split()
RARE_ENDINGS = frozenset(
    "tk ml ga cf gq xyz top club icu buzz live click link work info online site website space "
    "rest cam monster fit cyou bar shop pw cc ru cn".split()
)
SHORTENERS = frozenset("bit.ly tinyurl.com goo.gl t.co is.gd ow.ly cutt.ly rb.gy".split())
_WORD = re.compile(r"[a-z]+")


def _entropy(text: str) -> float:
    counts = Counter(text)
    n = len(text)
    return -sum(c / n * math.log2(c / n) for c in counts.values()) if n else 0.0


def address_features(url: str) -> dict[str, float]:
    """Return numbers of an address, by name; all are finite whatever the text is."""
    parts = address_of(url)
    low = url.lower()
    domain = parts.domain
    name = domain.split(".")[0] if domain else ""
    letters = [c for c in name if c.isalpha()]
    words = _WORD.findall(parts.path.lower())
    before = parts.subdomain.lower()
    return {
        "url_length": math.log1p(len(url)),
        "url_host_length": math.log1p(len(parts.host)),
        "url_path_length": math.log1p(len(parts.path)),
        "url_query_length": math.log1p(len(parts.query)),
        "url_dots": float(min(parts.host.count("."), 10)),
        "url_hyphens_host": float(min(parts.host.count("-"), 10)),
        "url_hyphens_path": float(min(parts.path.count("-"), 15)),
        "url_slashes": float(min(parts.path.count("/"), 15)),
        "url_digits": sum(c.isdigit() for c in low) / max(len(low), 1),
        "url_digits_host": sum(c.isdigit() for c in parts.host) / max(len(parts.host), 1),
        "url_at": float("@" in low),
        "url_percent": math.log1p(low.count("%")),
        "url_equals": math.log1p(low.count("=")),
        "url_underscores": math.log1p(low.count("_")),
        "url_number_host": float(parts.is_number),
        "url_port": float(parts.port not in ("", "80", "443")),
        "url_https": float(parts.scheme == "https"),
        "url_www": float("www" in parts.labels),
        "url_subdomains": float(min(len([p for p in before.split(".") if p]), 8)),
        "url_subdomain_length": math.log1p(len(before)),
        "url_punycode": float("xn--" in parts.host or not parts.host.isascii()),
        "url_rare_ending": float(bool(parts.labels) and parts.labels[-1] in RARE_ENDINGS),
        "url_dotcom_before": float(bool(re.search(r"\b(com|net|org)\b", before))),
        "url_ending_in_path": float(bool(re.search(r"\.(com|net|org|co)\b", parts.path.lower()))),
        "url_shortener": float(domain in SHORTENERS),
        "url_words": float(sum(word in low for word in WORDS)),
        "url_words_host": float(sum(word in parts.host for word in WORDS)),
        "url_entropy_host": _entropy(parts.host),
        "url_entropy_path": _entropy(parts.path),
        "url_vowels": sum(c in "aeiou" for c in letters) / max(len(letters), 1),
        "url_longest_word": math.log1p(max((len(w) for w in words), default=0)),
        "url_script": float(bool(re.search(r"\.(php|asp|aspx|cgi|html?)$", parts.path.lower()))),
        "url_double_slash": float("//" in parts.path),
    }
