"""SentencePiece models: pieces, how they were trained, and the rules that normalise text.

The rules are a double array (a trie that is walked by index) with texts behind it, which
SentencePiece follows without a check up to 0.2.1.
"""

from __future__ import annotations

import struct
from array import array
from dataclasses import field
from typing import TYPE_CHECKING

from modelwarden.core.values import dataclass
from modelwarden.formats.described import Notes, PlainModel
from modelwarden.formats.identified.kind import producer
from modelwarden.formats.identified.protobuf import SENTENCEPIECE
from modelwarden.formats.limits import LimitExceededError
from modelwarden.formats.protobuf import LEN, VARINT, Field, fields, text

if TYPE_CHECKING:
    from modelwarden.formats.limits import Limits
    from modelwarden.formats.source import Source

_PIECES, _TRAINER, _NORMALIZER, _DENORMALIZER = 1, 2, 3, 5
_INPUT, _PREFIX = 1, 2
_CHARSMAP, _RULES = 2, 6
_UNKNOWN, _USER, _BYTE = 2, 4, 6
_TYPES = 6
_LONG = 1 << 16  # bytes of one piece at which loading overflows the stack
_MAP = 1 << 24
_SHOWN = 1 << 12
_LEAF = 1 << 31


@dataclass(frozen=True, slots=True, kw_only=True)
class SentencepieceModel(PlainModel):
    """One model.

    Attributes:
        pieces: how many. user: pieces that the author set.
    """

    pieces: int = 0
    user: tuple[str, ...] = ()


def sniff(source: Source) -> bool:
    """Tell whether the outer message is that of a model."""
    return SENTENCEPIECE.sniff(source)


def read(source: Source, limits: Limits) -> SentencepieceModel:
    """Walk a model."""
    walk = _Walk(source, limits)
    if walk.notes.attempt(walk.run):
        walk.whole()
    return SentencepieceModel(
        source=source,
        format="sentencepiece",
        producer=producer("sentencepiece"),
        gaps=tuple(walk.notes.gaps),
        metadata=tuple(walk.notes.metadata),
        faults=tuple(walk.notes.faults),
        pieces=walk.pieces,
        user=tuple(walk.user),
    )


@dataclass(slots=True)
class _Walk:
    """One walk over a file."""

    source: Source
    limits: Limits
    notes: Notes = field(init=False)
    pieces: int = 0
    unknown: int = 0
    bytes_: int = 0
    user: list[str] = field(default_factory=list)
    told: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.notes = Notes(self.source)

    def run(self) -> None:
        """Walk all of it."""
        for one in fields(self.source, limits=self.limits):
            if one.number == _PIECES and one.wire == LEN:
                self.piece(one)
            elif one.number == _TRAINER and one.wire == LEN:
                self.trainer(one)
            elif one.number in (_NORMALIZER, _DENORMALIZER) and one.wire == LEN:
                self.normalizer(one)

    def piece(self, piece: Field) -> None:
        """Look at one piece."""
        kind, size, at = 1, 0, piece.at
        for one in fields(self.source, piece.at, piece.end, self.limits):
            if one.number == 3 and one.wire == VARINT:
                kind = one.value
            elif one.number == 1 and one.wire == LEN:
                size, at = one.value, one.at
        self.pieces += 1
        self.unknown += kind == _UNKNOWN
        self.bytes_ += kind == _BYTE
        if size >= _LONG:
            self.once("reference", "pieces", f"a piece of {size} bytes", at)
        if not 1 <= kind <= _TYPES:
            self.once("invalid", "pieces", f"a piece of type {kind}", at)
        elif not size:
            self.once("invalid", "pieces", "a piece of no bytes", at)
        elif kind == _USER:
            word = self.source.read(at, min(size, _SHOWN))
            if b"\0" in word:
                self.once("reference", "pieces", "a piece of the user's with a zero in it", at)
            if len(self.user) < 1000:
                self.user.append(word.decode("utf-8", "replace"))

    def trainer(self, spec: Field) -> None:
        """Keep what tells where the model comes from."""
        names = {_INPUT: "input", _PREFIX: "model_prefix"}
        for one in fields(self.source, spec.at, spec.end, self.limits):
            if one.number in names and one.wire == LEN:
                self.notes.describe(names[one.number], text(self.source, one), one.at)

    def normalizer(self, spec: Field) -> None:
        """Look at the compiled rules."""
        for one in fields(self.source, spec.at, spec.end, self.limits):
            if one.number == _CHARSMAP and one.wire == LEN and one.value:
                self.charsmap(one)
            elif one.number == _RULES and one.wire == LEN and one.value:
                self.notes.describe("normalization_rule_tsv", text(self.source, one), one.at)

    def charsmap(self, blob: Field) -> None:
        """Hold every step of the double array, and every text that it ends in, to its bounds."""
        if blob.value > _MAP:
            raise LimitExceededError("bytes of compiled rules", _MAP)
        raw = self.source.read(blob.at, blob.value)
        size = int.from_bytes(raw[:4], "little")
        if len(raw) != blob.value or len(raw) <= 4 or size >= len(raw) - 4 or size % 4 or not size:
            why = f"a trie of {size} bytes in {len(raw)} of compiled rules"
            return self.notes.fault("reference", "rules", why, blob.at)
        texts = raw[4 + size :]
        self.limits.spend(operations=size // 4)
        units = array("I", struct.unpack(f"<{size // 4}I", raw[4 : 4 + size]))
        if why := _bad_unit(units, len(texts)):
            return self.notes.fault("reference", "rules", why, blob.at)
        if texts[-1:] != b"\0":
            why = "the last text of the compiled rules does not end"
            self.notes.fault("reference", "rules", why, blob.at)
        return None

    def once(self, kind: str, what: str, why: str, at: int) -> None:
        """Note a fault of pieces, the first of its kind."""
        if why not in self.told and len(self.told) < 20:
            self.told.add(why)
            self.notes.fault(kind, what, why, at)

    def whole(self) -> None:
        """Look at what a model must have."""
        if self.unknown != 1:
            why = f"{self.unknown} pieces stand for what is unknown"
            self.notes.fault("invalid", "pieces", why, 0)
        if self.bytes_ not in (0, 256):
            self.notes.fault("invalid", "pieces", f"{self.bytes_} pieces of a byte", 0)


def _bad_unit(units: array[int], texts: int) -> str:
    """Return what is wrong with a double array, or nothing."""
    count = len(units)
    if units[0] & _LEAF:
        return "the root of the compiled rules is a leaf"
    for index, unit in enumerate(units):
        if unit & _LEAF:
            if unit ^ _LEAF >= texts:
                return f"unit {index} of the compiled rules ends in text {unit ^ _LEAF} of {texts}"
        elif (index ^ ((unit >> 10) << ((unit & 512) >> 6))) | 255 >= count:
            return f"unit {index} of the compiled rules leads out of the {count} there are"
    return ""
