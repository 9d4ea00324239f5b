"""Claims from model cards: Hugging Face, CycloneDX, Google's schema, and tables in a README.

Bytes come from strangers. YAML is read by its events, JSON by the standard library; nothing of
either is constructed, and what does not have the expected shape is passed over.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence

from modelwarden.assess.claims.claim import Claim
from modelwarden.core import InputError
from modelwarden.formats import yamltree

MOST = 1_000
"""Claims of one card that are judged."""
_FRONT = re.compile(r"\A\ufeff?---[ \t]*\r?\n(.*?)\r?\n(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_DEPTH = 12


def claims_of(name: str, data: bytes) -> tuple[Claim, ...]:
    """Return the claims of one card, in the order in which they stand there; `MOST` and one more.

    Args:
        name: of the file, for messages and for its kind where the text does not tell.
        data: its bytes.

    Raises:
        InputError: it is said to be YAML or JSON and is not.
    """
    text = data.decode("utf-8", "replace")
    if text.lstrip("\ufeff \t\r\n").startswith(("{", "[")):
        found = _of_json(name, text)
    elif name.lower().endswith((".yaml", ".yml")):
        found = _of_yaml(name, yamltree.parse(text))
    else:
        found = _of_markdown(name, text)
    return tuple(claim for _, claim in zip(range(MOST + 1), found, strict=False))


def _of_json(name: str, text: str) -> Iterator[Claim]:
    try:
        document = json.loads(text.lstrip("\ufeff"))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{name}: no valid JSON: {str(error)[:120]}") from error
    if isinstance(document, list):
        yield from _evaluations(name, document)
        return
    yield from _model_index(name, document)
    for place, metrics in _performance_metrics(document):
        for number, metric in enumerate(_items(metrics)):
            claim = _performance_metric(name, f"{place}[{number}]", metric)
            if claim is not None:
                yield claim


def _performance_metrics(
    value: object, place: str = "", depth: int = 0
) -> Iterator[tuple[str, object]]:
    """Yield every list of performance metrics, with where it stands."""
    if depth > _DEPTH:
        return
    if isinstance(value, Mapping):
        for key, part in value.items():
            at = f"{place}.{key}" if place else str(key)
            if key in {"performanceMetrics", "performance_metrics"}:
                yield at, part
            else:
                yield from _performance_metrics(part, at, depth + 1)
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from _performance_metrics(part, f"{place}[{number}]", depth + 1)


def _performance_metric(name: str, place: str, metric: object) -> Claim | None:
    """Return a metric of CycloneDX (camel case) or of Google's schema (snake case)."""
    table = _table(metric)
    kind, value = _text(table.get("type")), _text(table.get("value"))
    if kind is None or value is None:
        return None
    ends = _table(table.get("confidenceInterval") or table.get("confidence_interval"))
    words = _text(table.get("slice"))
    return Claim(
        metric=kind,
        value=value,
        source=name,
        place=place,
        words=None if _is_all(words) else words,
        low=_number(ends.get("lowerBound") or ends.get("lower_bound")),
        high=_number(ends.get("upperBound") or ends.get("upper_bound")),
    )


def _is_all(words: str | None) -> bool:
    return words is None or words.strip().lower() in {"", "all", "overall", "none", "whole", "test"}


def _of_markdown(name: str, text: str) -> Iterator[Claim]:
    front = _FRONT.match(text)
    if front is not None:
        yield from _of_yaml(name, yamltree.parse(front[1]))
    body = text[front.end() :] if front else text
    yield from _tables(name, body)


def _of_yaml(name: str, tree: yamltree.Tree) -> Iterator[Claim]:
    if isinstance(tree, list):
        yield from _evaluations(name, tree)
    else:
        yield from _model_index(name, tree)


def _model_index(name: str, document: object) -> Iterator[Claim]:
    """Yield the claims of Hugging Face's `model-index`."""
    for i, model in enumerate(_items(_table(document).get("model-index"))):
        for j, result in enumerate(_items(_table(model).get("results"))):
            data = _dataset(_table(result).get("dataset"))
            for k, metric in enumerate(_items(_table(result).get("metrics"))):
                table = _table(metric)
                kind = _text(table.get("type")) or _text(table.get("name"))
                value = _text(table.get("value"))
                if kind is None or value is None:
                    continue
                arguments = _table(table.get("args"))
                yield Claim(
                    metric=_averaged(kind, _text(table.get("name"))),
                    value=value,
                    source=name,
                    place=f"model-index[{i}].results[{j}].metrics[{k}]",
                    averaging=_averaging(arguments.get("average")),
                    data=data,
                )


def _averaged(kind: str, shown: str | None) -> str:
    """Return the fuller of type and name: `f1` with the name `F1 Macro` means the latter."""
    if shown is None:
        return kind
    averages = ("macro", "micro", "weighted")
    tells = any(word in shown.lower() for word in averages)
    return shown if tells and kind.lower() in shown.lower() else kind


def _averaging(value: object) -> str | None:
    text = _text(value)
    return text if text in {"binary", "macro", "micro", "weighted"} else None


def _dataset(value: object) -> str | None:
    if isinstance(value, str):
        return value or None
    table = _table(value)
    parts = [_text(table.get(key)) for key in ("name", "type", "id", "config", "task_id", "split")]
    told = list(dict.fromkeys(part for part in parts if part))
    return " / ".join(told)[:200] or None


def _evaluations(name: str, entries: Sequence[object]) -> Iterator[Claim]:
    """Yield the claims of evaluation files: a dataset and a value, and perhaps a metric."""
    for number, entry in enumerate(entries):
        table = _table(entry)
        data = _dataset(table.get("dataset"))
        kind = _text(table.get("metric")) or _text(table.get("type"))
        if kind is None:
            kind = _text(_table(table.get("metric")).get("type"))
        value = _text(table.get("value"))
        if value is not None and (kind is not None or data is not None):
            yield Claim(
                metric=kind or f"the benchmark {data}",
                value=value,
                source=name,
                place=f"[{number}]",
                data=data,
            )


_RULE = re.compile(r"^\s*\|?\s*:?-{2,}:?\s*(\|\s*:?-{2,}:?\s*)*\|?\s*$")


def _tables(name: str, body: str) -> Iterator[Claim]:
    """Yield the rows of Markdown tables whose columns are called `Metric` and `Value`."""
    lines = body.splitlines()
    for at in range(1, len(lines)):
        if not _RULE.match(lines[at]):
            continue
        head = [cell.lower() for cell in _cells(lines[at - 1])]
        if len(head) < 2 or head[0] not in {"metric", "metrics", "measure"}:
            continue
        column = next((i for i, c in enumerate(head) if c in {"value", "score", "result"}), None)
        if column is None:
            continue
        for number, line in enumerate(lines[at + 1 :], at + 2):
            cells = _cells(line)
            if len(cells) <= column or "|" not in line:
                break
            if cells[0] and cells[column]:
                yield Claim(
                    metric=cells[0], value=cells[column], source=name, place=f"line {number}"
                )


def _cells(line: str) -> list[str]:
    return [cell.strip().strip("*`_ ") for cell in line.strip().strip("|").split("|")]


def _table(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _items(value: object) -> Sequence[object]:
    return value if isinstance(value, list) else ()


def _text(value: object) -> str | None:
    """Return a plain value as it is written; None for nothing, a list or a table."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return repr(value)[:100]
    return value.strip()[:300] or None if isinstance(value, str) else None


def _number(value: object) -> float | None:
    text = _text(value)
    try:
        return None if text is None else float(text)
    except ValueError:
        return None
