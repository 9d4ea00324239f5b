"""Jupyter notebooks (nbformat 3 and 4): code, shell lines and magics, outputs, attachments.

The code of all cells is handed on as one program, the shell lines as one script and the texts of
outputs as one text: they are examined as what they are. What a browser would run is kept here.
"""

from __future__ import annotations

import json
import re
import shlex
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from typing import TYPE_CHECKING, NamedTuple

from modelwarden.core import Gap, GapKind
from modelwarden.core.patterns import lazily
from modelwarden.core.values import dataclass
from modelwarden.formats.jsontext import starts_like_json
from modelwarden.formats.limits import LimitExceededError
from modelwarden.formats.python.parse import parse
from modelwarden.formats.view import Child, DamagedError, View, gap

if TYPE_CHECKING:
    from modelwarden.formats.limits import Limits
    from modelwarden.formats.source import Source

_SIZE = 32 << 20
_CELLS = 20_000
_SHOWN = 1 << 16
_TEXTS = 4 << 20
_KEYS = (b'"nbformat"', b'"nbformat_minor"')
_HTML = frozenset("text/html image/svg+xml html svg text/markdown".split())
_CODE = frozenset("application/javascript text/javascript javascript".split())
_SHELLS = lazily(r"%%(?:bash|sh|zsh|system|sx|!|cmd|script\b.*\b(?:ba|z)?sh)\b|%%!")
_INTERPRETERS = {"%%perl": "perl", "%%ruby": "ruby", "%%node": "node"}
_OTHERS = lazily(
    r"%%(?:perl|ruby|R|julia|node|js|javascript|html|svg|latex|markdown|cython|sql|(?:write)?file)"
)
_WRITTEN = lazily(r"%%(?:write)?file\s+(?:-\w+\s+)*(\S+)")
_LINE = lazily(
    r"^([ \t]*)(?:([\w., ]+?)\s*=\s*)?(?:(!!?)(.*)|%(sx|system|pip|conda|mamba|uv|sh)\b(.*)"
    r"|(%{1,2})(\w+)(.*))$"
)


_HELP = lazily(r"\s*(?:\?{1,2}\s*[%\w.*\[\]]+|[%\w.*\[\]]+\s*\?{1,2})\s*(?:#.*)?")


class Shown(NamedTuple):
    """Something in a cell that a browser renders.

    Attributes:
        where: `output`, `markdown`, `attachment` or `code`. mime: its kind. text: cut.
    """

    cell: int
    where: str
    mime: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Notebook(View):
    """A notebook.

    Attributes:
        shown: HTML, SVG and JavaScript in outputs and texts.
        trusted: cells whose metadata say that they are trusted.
        widgets: it holds the state of widgets.
        extensions: modules that it loads into the kernel as extensions, in order.
    """

    shown: tuple[Shown, ...] = ()
    trusted: int = 0
    widgets: bool = False
    extensions: tuple[str, ...] = ()


@dataclass(slots=True)
class _Parts:
    python: list[str] = field(default_factory=list)
    shell: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    broken: list[int] = field(default_factory=list)
    shown: list[Shown] = field(default_factory=list)
    extensions: list[str] = field(default_factory=list)
    trusted: int = 0


def sniff(source: Source) -> bool:
    """Tell whether this is JSON with the version of a notebook in it."""
    head = source.head
    if not starts_like_json(head):
        return False
    near = head + source.read(max(0, source.size - 65_536), 65_536)
    if any(key in near for key in _KEYS):
        return True
    # Escapes may spell the key otherwise; then the name is what leads a reader here.
    return source.label.endswith(".ipynb")


