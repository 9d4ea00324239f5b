"""The same bodies as in `requests`, read fast; this module accepts, and never refuses.

What it is not sure of is nothing to it: `requests` reads that again, slowly, and says what is
wrong. So two things must hold, and tests hold them: what is accepted here is accepted there with
the same numbers, and what goes on is the same document.

simdjson reads a document strictly and once, and hands numbers over without making objects of them.
The numbers go on as the client spelled them: it was proved that there is nothing but numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from importlib import import_module
from json import dumps
from json.encoder import encode_basestring_ascii as quoted
from typing import Any

import numpy as np

from modelwarden.core.values import dataclass
from modelwarden.firewall.errors import RefusedError
from modelwarden.firewall.profile import Kind, Profile, Protocol
from modelwarden.firewall.reading import is_word
from modelwarden.protocols.tensors import Array


def _library() -> Any:
    """Return simdjson; None where the extra is not installed, or has no wheel for this Python."""
    try:
        return import_module("simdjson")
    except ImportError:
        return None


_SIMDJSON = _library()
AVAILABLE = _SIMDJSON is not None
_FORMS = 64
_KEYS = {Protocol.MLFLOW: "inputs", Protocol.TF_SERVING: "instances"}
_LONGEST_FORM = 1024
_SHORT = 4096
_FAILED = (ValueError, TypeError, KeyError, IndexError, AttributeError, RefusedError)
_FLOATS = {"FP32": float(np.finfo("f").max), "FP64": float(np.finfo("d").max)}
_INTEGERS = {f"INT{n}": (-(2 ** (n - 1)), 2 ** (n - 1) - 1) for n in (8, 16, 32, 64)} | {
    f"UINT{n}": (0, 2**n - 1) for n in (8, 16, 32)
}


@dataclass(frozen=True, slots=True, eq=False)
class _Wanted:
    """What the numbers of a request must be.

    Attributes:
        shape: of them.
        size: their count.
        whole: whether they are whole.
        low: the least that one may be.
        high: the largest.
        brackets: of lists of that shape; a flat one has one.
        grid: no number has a fraction, though it may be written with a point.
    """

    shape: list[int]
    size: int
    whole: bool
    low: float
    high: float
    brackets: int
    grid: bool

    def read(self, data: Any, raw: bytes | bytearray | memoryview) -> Array | None:
        """Return the numbers of a list; None where they are not what is wanted.

        Args:
            data: as simdjson read it.
            raw: its text.
        """
        kind, form = ("i", np.int64) if self.whole else ("d", np.float64)
        values: Array = np.frombuffer(data.as_buffer(of_type=kind), form)
        if len(values) != self.size or not _is(data, self.shape, len(data) == self.size):
            return None
        if not (self.low <= np.minimum.reduce(values) and np.maximum.reduce(values) <= self.high):
            return None
        if self.grid and not bool((np.rint(values) == values).all()):
            return None
        brackets = _count(raw, b"[")  # of a flat list, or of the shape: none is anywhere else
        if brackets not in (1, self.brackets):
            return None
        return values.reshape(self.shape)

    def read_all(self, data: Any, count: int) -> Array | None:
        """Return the numbers of so many flat lists in one; None where any is not what is wanted."""
        kind, form = ("i", np.int64) if self.whole else ("d", np.float64)
        values: Array = np.frombuffer(data.as_buffer(of_type=kind), form)
        if len(values) != count * self.size or set(map(len, data)) != {self.size}:
            return None
        if not (self.low <= np.minimum.reduce(values) and np.maximum.reduce(values) <= self.high):
            return None
        if self.grid and not bool((np.rint(values) == values).all()):
            return None
        return values.reshape(count, *self.shape)


@dataclass(frozen=True, slots=True, eq=False)
class _Form:
    """What stands around the numbers of a request, read once: most of a client's are alike.

    What is around the text of one JSON list of numbers means the same around any other one.

    Attributes:
        wanted: of the numbers.
        id: the protocol's own.
        start: what stands before the numbers.
        end: what stands after them.
        onward: what goes on before and after them; None where that is the same.
        flat: whether the numbers may come as one list, whatever their shape.
    """

    wanted: _Wanted
    id: str | None
    start: bytes
    end: bytes
    onward: tuple[bytes, bytes] | None
    flat: bool

    def around(self, body: bytes | bytearray) -> bool:
        """Tell whether a body has this form, if what is between is a list of numbers."""
        return body.startswith(self.start) and body.endswith(self.end)

    def list(self, body: bytes | bytearray) -> bytes | bytearray:
        """Return the text of the numbers of a body of this form."""
        return body[len(self.start) : len(body) - len(self.end)]

    def view(self, body: bytes | bytearray) -> bytes | bytearray | memoryview:
        """Return the same without a copy of what is long."""
        if len(body) < _SHORT:
            return self.list(body)
        return memoryview(body)[len(self.start) : len(body) - len(self.end)]

    def anew(self, body: bytes | bytearray) -> bytes | bytearray:
        """Return a body of this form as it goes on."""
        if self.onward is None:
            return body
        before, after = self.onward
        return b"".join((before, self.list(body), after))

    def short(self, body: bytes | bytearray) -> bytes | bytearray | None:
        """Return the text of one short list, brackets and all; None where there is none.

        Whether there are lists in it is not looked at.
        """
        if len(body) > _SHORT or not self.around(body):
            return None
        raw = self.list(body)
        if raw.startswith(b"[["):
            return raw[1:-1] if self.wanted.brackets == 2 and raw.endswith(b"]]") else None
        alone = self.flat or self.wanted.brackets == 1
        return raw if alone and raw.startswith(b"[") and raw.endswith(b"]") else None


@dataclass(slots=True, eq=False)  # not frozen: made for each request, which takes a quarter as long
class Numbers:
    """A request for one tensor of numbers.

    Attributes:
        values: (rows, …), finite, of the profile's shape and within its range.
        id: the protocol's own; None where it gives none.
        body: written anew.
    """

    values: Array
    id: str | None
    body: bytes | bytearray


class Quick:
    """Reads the bodies of one model whose input is one tensor of numbers."""

    def __init__(
        self, profile: Profile, parameters: Callable[[Any], None], outputs: Callable[[Any], None]
    ) -> None:
        """Make ready.

        Args:
            profile: of the model.
            parameters: refuses parameters that are not plain.
            outputs: refuses another list of outputs than the protocol has.
        """
        spec = profile.inputs[0]
        numeric = spec.kind in (Kind.NUMBER, Kind.INTEGER)
        self._usable = AVAILABLE and not profile.table and numeric
        self._spec = spec
        self._profile = profile
        self._parameters = parameters
        self._outputs = outputs
        self._parser: Any = _SIMDJSON.Parser() if self._usable else None
        self._forms: dict[tuple[bytes, bytes], _Form] = {}
        self._last: _Form | None = None
        oip = profile.protocol is Protocol.OIP
        self._reader = self._oip if oip else self._rows
        self._key = _KEYS.get(profile.protocol, "")
        if profile.form is not None:
            self._key = profile.form.template(profile.inputs).key
        self._usable &= oip or (self._key.isascii() and self._key.isidentifier())

    def read(self, body: bytes | bytearray) -> Numbers | None:
        """Return what a body asks; None when somebody else should look at it."""
        if not self._usable or body[:1] != b"{" or b"\\" in body:
            return None
        try:
            return self._reader(body)
        except _FAILED:
            return None
        except RuntimeError:  # something still holds a part of the last document
            self._parser = _SIMDJSON.Parser()
            return None

    def read_all(self, bodies: Sequence[bytes | bytearray]) -> list[Numbers | None]:
        """Return what each body asks; short lists in a form that is known are read as one list."""
        form = self._last
        if form is None or len(bodies) == 1:
            return [self.read(body) for body in bodies]
        lists = [form.short(body) for body in bodies]
        short = [one for one in lists if one is not None]
        joined = iter(self._joined(form.wanted, short))
        found: list[Numbers | None] = []
        for body, one in zip(bodies, lists, strict=True):
            values = None if one is None else next(joined)
            found.append(
                self.read(body) if values is None else Numbers(values, form.id, form.anew(body))
            )
        return found

    def _joined(self, wanted: _Wanted, lists: list[bytes | bytearray]) -> list[Array] | list[None]:
        """Return the numbers of lists that are read as one; Nones when any is to be looked at.

        Each begins with a bracket that it opens and ends with one that it closes, and opens no
        other: there are as many as lists. So the list of them all is valid only if each of them is,
        and holds the same numbers.
        """
        values = None
        try:
            whole = b"[%s]" % b",".join(lists)
            if lists and _count(whole, b"[") == len(lists) + 1:
                values = wanted.read_all(self._parser.parse(whole), len(lists))
        except _FAILED:
            pass
        except RuntimeError:
            self._parser = _SIMDJSON.Parser()
        return [None] * len(lists) if values is None else [*values]

    def _oip(self, body: bytes | bytearray) -> Numbers | None:
        """Read a tensor: by a form that is known, else as a whole."""
        form = self._last
        if form is None or not form.around(body):
            if (span := _span(body)) is None:
                return None
            start, end = span
            around = (bytes(body[:start]), bytes(body[end:]))
            form = self._last = self._forms.get(around)
            if form is None:
                return self._whole(body, around)
        raw = form.view(body)
        values = form.wanted.read(self._parser.parse(raw), raw)
        return None if values is None else Numbers(values, form.id, form.anew(body))

    def _whole(self, body: bytes | bytearray, around: tuple[bytes, bytes]) -> Numbers | None:
        document = self._parser.parse(body)
        keys = list(document.keys())
        if len(keys) > 1 and len(set(keys)) != len(keys):
            return None
        more, name = "", None
        if "id" in keys:
            name = document["id"]
            if not is_word(name):
                return None
            more = f',"id":{quoted(name)}'
        if len(keys) > 1 + (name is not None):
            more += self._rest(document, keys)
        (entry,) = document["inputs"]
        own, spec = list(entry.keys()), self._spec
        given = entry["name"]
        if not is_word(given) or (spec.name and given != spec.name):
            return None
        if len(own) != 4 or set(own) != {"name", "shape", "datatype", "data"}:
            if "parameters" not in own or len(own) != 5 or len(set(own)) != 5:
                return None
            parameters = _plain(entry["parameters"])
            self._parameters(parameters)
            shown = f',"parameters":{dumps(parameters)}'
        else:
            shown = ""
        datatype, shape = entry["datatype"], entry["shape"].as_list()
        wanted = self._wanted(datatype, shape)
        raw = body[len(around[0]) : len(body) - len(around[1])]
        values = None if wanted is None else wanted.read(entry["data"], raw)
        if wanted is None or values is None:
            return None
        first = (
            f'{{"inputs":[{{"name":{quoted(given)},"shape":[{",".join(map(str, shape))}],'
            f'"datatype":"{datatype}"{shown},"data":'
        )
        onward = (first.encode(), b"}]" + more.encode() + b"}")
        form = _Form(wanted, name, *around, None if onward == around else onward, True)
        self._keep(around, form)
        return Numbers(values, name, form.anew(body))

    def _keep(self, around: tuple[bytes, bytes], form: _Form) -> None:
        if len(around[0]) + len(around[1]) > _LONGEST_FORM:
            return
        if len(self._forms) >= _FORMS:
            del self._forms[next(iter(self._forms))]
        self._forms[around] = self._last = form

    def _rest(self, document: Any, keys: list[str]) -> str:
        more = ""
        for key in keys:
            if key in ("inputs", "id"):
                continue
            value = _plain(document[key])
            {"parameters": self._parameters, "outputs": self._outputs}[key](value)
            more += f',"{key}":{dumps(value)}'
        return more

    def _wanted(self, datatype: object, shape: list[Any]) -> _Wanted | None:
        """Return what numbers of a type and shape must be; None where the model has others."""
        spec = self._spec
        if type(datatype) is not str or (spec.datatype and spec.datatype != datatype):
            return None
        if not 1 <= len(shape) <= 16 or any(type(s) is not int or s < 1 for s in shape):
            return None
        row = tuple(shape[1:])
        if row != spec.shape and not (spec.shape == () and row == (1,)):
            return None
        most = _FLOATS.get(datatype)
        if most is not None:
            return self._within(shape, -most, most, whole=False)
        if datatype in _INTEGERS:
            return self._within(shape, *_INTEGERS[datatype], whole=True)
        return None

    def _within(self, shape: list[int], low: float, high: float, *, whole: bool) -> _Wanted | None:
        """Return what is within the profile's range and limits."""
        spec = self._spec
        if not 1 <= shape[0] <= self._profile.limits.rows:
            return None
        if spec.kind is Kind.INTEGER and not whole:
            return None  # whether these are whole numbers is another's question
        low = low if spec.low is None else max(low, spec.low)
        high = high if spec.high is None else min(high, spec.high)
        lists = sum(math.prod(shape[:end]) for end in range(len(shape)))
        grid = not (spec.fractions or whole)
        return _Wanted(shape, math.prod(shape), whole, low, high, lists, grid)

    def _rows(self, body: bytes | bytearray) -> Numbers | None:
        """Read `{"instances": [[…], …]}`: one key, and nothing but numbers."""
        document = self._parser.parse(body)
        if list(document.keys()) != [self._key] or body.count(b'"') != 2:
            return None
        data = document[self._key]
        shape = [len(data), *self._spec.shape]
        whole = self._spec.kind is Kind.INTEGER
        limit = 2**63 - 1 if whole else _FLOATS["FP64"]
        wanted = self._within(shape, -limit, limit, whole=whole)
        start, end = body.index(b"["), body.rindex(b"]") + 1
        raw = body[start:end]
        if wanted is None or (len(shape) > 1 and raw.count(b"[") == 1):
            return None
        values = wanted.read(data, raw)
        if values is None:
            return None
        around = bytes(body[:start]), bytes(body[end:])
        onward = b'{"%s":' % self._key.encode(), b"}"
        form = _Form(wanted, None, *around, None if onward == around else onward, False)
        if len(values) == 1 and len(around[0]) + len(around[1]) <= _LONGEST_FORM:
            self._last = form
        return Numbers(values, None, form.anew(body))


