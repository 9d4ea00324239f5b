"""Pieces of a text that have the form of a key, a token or a password, with where they stand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

_MOST = 2000
_LONGEST = 4096


class Token(NamedTuple):
    """A piece of text that may be a secret.

    Attributes:
        key: the name of the setting that holds it; empty where it stands alone.
        value: the piece. line: 1-based.
    """

    key: str
    value: str
    line: int


class Issued(NamedTuple):
    """A form that an issuer of tokens publishes, with letters by which it is quickly found."""

    kind: str
    mark: str
    form: str


ISSUED = (
    Issued("a Google OAuth secret", "GOCSPX-", r"GOCSPX-[\w-]{28}"),
    Issued("a Hugging Face OAuth token", "hf_oauth_", r"hf_oauth_[\w-]{30,}"),
    Issued("an Artifactory key", "AKCp", r"AKCp[A-Za-z0-9]{64,}"),
    Issued("a PlanetScale token", "pscale_", r"pscale_(?:tkn|pw|oauth)_[\w.=-]{32,}"),
    Issued("a Fly.io token", "fo1_", r"fo1_[\w-]{43}"),
    Issued("a New Relic key", "NRAK-", r"NRAK-[A-Z0-9]{27}"),
    Issued("a Postman key", "PMAK-", r"PMAK-[0-9a-f]{24}-[0-9a-f]{34}"),
    Issued("a Heroku key", "HRKU-", r"HRKU-[\w-]{36,}"),
    Issued("a Brevo key", "xkeysib-", r"xkeysib-[0-9a-f]{64}-[A-Za-z0-9]{16}"),
    Issued("a Contentful token", "CFPAT-", r"CFPAT-[\w-]{43}"),
    Issued("a Dynatrace token", "dt0c01.", r"dt0c01\.[A-Z0-9]{24}\.[A-Z0-9]{64}"),
    Issued("a Grafana Cloud token", "glc_", r"glc_[A-Za-z0-9+/=]{40,}"),
    Issued("a Buildkite token", "bkua_", r"bkua_[0-9a-f]{40}"),
    Issued("a CircleCI token", "CCIPAT_", r"CCIPAT_[A-Za-z0-9]{22}_[0-9a-f]{40}"),
    Issued("a Pulumi token", "pul-", r"pul-[0-9a-f]{40}"),
    Issued("a Mapbox secret token", "sk.eyJ", r"sk\.eyJ[\w-]{20,}\.[\w-]{20,}"),
    Issued("a Prefect key", "pnu_", r"pnu_[A-Za-z0-9]{36}"),
    Issued("a RubyGems key", "rubygems_", r"rubygems_[0-9a-f]{48}"),
    Issued("a Tavily key", "tvly-", r"tvly-[\w-]{32,}"),
    Issued("a Jina key", "jina_", r"jina_[\w-]{60,}"),
    Issued("an E2B key", "e2b_", r"e2b_[0-9a-f]{40}"),
    Issued("an ElevenLabs key", "sk_", r"sk_[0-9a-f]{48}"),
    Issued("a Langfuse key", "sk-lf-", r"sk-lf-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    Issued("a Cerebras key", "csk-", r"csk-[a-z0-9]{48}"),
    Issued("a Together key", "tgp_v1_", r"tgp_v1_[\w-]{43}"),
    Issued("a RunPod key", "rpa_", r"rpa_[A-Z0-9]{40,}\w*"),
    Issued("a Doppler token", "dp.pt.", r"dp\.pt\.[A-Za-z0-9]{40,}"),
    Issued("a Doppler token", "dp.st.", r"dp\.st\.(?:[\w-]{1,40}\.)?[A-Za-z0-9]{40,}"),
    Issued("a Sentry token", "sntry", r"sntry[su]_[\w=+/.-]{60,}"),
    Issued("a Terraform token", ".atlasv1.", r"[A-Za-z0-9]{14}\.atlasv1\.[\w-]{60,}"),
    Issued("a Neptune token", "eyJhcGlfYWRkcmVzcyI6", r"eyJhcGlfYWRkcmVzcyI6[A-Za-z0-9+/=]{60,}"),
)
# Where none of these stands there is no form; one by one they are found the quickest.
_MARKS = (
    *("hf_", "api_org_", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "AKIA"),
    *("ASIA", "AIza", "xapp-", "sk-", "sk_", "rk_", "whsec_", "eyJ", "PRIVATE KEY", "npm_"),
    *("pypi-", "SG.", "dop_v1_", "shpat_", "AccountKey=", "hooks.slack.com", "ya29.", "nvapi-"),
    *("gsk_", "r8_", "dckr_pat_", "lin_api_", "ATATT", "tskey-", "AGE-SECRET-KEY", "xai-"),
    *("/api/webhooks/", "pplx-", "pcsk_", "lsv2_", "ntn_", "sbp_", "figd_", "glsa_", "hvs.", "8Q~"),
    *("sq0csp-", "sq0atp-", "LTAI", "AKID", "&sig=", "?sig=", "Bearer "),
    *(one.mark for one in ISSUED),
)
# Likewise, for what stands in many a text: the mark, and what must follow.
_FOLLOWED = (
    ("xox", r"xox[abeprs]"),
    ("://", r"://[^\s/:@]*:[^\s/@]+@"),
    ("dapi", r"dapi[0-9a-f]{32}"),
    (":AA", r":AA[\w-]{33}"),
    ("key-", r"(?<![\w-])key-[0-9a-f]{32}(?!\w)"),
    ("pat", r"(?<!\w)pat[A-Za-z0-9]{14}\."),
    ("SK", r"(?<!\w)SK[0-9a-f]{32}(?!\w)"),
)
_FORMS = (
    r"(?<![A-Za-z0-9_-])(?:"
    r"(?:hf_|api_org_)[A-Za-z0-9]{30,}|gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_\w{40,255}|glpat-[\w-]{20,64}"
    r"|(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Z0-9])|AIza[\w-]{35}(?![\w-])|xox[abeprs]-[\w-]{10,255}|xapp-\d-[\w-]{20,}"
    r"|sk-[\w-]{20,255}|(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{16,255}|whsec_[A-Za-z0-9]{32,}"
    r"|eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{16,}|npm_[A-Za-z0-9]{36}(?!\w)|pypi-AgE[\w-]{50,}"
    r"|SG\.[\w-]{22}\.[\w-]{43}|dop_v1_[0-9a-f]{64}|shpat_[0-9a-f]{32}|ya29\.[\w-]{40,}|nvapi-[\w-]{40,}"
    r"|gsk_[A-Za-z0-9]{40,}|r8_[A-Za-z0-9]{37}|dckr_pat_[\w-]{20,}|lin_api_[A-Za-z0-9]{40}|xai-[A-Za-z0-9]{60,}"
    r"|ATATT[\w=-]{80,}|tskey-[\w-]{20,}|AGE-SECRET-KEY-1[A-Z0-9]{58}"
    r"|dapi[0-9a-f]{32}(?:-\d)?(?!\w)|\d{8,10}:AA[\w-]{33}(?![\w-])"
    r"|https://discord(?:app)?\.com/api/webhooks/\d{17,20}/[\w-]{60,}"
    r"|https://hooks\.slack\.com/services/T\w+/B\w+/\w{16,}"
    r"|pplx-[A-Za-z0-9]{40,}|pcsk_[A-Za-z0-9]{5,8}_[A-Za-z0-9]{50,}|lsv2_(?:pt|sk)_[0-9a-f]{32}_[0-9a-f]{10}"
    r"|ntn_[A-Za-z0-9]{40,}|sbp_[0-9a-f]{40}|figd_[\w-]{40,}|glsa_[A-Za-z0-9]{32}_[0-9a-f]{8}|hvs\.[\w-]{60,}"
    r"|[\w~.-]{3}8Q~[\w~.-]{34}|sq0(?:csp|atp)-[\w-]{22,}|LTAI[A-Za-z0-9]{20}(?!\w)|AKID[A-Za-z0-9]{32}(?!\w)"
    r"|key-[0-9a-f]{32}(?!\w)|pat[A-Za-z0-9]{14}\.[0-9a-f]{64}(?!\w)|SK[0-9a-f]{32}(?!\w)"
    + "".join(rf"|{one.form}(?!\w)" for one in ISSUED)
    + r"|Bearer [A-Za-z0-9_.~+/-]{40,}"
    r"|AccountKey=[A-Za-z0-9+/]{86}==)"
    r"|[?&]sig=[A-Za-z0-9%]{40,}"
    r"|-----BEGIN (?:[A-Z]+ )?PRIVATE KEY(?: BLOCK)?-----(?:[^-]|-(?!----)){0,4000}"
    r"|(?:https?|postgres(?:ql)?|mysql|mariadb|mongodb|rediss?|amqps?|s?ftp|ssh|smtps?|mssql|clickhouse)"
    r"(?:\+\w+)?://[^\s/:@'\"<>]{0,64}:[^\s/@'\"<>]{3,128}@[\w.-]+"
)
_WORDS = re.compile(
    r"api_?-?key|secret|passw|token|access_?-?key|private_?-?key|credential", re.IGNORECASE
)
_SETTING = r"""(?ix)
    (?<![\w.-]) ["']? ( [\w.-]{0,40}
      (?: api[_-]?key | secret (?:[_-]?key)? | passw(?:or)?d | passphrase
        | (?:auth|access|bearer|refresh|api|hf|hub)[_-]?token | client[_-]key[_-]data
        | access[_-]?key(?:[_-]?id)? | private[_-]?key ) )
    ["']? [ \t]* (?: := | = | : ) [ \t]*
    (?: ["'] ([^"'\n]{8,300}) ["'] | ([^\s"'#,;()\[\]{}$<>]{8,300}) (?=[\s,;]|$) )
    """


# A variable of the environment that is set in a text of any kind, as for a shell.
_SET = (
    r"(?<![\w.-])([A-Z][A-Z0-9_]{0,40}(?:API_KEY|SECRET(?:_KEY)?|TOKEN))"
    r"=([\w.+/=-]{16,300})(?![\w(])"
)
# How `.netrc` names the password of a machine.
MACHINE = "password of a machine"
_NAMED = r"\s+(?:login|account)\s+\S{1,200}"
_LOGIN = (
    r"\b(?:machine\s+\S{1,200}|default)"
    rf"(?:(?:{_NAMED}){{1,4}}\s+password\s+(\S{{6,300}})|\s+password\s+(\S{{6,300}}){_NAMED})"
)


def passwords_in(text: str) -> Iterator[Token]:
    """Yield the passwords of a `.netrc`, read word by word as curl reads it, but in any order.

    >>> [one.value for one in passwords_in("machine a lgin b password S3cr3tPa55")]
    ['S3cr3tPa55']
    """
    for match in _compiled(r"(?<!\S)password\s+(\S{6,300})").finditer(text):
        yield Token(MACHINE, match[1], text.count("\n", 0, match.start(1)) + 1)


@cache
def _any_mark() -> re.Pattern[bytes]:
    marks = (*_MARKS, *(mark for mark, _ in _FOLLOWED))
    return re.compile("|".join(map(re.escape, marks)).encode())


def may_have_form(data: bytes) -> bool:
    """Tell quickly whether bytes may hold a piece that has a form of its own."""
    return _any_mark().search(data) is not None


@cache
def _compiled(form: str) -> re.Pattern[str]:
    """Compile what takes milliseconds, when a text first needs it."""
    return re.compile(form)


def _marked(text: str) -> bool:
    return any(mark in text for mark in _MARKS) or any(
        mark in text and _compiled(form).search(text) is not None for mark, form in _FOLLOWED
    )


def tokens_in(text: str, *, settings: bool | None) -> Iterator[Token]:
    """Yield the pieces that have a known form, and with `settings` the values of telling names.

    Args:
        text: any text.
        settings: it is a text of settings, where a bare word behind `=` is a value; None leaves
            out all that has no form of its own.
    """
    found = 0
    counted = line = 0
    if _marked(text):
        for match in _compiled(_FORMS).finditer(text):
            line, counted = line + text.count("\n", counted, match.start()), match.start()
            yield Token("", match[0][:_LONGEST], line + 1)
            found += 1
            if found >= _MOST:
                return
    if settings is None or not _WORDS.search(text):
        return
    counted = line = 0
    for match in _compiled(_LOGIN).finditer(text) if settings and "password" in text else ():
        place = 1 if match[1] else 2
        yield Token(MACHINE, match[place], text.count("\n", 0, match.start(place)) + 1)
    for match in _compiled(_SET).finditer(text) if not settings else ():
        yield Token(match[1], match[2], text.count("\n", 0, match.start()) + 1)
    for match in _compiled(_SETTING).finditer(text):
        value = match[2] or (match[3] if settings else None)
        if value is None:
            continue
        line, counted = line + text.count("\n", counted, match.start()), match.start()
        yield Token(match[1], value, line + 1)
        found += 1
        if found >= _MOST:
            return
