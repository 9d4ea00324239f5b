"""Which packages the code beside a model imports: a hint, from the text of its import lines.

Nothing is parsed further or run. What is imported by a name that is built while the code runs, or
by a package on behalf of the code, is not seen; so that nothing is found means nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from modelwarden.core import InputError
from modelwarden.dependencies.manifests.text import decoded, json_document, table, tables, texts
from modelwarden.dependencies.revealed import package_named

if TYPE_CHECKING:
    from modelwarden.dependencies.collect import File

_LARGEST = 1 << 20
_MOST = 2_000
_IMPORT = re.compile(r"^[ \t]*(?:from[ \t]+([A-Za-z_]\w*)|import[ \t]+([\w., \t]{1,1000}))")


def code_importers(files: Iterable[File]) -> dict[str, str]:
    """Return for each package a source file or notebook that imports from it."""
    users: dict[str, str] = {}
    sources = [f for f in files if f.name.endswith((".py", ".ipynb"))]
    for file in sources[:_MOST]:
        for module in _modules(file):
            users.setdefault(package_named(module), file.name)
    return users


def _modules(file: File) -> Iterator[str]:
    try:
        with Path(file.path).open("rb") as stream:
            text = decoded(stream.read(_LARGEST))
    except (OSError, InputError):
        return
    for line in _cells(text) if file.name.endswith(".ipynb") else text.split("\n"):
        if found := _IMPORT.match(line):
            names = [found[1]] if found[1] else found[2].split(",")
            yield from (name.split(" as ")[0].strip().partition(".")[0] for name in names)


def _cells(text: str) -> Iterator[str]:
    try:
        document = table(json_document(text))
    except InputError:
        return
    for cell in tables(document.get("cells")):
        source = cell.get("source")
        lines = texts(source) if isinstance(source, list) else str(source or "").split("\n")
        yield from lines
