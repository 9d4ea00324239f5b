"""`script-remote-code`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from modelwarden.artifacts.known.secrets import redacted
from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.formats.scripts import Script

_MOST = 50
_OPTION = re.compile(
    r"(?:^|\s|\")--trust[-_]remote[-_]code(?![=\s]+[\"']?(?:false|no|0)\b)"
    r"|\bTRUST_REMOTE_CODE[= ][\"']?(?:true|1|yes)\b",
    re.IGNORECASE,
)


@rule(
    "script-remote-code",
    title="A script lets a model bring its own code",
    severity=Severity.MEDIUM,
    reads=Script,
    references=("CWE-829", "CWE-94", "MITRE-ATLAS:AML.T0011"),
    weakness="custom_code_in_model",
)
def script_remote_code(one: Script) -> Iterator[Hit]:
    """Flag commands that start a server or a training with `--trust-remote-code`.

    Why: Python that lies beside the weights, or in the repository that they name, then runs with
    the rights of the server.

    Fix: leave the option out; where a model needs it, read its code and pin its revision.

    Blind spot: programs that trust remote code without being asked are not known here.
    """
    for command in islice((c for c in one.commands if _OPTION.search(c.text)), _MOST):
        shown = redacted(" ".join(command.text[:4000].split()))[:200]
        message = f"line {command.line} runs the code that a model brings"
        yield Hit(message, Evidence(facts={"command": shown}, line=command.line))
