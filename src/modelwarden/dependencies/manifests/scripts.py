"""`pip install` where it is written down: in Dockerfiles and in notebooks. Best effort.

Nothing is expanded or run: a requirement that holds a variable is named as not audited.
"""

from __future__ import annotations

import re
import shlex

from modelwarden.core import InputError
from modelwarden.dependencies.manifests.requirements import requirement
from modelwarden.dependencies.manifests.text import json_document, table, tables
from modelwarden.dependencies.packages import Manifest

_RUN = re.compile(r"^\s*RUN\s+(.*)$", re.IGNORECASE)
_FLAGS = re.compile(r"^(?:--(?:mount|network|security)=\S+\s+)*")
_COMMANDS = re.compile(r"&&|\|\||;|\|")
_PIP = re.compile(r"(?:^|[\s/])(?:pip[\d.]*|uv\s+pip)\s+install\s+(.*)$")
_MAGIC = re.compile(r"^\s*[%!]+\s*(.*)$")
_WITH_VALUE = {
    "-i", "--index-url", "--extra-index-url", "-f", "--find-links", "-t", "--target", "--prefix",
    "--root", "--timeout", "--retries", "--proxy", "--trusted-host", "--cache-dir", "--platform",
    "--python-version", "--implementation", "--abi", "--only-binary", "--no-binary", "--python",
    "--progress-bar", "--upgrade-strategy", "--src", "-p", "--log", "--cert", "--index-strategy",
}  # fmt: skip


def dockerfile(text: str, manifest: Manifest) -> None:
    """Read the `pip install` of RUN lines."""
    joined = re.sub(r"\\[ \t]*\n(?:[ \t]*#[^\n]*\n)*", " ", text)
    for line in joined.split("\n"):
        if found := _RUN.match(line):
            command = _FLAGS.sub("", found[1])
            if command.startswith("["):
                command = " ".join(str(p) for p in _words(command))
            _shell(command, manifest)


def notebook(text: str, manifest: Manifest) -> None:
    """Read the `%pip install` and `!pip install` of code cells."""
    document = table(json_document(text))
    for cell in tables(document.get("cells")):
        source = cell.get("source")
        lines = source if isinstance(source, list) else str(source or "").split("\n")
        for line in lines if cell.get("cell_type") == "code" else ():
            if found := _MAGIC.match(str(line)):
                _shell(found[1], manifest)


def _words(command: str) -> list[object]:
    try:
        found = json_document(command)
    except InputError:  # a shell may read what JSON does not
        return [command]
    return found if isinstance(found, list) else [command]


def _shell(command: str, manifest: Manifest) -> None:
    for part in _COMMANDS.split(command):
        if found := _PIP.search(f" {part.strip()}"):
            _install(found[1], manifest)


def _install(arguments: str, manifest: Manifest) -> None:
    try:
        words = shlex.split(arguments, comments=True)
    except ValueError:
        manifest.gap(f"cannot be audited: pip install {arguments[:100]!a}")
        return
    waiting = iter(words)
    for word in waiting:
        option, equals, value = word.partition("=") if word.startswith("-") else (word, "", "")
        if option in {"-r", "--requirement"}:
            _refer(value if equals else next(waiting, ""), manifest)
        elif option in {"-c", "--constraint", "-e", "--editable"} and not equals:
            what = next(waiting, "")
            if option in {"-e", "--editable"}:
                requirement(what, manifest)
        elif option in _WITH_VALUE and not equals:
            next(waiting, None)
        elif not word.startswith("-"):
            requirement(word, manifest)


def _refer(path: str, manifest: Manifest) -> None:
    """Note a file by its name: in the image it may lie elsewhere than beside this one."""
    manifest.refers.append(path if not path.startswith("/") else path.rpartition("/")[2])
