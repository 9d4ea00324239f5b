"""`script-attack`."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.artifacts.known.commands import attack_in
from modelwarden.artifacts.known.secrets import redacted
from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.formats.scripts import Script

_MOST = 50


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

    Blind spot: what the programs do that a script starts is not seen. Installers that are piped
    into a shell are reported even when their publisher is honest.
    """
    found = 0
    for command in one.commands:
        attack = attack_in(command.text) if command.kind == "run" else None
        if attack is None:
            continue
        facts = {"command": _shown(command.text)}
        yield Hit(f"line {command.line} {attack}", Evidence(facts=facts, line=command.line))
        found += 1
        if found >= _MOST:
            return


def _shown(command: str) -> str:
    return redacted(" ".join(command[:4000].split()))[:200]
