"""`script-attack`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from modelwarden.artifacts.known.commands import attack_in
from modelwarden.artifacts.known.flows import Follower
from modelwarden.artifacts.known.secrets import redacted
from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.formats.scripts import Script

_MOST = 50
# The user of an image: nobody else is in it.
_SUDOERS = re.compile(
    r"^[^|>]{0,500}\becho\s[^|>]{0,200}\bALL=[^|>]{0,200}>{1,2}\s*/etc/sudoers\S*\s*$"
)
_ADDED = re.compile(r"(https?://[^\s\"\]]+?)[\s\",\[\]]+([^\s\"\],]+)[\s\"\]]*$")


@rule(
    "script-attack",
    title="A script beside a model attacks whoever runs it",
    severity=Severity.HIGH,
    reads=Script,
    references=(
        "CWE-78",
        "CWE-494",
        "CWE-506",
        "MITRE-ATLAS:AML.T0011",
    ),
    weakness="custom_code_in_model",
)
def script_attack(one: Script) -> Iterator[Hit]:
    """Flag commands that run what they fetched or decoded, open shells, show secrets, or destroy.

    Why: start scripts, Dockerfiles and shell lines of notebooks are run as they come, often with
    the rights of an administrator.

    Fix: do not run the script; download what it needs yourself, and check it.

    Blind spot: what the programs do that a script starts is not seen. What is fetched over TLS
    from a publisher known for it is `script-installer`'s job.
    """
    found = 0
    added = ""
    follower = Follower()
    for command in one.commands:
        if command.kind == "add":
            added += _fetching(command.text)
        if command.kind != "run":
            continue
        followed = follower.take(command.text)
        attack = attack_in(added + command.text) or followed
        if attack is None or (one.format == "dockerfile" and _SUDOERS.search(command.text)):
            continue
        facts = {"command": _shown(command.text)}
        yield Hit(f"line {command.line} {attack}", Evidence(facts=facts, line=command.line))
        found += 1
        if found >= _MOST:
            return


def _fetching(words: str) -> str:
    """Return what `ADD` with an address does, as a command; nothing for other files."""
    found = _ADDED.search(words)
    if found is None or "--checksum=" in words:
        return ""
    place = found[2] if not found[2].endswith("/") else found[2] + found[1].rpartition("/")[2]
    return f"curl -o {place} {found[1]}\n"


def _shown(command: str) -> str:
    return redacted(" ".join(command[:4000].split()))[:200]
