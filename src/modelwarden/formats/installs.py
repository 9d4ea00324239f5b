"""Where the packages that a file asks for come from: indexes, addresses, folders."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from modelwarden.core.patterns import lazily

_MOST = 200
_LOOKED = 2000
_SHOWN = 300


ANYBODY = "anybody"
"""The value of a `trusted-host` where no certificate is looked at any more."""


class Origin(NamedTuple):
    """One place that packages come from.

    Attributes:
        kind: `index`, `find-links`, `trusted-host`, `channel`, `list` (of requirements), `address`
            or `repository`.
        value: the address, without names and passwords. line: 1-based.
        more: the index is asked besides the usual one, so the higher version of either wins.
    """

    kind: str
    value: str
    line: int
    more: bool = False


# Files whose tools read such settings.
NAMES = lazily(
    r"(?:^|/)(?:[^/]*(?:requirements|constraints)[^/]*\.(?:txt|in|pip)|(?:requirements|constraints)/[^/]+\.(?:txt|in)"
    r"|pip\.(?:conf|ini)|\.?condarc|\.mambarc|uv\.toml|pyproject\.toml|pdm\.toml|poetry\.(?:toml|lock)"
    r"|uv\.lock|pdm\.lock|pipfile(?:\.lock)?|setup\.cfg|tox\.ini|\.pypirc|\.npmrc|\.yarnrc(?:\.ya?ml)?|\.pydistutils\.cfg"
    r"|[^/]*(?:conda|environment|[-_.]env)[^/]*\.ya?ml|python_env\.ya?ml|bentofile\.ya?ml|cog\.ya?ml)$",
    re.IGNORECASE,
)
_OPTIONS = lazily(
    r"""(?x) (?<![\w-]) --(index-url|extra-index-url|find-links|trusted-host|index|default-index)
        (?:=|[ \t]+) ["']? ([^\s"'\\,\]]+)
      | (?<![\w-]) -([if]) [ \t]+ ["']? ((?:https?|file|ftp)://[^\s"'\\,\]]+)"""
)
_SETTINGS = lazily(
    r"""(?imx) ^[ \t]* ["']? (index[-_]url|extra[-_]index[-_]url|find[-_]links
        |trusted[-_]host|repository
        |default[-_]index|index) ["']? [ \t]* [=:] [ \t]* \[? [ \t]* ["']? ([^\s"'\],\#{]+)"""
)
# What pip, uv, conda and npm take from the environment.
ENVIRONMENT = lazily(
    r"""(?ix) (?<![A-Za-z0-9])
        ((?:PIP|UV|PDM|POETRY|PIPENV|CONDA|MAMBA|NPM_CONFIG|YARN|BUN)_[A-Z_]*?
        (?:(?:EXTRA_)?INDEX(?:_URL)?|DEFAULT_INDEX|FIND_LINKS|TRUSTED_HOST|INSECURE_HOST
        |PYPI_MIRROR|CHANNEL_ALIAS|CHANNELS|REGISTRY(?:_SERVER)?))
        ["']? [ \t]* (?:[=:]|[ \t]) [ \t]* ["']? ([^\s"',;&|]+)"""
)
# What tools are told to keep for all that they fetch from then on.
_CONFIGURED = lazily(
    r"""(?ix) \b(?:pip3?|uv\s+pip)\s+config\s+(?:--\w+\s+){0,3}set\s+\S{0,40}?
        (index-url|extra-index-url|find-links|trusted-host)\s+["']?([^\s"';&|]{1,300})
      | \b(?:npm|yarn|pnpm)\s+config\s+set\s+(?:--\w+\s+){0,2}(registry)[\s=]+
        ["']?([^\s"';&|]{1,300})
      | \bconda\s+config\s+(?:--\w+\s+){0,3}--(?:add|set|append|prepend)\s+
        (channel_alias|\w*channels)\s+["']?(\w+://[^\s"';&|]{1,300})"""
)
_UNCHECKED = lazily(
    r"\bgit\s+config\s[^\n;&|]{0,100}http\S{0,100}\.?sslVerify[\s=]+[\"']?(?:false|0|no|off)\b"
    r"|\b(?:npm|yarn|pnpm)\s+config\s+set\s[^\n;&|]{0,40}strict-ssl[\s=]+[\"']?false\b"
    r"|\bconda\s+config\s[^\n;&|]{0,60}ssl_verify\s+[\"']?(?:false|no|0)\b",
    re.IGNORECASE,
)
# Code of one host is asked of another one.
_INSTEAD = lazily(
    r"(?i)\bgit\s+config\s[^\n;&|]{0,100}\burl\.[\"']?(?:https?|git|ssh)://(?:[^\s/@]{0,200}@)?([\w.-]{1,200})"
    r"[^\s;&|]{0,300}\.(?:insteadOf|pushInsteadOf)[\s=]+[\"']?(?:https?://|git@|ssh://git@)([\w.-]{1,200})"
)
CONFIGURES = lazily(r"\b(?:pip3?|uv|conda|npm|yarn|pnpm|git)\s+(?:pip\s+)?config\b", re.IGNORECASE)
_LINES = lazily(
    r"(?m)^[ \t]*(?:--(?:index-url|extra-index-url|find-links|trusted-host)\b|-[if][ \t]+https?://)"
)
_REGISTRY = lazily(
    r"(?im)^[ \t]*(?:@[\w.-]+:)?(?:registry|npmRegistryServer)[\"']?"
    r"(?:[ \t]*[=:][ \t]*|[ \t]+)[\"']?(https?://[^\s\"']+)"
)
# Tables of TOML that only say where a project lives.
_ABOUT = lazily(r"(?ms)^[ \t]*\[(?:project|tool\.poetry)\.urls\][ \t]*$.*?(?=^[ \t]*\[|\Z)")
_URL = lazily(
    r"""(?im)(?:^|[\s,{(\[])["']?(?:url|registry)["']?[ \t]*[=:][ \t]*["']([^"'\s]+)["']"""
)
_CHANNEL = lazily(r"(?im)^[ \t]*-[ \t]+[\"']?((?:https?|file)://[^\s\"'#]+)[\"']?[ \t]*(?:#.*)?$")
_CHANNELS = lazily(r"(?m)^[ \t]*[\"']?[\w-]*channels[\"']?[ \t]*:[ \t]*\[([^\]]*)\]")
_SITE = lazily(r"(?:https?|file)://[^\s\"',#\]]+")
_LIST = lazily(
    r"(?m)(?:^|[\s\"'])(?:-[rc][ \t]*|--(?:requirement|constraint)s?[ \t=]+)[\"']?"
    r"((?:https?|ftp|file)://[^\s\"',;\]]+)"
)
_ADDRESS = lazily(
    r"(?i)(?:\b(?:git|hg|svn|bzr)\+[a-z+]+:[^\s\"'#,;]+"
    r"|\b(?:https?|ftp|file)://[^\s\"'#,;]+?\.(?:whl|tar\.gz|tgz|zip|tar\.bz2|egg|conda)\b)"
)
_NAMED = lazily(r"(?m)^[ \t]*[\"']?[\w.\[\]-]+[ \t]*@[ \t]*((?:https?|file|git\+\w+)://[^\s\"';]+)")


def origins_in(text: str, *, settings: bool, channels: bool = False) -> Iterator[Origin]:
    """Yield where packages come from.

    Args:
        text: of a manifest, a settings file or a script.
        settings: lines such as `index-url = …` count, too.
        channels: it lists conda channels.
    """
    found: dict[tuple[str, str], Origin] = {}
    for origin in _found(text, settings=settings, channels=channels):
        found.setdefault((origin.kind, origin.value), origin)
        if len(found) >= _MOST:
            break
    yield from sorted(found.values(), key=lambda one: one.line)


def _found(text: str, *, settings: bool, channels: bool) -> Iterator[Origin]:
    for match in islice(_OPTIONS.finditer(text), _LOOKED):
        name = match[1] or {"i": "index-url", "f": "find-links"}[match[3]]
        yield _origin(name, match[2] or match[4], _line(text, match.start()))
    yield from _environment(text)
    yield from _configured(text)
    if settings:
        yield from _set(_ABOUT.sub(lambda found: "\n" * found[0].count("\n"), text))
    for match in islice(_CHANNEL.finditer(text), _LOOKED) if channels else ():
        yield Origin("channel", _bare(match[1]), _line(text, match.start(1)))
    for match in islice(_CHANNELS.finditer(text), _LOOKED) if channels else ():
        for site in _SITE.finditer(match[1]):
            yield Origin("channel", _bare(site[0]), _line(text, match.start()))
    for match in islice(_LIST.finditer(text), _LOOKED):
        yield Origin("list", _bare(match[1]), _line(text, match.start(1)))
    for match in islice(_ADDRESS.finditer(text), _LOOKED):
        kind = "repository" if "+" in match[0].partition(":")[0] else "address"
        yield Origin(kind, _bare(match[0]), _line(text, match.start()))
    for match in islice(_NAMED.finditer(text), _LOOKED):
        if not _ADDRESS.search(match[1]):
            yield Origin("address", _bare(match[1]), _line(text, match.start(1)))


def _set(text: str) -> Iterator[Origin]:
    """Yield what lines of settings say."""
    for match in islice(_SETTINGS.finditer(text), _LOOKED):
        if "://" in match[2] or match[1].lower().startswith("trusted"):
            yield _origin(match[1], match[2], _line(text, match.start()))
    for match in islice(_REGISTRY.finditer(text), _LOOKED):
        yield Origin("index", _bare(match[1]), _line(text, match.start(1)))
    for match in islice(_URL.finditer(text), _LOOKED):
        if "://" in match[1] and not _ADDRESS.search(match[1]):
            yield Origin("index", _bare(match[1]), _line(text, match.start(1)))


def _configured(text: str) -> Iterator[Origin]:
    """Yield what commands have package managers, and git, keep for later."""
    if not CONFIGURES.search(text):
        return
    for match in islice(_CONFIGURED.finditer(text), _LOOKED):
        name, value = next(
            (n, v) for n, v in zip(match.groups()[::2], match.groups()[1::2], strict=True) if n
        )
        if "channel" in name:
            yield Origin("channel", _bare(value), _line(text, match.start()))
        elif "://" in value or name.lower().startswith("trusted"):
            yield _origin(name, value, _line(text, match.start()))
    for match in islice(_INSTEAD.finditer(text), _LOOKED):
        if match[1].lower() != match[2].lower():
            yield Origin("code", match[1][:_SHOWN], _line(text, match.start()))
    for match in islice(_UNCHECKED.finditer(text), _LOOKED):
        yield Origin("trusted-host", ANYBODY, _line(text, match.start()))


def _environment(text: str) -> Iterator[Origin]:
    """Yield what variables say that package managers obey."""
    for match in islice(ENVIRONMENT.finditer(text), _LOOKED):
        name, value = match[1].lower(), match[2]
        if name.endswith("host"):
            yield Origin("trusted-host", value[:_SHOWN], _line(text, match.start()))
        elif "://" in value:
            kind = "find-links" if name.endswith("links") else "index"
            more = "extra" in name or name.endswith("_index")
            yield Origin(kind, _bare(value), _line(text, match.start()), more=more)


def asks_elsewhere(text: str) -> bool:
    """Tell whether lines of a text are options of pip, whatever the text is called."""
    return _LINES.search(text) is not None


def _origin(name: str, value: str, line: int) -> Origin:
    name = name.lower().replace("_", "-")
    if name.startswith("trusted"):
        return Origin("trusted-host", value[:_SHOWN], line)
    kind = "find-links" if name == "find-links" else "index"
    return Origin(kind, _bare(value), line, more=name.startswith("extra") or name == "index")


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1


def _bare(address: str) -> str:
    """Return an address without the names and passwords that it may carry."""
    return re.sub(r"://[^/@\s]*@", "://", address)[:_SHOWN]