def read(source: Source, limits: Limits) -> Notebook:
    """Take a notebook apart."""
    limits.check_time()
    if source.size > _SIZE:
        why = f"bytes of a notebook over the limit of {_SIZE}"
        return Notebook(
            source=source, format="notebook", gaps=(gap(source, why, GapKind.OVER_LIMIT),)
        )
    try:
        tree = json.loads(source.read(0, source.size).decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        why = f"not a notebook: {str(error)[:100]}"
        return Notebook(source=source, format="notebook", gaps=(gap(source, why),))
    if not isinstance(tree, dict) or not _is_notebook(tree):
        return Notebook(source=source, format="notebook")
    gaps: list[Gap] = []
    parts = _Parts()
    cells = list(_cells(tree))
    limits.spend(operations=len(cells))
    if len(cells) > _CELLS:
        gaps.append(gap(source, f"more than {_CELLS} cells", GapKind.OVER_LIMIT))
    language = _language(tree)
    for number, cell in enumerate(cells[:_CELLS], 1):
        _cell(cell, number, language, parts)
    if parts.broken:
        numbers = ", ".join(str(number) for number in parts.broken[:20])
        why = f"code that was not examined: no Python in cell {numbers}"
        gaps.append(gap(source, why, GapKind.UNEXAMINED_CODE))
    if language not in {"python", "ipython", ""}:
        why = f"a notebook in {language[:40]!r}, whose code is not examined"
        gaps.append(gap(source, why, GapKind.UNEXAMINED_CODE))
    metadata = tree.get("metadata")
    return Notebook(
        source=source,
        format="notebook",
        gaps=tuple(gaps),
        children=tuple(_children(source, parts)),
        shown=tuple(parts.shown),
        trusted=parts.trusted,
        extensions=tuple(dict.fromkeys(parts.extensions[:1000])),
        widgets=isinstance(metadata, dict) and "widgets" in metadata,
    )


def _is_notebook(tree: Mapping[str, object]) -> bool:
    """Tell whether some program opens this as a notebook: not all ask for the version."""
    return "nbformat" in tree or any("cell_type" in cell for cell in _cells(tree))


def _cells(tree: Mapping[str, object]) -> Iterator[Mapping[str, object]]:
    found = tree.get("cells")
    groups = [found] if isinstance(found, list) else []
    sheets = tree.get("worksheets")
    groups += [
        sheet["cells"]
        for sheet in (sheets if isinstance(sheets, list) else [])
        if isinstance(sheet, dict) and isinstance(sheet.get("cells"), list)
    ]
    for group in groups:
        yield from (cell for cell in group if isinstance(cell, dict))


def _language(tree: Mapping[str, object]) -> str:
    metadata = tree.get("metadata")
    if not isinstance(metadata, dict):
        return ""
    for key, name in (("language_info", "name"), ("kernelspec", "language")):
        told = metadata.get(key)
        if isinstance(told, dict) and isinstance(told.get(name), str):
            return str(told[name]).lower()
    return ""


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "".join(part for part in value if isinstance(part, str))
    return ""


def _cell(cell: Mapping[str, object], number: int, language: str, parts: _Parts) -> None:
    kind = cell.get("cell_type")
    text = _text(cell.get("source")) or _text(cell.get("input"))
    metadata = cell.get("metadata")
    parts.trusted += isinstance(metadata, dict) and metadata.get("trusted") is True
    if kind == "code":
        told = cell.get("language")
        if (told if isinstance(told, str) else language or "python") in {"python", "ipython", ""}:
            _code(text, number, parts)
        outputs = cell.get("outputs")
        for output in outputs if isinstance(outputs, list) else []:
            if isinstance(output, dict):
                _output(output, number, parts)
    else:
        parts.texts.append(text[:_SHOWN])
        _keep(parts, Shown(number, "markdown", "text/markdown", text[:_SHOWN]))
    _attached(cell.get("attachments"), number, parts)


def _attached(attachments: object, number: int, parts: _Parts) -> None:
    if not isinstance(attachments, dict):
        return
    for bundle in list(attachments.values())[:100]:
        for mime, value in bundle.items() if isinstance(bundle, dict) else ():
            if mime in _HTML or mime in _CODE:
                _keep(parts, Shown(number, "attachment", mime, _text(value)[:_SHOWN]))


def _output(output: Mapping[str, object], number: int, parts: _Parts) -> None:
    data = output.get("data")
    bundle = data if isinstance(data, dict) else output
    for mime, value in bundle.items():
        text = _text(value)
        if mime in _HTML or mime in _CODE:
            _keep(parts, Shown(number, "output", mime, text[:_SHOWN]))
        if (
            mime in {"text/plain", "text", "text/html", "traceback"}
            and sum(map(len, parts.texts[-50:])) < _TEXTS
        ):
            parts.texts.append(text[:_SHOWN])


def _keep(parts: _Parts, shown: Shown) -> None:
    if len(parts.shown) < _CELLS and ("<" in shown.text or shown.mime in _CODE):
        parts.shown.append(shown)


def _code(text: str, number: int, parts: _Parts) -> None:
    """Sort the lines of a code cell: Python, shell, or another language."""
    lines = textwrap.dedent(text).split("\n")
    first = next((line.strip() for line in lines if line.strip()), "")
    body = (
        lines[lines.index(next((line for line in lines if line.strip()), "")) + 1 :]
        if first
        else []
    )
    if _SHELLS.match(first):
        parts.shell += body
        parts.python += [""] * len(lines)
    elif _OTHERS.match(first):
        _other(first, body, number, parts)
        parts.python += [""] * len(lines)
    else:
        _python(lines, number, parts)


def _python(lines: Sequence[str], number: int, parts: _Parts) -> None:
    found: list[str] = []
    waiting = ""
    for one in lines:
        line, waiting = waiting + one, ""
        if line.endswith("\\") and line.lstrip().startswith(("!", "%")):
            waiting = line[:-1]
            found.append("")
        else:
            found.append(_line(line, parts))
    try:
        parse("\n".join(found))
    except (DamagedError, LimitExceededError):
        parts.broken.append(number)
        found = [""] * len(found)
    parts.python += found


def _other(first: str, body: Sequence[str], number: int, parts: _Parts) -> None:
    text = "\n".join(body)[:_SHOWN]
    program = _INTERPRETERS.get(first.partition(" ")[0])
    if program is not None:
        parts.shell.append(f"{program} -e {shlex.quote(text)}")
    if first.startswith(("%%js", "%%javascript")):
        _keep(parts, Shown(number, "code", "application/javascript", text))
    elif first.startswith(("%%html", "%%svg", "%%markdown")):
        _keep(parts, Shown(number, "code", "text/html", text))
    else:
        if written := _WRITTEN.match(first):
            parts.shell.append(f"cat > {written[1]}")
        parts.texts.append(text)


def _line(line: str, parts: _Parts) -> str:
    """Return a line of Python; what IPython runs otherwise goes to its place."""
    if _HELP.fullmatch(line):
        return "pass"
    found = _LINE.match(line)
    if found is None:
        return line
    indent, name, bang, command, tool, arguments, percent, magic, rest = found.groups()
    if bang:
        parts.shell.append(command)
    elif tool:
        words = arguments if tool in {"sx", "system", "sh"} else f"{tool} {arguments.strip()}"
        parts.shell.append(words.strip())
    elif percent and magic in {"load_ext", "reload_ext"}:
        module = rest.strip().partition(" ")[0]
        parts.extensions.append(module[:200])
        return f"{indent}import {module}" if re.fullmatch(r"[\w.]+", module) else f"{indent}pass"
    elif (
        percent
        and magic in {"time", "timeit", "prun", "memit", "capture", "mprun", "lprun"}
        and rest.strip()
    ):
        statement = re.sub(r"^\s*(?:-\w+\s+\S+\s+)*", "", rest)
        return f"{indent}{statement}" if percent == "%" else f"{indent}pass"
    elif percent and (command := _run_by(magic, rest.strip())):
        parts.shell.append(command)
    elif not percent:
        return line
    return f"{indent}{name} = None" if name and "," not in name else f"{indent}pass"


def _run_by(magic: str, rest: str) -> str:
    """Return what a magic does that a shell would do so; empty for all others."""
    if magic in {"env", "set_env"}:
        return f"export {rest}"
    if magic in {"run", "load", "loadpy"} and "://" in rest:
        return f"curl {rest.split()[-1]} | python"
    if magic == "run" and rest.endswith((".py", ".ipy", ".sh")):
        return f"python {rest}"
    if magic in {"alias", "alias_magic"}:
        return rest.partition(" ")[2]
    return ""


def _children(source: Source, parts: _Parts) -> Iterator[Child]:
    for name, lines, expect in (
        ("code", parts.python, "notebook-code"),
        ("shell", parts.shell, "script"),
        ("texts", parts.texts, None),
    ):
        data = "\n".join(lines).encode("utf-8", "replace")
        if data.strip():
            yield _child(source, name, data, expect)


def _child(source: Source, name: str, data: bytes, expect: str | None) -> Child:
    return Child(name, lambda: source.nested(data, name, expect=expect or "text"))
