"""`script-installer`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from modelwarden.artifacts.known.commands import installs
from modelwarden.artifacts.known.secrets import redacted
from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.formats.scripts import Script

_MOST = 50


@rule(
    "script-installer",
    title="A script runs an installer that it fetches from its publisher",
    severity=Severity.LOW,
    reads=Script,
    references=("CWE-494",),
    weakness="unsigned_or_altered_artifact",
)
def script_installer(one: Script) -> Iterator[Hit]:
    """Name installers that are fetched over TLS from a publisher known for them, and run.

    Why: whoever holds that site decides what runs, today or next year.

    Fix: pin a release, and check its digest before it is run.

    Blind spot: the list of publishers is short; all others are reported by `script-attack`.
    """
    found = (c for c in one.commands if c.kind == "run" and installs(c.text))
    for command in islice(found, _MOST):
        shown = redacted(" ".join(command.text[:4000].split()))[:200]
        message = f"line {command.line} runs an installer of a known publisher"
        yield Hit(message, Evidence(facts={"command": shown}, line=command.line))
