"""What a project declares: pyproject.toml, setup.cfg and Pipfile.

Of pyproject.toml PEP 621, PEP 735 and the tables of Poetry, PDM, uv and Hatch are read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from modelwarden.core import InputError
from modelwarden.dependencies.manifests.requirements import requirement, requirements
from modelwarden.dependencies.manifests.text import short, table, tables, texts, toml
from modelwarden.dependencies.packages import Manifest

_FOREIGN = ("git", "url", "path", "file", "hg", "svn")
_LONGEST = 1_000  # characters of one constraint
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
    environments = table(table(tool.get("hatch")).get("envs")).values()
    for key in ("dependencies", "extra-dependencies"):
        groups += (table(environment).get(key) for environment in environments)
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


def setup_cfg(text: str, manifest: Manifest) -> None:
    """Read what setup.cfg gives to setuptools: lines of requirements, or `file:` with one."""
    from configparser import Error, RawConfigParser

    parser = RawConfigParser(strict=False)
    try:
        parser.read_string(text)
    except (Error, AttributeError) as error:
        raise InputError(f"no setup.cfg: {' '.join(str(error).split())[:100]}") from error
    given = [parser.get("options", "install_requires", fallback="")]
    if parser.has_section("options.extras_require"):
        given += (value for _, value in parser.items("options.extras_require"))
    for value in given:
        if value and value.startswith("file:"):
            manifest.refers += (place.strip() for place in value[5:].split(","))
        elif value:
            requirements(value, manifest)


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
            manifest.gap(f"cannot be audited: {short(name)} comes from an address or a folder")
            return
        value = value.get("version", "*")
    if len(str(value)) > _LONGEST:
        manifest.gap(f"cannot be audited: the constraint of {short(name)} is too long")
        return
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
