"""`config-command`."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator

from modelwarden.artifacts.known.commands import attack_in
from modelwarden.artifacts.known.secrets import redacted
from modelwarden.artifacts.rules._content import bound_to
from modelwarden.core import Confidence, Hit, Severity, rule
from modelwarden.formats.config.reader import MARSHALLED, ConfigFile
from modelwarden.formats.config.scalars import Scalar

_LONGEST = 2000
_SERVER = re.compile(r"(?:^|\.)(?:mcpServers|mcp\.servers|servers)(?:\.|\[)", re.IGNORECASE)
_PRELOADS = frozenset(("LD_PRELOAD", "DYLD_INSERT_LIBRARIES"))
_SHELLS = frozenset("sh bash zsh dash cmd powershell pwsh".split())
_CODE_CALLS = frozenset("__import__ eval exec compile".split())
_CODE_ATTRIBUTES = frozenset("system popen check_output call run Popen spawn".split())


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
    if config.rows:
        return
    evidence = bound_to(config)
    for scalar in config.scalars:
        if not scalar.text or (len(scalar.value) <= 4 and scalar.key != "command"):
            continue
        what = _marshalled(scalar.value) or _assistant(scalar)
        if what is None and len(scalar.value) <= _LONGEST:
            what = _command(scalar.value) or _code(scalar.value) or _preloaded(scalar)
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


def _command(value: str) -> str | None:
    """Say what a shell command would do; None for anything else."""
    attack = attack_in(value)
    return None if attack is None else f"the command {attack}"


def _marshalled(value: str) -> str | None:
    """Say that a text is compiled code; loaders of Keras models as YAML run it."""
    return (
        "marshalled code" if MARSHALLED.match(value[:40].strip().encode(errors="replace")) else None
    )


def _code(value: str) -> str | None:
    """Say which call makes a Python expression or statement run commands; None for other text."""
    if "(" not in value or not any(word in value for word in (*_CODE_CALLS, "os.", "subprocess")):
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            # After a syntax error CPython opens the file of this name: an empty one never exists.
            tree = ast.parse(value.strip().lstrip("$"), filename="")
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            callee = node.func
            if isinstance(callee, ast.Name) and callee.id in _CODE_CALLS:
                return f"Python code that calls {callee.id}"
            if (
                isinstance(callee, ast.Attribute)
                and callee.attr in _CODE_ATTRIBUTES
                and isinstance(callee.value, ast.Name)
                and callee.value.id in {"os", "subprocess", "pty"}
            ):
                return f"Python code that calls {callee.value.id}.{callee.attr}"
    return None
