"""`opening-command`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from modelwarden.artifacts.known.secrets import redacted
from modelwarden.artifacts.rules._content import bound_to
from modelwarden.core import Hit, Severity, rule
from modelwarden.formats.config.reader import ConfigFile

_TASK = re.compile(r"(?:^|\.)tasks\[\d+\]")
_HOST = "initializeCommand"
# One call, nothing behind it: what builds the project, and what makes room for a container.
_ORDINARY = re.compile(
    r"\s*(?:(?:(?:npm|yarn|pnpm|bun)\s+(?:run|ci|install|watch|start|build|test)"
    r"|make|cargo|tsc|gulp|gradle|mvn|dotnet|just|mkdir|touch|echo|git\s+submodule"
    r"|docker\s+(?:network|volume)\s+create|docker(?:-|\s+)compose\s+(?:build|pull))\b"
    r"[^|&;`$<>\n]*)?"
)


@rule(
    "opening-command",
    title="A command runs on the machine of whoever opens the folder in an editor",
    severity=Severity.MEDIUM,
    reads=ConfigFile,
    references=("CWE-829", "CWE-94"),
    weakness="custom_code_in_model",
)
def opening_command(config: ConfigFile) -> Iterator[Hit]:
    """Flag tasks that start with the folder, and commands of a container that run outside of it.

    These are tasks of Visual Studio Code with `runOn: folderOpen`, and `initializeCommand` of
    `devcontainer.json`.

    Why: who opens a cloned model to look at it has run the command, before anything is loaded.

    Fix: remove the setting; a task can be started by hand, a container prepared by its Dockerfile.

    Blind spot: a single call of a build tool is passed, whatever it runs in turn. The other
    commands of `devcontainer.json` run in the container, and are judged by their words alone.
    """
    if config.rows:
        return
    evidence = bound_to(config)
    commands: dict[str, str] = {}
    started: list[tuple[str, int]] = []
    for scalar in config.scalars:
        if task := _TASK.search(scalar.path):
            place = scalar.path[: task.end()]
            if scalar.key in ("command", "args"):
                commands[place] = f"{commands.get(place, '')} {scalar.value}"
            elif scalar.key == "runOn" and scalar.value == "folderOpen":
                started.append((place, scalar.line))
        elif scalar.path.startswith(_HOST):
            place = scalar.path.partition("[")[0]  # a line, a list, or an object of them
            commands[place] = f"{commands.get(place, '')} {scalar.value}"
            started.append((place, scalar.line))
    for place, line in dict(started).items():
        command = commands.get(place, "").strip()
        if not _ORDINARY.fullmatch(command):
            when = "before its container" if place.startswith(_HOST) else "with the folder"
            facts = {"path": place[:200], "value": redacted(command)[:120]}
            yield Hit(f"runs {when}: {redacted(command)[:80]}", evidence(facts, line))
