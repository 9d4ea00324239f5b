"""`workflow-injection`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from modelwarden.artifacts.rules._content import bound_to
from modelwarden.core import Hit, Severity, rule
from modelwarden.formats.config.reader import ConfigFile

_STEP = re.compile(r"(?:^|\.)steps\[\d+\]\.(?:run|with\.(?:script|prompt|direct_prompt|args))$")
_THEIRS = re.compile(
    r"\$\{\{[^}]{0,500}\bgithub\.(?:head_ref|event\.(?:issue|pull_request|comment|review|review_comment"
    r"|discussion|head_commit|commits|pages|workflow_run)\b[\w.*\[\]'-]{0,200}\.?"
    r"(?:title|body|message|name|email|label|ref|head_branch|default_branch|page_name))\b[^}]{0,500}\}\}"
)
_ALL = re.compile(r"\btoJSON\(\s*secrets\s*\)", re.IGNORECASE)
_INCLUDED = re.compile(r"(?:^|\.)include(?:\[\d+\])?\.remote(?:\[\d+\])?$")
_HEAD = re.compile(
    r"github\.event\.(?:pull_request|workflow_run\.pull_requests\[0\])\.head\.(?:sha|ref)|github\.head_ref"
    r"|github\.event\.workflow_run\.head_(?:sha|branch)"
    r"|refs/pull/\$\{\{[^}]{0,100}github\.event\.(?:issue|pull_request|number)"
)
# Strangers cause these events, and they run with the secrets of the repository.
_TRUSTED = ("pull_request_target", "issue_comment", "workflow_run")


@rule(
    "workflow-injection",
    title="A workflow lets strangers run commands",
    severity=Severity.MEDIUM,
    reads=ConfigFile,
    references=("CWE-94", "CWE-78", "CWE-829"),
    weakness="custom_code_in_model",
)
def workflow_injection(config: ConfigFile) -> Iterator[Hit]:
    """Flag titles, texts and names of branches put into commands, and foreign code with secrets.

    Likewise what takes all secrets of the repository at once, and steps of GitLab that are
    included from an address without TLS.

    Why: whoever opens an issue chooses the title, which becomes part of the script, or of what an
    assistant is told. With `pull_request_target` and `issue_comment` the code of a stranger runs
    with the secrets of the repository, and can publish a model in its name.

    Fix: hand the value over in `env:`, and quote the variable; check out no foreign code there.

    Blind spot: scripts that the workflow calls are examined as the files that they are.
    """
    evidence = bound_to(config)
    trusted = any(
        event in (scalar.key, scalar.value) or event in scalar.path.split(".")
        for scalar in config.scalars
        for event in _TRUSTED
    )
    for scalar in config.scalars:
        message = None
        if _ALL.search(scalar.value):
            message = f"{scalar.key[:40]}: takes all secrets of the repository at once"
        elif _STEP.search(scalar.path) and (found := _THEIRS.search(scalar.value)):
            message = f"{scalar.key[:40]}: puts {found[0][:100]} into what is run"
        elif trusted and scalar.path.endswith("with.ref") and _HEAD.search(scalar.value):
            message = "checks out the code of a stranger with the secrets of the repository"
        elif scalar.value.startswith("http://") and _INCLUDED.search(scalar.path):
            message = f"takes its steps from {scalar.value[:80]}, without TLS"
        if message is not None:
            facts = {"path": scalar.path[:200], "value": scalar.value[:200]}
            yield Hit(message, evidence(facts, scalar.line))
