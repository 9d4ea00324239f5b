"""XML, told by its root element; nothing is expanded, fetched or even parsed behind the root."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from modelwarden.core import Gap, GapKind, Producer
from modelwarden.formats.identified.kind import producer, unexamined
from modelwarden.formats.view import View, gap

if TYPE_CHECKING:
    from modelwarden.formats.limits import Limits
    from modelwarden.formats.source import Source

_PROLOG = 1 << 18
_SKIPPED = re.compile(r"\s++|<\?.*?\?>|<!--.*?-->", re.DOTALL)
_DOCTYPE = re.compile(r"<!DOCTYPE[^<>\[]*+(?:>|\[)")
_SUBSET_END = re.compile(r"\]\s*+>")
_ATTRIBUTES = r"((?:[^<>\"']|\"[^\"<]*+\"|'[^'<]*+')*+)"
_ROOT = re.compile(r"<(?:[\w.-]++:)?([A-Za-z_][\w.-]*+)" + _ATTRIBUTES + ">")
_APPLICATION = re.compile(r"<(?:\w++:)?Application\s" + _ATTRIBUTES + ">")
_ATTRIBUTE = re.compile(r"(\w++)\s*+=\s*+(?:\"([^\"]*)\"|'([^']*)')")
_BEGINS = ("<?xml", "<!--", "<!DOCTYPE")
_MODELS = {
    "PMML": ("pmml", "a PMML model"),
    "opencv_storage": ("opencv-xml", "an OpenCV storage"),
    "net": ("openvino", "an OpenVINO model"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class XmlText(View):
    """An XML document.

    Attributes:
        root: local name of the root element.
        entities: the prolog declares entities.
    """

    root: str
    entities: bool


def sniff(source: Source) -> bool:
    """Tell whether the bytes begin as only XML does, or with a root element."""
    return _root(source) is not None or _text(source).lstrip().startswith(_BEGINS)


def read(source: Source, limits: Limits) -> XmlText:
    """Name the document by its root; models and declared entities are gaps."""
    limits.check_time()
    text = _text(source)
    found = _root(source)
    name, attributes = (found[1], found[2]) if found else ("", "")
    known = None if name == "net" and "version" not in attributes else _MODELS.get(name)
    entities = "<!ENTITY" in text[: found.start() if found else len(text)]
    gaps: list[Gap] = []
    if known:
        gaps.append(gap(source, unexamined(known[1]), GapKind.UNSUPPORTED))
    if not found:
        why = "an XML document whose root element does not come soon"
        gaps.append(gap(source, why, GapKind.UNSUPPORTED))
    if entities:
        why = "the document declares entities, which were not expanded"
        gaps.append(gap(source, why, GapKind.UNSUPPORTED))
    return XmlText(
        source=source,
        format=known[0] if known else ("html" if name.lower() == "html" else "xml"),
        root=name,
        entities=entities,
        producer=_producer(name, text),
        gaps=tuple(gaps),
    )


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


def _producer(root: str, text: str) -> Producer | None:
    if root == "opencv_storage":
        return producer("opencv")
    if root == "net":
        return producer("openvino")
    if root != "PMML" or not (found := _APPLICATION.search(text)):
        return None
    facts = {name: first or second for name, first, second in _ATTRIBUTE.findall(found[1])}
    return producer(facts.get("name", ""), facts.get("version"))
