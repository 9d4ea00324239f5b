"""word2vec vectors, as bytes and as text: so many words of so many numbers as line one says."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from modelwarden.core.values import dataclass
from modelwarden.formats.described import Notes, PlainModel
from modelwarden.formats.lines import lines
from modelwarden.formats.view import DamagedError

if TYPE_CHECKING:
    from modelwarden.formats.limits import Limits
    from modelwarden.formats.source import Source

# Zeros in front mean nothing to those who read the counts.
_COUNTS = re.compile(rb"0{0,64}+(\d{1,10}) 0{0,64}+(\d{1,6})[ \t]*\r?\n")
_NUMBER = rb"-?(?:\d+(?:\.\d*)?|\.\d+|nan|inf)(?:[eE][-+]?\d+)?"
_FIRST = re.compile(rb"\S+((?: +" + _NUMBER + rb")+) *\r?\n")
_LINE = re.compile(rb"\S+(?:[ \t]+" + _NUMBER + rb")++[ \t]*")
_NAMES = (".vec", ".w2v")
_PIECE = 1 << 20
_LONGEST = 4096  # bytes of one word


@dataclass(frozen=True, slots=True, kw_only=True)
class WordVectors(PlainModel):
    """A table of vectors.

    Attributes:
        words: how many. dimension: numbers of one vector.
    """

    words: int = 0
    dimension: int = 0


def _counts(source: Source) -> tuple[int, int, int] | None:
    """Return words, numbers, and where the first word begins."""
    found = _COUNTS.match(source.head)
    return (int(found[1]), int(found[2]), found.end()) if found else None


class _Binary:
    """The reader of vectors as 32-bit floats."""

    @staticmethod
    def sniff(source: Source) -> bool:
        """Tell whether counts in a line of text stand before bytes that are none."""
        counts = _counts(source)
        if counts is None or not counts[0] or not counts[1]:
            return False
        head = source.head[counts[2] :]
        word = head[:_LONGEST].find(b" ")
        return word > 0 and (b"\x00" in head or not head.isascii())

    @staticmethod
    def read(source: Source, limits: Limits) -> WordVectors:
        """Step from word to word."""
        notes = Notes(source)
        words, size, begin = _counts(source) or (0, 0, 0)
        done: list[int] = []

        def walk() -> None:
            if words * (4 * size + 2) > source.size - begin:
                left = source.size - begin
                raise DamagedError(f"{words} words of {size} numbers, {left} bytes left", 0)
            notes.behind(_end(source, limits, words, 4 * size, begin, done))

        notes.attempt(walk, "reference")
        return _view(source, "word2vec", notes, sum(done), size)


def _end(source: Source, limits: Limits, words: int, size: int, at: int, done: list[int]) -> int:
    """Return where the last vector ends."""
    while sum(done) < words:
        limits.spend(operations=1)
        window = source.read(at, max(_PIECE, size + _LONGEST))
        place = count = 0
        while count + sum(done) < words:
            space = window.find(b" ", place, place + _LONGEST)
            if space < 0 or space + 1 + size > len(window):
                break
            place, count = space + 1 + size, count + 1
        if not count:
            raise DamagedError(f"word {sum(done)} of {words} does not end", at)
        done.append(count)
        at += place
    return at + (source.read(at, 1) == b"\n")


class _Text:
    """The reader of vectors as text."""

    @staticmethod
    def sniff(source: Source) -> bool:
        """Tell whether counts in a line stand before a word with so many numbers."""
        counts = _counts(source)
        if counts and source.label.lower().endswith(_NAMES) and b"\x00" not in source.head:
            return True  # loaders make room by the counts, before they see a vector
        first = _FIRST.match(source.head, counts[2]) if counts else None
        return first is not None and counts is not None and len(first[1].split()) == counts[1]

    @staticmethod
    def read(source: Source, limits: Limits) -> WordVectors:
        """Read line by line."""
        notes = Notes(source)
        words, size, begin = _counts(source) or (0, 0, 0)
        done = 0

        def fits() -> None:
            left = source.size - begin
            if words * (2 * size + 2) > left + 1:
                raise DamagedError(f"{words} words of {size} numbers, {left} bytes left", 0)

        def walk() -> None:
            nonlocal done
            for at, line in lines(source, limits, begin):
                if done == words and line.strip():
                    return notes.behind(at)
                if not line.strip():
                    continue
                spaces = len(line.split()) - 1
                if spaces < size or not _LINE.fullmatch(line):
                    why = f"line {done + 2} is not a word with {size} numbers"
                    notes.fault("invalid", "vectors", why, at)
                    return notes.note(why, at=at)
                done += 1
            if done < words and fitting:
                raise DamagedError(f"{done} of {words} words", source.size)
            return None

        fitting = notes.attempt(fits, "reference")  # loaders allocate first, and read then
        notes.attempt(walk)
        return _view(source, "word2vec-text", notes, done, size)


def _view(source: Source, format_: str, notes: Notes, words: int, size: int) -> WordVectors:
    return WordVectors(
        source=source,
        format=format_,
        gaps=tuple(notes.gaps),
        children=tuple(notes.children),
        faults=tuple(notes.faults),
        words=words,
        dimension=size,
    )


BINARY = _Binary()
TEXT = _Text()
