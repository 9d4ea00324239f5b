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
_SKIPPED = re.compile(
    r"\s+|<\?.*?\?>|<!--.*?-->|<!DOCTYPE(?:[^<>\[]|\[(?:[^\]]|\](?!\s*>))*\])*>", re.DOTALL
)
_ROOT = re.compile(r"<(?:[\w.-]+:)?([A-Za-z_][\w.-]*)((?:[^<>\"']|\"[^\"]*\"|'[^']*')*)>")
_APPLICATION = re.compile(r"<(?:\w+:)?Application\s((?:[^<>\"']|\"[^\"]*\"|'[^']*')*)>")
_ATTRIBUTE = re.compile(r"(\w+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
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
    """Tell whether the bytes begin like an XML document and reach a root element."""
    return _root(source) is not None


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
    text = _text(source)
    at = 0
    while at < len(text) and (skipped := _SKIPPED.match(text, at)):
        at = skipped.end()
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
