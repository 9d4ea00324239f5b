"""`config-command`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from modelwarden.artifacts.known.commands import attack_in
from modelwarden.artifacts.known.flows import Follower
from modelwarden.artifacts.known.harm import LONGEST, code_in, command_in
from modelwarden.artifacts.known.pushes import Pushes
from modelwarden.artifacts.known.secret_sources import GIVEN
from modelwarden.artifacts.known.secrets import redacted
from modelwarden.artifacts.rules._content import bound_to
from modelwarden.core import Confidence, Hit, Severity, rule
from modelwarden.formats.config.reader import ConfigFile
from modelwarden.formats.config.scalars import Scalar
from modelwarden.formats.config.words import MARSHALLED

_SERVER = re.compile(r"(?:^|\.)(?:mcpServers|mcp\.servers|servers)(?:\.|\[)", re.IGNORECASE)
_OBJECT = re.compile(r'[OC]:\d+:"[\\\w]+":\d+:')
_PRELOADS = frozenset(("LD_PRELOAD", "DYLD_INSERT_LIBRARIES"))
_WORDS = 12  # of a command that is written as a list
_TASKS = ("tasks.json",)  # of an editor, which has them as one array
# Under which the tools that build, test and deploy are told what to run.
_STEPS = frozenset(
    "run script scripts before_script after_script commands command cmd cmds args entrypoint sh "
    "bash shell powershell pwsh inlineScript install before_install after_success after_failure "
    "before_deploy after_deploy postCreateCommand postStartCommand onCreateCommand "
    "updateContentCommand postAttachCommand bash_command exec entry".split()
)
_OF_SECRETS = frozenset(("from_secret", "secretKeyRef", "secret_key_ref"))
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
    follower = Follower()
    pushes = Pushes()
    for name in _given(config.scalars):
        follower.give(name)
    words: list[Scalar] = []
    for scalar in config.scalars:
        if words and not _follows(words[-1], scalar):
            words = []
        words = [*words, scalar][-_WORDS:] if scalar.key in _STEPS else []
        followed = _step(follower, pushes, scalar.value) if scalar.key in _STEPS else None
        short = len(scalar.value) <= 4 and scalar.key != "command"
        if not scalar.text or (short and followed is None):
            continue
        what = _marshalled(scalar.value) or _assistant(scalar) or _typed(scalar)
        if what is None and len(scalar.value) <= LONGEST:
            what = command_in(scalar.value) or code_in(scalar.value) or _preloaded(scalar)
        if what is None and followed is not None:
            what = f"the command {followed}"
        if what is None and len(words) > 1:
            what = command_in(" ".join(one.value for one in words))
            words = [] if what else words
        if what is not None:
            facts = {"path": scalar.path[:200], "value": redacted(scalar.value)[:120]}
            yield Hit(f"{scalar.key[:60]}: {what}", evidence(facts, scalar.line))


def _step(follower: Follower, pushes: Pushes, command: str) -> str | None:
    """Take one step of many; say what it does with what those before it left."""
    followed, pushed = follower.take(command), pushes.take(command)
    return followed or pushed


def _given(scalars: Iterable[Scalar]) -> Iterator[str]:
    """Yield the variables that hold a secret of the build server."""
    for scalar in scalars:
        if scalar.key in _OF_SECRETS:
            name = scalar.path.removesuffix(f".{scalar.key}").rpartition(".")[2]
            if name.isidentifier():
                yield name
        elif GIVEN.search(scalar.value) and scalar.key.isidentifier() and scalar.key not in _STEPS:
            yield scalar.key


def _follows(one: Scalar, other: Scalar) -> bool:
    """Tell whether two values stand in one list, as the words of one command do."""
    begin, bracket, _ = one.path.rpartition("[")
    return bracket == "[" and other.path.startswith(f"{begin}[") and other.key == one.key


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
    """Say that a text is compiled code, or an object that runs commands when it is read."""
    begin = value[:40].strip()
    if MARSHALLED.match(begin.encode(errors="replace")):
        return "marshalled code"  # which loaders of Keras models as YAML run
    if begin.startswith("rO0AB"):
        return "a serialised Java object"
    if begin.startswith("AAEAAAD/////"):
        return "a serialised .NET object"
    if begin.startswith("_$$ND_FUNC$$_"):
        return "a function that node-serialize runs"
    return None


def _typed(scalar: Scalar) -> str | None:
    """Say that a value is made of a class of .NET, or of PHP, that runs commands."""
    if scalar.key in ("$type", "@type", "@class") or _OBJECT.match(scalar.value[:200]):
        from modelwarden.artifacts.known.foreign_objects import gadget_of_text

        name = gadget_of_text(scalar.value[:4000])
        return None if name is None else f"an object of {name[:80]}"
    return None
