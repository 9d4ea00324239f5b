"""What a model answers: whether it is an answer, and how much of it clients are shown.

Rounded scores, or the highest ones alone, take from an attacker what a search by scores and a copy
of the model live on, and leave a client its answer. An answer that is none – another number of
rows, NaN, a key or a token in a text – is told, and kept back where that is asked for.

Source: Tramèr et al. 2016, "Stealing machine learning models via prediction APIs", section 7, for
rounding.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, NoReturn

from modelwarden.core.values import dataclass
from modelwarden.firewall.config import AnswersConfig
from modelwarden.firewall.profile import Protocol
from modelwarden.firewall.rules import Mode

FORM, FINITE, SECRET = "answer-form", "answer-finite", "answer-secret"
RULES = (FORM, FINITE, SECRET)
_DEPTH = 32
_TEXTS, _LONGEST = 1000, 100_000
_WHOLE = 1e-3  # of shares, what their sum may be off one
_COUNTED = {Protocol.MLFLOW: "predictions", Protocol.TF_SERVING: "predictions"}


@dataclass(frozen=True, slots=True)
class Shown:
    """What becomes of an answer.

    Attributes:
        body: that the client gets; None when the answer is kept back.
        rule: that speaks against it; None when none does.
        detail: what is wrong; holds nothing of the answer.
    """

    body: bytes | None
    rule: str | None = None
    detail: str = ""


class _WrongError(Exception):
    """An answer is none."""

    def __init__(self, rule: str, detail: str) -> None:
        super().__init__(detail)
        self.rule, self.detail = rule, detail


def shown(config: AnswersConfig, protocol: Protocol, body: bytes, rows: int) -> Shown:
    """Return what a client is shown of an answer.

    Args:
        config: what becomes of answers.
        protocol: that it is in.
        body: of an answer without error.
        rows: that were asked; 0 where they were not counted.
    """
    try:
        document = _read(body)
        counted = _rows_of(document, protocol)
    except _WrongError as wrong:
        # What cannot be read cannot be rounded either: a client never gets more than was meant.
        kept = config.changes or config.check is Mode.ENFORCE
        if config.check is Mode.OFF and not config.changes:
            return Shown(body)
        return Shown(None if kept else body, wrong.rule, wrong.detail)
    rule, detail = None, ""
    if config.check is not Mode.OFF:
        rule, detail = _complaint(document, counted, rows)
    if rule is not None and config.check is Mode.ENFORCE:
        return Shown(None, rule, detail)
    return Shown(_written(config, document, protocol) if config.changes else body, rule, detail)


def _read(body: bytes) -> Any:
    try:
        return json.loads(body, parse_constant=_not_finite, parse_float=_number)
    except RecursionError as error:
        raise _WrongError(FORM, "an answer that is nested too deep") from error
    except ValueError as error:
        raise _WrongError(FORM, "an answer that is no JSON") from error


def _not_finite(word: str) -> NoReturn:
    raise _WrongError(FINITE, f"an answer with {word}")


def _number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise _WrongError(FINITE, "an answer with a number beyond all bounds")
    return value


def _complaint(document: Any, counted: int | None, rows: int) -> tuple[str | None, str]:
    """Return the rule that speaks against an answer that can be read, and why."""
    from modelwarden.artifacts.known.secrets import secrets_in

    if rows and counted is not None and counted != rows:
        return FORM, f"{counted} answers to {rows} rows"
    for key, text in islice(_texts(document), _TEXTS):
        for kind, _ in secrets_in(key, text[:_LONGEST]):
            return SECRET, f"an answer with {kind}"
    return None, ""


def _rows_of(document: Any, protocol: Protocol) -> int | None:
    """Return how many rows are answered; None where the protocol does not say.

    Raises:
        _WrongError: it is no answer of the protocol.
    """
    if protocol is Protocol.OIP:
        outputs = document.get("outputs") if isinstance(document, dict) else None
        if not isinstance(outputs, list) or not outputs:
            raise _WrongError(FORM, "an answer without outputs")
        return min((_first(output) for output in outputs), default=None)
    key = _COUNTED.get(protocol)
    if key is None:
        return None
    found = document.get(key) if isinstance(document, dict) else document
    if found is None and protocol is Protocol.TF_SERVING and isinstance(document, dict):
        found = document.get("outputs")
    if found is None:
        raise _WrongError(FORM, f"an answer without {key}")
    return len(found) if isinstance(found, list) else None


def _first(output: Any) -> int:
    shape = output.get("shape") if isinstance(output, dict) else None
    data = output.get("data") if isinstance(output, dict) else None
    if not isinstance(shape, list) or not all(type(n) is int and n >= 0 for n in shape):
        raise _WrongError(FORM, "an output without a shape")
    if not isinstance(data, list) or _size(data, 0) != math.prod(shape):
        raise _WrongError(FORM, "an output whose values do not fill its shape")
    return shape[0] if shape else 1


def _size(value: Any, depth: int) -> int:
    if not isinstance(value, list):
        return 1
    if depth > _DEPTH:
        raise _WrongError(FORM, "an answer that is nested too deep")
    return sum(_size(part, depth + 1) for part in value)


def _texts(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Yield every text with the key that it stands under."""
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part, key)
    elif isinstance(value, dict):
        for name, part in value.items():
            yield from _texts(part, name)


