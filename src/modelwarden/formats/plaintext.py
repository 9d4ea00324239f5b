"""Text: proved to be text to its end, and named by what kind it is.

Asked last, when nothing else claimed the bytes. Text is data unless it is code: scripts and
sources are gaps, because whoever loads the model may run them. What a file is called decides only
between readings that its content allows (`x = 1` is Python in a `.py` file).
"""

from __future__ import annotations

import codecs
import re
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from modelwarden.core import Gap, GapKind
from modelwarden.core.patterns import lazily
from modelwarden.core.values import dataclass
from modelwarden.formats import jsoncomments, recipes, spelled, unseen
from modelwarden.formats.view import Child, View, gap

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelwarden.formats.installs import Origin
    from modelwarden.formats.limits import Limits
    from modelwarden.formats.source import Source
    from modelwarden.formats.tokens import Token

_PIECE = 1 << 20
_TOKENS = 4 << 20
_WORD = 1 << 10
_STRUCTURED = frozenset(("csv", "tsv"))
_SETTINGS = frozenset(("ini", "text"))
_VARIABLES = lazily(
    r"(?:^|/)(?:\.env(?:\.[\w.-]+)?|[\w.-]+\.env|\.?renviron(?:\.site)?)$", re.IGNORECASE
)
_PAIRED = (".toml", ".cfg", ".ini", ".conf")
_ORIGINS = lazily(r"://|(?:trusted|insecure)[-_]host", re.IGNORECASE)
_GIT = lazily(
    r"(?:^|/)(?:\.gitattributes|\.gitmodules|\.lfsconfig|\.?gitconfig|\.git/(?:config|info/attributes|modules/.*/config))$"
)
_DOCKER = lazily(
    r"(?:^|/)(?:(?:docker|container)file(?:\.[^/]*)?|[^/]+\.(?:docker|container)file)$",
    re.IGNORECASE,
)
_MAKE = lazily(r"(?:^|/)(?:gnu)?makefile(?:\.[^/]*)?$|\.mk$", re.IGNORECASE)
_SHELL = lazily(
    r"(?:^|/)(?:\.(?:bashrc|bash_profile|bash_login|bash_logout|profile|zshrc|zprofile|zshenv|envrc"
    r"|xinitrc|xprofile)|crontab|[^/]+\.(?:desktop|service))$"
)
# What assistants for programming read and obey when they are started in a folder.
OBEYED = lazily(
    r"(?:^|/)(?:(?:agents?|claude|gemini|skill|copilot-instructions)(?:\.local)?\.md|llms(?:-full)?\.txt"
    r"|\.(?:cursor|windsurf|cline|roo|goose)(?:rules|hints)(?:/[^/]+)?|[^/]+\.mdc"
    r"|\.(?:claude|cursor|gemini|codex|github|roo|windsurf)/(?:commands|agents|skills|rules"
    r"|instructions|prompts|chatmodes)/.+\.md)$",
    re.IGNORECASE,
)
_HTML = lazily(r"\s*+(?:(?><!--.*?-->)\s*+)*+<(?:!doctype\s+html|html|head|body)\b", re.I | re.S)
_COMMANDED = lazily(rb"\b(?:curl|wget|powershell|base64)\b|/dev/tcp/", re.IGNORECASE)
_LOOKED = 1 << 16
_SHORT = 1 << 10  # a pointer has some 130 bytes
_CONTROLS = bytes(set(range(0x20)) - set(b"\t\n\r\f\v\x1b\b")) + b"\x7f"
_BOMS = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_PYTHON = lazily(
    r"^(?:from [\w.]+ import [\w(*]|import [\w.]+(?: as \w+)?\s*(?:[;,#]|$)"
    r"|(?:async )?def \w+\(.*|class \w+[(:].*|if __name__ ==)",
    re.MULTILINE,
)
_SHEBANG = lazily(r"#!\s*/\S+(?:[ /](\w+))?")
_SOURCES = frozenset(
    "fish bat cmd ps1 psm1 js mjs cjs ts rb pl pm lua php r jl c cc cpp cxx h hpp"
    " cu cuh go java kt scala swift rs cs m mm vbs awk tcl groovy pyx pxd".split()
)
_SHELLS = frozenset(("sh", "bash", "zsh", "ksh"))
# Endings of models that no program writes as text.
_MODELS = frozenset(
    "safetensors onnx gguf ggml h5 hdf5 tflite npy npz pt pkl pickle joblib keras pb ubj cbm nemo"
    " mar mlmodel caffemodel pdmodel pdiparams pte msgpack engine skops".split()
)
_DATA = frozenset(("text", "csv", "tsv", "ini", "markdown"))
_PICKLES = 20
_ENCODED = lazily(
    r"gA[I-X][\w+/-]{20}|Y3Bvc2l4|Y29zC|Y2J1aWx0a|H4sI[\w+/-]{20}|eJ[w-z][\w+/-]{20}|800[2-5][0-9a-fA-F]{30}"
    r"|^\s*(?:Y[23][A-Za-z0-9+/]|K[A-Za-z0-9]|80 0[2-5])[\w+/ -]{8}"
)
_ALL_ENCODED = lazily(r"\s*(?:gA[I-X]|Y[23][A-Za-z0-9+/]|K[A-Za-z0-9]|80 ?0[2-5])[\w+/ -]{8}")
_TOLD = frozenset(("markdown", "model-card", "csv", "tsv", "source-code"))
_PROSE_KINDS = frozenset(("text", "markdown", "model-card", "yaml"))
_LOGINS = (".netrc", "_netrc")
_POINTER = lazily(r"version https://git-lfs\.github\.com/spec/|/annex/objects/")
_TEMPLATES = frozenset({"jinja", "jinja2", "j2", "tmpl"})
_PROSE = frozenset(
    "md markdown rmd qmd myst rst txt adoc tex csv tsv log html htm bib yar yara".split()
)
_YAML_LINE = lazily(r"[\w.\-\"' /]+:(?:\s|$)|- |\s*#|---|\.\.\.|\s|$")
_MARKDOWN = lazily(r"^(?:#{1,6} \S|```|[*-] \S|\d+\. \S|\[.+\]\(.+\)|>\s)", re.MULTILINE)
_INI = lazily(r"\[[^\]\n]+\]\s*$", re.MULTILINE)
# A repository without a work tree: git obeys it wherever it lies, whatever its folder is called.
_BARE = lazily(
    r"(?im)^[ \t]*(?:\[[^\]\n]*\][ \t]*)*\[core\]\s*\n(?:[ \t]+[^\n]*\n)*?[ \t]*"
    r"(?:bare|repositoryformatversion)[ \t]*="
)
_FRONT = lazily(r"---[ \t]*\r?\n(.*?)\r?\n---[ \t]*(?:\r?\n|$)", re.DOTALL)
_CARD = lazily(
    r"^(?:license|library_name|pipeline_tag|tags|datasets|language|metrics|base_model|model-index"
    r"|widget|inference):",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainText(View):
    """A text.

    Attributes:
        encoding: `utf-8`, `utf-16-le`, `utf-16-be` or `latin-1`.
        tokens: pieces that have the form of a secret.
        origins: where the packages come from that it asks for.
    """

    encoding: str
    tokens: tuple[Token, ...] = ()
    origins: tuple[Origin, ...] = ()


def sniff(source: Source) -> bool:
    """Tell whether the first bytes are text that was not read as such already."""
    return (
        source.expect not in ("jinja", "settings")
        and source.size > 0
        and _encoding(source.head) is not None
    )


def read(source: Source, limits: Limits) -> PlainText:
    """Read to the end; where the text ends before the file does, the rest is a gap."""
    encoding = _encoding(source.head) or "latin-1"
    gaps: list[Gap] = []
    end = _end_of_text(source, limits, encoding)
    if end is not None:
        gaps.append(gap(source, "text up to here, then something else", at=end))
    kind = _kind(source, encoding)
    if absent := _absent(source, kind):
        gaps.append(gap(source, absent))
    view = _followed(source, limits, kind, encoding)
    if (most := _looked_through(source, kind)) < source.size and view is None:
        why = f"what it says to programs and assistants was sought in the first {most:,} bytes"
        gaps.append(gap(source, why, GapKind.OVER_LIMIT, most))
    if view is not None:
        children = (
            (*view.children, *_started(source, encoding)) if kind == "python" else view.children
        )
        return replace(view, gaps=(*gaps, *view.gaps), children=children)
    if kind == "source-code":
        why = "recognised as code, which is not examined yet"
        gaps.append(gap(source, why, GapKind.UNEXAMINED_CODE))
    text = _text(source, encoding)
    return PlainText(
        source=source,
        format=kind,
        gaps=tuple(gaps),
        encoding=encoding,
        tokens=(
            *tokens_of(text, settings=_settings(kind), label=source.label),
            *_later(source, encoding, kind),
        )
        if kind not in _STRUCTURED
        else _in_rows(text),
        origins=origins_of(source, text, kind),
        children=(
            *_pairs(source, kind),
            *_commands(source, kind, text),
            *_chunks(source, text),
            *_pickled(source, text),
            *(spelled.children_of(source, blocks=True) if kind == "yaml" else ()),
            *_pages(source, kind, text),
            *(jsoncomments.without(source, text) if kind in _DATA else ()),
        ),
    )


def _pages(source: Source, kind: str, text: str) -> tuple[Child, ...]:
    """Return a text with HTML in it once more, when something in it is for a browser to run."""
    if kind not in ("markdown", "model-card") and not _HTML.match(text[:1000]):
        return ()
    if "<" not in text and "](" not in text:
        return ()
    from modelwarden.formats.markup import page_in

    return page_in(source)


def _commands(source: Source, kind: str, text: str) -> tuple[Child, ...]:
    """Return the commands that stand in a text for others to run, line for line, as a script."""
    if kind in _PROSE_KINDS and OBEYED.search(source.label):
        from modelwarden.formats.scripts import code_in

        commands_in = code_in
    elif source.expect is None and _may_run(source, kind):
        commands_in = recipes.commands_in
    else:
        return ()
    data = commands_in(text).encode("utf-8", "replace")
    if not data.strip():
        return ()
    return (Child("commands", lambda: source.nested(data, "commands", expect="instructions")),)


def _chunks(source: Source, text: str) -> tuple[Child, ...]:
    """Return the Python in a notebook that is written as Markdown."""
    if source.expect is not None:
        return ()
    if not recipes.NOTEBOOK.search(source.label) and "```{code-cell}" not in text:
        return ()
    data = recipes.chunks_in(text).encode("utf-8", "replace")
    if not data.strip():
        return ()
    return (Child("chunks", partial(source.nested, data, "chunks", expect="notebook-code")),)


def _started(source: Source, encoding: str) -> tuple[Child, ...]:
    """Return the Python in the settings of IPython that it runs when it starts."""
    if not source.label.endswith("ipython_config.py"):
        return ()
    lines = recipes.lines_of_ipython(_text(source, encoding)).encode("utf-8", "replace")
    if not lines:
        return ()
    part = partial(source.nested, lines, "exec_lines", expect="notebook-code")
    return (Child("exec_lines", part),)


def _looked_through(source: Source, kind: str) -> int:
    """Return how many bytes of a text are looked through that a program or an assistant obeys."""
    if source.expect is None and recipes.RUN.search(source.label):
        return recipes.LONGEST
    obeyed = kind in ("markdown", "model-card") or OBEYED.search(source.label)
    return unseen.LONGEST if obeyed else source.size


def _may_run(source: Source, kind: str) -> bool:
    """Tell whether some program may run what stands in a text: by its name, or it has no other."""
    if recipes.RUN.search(source.label):
        return True
    if kind == "source-code":
        return source.size <= recipes.LONGEST and _COMMANDED.search(source.head) is not None
    ending = source.label.rpartition("/")[2].rpartition(".")[2].lower()
    return kind == "text" and ending not in _PROSE and source.size <= _LOOKED * 4


def _pickled(source: Source, text: str) -> tuple[Child, ...]:
    """Return the pickles that stand in a text as Base64 or hexadecimal digits."""
    from modelwarden.formats.foreign import squeezed

    found = _encoded(source, text)
    if not found and len(text) <= _LOOKED * 4:
        found = next((more for one in squeezed(text) if (more := _encoded(source, one))), ())
    return found


def _encoded(source: Source, text: str) -> tuple[Child, ...]:
    if not _ENCODED.search(text):
        return ()
    from modelwarden.formats.pickle.children import is_pickle
    from modelwarden.formats.pickle.nested import decoded
    from modelwarden.formats.pickle.within import encoded_in

    data = text.strip().encode("utf-8", "replace")
    for step, plain in decoded(data)[1:] if _ALL_ENCODED.match(text[:32]) else ():
        if is_pickle(source.nested(plain, step)):
            return (Child(step, partial(source.nested, plain, step, expect="pickle")),)
    found = islice(encoded_in(data), _PICKLES)
    return tuple(
        Child(name, partial(source.nested, plain, name, expect="pickle"))
        for name, plain in ((f"(pickle at {place})", plain) for place, plain in found)
    )


def _pairs(source: Source, kind: str) -> tuple[Child, ...]:
    """Return settings as a child of their own, for whoever judges what they name."""
    named = source.label.lower().endswith(_PAIRED) or _VARIABLES.search(source.label)
    properties = kind == "naming-settings" and source.label.endswith(".properties")
    if kind != "ini" and not properties and not (kind in (*_DATA, "yaml") and named):
        return ()
    return (Child("settings", lambda: source.part(0, source.size, "settings", expect="settings")),)


def _followed(source: Source, limits: Limits, kind: str, encoding: str) -> PlainText | None:
    """Read text that is code with the reader of its language."""
    if kind in ("python", "pth", "notebook-code"):
        from modelwarden.formats.python import reader as python

        sure = kind != "python" or _named_python(source)
        return python.read(source, limits, kind=kind, sure=sure)
    if kind in ("script", "dockerfile", "makefile", "instructions"):
        from modelwarden.formats import scripts

        return scripts.read(source, limits, kind, encoding)
    if kind == "shortcut":
        from modelwarden.formats import shortcuts

        return shortcuts.read(source, kind, encoding)
    if kind == "git-settings":
        from modelwarden.formats import gitsettings

        return gitsettings.read(source, kind, encoding)
    return None


def _absent(source: Source, kind: str) -> str | None:
    """Return why this text cannot be the file that is meant, or None."""
    ending = source.label.rpartition("/")[2].rpartition(".")[2].lower()
    if source.size < _SHORT and _POINTER.match(source.head.decode("utf-8", "replace")):
        return "a pointer of Git LFS or git-annex: fetch the file that it stands for"
    if source.expect is None and ending in _MODELS and kind in _DATA:
        return f"named like a model (.{ending}), and holds {source.size} bytes of text"
    return None


def _text(source: Source, encoding: str) -> str:
    return source.read(0, min(source.size, _TOKENS)).decode(encoding, "replace")


def _settings(kind: str) -> bool | None:
    # Named values of YAML are judged as a configuration.
    return None if kind == "yaml" else kind in _SETTINGS


def tokens_of(text: str, *, settings: bool | None, label: str = "") -> tuple[Token, ...]:
    """Return the pieces of a text that have the form of a secret."""
    from modelwarden.formats.tokens import passwords_in, tokens_in

    found = tuple(tokens_in(text, settings=settings))
    if label.endswith(_LOGINS):
        found += tuple(one for one in passwords_in(text) if one not in found)
    return found


def _in_rows(text: str) -> tuple[Token, ...]:
    """Return the tokens in a table; addresses in it, with whatever password, are its data."""
    return tuple(one for one in tokens_of(text, settings=None) if "://" not in one.value)


def _later(source: Source, encoding: str, kind: str) -> Iterator[Token]:
    """Yield the secrets behind the part of a long text that is read word by word."""
    if source.size <= _TOKENS:
        return
    from modelwarden.formats.pickle.nested import telling

    for at in range(_TOKENS, source.size, _PIECE):
        piece = source.read(at, _PIECE + _WORD)
        if telling(piece):
            text = piece.decode(encoding, "replace")
            yield from tokens_of(text, settings=_settings(kind))


def origins_of(source: Source, text: str, kind: str = "text") -> tuple[Origin, ...]:
    """Return where packages come from, of a file whose tools read such settings.

    Variables and options of package managers count in any text but prose.
    """
    if not text or not _ORIGINS.search(text):
        return ()
    from modelwarden.formats.installs import ENVIRONMENT, NAMES, asks_elsewhere, origins_in

    named = NAMES.search(source.label) is not None
    if not named and (kind in _TOLD or not (ENVIRONMENT.search(text) or asks_elsewhere(text))):
        return ()
    return tuple(origins_in(text, settings=named, channels=named and "channels" in text))


def _encoding(head: bytes) -> str | None:
    for mark, name in _BOMS.items():
        if head.startswith(mark):
            return name
    if head.translate(None, _CONTROLS) != head:
        return None
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        letters = sum(byte < 0x80 for byte in head)
        return "latin-1" if letters >= 0.8 * len(head) and not _c1(head) else None
    return "utf-8"


def _c1(data: bytes) -> bool:
    """Tell whether bytes stand there that no Western text has."""
    return any(byte in data for byte in (0x81, 0x8D, 0x8F, 0x90, 0x9D))


def _end_of_text(source: Source, limits: Limits, encoding: str) -> int | None:
    """Return the offset at which the text stops being text, or None when it never does."""
    decoder = codecs.getincrementaldecoder(encoding)()
    for at in range(0, source.size, _PIECE):
        limits.check_time()
        piece = source.read(at, _PIECE)
        ends = []
        if not encoding.startswith("utf-16") and piece.translate(None, _CONTROLS) != piece:
            ends.append(next(i for i, byte in enumerate(piece) if byte in _CONTROLS))
        held = len(decoder.getstate()[0])
        try:
            decoder.decode(piece, final=at + _PIECE >= source.size)
        except UnicodeDecodeError as error:
            ends.append(max(0, error.start - held))
        if ends:
            return at + min(ends)
    return None


def _kind(source: Source, encoding: str) -> str:
    if source.expect in ("notebook-code", "script", "instructions", "text", "shortcut"):
        return source.expect
    text = source.read(0, _LOOKED).decode(encoding, "replace").removeprefix("\ufeff")
    label = source.label
    stem, dot, ending = label.rpartition("/")[2].lower().rpartition(".")
    ending = ending if dot and stem else ""
    named = _by_name(label, ending)
    return named or _code(text, ending) or _document(text, ending, cut=source.size > _LOOKED)


def _by_name(label: str, ending: str) -> str | None:
    """Tell the files that their programs know by their name alone."""
    if ending == "pth":
        return "pth"
    if _DOCKER.search(label):
        return "dockerfile"
    if _MAKE.search(label):
        return "makefile"
    if _GIT.search(label):
        return "git-settings"
    if recipes.SHORTCUT.search(label):
        return "shortcut"
    if recipes.NAMING.search(label):
        return "naming-settings"
    if _SHELL.search(label):
        return "script"
    return None


def _named_python(source: Source) -> bool:
    return source.label.lower().endswith((".py", ".pyi", ".pyw"))


def _code(text: str, ending: str) -> str | None:
    if _SHEBANG.match(text):
        return _shebang(text.partition("\n")[0][:200])
    if ending in ("py", "pyi", "pyw"):
        return "python"
    if ending in _SHELLS:
        return "script"
    if ending in _SOURCES:
        return "source-code"
    return "python" if ending not in _PROSE and _PYTHON.search(text) else None


def _shebang(line: str) -> str:
    if "python" in line:
        return "python"
    shell = re.search(r"[/ ](?:ba|z|da|k|a)?sh\b", line)
    return "script" if shell else "source-code"


def _document(text: str, ending: str, *, cut: bool) -> str:
    if ending in _TEMPLATES:
        return "template"
    if front := _FRONT.match(text):
        return "model-card" if _CARD.search(front[1]) else "markdown"
    lines = text.splitlines()
    if cut:
        lines = lines[:-1] or lines
    if separator := _separated(lines):
        return "tsv" if separator == "\t" else "csv"
    if ending in ("md", "markdown"):
        return "markdown"
    if _INI.match(text) or (text.startswith("[") and _BARE.match(text)):
        return "git-settings" if _BARE.search(text) else "ini"
    if any(":" in line for line in lines) and all(_YAML_LINE.match(line) for line in lines):
        return "yaml"
    return "markdown" if len(_MARKDOWN.findall(text)) >= 2 and ending != "txt" else "text"


def _separated(lines: list[str]) -> str | None:
    """Return the separator of a table: the same number of it in each of the first lines."""
    first = lines[:20]
    if len(first) < 2:
        return None
    for separator in "\t,;":
        counts = {re.sub(r'"[^"]*"', "", line).count(separator) for line in first}
        if len(counts) == 1 and counts != {0}:
            return separator
    return None
