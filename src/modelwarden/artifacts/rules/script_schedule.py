"""`script-schedule`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from modelwarden.artifacts.known.attacks import SCHEDULES
from modelwarden.artifacts.known.commands import attack_in
from modelwarden.artifacts.known.secrets import redacted
from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.formats.scripts import Script

_MOST = 50


@rule(
    "script-schedule",
    title="A script has something run again and again",
    severity=Severity.MEDIUM,
    reads=Script,
    references=("CWE-506", "MITRE-ATLAS:AML.T0011"),
    weakness="custom_code_in_model",
)
def script_schedule(one: Script) -> Iterator[Hit]:
    """Flag commands that write into a schedule (`crontab`), or hand an agent to macOS.

    Why: what is scheduled goes on running when the model is long deleted.

    Fix: read what is scheduled; set it up by hand if it is wanted.

    Blind spot: units of systemd are judged by their commands. A schedule whose command also
    fetches, decodes, or lies where nobody looks is `script-attack`.
    """
    told = (
        command
        for command in one.commands
        if command.kind == "run"
        and SCHEDULES.search(command.text)
        and attack_in(command.text) is None
    )
    for command in islice(told, _MOST):
        shown = redacted(" ".join(command.text[:4000].split()))[:200]
        message = f"line {command.line} writes into a schedule"
        yield Hit(message, Evidence(facts={"command": shown}, line=command.line))