# what is shown ------------------------------------------------------------------------------------


def _written(config: AnswersConfig, document: Any, protocol: Protocol) -> bytes:
    def change(values: list[float]) -> list[float]:
        return _rounded(_highest(values, config.top), config.decimals)

    key = _COUNTED.get(protocol)
    if protocol is Protocol.OIP:
        for output in document["outputs"]:
            output["data"] = _of_output(output["data"], output["shape"], change)
    elif key is None:
        document = _changed(document, change)
    elif isinstance(document, dict):
        key = key if key in document else "outputs"
        document[key] = _of_rows(document[key], change)
    else:
        document = _of_rows(document, change)
    return json.dumps(document, separators=(",", ":"), allow_nan=False).encode()


_Change = Callable[[list[float]], list[float]]


def _of_output(data: list[Any], shape: list[int], change: _Change) -> Any:
    """Return the changed values of an output, which may be one flat list."""
    if not data or isinstance(data[0], list) or not _numbers(data):
        return _of_rows(data, change)
    width = shape[-1] if len(shape) > 1 else 1
    rows = (change(data[at : at + width]) for at in range(0, len(data), max(width, 1)))
    return [value for row in rows for value in row]


def _of_rows(rows: Any, change: _Change) -> Any:
    """Return changed rows: the outer list is none of scores, whatever it comes to."""
    return [_changed(row, change) for row in rows] if isinstance(rows, list) else rows


def _changed(value: Any, change: _Change) -> Any:
    """Return a value whose innermost lists and objects of numbers are changed as rows of scores."""
    if isinstance(value, float):
        return change([value])[0]
    if isinstance(value, list):
        if _numbers(value):
            return change(value)
        return [_changed(part, change) for part in value]
    if isinstance(value, dict):
        if _numbers(list(value.values())):
            return dict(zip(value, change(list(value.values())), strict=True))
        return {key: _changed(part, change) for key, part in value.items()}
    return value


def _numbers(values: list[Any]) -> bool:
    return all(type(value) in {int, float} for value in values)


def _shares(values: list[float]) -> bool:
    if not any(isinstance(value, float) for value in values):
        return False  # labels
    if min(values) < 0 or max(values) > 1 + _WHOLE:
        return False  # their sum need not even be a number
    return abs(math.fsum(values) - 1) <= _WHOLE


def _highest(values: list[float], most: int | None) -> list[float]:
    """Return shares of which only the highest are left; what is no list of shares is left alone."""
    if most is None or len(values) <= most or not _shares(values):
        return values
    kept = set(sorted(range(len(values)), key=lambda at: -values[at])[:most])
    return [value if at in kept else 0.0 for at, value in enumerate(values)]


def _rounded(values: list[float], decimals: int | None) -> list[float]:
    if decimals is None:
        return values
    # A label stays a whole number.
    return [value if type(value) is int else round(value, decimals) for value in values]
