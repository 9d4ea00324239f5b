"""fastText models, whole (`.bin`) and quantised (`.ftz`): each count is held to what it counts.

    magic version | arguments | words | pruned n-grams | input matrix | output matrix

fastText reads these without checks: a row that is not there is read all the same, and buckets are
divided by.
"""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING

from modelwarden.core.values import dataclass
from modelwarden.formats.cursor import Cursor
from modelwarden.formats.described import Notes, PlainModel
from modelwarden.formats.identified.kind import producer
from modelwarden.formats.limits import LimitExceededError
from modelwarden.formats.view import DamagedError

if TYPE_CHECKING:
    from modelwarden.formats.limits import Limits
    from modelwarden.formats.source import Source

_MAGIC = b"\xba\x16\x4f\x2f"
_VERSIONS = (11, 12)
_ENTRY = re.compile(rb"([^\0]*+)\0(.{8})(.)", re.DOTALL)
_PIECE = 1 << 18
_SUPERVISED = 3
_CENTROIDS = 256
_PRUNED = 1 << 22
_MODELS = (1, 2, 3)
_LOSSES = (1, 2, 3, 4)


@dataclass(frozen=True, slots=True, kw_only=True)
class FasttextModel(PlainModel):
    """One model.

    Attributes:
        words, labels: how many. dimension: numbers of one vector. quantised: vectors are codes.
    """

    words: int = 0
    labels: int = 0
    dimension: int = 0
    quantised: bool = False


def sniff(source: Source) -> bool:
    """Tell whether the magic stands at the front."""
    return source.head.startswith(_MAGIC)


def read(source: Source, limits: Limits) -> FasttextModel:
    """Walk a model to its end."""
    walk = _Walk(source, limits)
    if walk.notes.attempt(walk.run, "reference"):
        walk.notes.behind(walk.cursor.at)
    return FasttextModel(
        source=source,
        format="fasttext",
        producer=producer("fasttext"),
        gaps=tuple(walk.notes.gaps),
        children=tuple(walk.notes.children),
        faults=tuple(walk.notes.faults),
        words=walk.words,
        labels=walk.labels,
        dimension=walk.dimension,
        quantised=walk.quantised,
    )


