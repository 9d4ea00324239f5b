"""safetensors: a strict validator of the whole specification.

    8 bytes   length n of the header, little-endian
    n bytes   JSON object: name → {dtype, shape, data_offsets}, and `__metadata__`: string → string
    the rest  the tensors, without holes, overlaps or anything behind the last one

The header is read entry by entry, so its size on disk bounds the memory. Whatever the
specification forbids is a fault with its place; bytes that no tensor owns are children, to be
examined as what they are.

Source: the format's own README (huggingface/safetensors) and the checks of its reference loader,
version 0.8.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from modelwarden.core import Gap, GapKind, Producer
from modelwarden.core.patterns import lazily
from modelwarden.core.values import dataclass
from modelwarden.formats import payloads
from modelwarden.formats.described import Described, Fault, Metadatum
from modelwarden.formats.limits import LimitExceededError
from modelwarden.formats.view import Child, DamagedError, gap

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelwarden.formats.limits import Limits
    from modelwarden.formats.source import Source

HEADER_CAP = 100_000_000
BITS = {
    "BOOL": 8,
    "F4": 4,
    "F6_E2M3": 6,
    "F6_E3M2": 6,
    "U8": 8,
    "I8": 8,
    "F8_E5M2": 8,
    "F8_E4M3": 8,
    "F8_E8M0": 8,
    "F8_E4M3FNUZ": 8,
    "F8_E5M2FNUZ": 8,
    "I16": 16,
    "U16": 16,
    "F16": 16,
    "BF16": 16,
    "I32": 32,
    "U32": 32,
    "F32": 32,
    "C64": 64,
    "F64": 64,
    "I64": 64,
    "U64": 64,
}
_FRAMEWORKS = {"pt": "torch", "tf": "tensorflow", "flax": "flax", "mlx": "mlx", "np": "numpy"}
_MAX = (1 << 64) - 1
_BYTES = frozenset(("U8", "I8"))
_LEAST = 16
_PICKLE = lazily(rb"\x80[\x02-\x05]")
_FAULTS = 100
_ENTRY = 4 << 20
_SPACE = lazily(r"[ \t\n\r]*+")
_STRING = r'"[^"\\\x00-\x1f]*+(?:\\.[^"\\\x00-\x1f]*+)*+"'
_KEY = lazily(r"[ \t\n\r]*+(" + _STRING + r")[ \t\n\r]*+:[ \t\n\r]*+")
_FLAT = lazily(r'\{(?:[^{}"]|' + _STRING + r")*+\}")


class Tensor(NamedTuple):
    """One tensor of the header; the offsets count from the end of the header."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Safetensors(Described):
    """A safetensors file.

    Faults are of these kinds: `header`, `duplicate`, `entry`, `metadata`, `dtype`, `shape`,
    `offsets`, `size`, `overlap`, `hole`, `trailing`, `padding`.

    Attributes:
        tensors: as the header has them, those with faults left out.
        more_faults: how many there are beyond those.
        hidden: parts of the file that no tensor owns, as (begin, end); zeros in them are left out.
    """

    tensors: tuple[Tensor, ...] = ()
    more_faults: int = 0
    hidden: tuple[tuple[int, int], ...] = ()


def sniff(source: Source) -> bool:
    """Tell whether a plausible header length is followed by the beginning of a JSON object."""
    head = source.head
    if source.size < 10 or not 2 <= int.from_bytes(head[:8], "little") <= HEADER_CAP:
        return False
    return re.match(rb'[ \t\n\r]*\{[ \t\n\r]*["}]', head[8:]) is not None


def read(source: Source, limits: Limits) -> Safetensors:
    """Check everything that the specification says about this file."""
    check = _Check(source, limits)
    try:
        check.header()
        check.layout()
    except DamagedError as damage:
        check.fault("header", "", damage.why, damage.offset)
        check.gaps.append(gap(source, damage.why, at=damage.offset))
    except LimitExceededError as over:
        check.gaps.append(gap(source, str(over), GapKind.OVER_LIMIT))
    hidden = tuple(check.hidden)
    return Safetensors(
        source=source,
        format="safetensors",
        producer=_producer(check.metadata),
        gaps=tuple(check.gaps),
        children=(
            *(_child(source, begin, end) for begin, end in hidden),
            *_pickles(source, check.data, check.tensors),
        ),
        tensors=tuple(check.tensors),
        metadata=tuple(Metadatum(key, text, 8) for key, text in check.metadata.items()),
        faults=tuple(check.faults),
        more_faults=check.more_faults,
        hidden=hidden,
    )


def _producer(metadata: Mapping[str, str]) -> Producer | None:
    name = _FRAMEWORKS.get(metadata.get("format", ""))
    return Producer(name=name) if name else None


def _child(source: Source, begin: int, end: int) -> Child:
    name = f"bytes {begin}-{end}"
    return Child(name, lambda: source.part(begin, end - begin, name))


