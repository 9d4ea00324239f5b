"""XML: told by its root element, and walked to its end; nothing is fetched."""

from __future__ import annotations

import re
from functools import partial
from html import unescape
from typing import TYPE_CHECKING

from modelwarden.core import GapKind, Producer
from modelwarden.core.patterns import lazily
from modelwarden.core.values import dataclass
from modelwarden.formats import recipes
from modelwarden.formats.described import Notes, PlainModel
from modelwarden.formats.identified.kind import producer
from modelwarden.formats.limits import LimitExceededError
from modelwarden.formats.tokens import may_have_form, tokens_in
from modelwarden.formats.view import Child, DamagedError

if TYPE_CHECKING:
    from modelwarden.formats.limits import Limits
    from modelwarden.formats.source import Source
    from modelwarden.formats.xml.walk import Walk

_PROLOG = 1 << 18
_OBJECTS = 4 << 20
_SKIPPED = lazily(r"\s++|<\?.*?\?>|<!--.*?-->", re.DOTALL)
_DOCTYPE = lazily(r"<!DOCTYPE[^<>\[]*+(?:>|\[)")
_SUBSET_END = lazily(r"\]\s*+>")
_ATTRIBUTES = r"((?:[^<>\"']|\"[^\"<]*+\"|'[^'<]*+')*+)"
_ROOT = lazily(r"<(?:[\w.-]++:)?([A-Za-z_][\w.-]*+)" + _ATTRIBUTES + ">")
_TOLD = frozenset(
    ("instructions", "script", "notebook-code", "text", "shortcut", "settings", "java-serialized")
)
_TEXTS = (".md", ".markdown", ".mdx", ".rst")
_SHOWN = frozenset("html svg hta stylesheet meta script iframe img body form".split())
_BEGINS = ("<?xml", "<!--", "<!DOCTYPE")
_TASK = lazily(
    r"<Command>([^<]{0,4000})</Command>\s*(?:<Arguments>([^<]{0,4000})</Arguments>)?", re.IGNORECASE
)
# Objects of Java as its own XMLDecoder and XStream write them: an element is a class, or names one.
_DECODER = lazily(r"\bclass\s*=\s*[\"'][^\"']{0,200}XMLDecoder")
_STREAMED = lazily(
    r"(?:java|javax|sun|com|org|net)\.[\w.$-]+|(?:sorted-(?:set|map)|tree-(?:set|map)"
    r"|linked-hash-(?:set|map)|dynamic-proxy|java-class)"
)
_MODELS = {"PMML": "pmml", "opencv_storage": "opencv-xml", "net": "openvino"}


@dataclass(frozen=True, slots=True, kw_only=True)
class XmlText(PlainModel):
    """An XML document.

    Its faults are also of these kinds. `external`: it is told to read another file, or address.
    `expansion`: its entities stand for much more than is written. `include`: another document is
    to be put in, or applied.

    Attributes:
        root: local name of the root element. elements: how many there are. depth: the deepest.
    """

    root: str
    elements: int = 0
    depth: int = 0


def sniff(source: Source) -> bool:
    """Tell whether the bytes begin as only XML does, or with a root element.

    A card may begin with a picture, and is a text with elements in it.
    """
    if source.expect in _TOLD or source.label.lower().endswith(_TEXTS):
        return False
    return _root(source) is not None or _text(source).lstrip().startswith(_BEGINS)


def read(source: Source, limits: Limits) -> XmlText:
    """Walk the document, as what its root says it is."""
    limits.check_time()
    found = _root(source)
    name, attributes = (found[1], found[2]) if found else ("", "")
    kind = None if name == "net" and "version" not in attributes else _MODELS.get(name)
    notes = Notes(source)
    if not found:
        notes.note("an XML document whose root element does not come soon", GapKind.UNSUPPORTED)
    shown = name.lower() in _SHOWN or source.label.lower().endswith((".html", ".htm"))
    children = (*(_pages(source) if shown else ()), *_run(source), *_objects(source, found))
    children = (*children, *_secrets(source))
    if name.lower() == "html":
        return XmlText(source=source, format="html", root=name, children=children)
    handler, by = _walked(source, limits, notes, kind)
    return XmlText(
        source=source,
        format=kind or "xml",
        root=name,
        producer=by,
        gaps=tuple(notes.gaps),
        metadata=tuple(notes.metadata),
        faults=tuple(notes.faults),
        elements=handler.elements,
        depth=handler.deepest,
        children=children,
    )