class _Walk:
    """One walk over a file."""

    def __init__(self, source: Source, limits: Limits) -> None:
        self.source = source
        self.limits = limits
        self.notes = Notes(source)
        self.cursor = Cursor(source, 4)
        self.words = self.labels = self.dimension = self.pruned = 0
        self.quantised = False

    def run(self) -> None:
        """Walk all of it."""
        cursor = self.cursor
        version = cursor.u32()
        if version not in _VERSIONS:
            raise DamagedError(f"version {version}, which is not known", 4)
        begin = cursor.at
        self.dimension, _, _, _, _, ngrams, loss, model, bucket, _, longest, _ = cursor.unpack(
            "<12i"
        )
        cursor.skip(8)
        if model == _SUPERVISED and version == _VERSIONS[0]:
            longest = 0
        if self.dimension < 1:
            self.bad("arguments", f"vectors of {self.dimension} numbers", begin)
        if bucket < 1 and (longest > 0 or ngrams > 1):
            self.bad("arguments", f"its n-grams fall into {bucket} buckets", begin)
        if model not in _MODELS or loss not in _LOSSES:
            self.notes.fault("invalid", "arguments", f"the model {model}, the loss {loss}", begin)
        self.dictionary()
        grams = max(bucket, 0) if self.pruned < 0 else self.pruned
        self.quantised = self.flag()
        self.matrix("input", self.words + grams, quantised=self.quantised)
        whole = self.flag()
        answers = self.labels if model == _SUPERVISED else self.words
        self.matrix("output", answers, quantised=self.quantised and whole)

    def flag(self) -> bool:
        """Read one byte that is 0 or 1."""
        at, value = self.cursor.at, self.cursor.u8()
        if value > 1:
            raise DamagedError(f"a yes or no of {value}", at)
        return bool(value)

    # --- words --------------------------------------------------------------------------------

    def dictionary(self) -> None:
        """Read words, labels and the n-grams that were kept."""
        at = self.cursor.at
        size, self.words, self.labels = self.cursor.unpack("<3i")
        _, self.pruned = self.cursor.unpack("<2q")
        if min(size, self.words, self.labels) < 0 or size != self.words + self.labels:
            why = f"{size} entries for {self.words} words and {self.labels} labels"
            raise DamagedError(why, at)
        if size * 10 > self.cursor.left:
            raise DamagedError(f"{size} entries announced, {self.cursor.left} bytes left", at)
        self.limits.spend(operations=size)
        self.entries(size)
        if self.pruned > 0:
            self.kept(at)

    def entries(self, size: int) -> None:
        """Step over the words: a text, how often it was met, and whether it is a label."""
        done, at = 0, self.cursor.at
        while done < size:
            self.limits.check_time()
            piece = self.source.read(at, _PIECE)
            end = 0
            for found in _ENTRY.finditer(piece):
                if found.start() != end or done == size:
                    break
                end, kind = found.end(), found[3][0]
                if kind != (done >= self.words):
                    raise DamagedError(f"entry {done} is of kind {kind}", at + found.start())
                done += 1
            if not end:
                raise DamagedError(f"{done} of {size} entries can be read", at)
            at += end
        self.cursor.at = at

    def kept(self, at: int) -> None:
        """Look at the n-grams that pruning kept: each names a row behind the words."""
        if self.pruned * 8 > self.cursor.left:
            raise DamagedError(f"{self.pruned} n-grams, {self.cursor.left} bytes left", at)
        if self.pruned > _PRUNED:
            raise LimitExceededError("pruned n-grams", _PRUNED)
        self.limits.spend(operations=self.pruned)
        begin = self.cursor.at
        rows = struct.unpack(f"<{2 * self.pruned}i", self.cursor.take(8 * self.pruned))[1::2]
        if min(rows) < 0 or max(rows) >= self.pruned:
            wrong = min(rows) if min(rows) < 0 else max(rows)
            self.bad("n-grams", f"an n-gram is in the row {wrong} of {self.pruned}", begin)

    # --- numbers ------------------------------------------------------------------------------

    def matrix(self, name: str, rows: int, *, quantised: bool) -> None:
        """Step over a matrix, and hold it to the rows that are asked for."""
        at = self.cursor.at
        normed = self.flag() if quantised else False
        height, width = self.cursor.unpack("<2q")
        if height < 0 or width < 0:
            raise DamagedError(f"a matrix of {height} × {width}", at)
        if height < rows or width != self.dimension:
            self.bad(name, f"{height} × {width} for {rows} rows of {self.dimension}", at)
        if quantised:
            self.codes(name, height, width, normed=normed)
        else:
            self.cursor.skip(4 * height * width)

    def codes(self, name: str, height: int, width: int, *, normed: bool) -> None:
        """Step over the codes of a quantised matrix."""
        at = self.cursor.at
        size = self.cursor.unpack("<i")[0]
        self.cursor.skip(size)
        parts = self.quantizer(name, width)
        if size != height * parts:
            self.bad(name, f"{size} codes for {height} rows of {parts}", at)
        if normed:
            self.cursor.skip(height)
            self.quantizer(name, 1)

    def quantizer(self, name: str, width: int) -> int:
        """Step over the centroids; return the codes of one row."""
        at = self.cursor.at
        dimension, parts, size, last = self.cursor.unpack("<4i")
        fits = dimension == width and parts > 0 and 0 < last <= size
        if not fits or (parts - 1) * size + last != dimension:
            why = f"{width} numbers in {parts} parts of {size}, the last of {last}"
            self.bad(name, why, at)
        self.cursor.skip(4 * _CENTROIDS * max(dimension, 0))
        return max(parts, 0)

    def bad(self, what: str, why: str, at: int) -> None:
        """Note that a part leaves its bounds."""
        self.notes.fault("reference", what, f"{what}: {why}", at)
