"""How the real machines read a stream, frames that lie included.

A frame (protocol 4) announces how many bytes belong together. The machines differ when an
argument reaches over the end of its frame: `pickle.loads`, and a buffered file with a short frame,
take no notice of frames; `pickle.load` on other files drops what is left of the frame and reads
the argument behind it; Python's own machine refuses. So an argument that crosses the end of a
frame has two readings. The tape takes the one that `choices` says and counts the crossings; the
caller runs the stream again with other choices (`alternatives`).

Source: CPython, `Modules/_pickle.c`, `_Unpickler_ReadImpl`, `_Unpickler_Readline`, `load_frame`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwarden.formats.view import DamagedError

if TYPE_CHECKING:
    from modelwarden.formats.source import Source

WINDOW = 1 << 18
FIRST = 1 << 10  # many streams are short: the window grows with the stream
MARGIN = 288  # more than any opcode of the fast loop takes: 2 + 255 bytes and a memo opcode


class Tape:
    """A position in the stream.

    Attributes:
        at: offset of the next byte.
        end: first offset that must not be read.
        data: a window of bytes that begins at offset `base`; `text` is the same as Latin-1.
        crossings: arguments that reached over the end of a frame.
        jumps: how many of them were read behind the frame.
        passes: raw data that is not opcodes: where it begins, and where it ends.
    """

    __slots__ = (
        "_choices",
        "_size",
        "at",
        "base",
        "crossings",
        "data",
        "end",
        "frames",
        "jumps",
        "passes",
        "source",
        "text",
    )

    def __init__(
        self, source: Source, start: int, end: int, choices: tuple[bool, ...] = ()
    ) -> None:
        """Stand at `start`."""
        self.source = source
        self.at = start
        self.end = min(end, source.size)
        self.base = start
        self.data = b""
        self.text = ""
        self.frames: list[int] = []
        self.crossings = 0
        self.jumps = 0
        self.passes: dict[int, int] = {}
        self._choices = choices
        self._size = FIRST

    def window(self) -> int:
        """Slide the window to `at`; return how far into it the fast loop may begin an opcode.

        Up to there every argument of a fast opcode is in the window and in the frame.
        """
        stop = self.base + len(self.data)
        if (self.at > stop - MARGIN * 2 and stop < self.end) or self.at < self.base:
            if self.at > stop:  # what was stepped over is long: more of it may follow
                self._size = FIRST
            self.data = self.source.read(self.at, min(self._size, self.end - self.at))
            self._size = min(WINDOW, self._size * 8)
            self.text = self.data.decode("latin-1")
            self.base = self.at
        safe = self.base + len(self.data)
        if self.frames or self.passes:
            self.frames = [end for end in self.frames if end > self.at]
            safe = min([safe, *self.frames, *self.passes])
        return safe - self.base - MARGIN

    def byte(self) -> int:
        """Return the next byte.

        Raises:
            DamagedError: there is none.
        """
        index = self.at - self.base
        if 0 <= index < len(self.data) and self.at < self.end:
            self.at += 1
            return self.data[index]
        return self.take(1)[0]

    def take(self, size: int) -> bytes:
        """Return the next `size` bytes, at most a few KiB; longer ones are for `skip`.

        Raises:
            DamagedError: fewer are left.
        """
        start = self.skip(size)
        index = start - self.base
        if index >= 0 and index + size <= len(self.data):
            return self.data[index : index + size]
        data = self.source.read(start, size)
        if len(data) != size:
            raise DamagedError("the file became shorter while it was read", start)
        return data

    def skip(self, size: int) -> int:
        """Step over the next `size` bytes and return where they begin.

        Raises:
            DamagedError: fewer are left.
        """
        if self.frames:
            self._cross(self.at + size)
        start = self.at
        if size > self.end - start:
            raise DamagedError(f"{size} bytes announced, {max(0, self.end - start)} left", start)
        self.at = start + size
        return start

    def line(self) -> tuple[int, int]:
        r"""Step over a line and return its offset and its size without the newline.

        At the end of the bytes Python's machine takes a line without a newline, and drops its
        last byte all the same; the C machine refuses it.
        """
        while True:
            newline = self._newline()
            stop = self.end if newline < 0 else newline + 1
            if not self.frames or not self._cross(stop):
                break
        start, self.at = self.at, stop
        return start, max(0, stop - 1 - start)

    def frame(self, size: int) -> None:
        """Begin a frame of `size` bytes."""
        if self.frames:
            self._cross(self.at + size)
        if size and self.at + size < self.end:
            self.frames.append(self.at + size)

    def pass_over(self, start: int, end: int) -> None:
        """Take the bytes from `start` to `end` out of the stream; `start` may still be ahead."""
        if start == self.at:
            self.at = end
        else:
            self.passes[start] = end

    def arrive(self) -> None:
        """Step over raw data that begins here."""
        while self.at in self.passes:
            self.at = self.passes.pop(self.at)

    def _cross(self, stop: int) -> bool:
        """Settle the frames that end before `stop`; return whether `at` was moved."""
        moved = False
        for end in sorted(self.frames):
            if end <= self.at:
                self.frames.remove(end)
            elif end < stop:
                self.frames.remove(end)
                index, self.crossings = self.crossings, self.crossings + 1
                if index < len(self._choices) and self._choices[index]:
                    stop, self.at, moved = stop + end - self.at, end, True
                    self.jumps += 1
        return moved

    def _newline(self) -> int:
        at = self.at
        index = self.data.find(b"\n", at - self.base) if at >= self.base else -1
        if index >= 0 and self.base + index < self.end:
            return self.base + index
        while at < self.end:
            part = self.source.read(at, min(WINDOW, self.end - at))
            if not part:
                return -1
            if (index := part.find(b"\n")) >= 0:
                return at + index
            at += len(part)
        return -1


def alternatives(choices: tuple[bool, ...], crossings: int, most: int) -> list[tuple[bool, ...]]:
    """Return the choices that were open in a run with `choices` that met so many crossings.

    >>> alternatives((), 5, 2)
    [(True,), (False, True)]
    """
    open_ = range(len(choices), min(crossings, len(choices) + most))
    return [(*choices, *(False,) * (i - len(choices)), True) for i in open_]
