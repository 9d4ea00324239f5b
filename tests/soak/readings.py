"""Second readings: what other parsers than ours make out of a file, as facts.

A fact is a path of keys and the value at its end. None of this shares code with the readers: JSON,
TOML and XML are read by the standard library, YAML by libyaml, settings of git by git, notebooks'
code and start-up files by Python itself. What a reading cannot read, its victim cannot either.
"""

from __future__ import annotations

import ast
import configparser
import csv
import io
import json
import re
import subprocess
import tempfile
import tomllib
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from pathlib import Path

import markdown_it
import yaml

Fact = tuple[tuple[str, ...], str]
"""The keys that lead to a value, and the value."""
Facts = frozenset[Fact]


class RefusedError(Exception):
    """The other parser does not read these bytes."""


def _leaves(value: object, path: tuple[str, ...] = ()) -> Iterator[Fact]:
    match value:
        case dict():
            for key, inner in value.items():
                yield from _leaves(inner, (*path, str(key)))
        case list() | tuple():
            for inner in value:
                yield from _leaves(inner, path)
        case _:
            yield path, str(value)


def json_facts(data: bytes) -> Facts:
    return frozenset(_leaves(json.loads(data)))


def json_lines(data: bytes) -> Facts:
    return frozenset(f for line in data.splitlines() if line for f in _leaves(json.loads(line)))


def toml_facts(data: bytes) -> Facts:
    return frozenset(_leaves(tomllib.loads(data.decode())))


def ini_facts(data: bytes) -> Facts:
    parser = configparser.ConfigParser(strict=False, interpolation=None, allow_no_value=True)
    parser.read_string(data.decode())
    return frozenset(
        ((section, key), str(value))
        for section in parser.sections()
        for key, value in parser[section].items()
    )


def yaml_facts(data: bytes) -> Facts:
    """Read every document with libyaml; tags stand before values."""
    seen: set[int] = set()

    def walk(node: yaml.Node | None, path: tuple[str, ...]) -> Iterator[Fact]:
        if node is None or id(node) in seen:
            return
        tag = node.tag if node.tag and not node.tag.startswith("tag:yaml.org,2002:s") else ""
        match node:
            case yaml.ScalarNode():
                yield path, f"{tag} {node.value}".strip()
            case yaml.SequenceNode():
                seen.add(id(node))
                yield path, tag
                for inner in node.value:
                    yield from walk(inner, path)
            case yaml.MappingNode():
                seen.add(id(node))
                yield path, tag
                for key, inner in node.value:
                    yield from walk(inner, (*path, str(key.value)[:200]))

    loader = yaml.CLoader(data)
    try:
        found: set[Fact] = set()
        while loader.check_node():
            found.update(walk(loader.get_node(), ()))
        return frozenset(found)
    finally:
        loader.dispose()


def xml_facts(data: bytes) -> Facts:
    def walk(node: ET.Element, path: tuple[str, ...]) -> Iterator[Fact]:
        here = (*path, node.tag)
        yield here, (node.text or "").strip()
        for key, value in node.attrib.items():
            yield (*here, key), value
        for inner in node:
            yield from walk(inner, here)

    return frozenset(walk(ET.fromstring(data), ()))


def git_facts(data: bytes) -> Facts:
    """Ask git."""
    with tempfile.TemporaryDirectory(prefix="modelwarden-") as folder:
        place = Path(folder, "config")
        place.write_bytes(data)
        command = ["git", "config", "--no-includes", "-z", "--list", "-f", str(place)]
        got = subprocess.run(command, capture_output=True, check=False, cwd=folder)
    if got.returncode:
        raise RefusedError
    pairs = [pair.partition("\n") for pair in got.stdout.decode("utf-8", "replace").split("\0")]
    return frozenset((tuple(key.split(".")), value) for key, _, value in pairs if key)


_VARIABLE = re.compile(r"\s*(?:export\s+)?([A-Za-z_][\w.]*)\s*=\s*(.*?)\s*\Z", re.DOTALL)


def variables(data: bytes) -> Facts:
    """Read `NAME=value` lines as programs do that read `.env`; a value may stand in quotes."""
    found = set()
    for line in data.decode("utf-8", "replace").splitlines():
        if (pair := _VARIABLE.match(line)) and not line.lstrip().startswith("#"):
            value = pair[2]
            if value[:1] in {"'", '"'}:
                value = value[1:].partition(value[0])[0]
            found.add(((pair[1],), value.partition(" #")[0].strip()))
    return frozenset(found)


def netrc(data: bytes) -> Facts:
    """Read the words of `.netrc` as curl does: pairs, in any order, of the machine before them."""
    found, machine = set(), ""
    words = iter(data.decode("utf-8", "replace").split())
    for word in words:
        if word == "machine":
            machine = next(words, "")
        elif word == "default":
            machine = "*"
        elif word in {"login", "password", "account"}:
            found.add(((word,), next(words, "") if machine else ""))
    return frozenset(found)


