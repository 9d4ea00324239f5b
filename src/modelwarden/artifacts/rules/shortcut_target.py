"""`shortcut-target`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from modelwarden.artifacts.known.secrets import redacted
from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.formats.shortcuts import Lead, Shortcut

_ELSEWHERE = re.compile(
    r"\\\\[^\\?.][^\\]*\\|(?:file|smb|afp|nfs|davs?):/{0,3}(?!/|localhost/)[\w.-]+/", re.I
)
_SHOWN = re.compile(r"https?://", re.IGNORECASE)
_STARTS = frozenset(("open", "shellexecute"))
_COMMAND = re.compile(r"shell\\.*\\command")
_HANDLED = re.compile(
    r"(?:javascript|vbscript|data|ms-[\w-]+|search-ms|shell|ldap):", re.IGNORECASE
)
_PROGRAM = re.compile(
    r"file:.*\.(?:exe|com|bat|cmd|ps1|vbs|vbe|js|jse|wsf|hta|msi|scr|cpl|lnk|jar|app|command|pkg|terminal)/?$",
    re.IGNORECASE,
)
# Windows asks these places by itself, for whoever looks at the folder.
_ASKED = frozenset(("simplelocation", "url"))


@rule(
    "shortcut-target",
    title="A shortcut leads to a program, or to somebody else's machine",
    severity=Severity.MEDIUM,
    reads=Shortcut,
    references=("CWE-610", "CWE-522", "CWE-506"),
    weakness="custom_code_in_model",
)
def shortcut_target(one: Shortcut) -> Iterator[Hit]:
    """Flag shortcuts, libraries and settings of folders that start programs or ask other machines.

    Why: to show an icon, or what is in a library, Windows logs in to the machine that is named, and
    hands over what its user's password is found from. A shortcut looks like a document, and opening
    it starts the program (CVE-2024-43451, CVE-2025-24054, CVE-2023-36025).

    Fix: delete the file; a model needs no shortcut.

    Blind spot: shortcuts in the binary form of Windows (`.lnk`) are named, and not read. Addresses
    of web pages are let pass.
    """
    library = "-ms" in one.source.label.lower()[-14:]
    for lead in one.leads:
        what = _harm(lead, library=library)
        if what is not None:
            facts = {"key": lead.key[:60], "value": redacted(lead.value)[:160]}
            message = f"{lead.key[:60]} {what}: {redacted(lead.value)[:80]}"
            yield Hit(message, Evidence(facts=facts, line=lead.line))


def _harm(lead: Lead, *, library: bool) -> str | None:
    if _ELSEWHERE.match(lead.value):
        return "is fetched from another machine"
    if library and lead.key in _ASKED and _SHOWN.match(lead.value):
        return "is searched on another machine"
    if lead.key in _STARTS or _COMMAND.fullmatch(lead.key):
        return "starts a program"
    if _HANDLED.match(lead.value) or _PROGRAM.match(lead.value):
        return "starts a program"
    return None
