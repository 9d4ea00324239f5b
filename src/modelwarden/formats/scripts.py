"""Shell scripts, Dockerfiles and makefiles: the commands in them, one by one.

Nothing is expanded. Python that stands in a command is handed on as a program. A command whose
program is computed (`eval`, `"$COMMAND"`) cannot be told, and is a gap.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from modelwarden.core import Gap, GapKind
from modelwarden.core.values import dataclass
from modelwarden.formats.installs import CONFIGURES, ENVIRONMENT, origins_in
from modelwarden.formats.plaintext import PlainText
from modelwarden.formats.view import Child, gap

if TYPE_CHECKING:
    from modelwarden.formats.limits import Limits
    from modelwarden.formats.source import Source

_SIZE = 1 << 20
_COMMANDS = 5000
_LONGEST = 20_000
_INSTRUCTION = re.compile(r"^\s*([A-Za-z]+)\s+(.*)$", re.DOTALL)
_HEREDOC = re.compile(r"<<-?\s*([\"']?)(\w+)\1")
_COMPUTED = re.compile(
    r"(?:^|[;&|\n]|\bthen\b|\bdo\b|\belse\b)[ \t]*(?:sudo[ \t]+|exec[ \t]+)?"
    r"(?:eval\b(?![ \t]+[\"']?\$\((?:ssh-agent|conda|direnv|pyenv|dircolors|\w+[ \t]+shell\.bash))"
    r"|[\"']?\$\((?![\"']?(?:dirname|which|command|pwd|realpath|readlink)\b|\()"
    r"|[a-z]{1,20}\$\{?(?:IFS|@|\*|[a-z]\b)"
    r"|[\"']?\$\{?(?!PYTHON|PIP|CC|CXX|MAKE|SHELL|\(|@|\*|BIN|CMD_PREFIX)[A-Za-z_]\w*|`)"
)
INSTALL = re.compile(
    r"\b(?:pip3?|uv|conda|mamba|micromamba|poetry|pdm|pipx)\b[^\n]*\b(?:install|add|sync)\b"
)
PYTHON = re.compile(
    r"\b(?:python[\d.]*|py)[ \t]+(?:-[A-Za-z]*[ \t]+)*?"
    r"(?:-[A-Za-z]*c[ \t]*|(?:-[ \t]*)?<<-?[^\n]*(\n))"
)
_VARIABLE = re.compile(r"\$\{\w[^}]*\}|\$\w+")
_PROGRAMS = 50
_SET = re.compile(r"(?:^|\s)([A-Za-z_]\w*)(?:=|[ \t]+(?=[^=]*$))(\"[^\"]*\"|'[^']*'|\S+)")
_MAKE_SHELL = re.compile(r"\$\(shell\s")
_ECHO = re.compile(r"\\x[0-9a-fA-F]{2}(?:\\x[0-9a-fA-F]{2}){7}")


_FENCE = re.compile(r"^[ \t]*(?:```|~~~)[ \t]*([\w+-]*)")
_SPAN = re.compile(r"`([^`\n]{4,2000})`")
# Fences of these languages hold no commands; one of any other name is read as commands are.
_OTHERS = frozenset(
    "python py python3 ipython pycon javascript js jsx mjs typescript ts tsx json jsonc json5 "
    "jsonl yaml yml toml ini cfg env properties xml html css scss sql graphql java kotlin scala "
    "groovy c cpp c++ h cs csharp go rust rs ruby rb php perl r julia lua swift haskell ocaml "
    "matlab cuda fortran tex latex bibtex markdown md mermaid diff patch proto protobuf regex csv "
    "vue svelte jinja jinja2 dockerfile makefile cmake nix http".split()
)


class Command(NamedTuple):
    """One command with everything that is piped or chained to it."""

    text: str
    line: int
    kind: str = "run"


@dataclass(frozen=True, slots=True, kw_only=True)
class Script(PlainText):
    """A text of commands.

    Attributes:
        commands: in order; `kind` is `run`, or the instruction of a Dockerfile in lower case.
    """

    commands: tuple[Command, ...] = ()


def read(source: Source, limits: Limits, kind: str, encoding: str) -> Script:
    """Split a script into its commands."""
    gaps: list[Gap] = []
    text = source.read(0, min(source.size, _SIZE)).decode(encoding, "replace")
    limits.spend(operations=len(text) // 64)
    text = text.replace("\r\n", "\n").removeprefix("\ufeff")
    if source.size > _SIZE:
        gaps.append(gap(source, f"bytes of a script over the limit of {_SIZE}", GapKind.OVER_LIMIT))
    split = {"dockerfile": _docker, "makefile": _make}.get(kind, _shell)
    commands: list[Command] = []
    for command in split(text):
        if len(commands) >= _COMMANDS:
            gaps.append(gap(source, f"more than {_COMMANDS} commands", GapKind.OVER_LIMIT))
            break
        commands.append(command)
    if kind not in ("makefile", "instructions"):
        for command in commands:
            if command.kind == "run" and (
                _COMPUTED.search(command.text) or _ECHO.search(command.text)
            ):
                why = f"line {command.line} runs a command that is computed"
                gaps.append(gap(source, why, GapKind.UNEXAMINED_CODE))
                break
    from modelwarden.formats.plaintext import tokens_of

    return Script(
        source=source,
        format=kind,
        gaps=tuple(gaps),
        encoding=encoding,
        commands=tuple(commands),
        children=(*_children(source, commands), *_variables(source, commands)),
        tokens=tokens_of(text, settings=True),
        origins=tuple(origins_in(_installing(commands), settings=False)),
    )


def _children(source: Source, commands: Sequence[Command]) -> Iterator[Child]:
    """Yield the Python programs that stand in commands."""
    found: dict[str, bytes] = {}
    for command in commands:
        for code in programs_in(command.text) if command.kind == "run" else ():
            found.setdefault(f"line {command.line}", code.encode("utf-8", "replace"))
    for name, data in islice(found.items(), _PROGRAMS):
        yield _child(source, name, data)


def _variables(source: Source, commands: Sequence[Command]) -> tuple[Child, ...]:
    """Return the variables that a Dockerfile sets, as settings."""
    told = (one.text for one in commands if one.kind == "env")
    pairs = (found.groups() for text in told for found in _SET.finditer(text))
    data = "\n".join(f"{name}={value.strip()}" for name, value in pairs).encode("utf-8", "replace")
    if not data:
        return ()
    return (Child("env", lambda: source.nested(data, "env", expect="settings")),)


def _child(source: Source, name: str, data: bytes) -> Child:
    return Child(name, lambda: source.nested(data, name, expect="notebook-code"))


def programs_in(command: str) -> Iterator[str]:
    """Yield the Python that a command runs with `-c`, or from a here-document.

    What a shell would put in for a variable is not known: a name stands for it.

    >>> list(programs_in("cd /x && python3 -c 'import os' && true"))
    ['import os']
    """
    for match in PYTHON.finditer(command):
        rest = command[match.end() :]
        if match[1] is not None:
            yield rest
        elif rest[:1] == "'":
            yield rest[1:].partition("'")[0]
        elif rest[:1] == '"':
            quoted = re.match(r'"((?:[^"\\]|\\.)*)', rest, re.DOTALL)
            text = re.sub(r'\\(["\\$`])', r"\1", quoted[1] if quoted else "")
            yield _VARIABLE.sub("_", text)
        elif rest.strip() and (" " in rest.strip() or "(" in rest):
            yield rest.strip()


def code_in(text: str) -> str:
    """Return what stands as code in a text of Markdown, each line in its place.

    >>> code_in("Run `make all` first.")
    'make all'
    """
    kept: list[str] = []
    inside: str | None = None
    for line in text.splitlines():
        fence = _FENCE.match(line)
        # One with a language begins a block and ends none.
        if fence and (inside is None or not fence[1]):
            inside = fence[1].lower() if inside is None else None
            kept.append("")
        elif inside is not None:
            kept.append(line.removeprefix("$ ") if inside not in _OTHERS else "")
        else:
            kept.append(" ; ".join(_SPAN.findall(line)))
    return "\n".join(kept)


def _installing(commands: Sequence[Command]) -> str:
    """Return what installs packages or says where from, each command in its own line."""
    lines = [""] * (commands[-1].line if commands else 0)
    for command in commands:
        if any(one.search(command.text) for one in (INSTALL, ENVIRONMENT, CONFIGURES)):
            lines[command.line - 1] = command.text.replace("\n", " ")
    return "\n".join(lines)


def _logical(text: str, mark: str = "\\") -> Iterator[tuple[str, int]]:
    """Yield lines with those that continue them, and bodies of here-documents."""
    lines = text.split("\n")
    at = 0
    while at < len(lines):
        begin, line = at, lines[at]
        at += 1
        while line.endswith(mark) and at < len(lines) and len(line) < _LONGEST:
            line = line[:-1] + " " + lines[at].strip()
            at += 1
        line, at = _with_program(lines, at, line)
        found = _HEREDOC.search(line)
        if found and not line.lstrip().startswith("#"):
            at, line = _with_body(lines, at, line, found[2])
        yield line, begin + 1


def _with_program(lines: list[str], at: int, line: str) -> tuple[str, int]:
    """Add the lines up to the quote that ends the Python program in a command."""
    begun = next((m.end() for m in PYTHON.finditer(line) if m[1] is None), len(line))
    mark, whole, end = line[begun : begun + 1], line, at
    if mark not in ("'", '"') or mark in line[begun + 1 :]:
        return line, at
    while end < len(lines) and len(whole) < _LONGEST:
        whole, end = f"{whole}\n{lines[end]}", end + 1
        if mark in lines[end - 1].replace('\\"', ""):
            return whole, end
    return line, at


def _with_body(lines: list[str], at: int, line: str, end: str) -> tuple[int, str]:
    begin = at
    while at < len(lines) and lines[at].strip() != end:
        at += 1
    return at + 1, line + "\n" + "\n".join(lines[begin:at])[:_LONGEST]


def _shell(text: str) -> Iterator[Command]:
    for line, number in _logical(text):
        bare = line.strip()
        if bare and not bare.startswith("#"):
            yield Command(bare[:_LONGEST], number)


def _docker(text: str) -> Iterator[Command]:
    for line, number in _logical(text):
        if line.lstrip().startswith("#") or not line.strip():
            continue
        found = _INSTRUCTION.match(line)
        if found is None:
            continue
        name, rest = found[1].lower(), found[2].strip()
        if name == "onbuild" and (inner := _INSTRUCTION.match(rest)):
            name, rest = inner[1].lower(), inner[2].strip()
        runs = name in {"run", "cmd", "entrypoint", "shell", "healthcheck"}
        if runs and rest.startswith("["):
            rest = " ".join(re.findall(r'"((?:[^"\\]|\\.)*)"', rest))
        yield Command(rest[:_LONGEST], number, "run" if runs else name)


def _make(text: str) -> Iterator[Command]:
    for line, number in _logical(text):
        if line.startswith("\t"):
            yield Command(line.strip().lstrip("@-+")[:_LONGEST], number)
        elif found := _MAKE_SHELL.search(line):
            # To the last bracket of the line: a second call in it belongs to the command.
            end = line.rfind(")", found.end())
            if end >= 0:
                yield Command(line[found.end() : end].strip()[:_LONGEST], number)