def _run(source: Source) -> tuple[Child, ...]:
    """Return what a program of the desktop, or of a build, takes from the document to run."""
    if source.expect is not None:
        return ()
    if recipes.SHORTCUT.search(source.label):
        part = partial(source.part, 0, source.size, "shortcut", expect="shortcut")
        return (Child("shortcut", part),)
    task = _is_task(source)
    if not task and not recipes.PROGRAMS.search(source.label):
        return ()
    wide = source.head.startswith((b"\xff\xfe", b"\xfe\xff"))
    data = source.read(0, recipes.LONGEST)
    text = unescape(data.decode("utf-16" if wide else "utf-8", "replace"))
    lines = "\n".join(f"{one[1]} {one[2] or ''}" for one in _TASK.finditer(text)) if task else text
    data = recipes.commands_in(lines).encode("utf-8", "replace")
    return (Child("commands", partial(source.nested, data, "commands", expect="instructions")),)


def _objects(source: Source, root: re.Match[str] | None) -> tuple[Child, ...]:
    """Return a document that a program of Java makes objects of."""
    if root is None or source.expect is not None:
        return ()
    decoder = root[1] == "java" and _DECODER.search(root[2])
    if not decoder and not _STREAMED.fullmatch(root[1]):
        return ()
    wide = source.head.startswith((b"\xff\xfe", b"\xfe\xff"))
    data = source.read(0, _OBJECTS).decode("utf-16" if wide else "utf-8", "replace")
    # The root only says who reads it.
    plain = unescape(data.replace(root[0], "", 1)).encode("utf-8", "replace")
    return (Child("objects", partial(source.nested, plain, "objects", expect="java-serialized")),)


def _secrets(source: Source) -> tuple[Child, ...]:
    """Return the tokens of known forms in a document, each in its line of a text."""
    if source.expect is not None:
        return ()
    data = source.read(0, _OBJECTS)
    if not may_have_form(data):
        return ()
    text = data.decode("utf-8", "replace")
    lines = [""] * (text.count("\n") + 1)
    for token in tokens_in(text, settings=None):
        lines[token.line - 1] += f" {token.value}"
    plain = "\n".join(lines).encode()
    if not plain.strip():
        return ()
    return (Child("secrets", partial(source.nested, plain, "secrets", expect="text")),)


def _is_task(source: Source) -> bool:
    """Tell whether the document is a task for the scheduler of Windows."""
    found = _root(source)
    return found is not None and found[1] == "Task" and "/windows/2004/02/mit/task" in found[2]


def _pages(source: Source) -> tuple[Child, ...]:
    from modelwarden.formats.markup import page_in

    return page_in(source)


def _walked(
    source: Source, limits: Limits, notes: Notes, kind: str | None
) -> tuple[Walk, Producer | None]:
    """Walk a document, and hold its parts against one another where it is a model."""
    from modelwarden.formats.xml.walk import Nothing, Relations, Walk

    if kind == "pmml":
        from modelwarden.formats.xml.pmml import Pmml

        pmml = Pmml(notes)
        walk = Walk(source, limits, notes, pmml)
        if notes.attempt(walk.run):
            pmml.whole()
        return walk, pmml.by
    if kind == "openvino":
        from modelwarden.formats.xml.openvino import Openvino

        network = Openvino(notes)
        walk = Walk(source, limits, notes, network)
        if notes.attempt(walk.run):
            network.whole(source)
        return walk, network.producer()
    if kind == "opencv-xml":
        from modelwarden.formats.xml.opencv import Opencv

        storage = Opencv(notes)
        walk = Walk(source, limits, notes, storage)
        if notes.attempt(walk.run):
            storage.whole()
        return walk, producer("opencv")
    relations = _root_name(source) == "Relationships"
    walk = Walk(source, limits, notes, Relations(notes) if relations else Nothing(), model=False)
    # What is no model is data: text that is no whole document is still text.
    try:
        walk.run()
    except DamagedError:
        pass
    except LimitExceededError as over:
        notes.note(str(over), GapKind.OVER_LIMIT)
    return walk, None


def _root_name(source: Source) -> str:
    found = _root(source)
    return found[1] if found else ""


def is_openvino(source: Source) -> bool:
    """Tell whether the root is that of an OpenVINO model."""
    found = _root(source)
    return found is not None and found[1] == "net" and "version" in found[2]


def _text(source: Source) -> str:
    known = source.memo.get("xml.text")
    if not isinstance(known, str):
        data = source.read(0, _PROLOG)
        wide = data.startswith((b"\xff\xfe", b"\xfe\xff"))
        known = data.decode("utf-16" if wide else "utf-8-sig", "replace")
        source.memo["xml.text"] = known
    return known


def _root(source: Source) -> re.Match[str] | None:
    """Return the tag of the root element, or None when it does not come soon."""
    text = _text(source)
    at = 0
    while at < len(text):
        if skipped := _SKIPPED.match(text, at):
            at = skipped.end()
        elif kind := _DOCTYPE.match(text, at):
            at = kind.end()
            if kind[0].endswith("["):
                end = _SUBSET_END.search(text, at)
                at = end.end() if end else len(text)
        else:
            break
    return _ROOT.match(text, at)
