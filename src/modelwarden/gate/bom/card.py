"""What lies beside a model and describes it: a model card, a configuration, an MLmodel file.

All of it is what the publisher claims. Only files that the scan met are read, so nothing from
outside of the scanned folder comes into the document by a link.

Source: https://huggingface.co/docs/hub/model-cards; MLflow's MLmodel format.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from modelwarden.core import InputError
from modelwarden.dependencies.manifests.text import decoded, json_document, table, tables
from modelwarden.formats import Source, yamltree
from modelwarden.gate.bom.bills import Card
from modelwarden.gate.bom.licences import licence_of
from modelwarden.gate.walk import Found, walk
from modelwarden.report.escape import shown

_LARGEST = 2 << 20
_MOST = 100
_PARAGRAPH = 1_000
_CARDS = ("README.md", "model_card.md", "MODEL_CARD.md", "modelcard.md")
_FRONT = re.compile(r"\A﻿?---[ \t]*\n(.*?)\n---[ \t]*(?:\n|\Z)", re.DOTALL)
_HEADING = re.compile(r"(?m)^#{1,6}[ \t]+([^\n]{1,200})$")
_SECTIONS = (
    ("use_cases", re.compile(r"intended|direct use|use cases?\b|downstream use", re.IGNORECASE)),
    ("limitations", re.compile(r"limitation|out[- ]of[- ]scope|caveat", re.IGNORECASE)),
    ("ethics", re.compile(r"ethic|\bbias|\brisks?\b", re.IGNORECASE)),
)


def card_of(path: str) -> Card:
    """Return what lies beside the model at `path`; an empty card when nothing does."""
    files = {found.name: found for found in walk([path]).files}
    card = Card()
    for name in _CARDS:
        if text := _text(files.get(name)):
            card = _from_markdown(text, name)
            break
    if text := _text(files.get("config.json")):
        card = _with_config(card, text)
    if text := _text(files.get("MLmodel")):
        card = _with_signature(card, text)
    return card


def _text(found: Found | None) -> str:
    if found is None:
        return ""
    try:
        with Source.open(found.path, found.name) as source:
            return decoded(source.read(0, _LARGEST))
    except (OSError, InputError):
        return ""


def _from_markdown(text: str, name: str) -> Card:
    front = _FRONT.match(text)
    tree = _tree(front[1]) if front else {}
    body = text[front.end() :] if front else text
    said = _sections(body)
    indexed = list(_claims(tree))
    return Card(
        name=_word(tree.get("model_name")),
        licence=licence_of(_licence(tree)),
        task=_word(tree.get("pipeline_tag")),
        datasets=_words(tree.get("datasets")),
        bases=_words(tree.get("base_model")),
        claims=tuple(indexed[:_MOST]),
        use_cases=said["use_cases"],
        limitations=said["limitations"],
        ethics=said["ethics"],
        source=name,
    )


def _tree(text: str) -> Mapping[str, object]:
    try:
        return table(yamltree.parse(text))
    except InputError:
        return {}


def _licence(tree: Mapping[str, object]) -> str:
    stated = _word(tree.get("license"))
    # The hub's word for what has no identifier; the name stands beside it.
    return _word(tree.get("license_name")) or stated if stated == "other" else stated


def _word(value: object) -> str:
    return shown(value.strip(), 200) if isinstance(value, str) else ""


def _words(value: object) -> tuple[str, ...]:
    given = value if isinstance(value, list) else [value]
    return tuple(dict.fromkeys(word for part in given[:_MOST] if (word := _word(part))))


def _claims(tree: Mapping[str, object]) -> Iterator[tuple[str, str, str]]:
    """Yield metric, value and data of each result that the card's model-index claims."""
    for model in tables(tree.get("model-index")):
        for result in tables(model.get("results")):
            data = table(result.get("dataset"))
            where = " ".join(w for key in ("name", "split") if (w := _word(data.get(key))))
            for metric in tables(result.get("metrics")):
                name = _word(metric.get("type")) or _word(metric.get("name"))
                if name and (value := _word(metric.get("value"))):
                    yield name, value, where


def _sections(body: str) -> dict[str, tuple[str, ...]]:
    """Return what stands under headings that say what a model is for, and what it is not."""
    found: dict[str, list[str]] = {key: [] for key, _ in _SECTIONS}
    headings = list(_HEADING.finditer(body))[:_MOST]
    for at, heading in enumerate(headings):
        key = next((k for k, pattern in _SECTIONS if pattern.search(heading[1])), None)
        end = headings[at + 1].start() if at + 1 < len(headings) else len(body)
        words = " ".join(body[heading.end() : min(end, heading.end() + 4 * _PARAGRAPH)].split())
        if key and words:
            found[key].append(shown(words, _PARAGRAPH))
    return {key: tuple(texts) for key, texts in found.items()}


def _with_config(card: Card, text: str) -> Card:
    try:
        document = table(json_document(text))
    except InputError:
        return card
    names = _words(document.get("architectures"))
    return replace(
        card, family=_word(document.get("model_type")), architecture=", ".join(names[:5])
    )


def _with_signature(card: Card, text: str) -> Card:
    signature = table(_tree(text).get("signature"))
    return replace(
        card,
        inputs=tuple(_columns(signature.get("inputs"))),
        outputs=tuple(_columns(signature.get("outputs"))),
    )


def _columns(text: object) -> Iterator[str]:
    """Yield what MLflow says of each column or tensor, which it keeps as JSON in a text."""
    try:
        columns = json.loads(text) if isinstance(text, str) and len(text) < _LARGEST else []
    except (ValueError, RecursionError):
        return
    for column in list(tables(columns))[:_MOST]:
        spec = table(column.get("tensor-spec"))
        kind = _word(spec.get("dtype")) or _word(column.get("type"))
        shape = f" {json.dumps(spec['shape'])[:100]}" if "shape" in spec else ""
        name = _word(column.get("name"))
        if kind:
            yield f"{name}: {kind}{shape}" if name else f"{kind}{shape}"
