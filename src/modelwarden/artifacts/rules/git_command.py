"""`git-command`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from modelwarden.artifacts.known.secrets import redacted
from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.formats.gitsettings import GitSettings, Setting

_COMMANDS = frozenset(
    {
        ("core", key)
        for key in ("fsmonitor", "hookspath", "sshcommand", "editor", "pager", "askpass")
    }
    | {
        ("core", "gitproxy"),
        ("sequence", "editor"),
        ("gpg", "program"),
        ("uploadpack", "packobjectshook"),
    }
    | {("filter", key) for key in ("clean", "smudge", "process")}
    | {("diff", key) for key in ("textconv", "command", "external")}
    | {("merge", "driver"), ("include", "path"), ("includeif", "path"), ("pager", "log")}
    | {("mergetool", "cmd"), ("difftool", "cmd"), ("browser", "cmd"), ("remote", "uploadpack")}
)
_INTO_GIT = re.compile(r"(?:^|/)(?:\.git|git~1)(?:/|$)|(?:^|/)\.\.(?:/|$)|\r", re.IGNORECASE)
_PLAIN = re.compile(
    r"(?:true|false|git-lfs (?:clean|smudge|filter-process)(?: --?\S+)*(?: %f)?"
    r"|vim?|nano|less|cat)\s*$"
)


@rule(
    "git-command",
    title="Settings of git make it run a program",
    severity=Severity.MEDIUM,
    reads=GitSettings,
    references=(
        "CWE-78",
        "CWE-829",
    ),
    weakness="custom_code_in_model",
)
def git_command(one: GitSettings) -> Iterator[Hit]:
    """Flag settings below a folder that make git start programs, and filters other than LFS.

    Why: a `config` that comes with a folder is obeyed by every git command that is used in it;
    filters run when files are checked out.

    Fix: take the files without their `.git` folder, or clone from where you trust.

    Blind spot: a filter in `.gitattributes` does nothing until a configuration defines it.
    """
    for setting in one.settings:
        message = _runs(setting)
        if message is not None:
            facts = {"setting": setting.name[:100], "value": redacted(setting.value)[:160]}
            yield Hit(message, Evidence(facts=facts, line=setting.line))


def _large(name: str, value: str) -> str | None:
    """Say where Git LFS would take the large files from, or what it would run for them."""
    if name.startswith("lfs.customtransfer.") and name.endswith((".path", ".args")):
        return f"{name[:60]} runs {redacted(value)[:80]!r}"
    if name in ("lfs.url", "lfs.pushurl") and value.lower().startswith("http://"):
        return f"{name} takes the large files from {redacted(value)[:80]!r}, without TLS"
    return None


def _runs(setting: Setting) -> str | None:
    name, value = setting.name, setting.value
    if name == "attribute.filter":
        return None if value in {"lfs", "-lfs"} else f"filters files through {value[:60]!r}"
    first, last = name.partition(".")[0], name.rpartition(".")[2]
    if first == "lfs":
        return _large(name, value)
    if (first, last) == ("submodule", "path") and _INTO_GIT.search(value):
        return f"{name[:60]} lies in the folder of git"
    if last == "url" and (value.startswith("-") or "://-" in value):
        return f"{name[:60]} is an option, not an address"
    if (first, last) in _COMMANDS and not _PLAIN.match(value):
        return f"{name[:60]} runs {redacted(value)[:80]!r}"
    if value.startswith("!") and first in {"alias", "credential", "submodule"}:
        return f"{name[:60]} runs {redacted(value)[:80]!r}"
    if value.startswith("ext::"):
        return f"{name[:60]} runs {redacted(value)[:80]!r}"
    return None