def properties(data: bytes) -> Facts:
    """Read `key = value`, `key: value` or `key value` lines."""
    lines = data.decode("utf-8", "replace").splitlines()
    words = [re.split(r"\s*[=:]\s*|\s+", line.strip(), maxsplit=1) for line in lines]
    return frozenset(((pair[0],), pair[1]) for pair in words if len(pair) == 2)


def python_facts(data: bytes) -> Facts:
    """Return the statements, each as Python prints it."""
    return frozenset((("line",), ast.unparse(node)) for node in ast.parse(data).body)


def startup_facts(data: bytes) -> Facts:
    """Return the lines of a `.pth` file that `site` executes and Python can parse."""
    found = set()
    for line in data.decode("utf-8", "surrogateescape").splitlines():
        if line.startswith(("import ", "import\t")):
            try:
                found.add((("line",), ast.unparse(ast.parse(line))))
            except (SyntaxError, ValueError):
                break
    return frozenset(found)


def notebook_facts(data: bytes) -> Facts:
    """Return the lines of each cell, with its kind, and what outputs and attachments hold."""
    book = json.loads(data)
    found: set[Fact] = set()
    sheets = book.get("worksheets") or [book]
    for cell in [cell for sheet in sheets for cell in sheet.get("cells", ())]:
        source = cell.get("source", cell.get("input", ""))
        text = source if isinstance(source, str) else "".join(source)
        kind = str(cell.get("cell_type"))
        found.update(((kind,), line.strip()) for line in text.splitlines())
        rest = {key: value for key, value in cell.items() if key in {"outputs", "attachments"}}
        found.update(_leaves(rest, (kind,)))
    return frozenset(found)


def markdown_facts(data: bytes) -> Facts:
    """Return the lines of code, of HTML and of text, and where links lead."""
    found: set[Fact] = set()
    tokens = markdown_it.MarkdownIt().parse(data.decode("utf-8", "replace"))
    for token in tokens:
        kind = "code" if token.type in {"fence", "code_block"} else token.type
        found.update(((kind,), line.strip()) for line in token.content.splitlines())
        for inner in token.children or ():
            found.update(((inner.type,), str(value)) for value in inner.attrs.values())
            found.add(((inner.type,), inner.content))
    return frozenset(found)


def table_facts(data: bytes) -> Facts:
    rows = csv.reader(io.StringIO(data.decode("utf-8", "replace")))
    return frozenset(((), cell) for row in rows for cell in row)


def lines(data: bytes) -> Facts:
    """Return the words of each line: for files of which nobody reads more than that."""
    text = data.decode("utf-8", "replace")
    return frozenset(((), " ".join(line.split())) for line in text.splitlines())


Reading = Callable[[bytes], Facts]
_FAILURES = (RefusedError, ValueError, SyntaxError, yaml.YAMLError, ET.ParseError, KeyError)
_FAILURES_TOO = (configparser.Error, AttributeError, TypeError, RecursionError, csv.Error)

# By the end of the name; the first that reads the sample is taken.
_BY_NAME: tuple[tuple[str, tuple[Reading, ...]], ...] = (
    (".ipynb", (notebook_facts,)),
    (".jsonl", (json_lines,)),
    ("json", (json_facts,)),
    (".toml", (toml_facts, ini_facts)),
    (".netrc", (netrc,)),
    (".env", (variables,)),
    (".Renviron", (variables,)),
    (".npmrc", (variables,)),
    (".gitconfig", (git_facts,)),
    (".gitmodules", (git_facts,)),
    (".lfsconfig", (git_facts,)),
    ("config", (git_facts,)),
    (".md", (markdown_facts,)),
    (".Rmd", (markdown_facts,)),
    (".pth", (startup_facts,)),
    (".py", (python_facts,)),
    (".csv", (table_facts,)),
    (".inf", (ini_facts,)),
    (".ini", (ini_facts,)),
    (".url", (ini_facts,)),
    (".properties", (properties,)),
    ("defaults.conf", (properties,)),
    (".yaml", (yaml_facts,)),
    (".yml", (yaml_facts,)),
    (".dvc", (yaml_facts,)),
    ("MLmodel", (yaml_facts,)),
)
_CONTROLS = re.compile(rb"[\0-\x08\x0e-\x1a]")
_TEXTS = (json_facts, xml_facts)


def readings_of(name: str, data: bytes) -> tuple[Reading, ...]:
    """Return the readings that may read a file, by its name."""
    for ending, found in _BY_NAME:
        if name.endswith(ending):
            return found
    if data[:1] in b"{[<" and data:
        return _TEXTS
    return (lines,) if _CONTROLS.search(data) is None else ()


def read(reading: Reading, data: bytes) -> Facts | None:
    """Return the facts, or None when the bytes are refused."""
    try:
        return reading(data)
    except (*_FAILURES, *_FAILURES_TOO):
        return None