def _pickles(source: Source, data: int, tensors: list[Tensor]) -> Iterator[Child]:
    """Yield the tensors that are programs, and those of bytes that are a pickle or a script."""
    for tensor in tensors:
        size = tensor.end - tensor.begin
        if size < _LEAST:
            continue
        at, name = data + tensor.begin, tensor.name[:200]
        raw = tensor.dtype in _BYTES and len(tensor.shape) == 1
        head = source.read(at, payloads.HEAD)
        if child := payloads.of(source, name, at, size, head, raw=raw):
            yield child
        if not raw or not _PICKLE.match(head):
            continue
        from modelwarden.formats.pickle.children import is_pickle

        if is_pickle(source.part(at, size, name)):
            yield Child(name, partial(source.part, at, size, name, expect="pickle"))


class _Pairs(list[tuple[str, object]]):
    """An object as its pairs, so that duplicate keys are seen."""


class _Number(str):
    """A number that is no unsigned 64-bit integer, as it stands in the text."""

    __slots__ = ()


def _integer(text: str) -> object:
    return int(text) if len(text) <= 20 and text[0] != "-" else _Number(text[:40])


_LOAD = json.JSONDecoder(
    object_pairs_hook=_Pairs, parse_int=_integer, parse_float=_Number, parse_constant=_Number
)


class _Check:
    """The state of one validation."""

    def __init__(self, source: Source, limits: Limits) -> None:
        self.source = source
        self.limits = limits
        self.size = int.from_bytes(source.head[:8], "little")
        self.data = 8 + self.size
        self.tensors: list[Tensor] = []
        self.metadata: dict[str, str] = {}
        self.faults: list[Fault] = []
        self.more_faults = 0
        self.hidden: list[tuple[int, int]] = []
        self.gaps: list[Gap] = []
        self.text = ""

    def wrong(self, kind: str, what: str, why: str, place: int) -> None:
        """Remember a fault at a character of the header."""
        if len(self.faults) < _FAULTS:
            self.fault(kind, what, why, 8 + len(self.text[:place].encode()))
        else:
            self.more_faults += 1

    def fault(self, kind: str, what: str, why: str, at: int | None = None) -> None:
        """Remember one fault; beyond a hundred they are counted."""
        if len(self.faults) < _FAULTS:
            self.faults.append(Fault(kind, what[:200], why, at))
        else:
            self.more_faults += 1

    def header(self) -> None:
        """Read the header.

        Raises:
            DamagedError: nothing behind this place can be read.
        """
        if self.size > HEADER_CAP:
            raise DamagedError(f"a header of {self.size} bytes; the cap is {HEADER_CAP}", 0)
        if self.size > self.source.size - 8:
            left = self.source.size - 8
            raise DamagedError(f"a header of {self.size} bytes is announced, {left} follow", 0)
        if self.size > self.limits.memory // 4:
            raise DamagedError(f"a header of {self.size} bytes is more than is looked at", 0)
        raw = self.source.read(8, self.size)
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError as error:
            raise DamagedError("the header is not UTF-8", 8 + error.start) from None
        self.text = text
        self.entries(text)

    def entries(self, text: str) -> None:
        """Read the members of the header's object, one after another."""
        at = _skip(text, 0)
        if at:
            self.wrong("header", "", "the header does not begin with {", 0)
        seen: set[str] = set()
        for name, value, place in _members(text, at + 1):
            self.limits.spend(operations=1)
            if name in seen:
                self.wrong("duplicate", name, "the name stands twice in the header", place)
            seen.add(name)
            if name == "__metadata__":
                self.take_metadata(value, place)
            else:
                self.take_tensor(name, value, place)
        end = text.rindex("}") + 1
        if text[end:].strip(" "):
            self.wrong("padding", "", "the header is padded with something else than spaces", end)

    def take_metadata(self, value: object, at: int) -> None:
        """Keep the strings of `__metadata__`."""
        if not isinstance(value, _Pairs):
            self.wrong("metadata", "__metadata__", "it is not an object", at)
            return
        for key, text in value:
            if not isinstance(text, str) or isinstance(text, _Number):
                self.wrong("metadata", key, "a value of __metadata__ is not a string", at)
            elif key in self.metadata:
                self.wrong("duplicate", key, "the key stands twice in __metadata__", at)
            else:
                self.metadata[key] = text

    def take_tensor(self, name: str, value: object, at: int) -> None:
        """Check one entry alone."""
        if not isinstance(value, _Pairs):
            self.wrong("entry", name, "the entry is not an object", at)
            return
        keys = [key for key, _ in value]
        entry = dict(value)
        if len(keys) != len(entry):
            self.wrong("duplicate", name, "a key stands twice in the entry", at)
        if entry.keys() != {"dtype", "shape", "data_offsets"}:
            self.wrong("entry", name, f"its keys are {', '.join(sorted(entry))[:200]}", at)
        shape, offsets = _integers(entry.get("shape")), _integers(entry.get("data_offsets"))
        bits = BITS.get(str(entry.get("dtype")))
        if shape is None:
            self.wrong("shape", name, "the shape is not a list of sizes", at)
        if offsets is None or len(offsets) != 2:
            self.wrong("offsets", name, "the offsets are not two positions", at)
            return
        if bits is None:
            self.wrong("dtype", name, f"unknown dtype {str(entry.get('dtype'))[:40]}", at)
        begin, end = offsets
        if end < begin:
            self.wrong("offsets", name, f"it ends at {end}, before it begins at {begin}", at)
            return
        self.tensors.append(Tensor(name, str(entry.get("dtype"))[:40], shape or (), begin, end))
        if shape is not None and bits is not None:
            self.check_size(name, bits, shape, end - begin, at)

    def check_size(self, name: str, bits: int, shape: tuple[int, ...], size: int, at: int) -> None:
        """Check that dtype and shape give the bytes that the offsets span."""
        count = 1
        for length in shape:
            count *= length
            if count > _MAX:
                self.wrong("shape", name, "the shape has more than 2^64 elements", at)
                return
        total = count * bits
        if total > _MAX or total % 8:
            self.wrong("size", name, f"{total} bits are no whole number of bytes", at)
        elif total // 8 != size:
            self.wrong("size", name, f"{total // 8} bytes by shape, {size} by offsets", at)

    def layout(self) -> None:
        """Check the tensors together: within the file, side by side, and all of it used."""
        buffer = self.source.size - self.data
        self.missing(buffer)
        covered = 0
        for tensor in sorted(self.tensors, key=lambda tensor: (tensor.begin, tensor.end)):
            if tensor.begin > covered:
                self.unowned("hole", tensor.name, covered, min(tensor.begin, buffer))
            elif tensor.begin < covered:
                why = f"it begins at {tensor.begin}, in a tensor that ends at {covered}"
                self.fault("overlap", tensor.name, why, self.data + tensor.begin)
            covered = max(covered, tensor.end)
        if covered < buffer:
            self.unowned("trailing", "", covered, buffer)

    def missing(self, buffer: int) -> None:
        """Report data that the header announces and the file does not hold: one fault, one gap."""
        beyond = [tensor for tensor in self.tensors if tensor.end > buffer]
        if beyond:
            end = max(tensor.end for tensor in beyond)
            first = min(beyond, key=lambda tensor: (tensor.begin, tensor.end))
            many = f", and {len(beyond) - 1} more tensors" if len(beyond) > 1 else ""
            why = f"it ends at {first.end}, the data at {buffer}{many}"
            self.fault("offsets", first.name, why, self.data + min(first.begin, buffer))
            why = f"cut short: {max(buffer, 0)} of {end} bytes of data are there"
            self.gaps.append(gap(self.source, why, at=self.source.size))

    def unowned(self, kind: str, before: str, begin: int, end: int) -> None:
        """Report bytes that no tensor owns, and keep them unless they are all zero."""
        begin, end = self.data + begin, self.data + end
        why = f"{max(0, end - begin)} bytes belong to no tensor"
        self.fault(kind, before, why, begin)
        if end > begin and not self.zeros(begin, end) and len(self.hidden) < _FAULTS:
            self.hidden.append((begin, end))

    def zeros(self, begin: int, end: int) -> bool:
        """Tell whether a part of the file is all zero."""
        step = 1 << 20
        for at in range(begin, end, step):
            self.limits.check_time()
            if self.source.read(at, min(step, end - at)).strip(b"\x00"):
                return False
        return True


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _integers(value: object) -> tuple[int, ...] | None:
    if not isinstance(value, list) or isinstance(value, _Pairs):
        return None
    if not all(type(n) is int and n <= _MAX for n in value):
        return None
    return tuple(value)