def _count(text: bytes | bytearray | memoryview, letter: bytes) -> int:
    """Return how often a letter stands in a text, four times as fast as `bytes.count`."""
    if not isinstance(text, memoryview) and len(text) < _SHORT:
        return text.count(letter)
    return int(np.count_nonzero(np.frombuffer(text, np.uint8) == letter[0]))


def _span(body: bytes | bytearray) -> tuple[int, int] | None:
    """Return where the text of the one value under the key `data` is, if it is numbers only.

    There is no backslash in the body. So a key `data` stands there as it is; and when these bytes
    stand there once, that is where.
    """
    at = body.find(b'"data"')
    start = body.index(b"[", at + 6)
    brace, quote = body.index(b"}", start), body.find(b'"', start)
    end = brace if quote < 0 else min(brace, quote)
    # Between start and end is no quote, so none of these bytes either: most need no second look.
    if body.find(b'"data"', at + 6, start) >= 0 or body.find(b'"data"', end) >= 0:
        return None
    return start, body.rindex(b"]", start, end) + 1


def _is(data: Any, shape: Sequence[int], flat: bool) -> bool:
    """Tell whether lists have the lengths of a shape, or are one flat list."""
    if flat and len(shape) > 1 and type(data[0]) in (int, float):
        return True
    if len(data) != shape[0]:
        return False
    if len(shape) == 2:
        return set(map(len, data)) == {shape[1]}
    return len(shape) == 1 or all(_is(part, shape[1:], flat=False) for part in data)


def _plain(value: Any) -> Any:
    """Return a small value as plain objects.

    Raises:
        ValueError: a key is given twice.
    """
    if isinstance(value, _SIMDJSON.Object):
        keys = list(value.keys())
        if len(set(keys)) != len(keys):
            raise ValueError("a key is given twice")
        return {key: _plain(value[key]) for key in keys}
    if hasattr(value, "as_list"):
        return [_plain(part) for part in value]
    return value


def document_of(body: bytes | bytearray) -> dict[str, Any] | None:
    """Return a whole document; None when it should be read slowly.

    A key that is given twice is told by counting: a colon for each key, and no other one.
    """
    if not AVAILABLE or body[:1] != b"{":
        return None
    try:
        document = _SIMDJSON.Parser().parse(body, True)
    except (ValueError, RuntimeError):
        return None
    if not isinstance(document, dict) or _keys(document) != body.count(b":"):
        return None
    return document


def _keys(value: dict[str, Any]) -> int:
    count = 0
    left: list[Any] = [value]
    while left:
        part = left.pop()
        if type(part) is dict:
            count += len(part)
            left += part.values()
        elif type(part) is list:
            left += part
    return count
