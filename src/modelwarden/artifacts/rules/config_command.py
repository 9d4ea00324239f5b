"""`config-command`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from modelwarden.artifacts.known.commands import attack_in
from modelwarden.artifacts.known.harm import LONGEST, code_in, command_in
from modelwarden.artifacts.known.secrets import redacted
from modelwarden.artifacts.rules._content import bound_to
from modelwarden.core import Confidence, Hit, Severity, rule
from modelwarden.formats.config.reader import ConfigFile
from modelwarden.formats.config.scalars import Scalar
from modelwarden.formats.config.words import MARSHALLED

_SERVER = re.compile(r"(?:^|\.)(?:mcpServers|mcp\.servers|servers)(?:\.|\[)", re.IGNORECASE)
_PRELOADS = frozenset(("LD_PRELOAD", "DYLD_INSERT_LIBRARIES"))
_TASKS = ("tasks.json",)  # of an editor, which has them as one array
_SHELLS = frozenset("sh bash zsh dash cmd powershell pwsh".split())


@rule(
    "config-command",
    title="A configuration value is a command or a piece of code",
    severity=Severity.MEDIUM,
    reads=ConfigFile,
    confidence=Confidence.MEDIUM,
    references=("CWE-94", "CWE-78", "MITRE-ATLAS:AML.T0011"),
    weakness="custom_code_in_model",
)
def config_command(config: ConfigFile) -> Iterator[Hit]:
    """Flag values that are a destructive or downloading shell command, or Python that runs one.

    Likewise shells that an assistant for programming would start as its servers (`mcpServers`).

    Why: a configuration describes; something that will be run from it was put there for a program
    that runs it. Deleting a disk, running what was just fetched, opening a shell to the network
    and importing modules by `__import__` have no place in a model's settings.

    Fix: remove the value, and find out which program would have run it.

    Blind spot: harmless-looking commands and names of scripts beside the file are not reported,
    nor is anything in rows of data (JSON lines, or JSON that is one array): nobody runs those.
    """
    if config.rows and not config.source.label.endswith(_TASKS):
        return
    evidence = bound_to(config)
    for scalar in config.scalars:
        if not scalar.text or (len(scalar.value) <= 4 and scalar.key != "command"):
            continue
        what = _marshalled(scalar.value) or _assistant(scalar)
        if what is None and len(scalar.value) <= LONGEST:
            what = command_in(scalar.value) or code_in(scalar.value) or _preloaded(scalar)
        if what is not None:
            facts = {"path": scalar.path[:200], "value": redacted(scalar.value)[:120]}
            yield Hit(f"{scalar.key[:60]}: {what}", evidence(facts, scalar.line))


def _assistant(scalar: Scalar) -> str | None:
    """Say that an assistant started in the folder would start a shell as one of its servers."""
    if scalar.key != "command" or not _SERVER.search(scalar.path):
        return None
    program = scalar.value.replace("\\", "/").rpartition("/")[2].lower().removesuffix(".exe")
    return "starts a shell for an assistant" if program in _SHELLS else None


def _preloaded(scalar: Scalar) -> str | None:
    """Say that a variable puts a library from beside the file into every program."""
    return attack_in(f"{scalar.key}={scalar.value}") if scalar.key in _PRELOADS else None


def _marshalled(value: str) -> str | None:
    """Say that a text is compiled code; loaders of Keras models as YAML run it."""
    return (
        "marshalled code" if MARSHALLED.match(value[:40].strip().encode(errors="replace")) else None
    )