def _members(text: str, at: int) -> Iterator[tuple[str, object, int]]:
    """Yield the members of the object whose `{` stands before `at`: name, value, file offset.

    Raises:
        DamagedError: the text is not such an object, or something follows it.
    """
    first = True
    while True:
        at = _skip(text, at)
        if text[at : at + 1] == "}" and first:
            break
        found = _KEY.match(text, at)
        if not found:
            raise _broken(text, at, "a name is missing")
        value, end = _value(text, found.end())
        yield str(_decoded(text, found[1], at)), value, at
        first = False
        at = _skip(text, end)
        if text[at : at + 1] == "}":
            break
        if text[at : at + 1] != ",":
            raise _broken(text, at, "a comma or a closing bracket is missing")
        at += 1
    if text[at + 1 :].strip(" \t\n\r"):
        raise _broken(text, at + 1, "something follows the object")


def _value(text: str, at: int) -> tuple[object, int]:
    """Read one value: a flat object, or anything else that is not one."""
    flat = _FLAT.match(text, at)
    if (flat.end() if flat else len(text)) - at > _ENTRY:
        raise _broken(text, at, f"one entry of more than {_ENTRY} bytes")
    if flat:
        return _decoded(text, flat[0], at), flat.end()
    try:
        return _LOAD.raw_decode(text, at)
    except (ValueError, RecursionError):
        raise _broken(text, at, "a value that is no flat object") from None


def _decoded(text: str, part: str, at: int) -> object:
    try:
        return _LOAD.decode(part)
    except (ValueError, RecursionError):
        raise _broken(text, at, "not valid JSON") from None


def _broken(text: str, at: int, why: str) -> DamagedError:
    return DamagedError(f"the header breaks: {why}", 8 + len(text[:at].encode()))
