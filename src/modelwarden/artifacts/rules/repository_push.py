"""`repository-push`."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.artifacts.known.pushes import Pushes
from modelwarden.artifacts.known.secrets import redacted
from modelwarden.core import Confidence, Evidence, Hit, Severity, rule
from modelwarden.formats.scripts import Script

_MOST = 20


@rule(
    "repository-push",
    title="A script pushes the repository to an address of its own",
    severity=Severity.MEDIUM,
    reads=Script,
    confidence=Confidence.MEDIUM,
    references=("CWE-200", "CWE-506"),
    weakness="custom_code_in_model",
)
def repository_push(one: Script) -> Iterator[Hit]:
    """Flag `git push` to an address that is written out in a script, and is not where it came from.

    Why: all that was ever committed goes there, with the weights, the data and what was deleted
    since; often with the right to write of whoever starts the script.

    Fix: compare the address with that of your own mirror; push to a remote that is set up by hand.

    Blind spot: pages of documentation, spaces of Hugging Face, repositories that the script makes
    or clones itself, and addresses that are computed are let pass. Steps of a build server are
    judged by `config-command`.
    """
    pushes = Pushes()
    found = 0
    for command in one.commands:
        what = pushes.take(command.text) if command.kind == "run" else None
        if what is not None:
            facts = {"command": redacted(" ".join(command.text[:4000].split()))[:200]}
            yield Hit(f"line {command.line} {what}", Evidence(facts=facts, line=command.line))
            found += 1
            if found >= _MOST:
                return
