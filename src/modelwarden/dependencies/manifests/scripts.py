"""`pip install` where it is written down: in Dockerfiles and in notebooks. Best effort.

Nothing is expanded or run: a requirement that holds a variable is named as not audited.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence

from modelwarden.core import InputError
from modelwarden.dependencies.manifests.requirements import options, requirement
from modelwarden.dependencies.manifests.text import json_document, short, table, tables
from modelwarden.dependencies.packages import Manifest

_RUN = re.compile(r"^\s*(?:ONBUILD\s+)?RUN\s+(.*)$", re.IGNORECASE)
_FLAGS = re.compile(r"^(?:--(?:mount|network|security)=\S+\s+)*")
_BACKTICK = re.compile(r"\s*#\s*escape\s*=\s*`", re.IGNORECASE)
_HERE = re.compile(r"<<-?\s*([\"']?)(\w+)\1")
_MERGED = re.compile(r"\s\d?>&\d\b")  # one stream into another
_REDIRECT = re.compile(r"\d*(?:>>?|<)(?!=)(.*)")
_PIP = re.compile(r"(?:.*/)?pip[\d.]*(?:\.exe)?")
_MAGIC = re.compile(r"^\s*[%!]+\s*(.*)$")
_SHELL_CELL = re.compile(r"\s*%%(?:bash|sh|script|!)")
_NESTED = 3  # shells in shells
_MOST = 2_000  # words of one command


def dockerfile(text: str, manifest: Manifest) -> None:
    """Read the `pip install` of RUN lines, and of what stands below them up to a mark."""
    escape = r"\\"
    if found := _BACKTICK.match(text):
        escape, text = "`", text[found.end() :]
    joined = re.sub(escape + r"[ \t]*\n(?:[ \t]*#[^\n]*\n)*", " ", text)
    lines = iter(joined.split("\n"))
    for line in lines:
        if found := _RUN.match(line):
            command = _FLAGS.sub("", found[1])
            if command.startswith("["):
                _command([str(p) for p in _words(command)], manifest)
                continue
            _shell(_HERE.sub(" ", command), manifest)
            for _, mark in _HERE.findall(command):
                for inner in lines:
                    if inner.strip() == mark:
                        break
                    _shell(inner, manifest)


def notebook(text: str, manifest: Manifest) -> None:
    """Read the `%pip install` and `!pip install` of code cells, and the lines of shell cells."""
    document = table(json_document(text))
    for cell in _cells(document):
        source = cell.get("source", cell.get("input"))
        code = "".join(map(str, source)) if isinstance(source, list) else str(source or "")
        shell = _SHELL_CELL.match(code) is not None
        for line in code.replace("\\\n", " ").split("\n"):
            if found := _MAGIC.match(line):
                _shell(found[1], manifest)
            elif shell:
                _shell(line, manifest)


def _cells(document: Mapping[str, object]) -> Iterator[Mapping[str, object]]:
    """Yield the code cells; before version 4 they stood in worksheets."""
    for sheet in (document, *tables(document.get("worksheets"))):
        yield from (c for c in tables(sheet.get("cells")) if c.get("cell_type") == "code")


def _words(command: str) -> list[object]:
    try:
        found = json_document(command)
    except InputError:  # a shell may read what JSON does not
        return [command]
    return found if isinstance(found, list) else [command]


def _shell(command: str, manifest: Manifest, depth: int = 0) -> None:
    if "pip" not in command or "install" not in command:
        return
    lexer = shlex.shlex(_MERGED.sub(" ", command), posix=True, punctuation_chars="();&|")
    lexer.whitespace_split = True
    lexer.commenters = ""
    words: list[str] = []
    try:
        for word in lexer:
            if word.startswith("#"):
                break
            if word.strip("();&|"):
                words.append(word)
            else:
                _command(words, manifest, depth)
                words = []
    except ValueError:
        manifest.gap(f"cannot be audited: {short(command)}")
        return
    _command(words, manifest, depth)


def _command(words: Sequence[str], manifest: Manifest, depth: int = 0) -> None:
    """Read one command; what it hands to another shell is a command of its own."""
    if len(words) > _MOST:
        manifest.gap(f"cannot be audited: a command of more than {_MOST} words")
        return
    for at, word in enumerate(words):
        if _PIP.fullmatch(word):
            asked = next((v for option, v in options(words[at + 1 :]) if not option), None)
            if asked == "install":
                rest = words[words.index("install", at) + 1 :]
                _install(list(_unredirected(rest)), manifest)
                return
        elif depth < _NESTED and any(c.isspace() for c in word):
            _shell(word, manifest, depth + 1)


def _unredirected(words: Sequence[str]) -> Iterator[str]:
    waiting = iter(words)
    for word in waiting:
        found = _REDIRECT.fullmatch(word)
        if found is None:
            yield word
        elif not found[1]:
            next(waiting, None)


def _install(words: Sequence[str], manifest: Manifest) -> None:
    for option, value in options(words):
        if option == "--requirement":
            manifest.refers.append(_near(value))
        elif option == "--constraint":
            manifest.bounds.append(_near(value))
        else:
            requirement(value, manifest)


def _near(path: str) -> str:
    """Return a file by its name: in the image it may lie elsewhere than beside this one."""
    return path if not path.startswith("/") else path.rpartition("/")[2]
