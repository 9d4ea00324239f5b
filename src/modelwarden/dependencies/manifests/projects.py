"""What a project declares: pyproject.toml (PEP 621, PEP 735, Poetry, PDM, uv) and Pipfile."""

from __future__ import annotations

import re
from collections.abc import Mapping

from modelwarden.dependencies.manifests.requirements import requirement
from modelwarden.dependencies.manifests.text import table, tables, texts, toml
from modelwarden.dependencies.packages import Manifest

_FOREIGN = ("git", "url", "path", "file", "hg", "svn")
_NUMBERS = re.compile(r"\d+")


def pyproject(text: str, manifest: Manifest) -> None:
    """Read pyproject.toml; what is needed to build is left out, it is not there at run time."""
    document = toml(text)
    project = table(document.get("project"))
    groups = [project.get("dependencies"), *table(project.get("optional-dependencies")).values()]
    groups += table(document.get("dependency-groups")).values()
    tool = table(document.get("tool"))
    groups += table(table(tool.get("pdm")).get("dev-dependencies")).values()
    groups.append(table(tool.get("uv")).get("dev-dependencies"))
    for group in groups:
        for text_ in texts(group):
            requirement(text_, manifest)
    for key in texts(project.get("dynamic")):
        if key in {"dependencies", "optional-dependencies"}:
            manifest.gap(f"its {key} are dynamic: they are known when it is built")
    poetry = table(tool.get("poetry"))
    named = [poetry.get("dependencies"), poetry.get("dev-dependencies")]
    named += [table(g).get("dependencies") for g in table(poetry.get("group")).values()]
    for entries in named:
        _named(table(entries), manifest)


def pipfile(text: str, manifest: Manifest) -> None:
    """Read a Pipfile."""
    for section, entries in toml(text).items():
        if section not in {"source", "requires", "scripts", "pipenv"}:
            _named(table(entries), manifest)


def _named(entries: Mapping[str, object], manifest: Manifest) -> None:
    """Read tables of name to constraint, as Poetry and Pipenv have them."""
    for name, value in entries.items():
        if name.lower() == "python":
            continue
        for part in tables(value) if isinstance(value, list) else [value]:
            _constraint(name, part, manifest)


def _constraint(name: str, value: object, manifest: Manifest) -> None:
    if isinstance(value, Mapping):
        if any(key in value for key in _FOREIGN):
            manifest.gap(f"cannot be audited: {name[:100]} comes from an address or a folder")
            return
        value = value.get("version", "*")
    for alternative in str(value).split("||"):
        requirement(f"{name} {specifier_of(alternative)}", manifest)


def specifier_of(constraint: str) -> str:
    """Return a Poetry or Pipenv constraint as a PEP 440 specifier.

    >>> [specifier_of(c) for c in ("^1.2.3", "^0.2", "~1.2", "1.2", "*", ">=1,<2")]
    ['>=1.2.3,<2', '>=0.2,<0.3', '>=1.2,<1.3', '==1.2', '', '>=1,<2']

    Source: https://python-poetry.org/docs/dependency-specification/
    """
    parts = [_part(part.strip()) for part in re.split(r"[,\s]+(?=[\^~<>=!\d*])", constraint)]
    return ",".join(part for part in parts if part)


def _part(part: str) -> str:
    if part in {"", "*"}:
        return ""
    if part.startswith("^"):
        return _between(part[1:].strip(), caret=True)
    if part.startswith("~") and not part.startswith("~="):
        return _between(part[1:].strip(), caret=False)
    if part[0].isdigit():
        return f"=={part}"
    return f"={part}" if part.startswith("=") and not part.startswith("==") else part


def _between(version: str, *, caret: bool) -> str:
    numbers = [int(n) for n in _NUMBERS.findall(version.partition("-")[0])[:4] if len(n) < 10]
    if not numbers:
        return ""
    first = next((i for i, n in enumerate(numbers) if n), len(numbers) - 1)
    at = first if caret else min(1, len(numbers) - 1)
    end = [*numbers[:at], numbers[at] + 1]
    return f">={version},<{'.'.join(map(str, end))}"
