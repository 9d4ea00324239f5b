"""Texts in which commands and names stand that some program runs: recipes of builds, settings.

Nothing of their languages is followed. What stands in them as a line or between quotes is handed
on as it is, so that a command that is written out is seen, and one that is computed is not.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from modelwarden.core.patterns import lazily

_MOST = 20_000
_SHORT = 4
LONGEST = 1 << 18
"""Bytes of a text that are looked through; a longer one is a gap of whoever reads it."""
_QUOTED: Final = lazily(
    r"\"\"\"(.{0,4000}?)\"\"\"|'''(.{0,4000}?)'''|(?<!\\)\"((?:[^\"\\\n]|\\.){0,500})\""
    r"|(?<!\\)'((?:[^'\\\n]|\\.){0,500})'",
    re.DOTALL,
)
# Files that a tool runs, or that are run when somebody opens them, by their names.
RUN: Final = lazily(
    r"(?:^|/)(?:jenkinsfile|vagrantfile|cmakelists\.txt|binding\.gyp|justfile|procfile|postbuild"
    r"|build\.rs|\.?rprofile(?:\.site)?|autorun\.inf|singularity(?:\.[^/]*)?|apptainer"
    r"|[^/]+\.(?:cmake|gradle|nix|def|bat|cmd|ps1|psm1|vbs|vbe|hta|wsf|scpt|applescript|rmd|qmd"
    r"|r|nf|smk|wdl|spec|pro|lua|tex|sty|wsf|sct)|\.latexmkrc|\.inputrc|\.exrc)$",
    re.IGNORECASE,
)
# What a desktop follows, by its name.
SHORTCUT: Final = lazily(
    r"(?:\.(?:url|website|scf|webloc|inetloc|fileloc|library-ms|searchconnector-ms)"
    r"|(?:^|/)(?:desktop|autorun|folder)\.in[if])$",
    re.IGNORECASE,
)
# Documents of XML that hold commands or script for a program that runs them.
PROGRAMS: Final = lazily(
    r"\.(?:hta|wsf|sct|xslt?|plist|iml|targets|csproj)$|(?:^|/)(?:\.idea/.*|pom|build)\.xml$",
    re.IGNORECASE,
)
# Settings that name other files, and code.
NAMING: Final = lazily(
    r"(?:^|/)(?:modelfile(?:\.[^/]*)?|config\.(?:pbtxt|properties)|spark-defaults\.conf|[^/]+\.(?:gin|jsonnet|libsonnet))$",
    re.IGNORECASE,
)
NOTEBOOK: Final = lazily(r"\.(?:rmd|qmd|myst|pymd)$", re.IGNORECASE)
_CHUNK: Final = lazily(r"[ \t]*(?:```+|~~~+)[ \t]*(?:\{[ \t]*(?:code-cell[ \t}]+)?)?([\w.-]*)")
_PLACE: Final = lazily(
    r"(?im)^[ \t]*(?:from|adapter)[ \t]+(\S.*?)[ \t]*$"
    r"|^[ \t]*include[ \t]+[\"']([^\"'\n]+)[\"']"
    r"|\bimport(?:str|bin)?[ \t]+(?:@?\"([^\"\n]+)\"|@?'([^'\n]+)')"
    # Triton's config.pbtxt, and TorchServe's config.properties.
    r"|\b(?:backend|runtime|op_library_filename|input_data_file|default_model_filename)"
    r"[ \t]*:[ \t]*\[?[ \t]*\"([^\"\n]+)\""
    r"|\"EXECUTION_ENV_PATH\"[\s,;]*value[ \t]*:?[ \t]*\{\s*string_value[ \t]*:[ \t]*\"([^\"\n]+)\""
    r"|^[ \t]*(?:load_models|plugins_path)[ \t]*=[ \t]*(\S+)"
    r"|^[ \t]*spark\.(?:jars|files|archives|submit\.pyFiles)[ \t=]+((?:http|ftp)s?://\S+)"
    r"|^[ \t]*spark\.\w+\.extraJavaOptions\b.*?(-javaagent:\S+)"
    r"|^[ \t]*vmargs[ \t]*=.*?(-javaagent:\S+)"
)
_NAME: Final = lazily(
    r"@(?:[\w.]+/)*([A-Za-z_]\w*(?:\.\w+)+)"
    r"|^[ \t]*(?:[\w.]+/)*([A-Za-z_]\w*\.\w+)\.\w+[ \t]*=",
    re.MULTILINE,
)


class Named(NamedTuple):
    """A file or a function that settings name; `line` is 1-based."""

    text: str
    line: int


def commands_in(text: str) -> str:
    """Return what may be commands, each in the line where it begins.

    >>> commands_in("sh 'make all'")
    "make all ; sh 'make all'"
    """
    text = text[:LONGEST]
    inner: dict[int, list[str]] = {}
    lines = [line.strip() for line in text.split("\n")[:_MOST]]
    for found, number in _numbered(_QUOTED, text):
        if number >= len(lines):
            break
        quoted = next(part for part in found.groups() if part is not None)
        if len(quoted) < _SHORT:
            continue
        plain = quoted.replace('\\"', '"').replace("\\'", "'").replace("\n", " ; ")
        plain = plain.replace("\\$", "$")
        inner.setdefault(number, []).append(plain)
    return "\n".join(
        " ; ".join((*inner.get(number, ()), line)) for number, line in enumerate(lines)
    )


def chunks_in(text: str) -> str:
    r"""Return the Python of a notebook in Markdown, each line in its place.

    >>> chunks_in("# A\\n```{python}\\nx = 1\\n```\\n")
    '\\n\\nx = 1\\n'
    """
    kept: list[str] = []
    inside: bool | None = None  # in a block of Python, in another one, or in none
    for line in text[:LONGEST].splitlines():
        if (fence := _CHUNK.match(line)) is None:
            kept.append(line if inside else "")
            continue
        inside = fence[1].lower().startswith("py") if inside is None else None
        kept.append("")
    return "\n".join(kept)


def places_in(text: str) -> Iterator[Named]:
    """Yield the files that a Modelfile, Gin, Jsonnet, Triton or TorchServe takes in."""
    for found, number in _numbered(_PLACE, text):
        place = next(part for part in found.groups() if part is not None)
        yield Named(place.strip("\"'"), number + 1)


def names_in(text: str) -> Iterator[Named]:
    """Yield the functions that Gin binds values to, or hands over."""
    for found, number in _numbered(_NAME, text):
        yield Named(found[1] or found[2], number + 1)


def lines_of_ipython(text: str) -> str:
    """Return the Python that IPython runs when it starts, out of its settings in Python.

    >>> lines_of_ipython("c.InteractiveShellApp.exec_lines = ['import os']")
    'import os'
    """
    try:
        tree = ast.parse(text[:LONGEST], filename="")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ""
    return "\n".join(
        part.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign | ast.Call)
        and "exec_lines" in ast.dump(node.targets[0] if isinstance(node, ast.Assign) else node.func)
        for part in ast.walk(node)
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
    )


def _numbered(form: re.Pattern[str], text: str) -> Iterator[tuple[re.Match[str], int]]:
    """Yield each place of a form with the number of line ends before it."""
    number = at = 0
    for found in form.finditer(text):
        number += text.count("\n", at, found.start())
        at = found.start()
        yield found, number
