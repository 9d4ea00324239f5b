"""`opening-command`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from modelwarden.artifacts.known.secrets import redacted
from modelwarden.artifacts.rules._content import bound_to
from modelwarden.core import Hit, Severity, rule
from modelwarden.formats.config.reader import ConfigFile
from modelwarden.formats.config.scalars import Scalar

_TASK = re.compile(r"(?:^|\.)tasks\[\d+\]")
_HOST = "initializeCommand"
# One call, nothing behind it: what builds the project, and what makes room for a container.
_ORDINARY = re.compile(
    r"\s*(?:(?:(?:npm|yarn|pnpm|bun)\s+(?:run|ci|install|watch|start|build|test)"
    r"|make|cargo|tsc|gulp|gradle|mvn|dotnet|just|mkdir|touch|echo|git\s+submodule"
    r"|docker\s+(?:network|volume)\s+create|docker(?:-|\s+)compose\s+(?:build|pull))\b"
    r"[^|&;`$<>\n]*)?"
)


# Settings of a folder by which Visual Studio Code, and assistants, no longer ask.
_FREED = frozenset(
    {
        ("chat.tools.autoApprove", "true"),
        ("chat.tools.global.autoApprove", "true"),
        ("defaultMode", "bypassPermissions"),
        ("enableAllProjectMcpServers", "true"),
    }
)
# A program that the editor starts by itself, taken from the folder and not from an environment.
_PROGRAMS = re.compile(r"git\.path|[\w.-]+\.(?:\w*executablePath|defaultInterpreterPath)")
_BESIDE = re.compile(
    r"(?:\./|\$\{workspaceFolder\}/|\.\./)(?!.*(?:\bbin/|[Ss]cripts[/\\]|node_modules/|venv))"
)


@rule(
    "opening-command",
    title="A command runs, or may run unasked, on the machine of whoever opens the folder",
    severity=Severity.MEDIUM,
    reads=ConfigFile,
    references=("CWE-829", "CWE-94"),
    weakness="custom_code_in_model",
)
def opening_command(config: ConfigFile) -> Iterator[Hit]:
    """Flag tasks that start with the folder, and commands of a container that run outside of it.

    These are tasks of Visual Studio Code with `runOn: folderOpen`, and `initializeCommand` of
    `devcontainer.json`. Likewise settings by which an assistant no longer asks before it runs
    something, and programs of an editor that are taken from the folder itself.

    Why: who opens a cloned model to look at it has run the command, before anything is loaded.

    Fix: remove the setting; a task can be started by hand, a container prepared by its Dockerfile.

    Blind spot: a single call of a build tool is passed, whatever it runs in turn. The other
    commands of `devcontainer.json` run in the container, and are judged by their words alone.
    """
    if config.rows:
        return
    evidence = bound_to(config)
    commands, started = _commands(config)
    for scalar in config.scalars:
        if (message := _unasked(scalar)) is not None:
            facts = {"path": scalar.path[:200], "value": scalar.value[:120]}
            yield Hit(message, evidence(facts, scalar.line))
    for place, line in dict(started).items():
        command = commands.get(place, "").strip()
        if not _ORDINARY.fullmatch(command):
            when = "before its container" if place.startswith(_HOST) else "with the folder"
            facts = {"path": place[:200], "value": redacted(command)[:120]}
            yield Hit(f"runs {when}: {redacted(command)[:80]}", evidence(facts, line))


def _unasked(scalar: Scalar) -> str | None:
    """Say that a setting lets an assistant, or the editor, start what nobody asked for."""
    if (scalar.key, scalar.value) in _FREED:
        return f"{scalar.key}: lets an assistant run commands without asking"
    if _PROGRAMS.fullmatch(scalar.key) and _BESIDE.match(scalar.value):
        return f"{scalar.key[:60]}: starts {scalar.value[:60]!r}"
    return None


def _commands(config: ConfigFile) -> tuple[dict[str, str], list[tuple[str, int]]]:
    """Return commands by the place where they stand, and the places that are started."""
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
    return commands, started
