"""What every reader of a format has to keep, whatever the bytes.

    def test_it_keeps_what_readers_keep():
        check_reader(my_format, [good_file, another])

A reader is a module, or a value, with `sniff(source)` and `read(source, limits)`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from modelwarden.core import Json
    from modelwarden.formats.identify import Reader
    from modelwarden.formats.view import View

_CHILDREN = 50
_PREFIXES = 64


class _Watched:
    """A store that notes how its bytes are asked for."""

    def __init__(self, data: bytes, most: int) -> None:
        self.data, self.most = data, most

    def read_at(self, offset: int, size: int) -> bytes:
        assert offset >= 0, f"the reader asked for offset {offset}"
        assert size <= self.most, f"the reader asked for {size} bytes at once of {self.most}"
        return self.data[offset : offset + size]

    def close(self) -> None:
        pass


def check_reader(
    reader: Reader, samples: Sequence[bytes], *, seed: int = 0, rounds: int = 200
) -> None:
    """Assert that a reader keeps its promises on samples, on damaged ones, and on noise.

    Any bytes survive: neither `sniff` nor `read` raises. What is read is the same for the same
    bytes, before and after anything else. Bounds are kept: nothing is asked for before the start
    or beyond `Limits.memory` at once, and with limits of almost nothing the view has a gap or is
    what it was. What is well made is recognised.

    Args:
        reader: what is checked.
        samples: whole, well made files; damage is done to copies.
        seed: root of all chance.
        rounds: damaged copies and noises.

    Raises:
        AssertionError: a promise is not kept; the bytes are named.
    """
    assert samples, "a reader is checked on samples of its format"
    for number, sample in enumerate(samples):
        assert _sniffed(reader, sample) is True, f"sample {number} is not recognised"
        _check_bounds(reader, sample)
    for data in _damaged(samples, seed, rounds):
        try:
            _sniffed(reader, data)
            first, again = _seen(reader, data), _seen(reader, data)
        except Exception as error:
            raise AssertionError(f"{type(error).__name__}: {error}, on {_shown(data)}") from error
        assert first == again, f"two readings differ, on {_shown(data)}"


def _check_bounds(reader: Reader, sample: bytes) -> None:
    from modelwarden.core import GapKind
    from modelwarden.formats import Limits, Source

    whole = _read(reader, sample)
    tight = Limits(expanded=1, members=1, operations=1, string=16, memory=1 << 16)
    small = reader.read(Source("sample", _Watched(sample, tight.memory), size=len(sample)), tight)
    kinds = {gap.kind for gap in small.gaps}
    same = _rendered(small, children=False) == _rendered(whole, children=False)
    assert kinds & {GapKind.OVER_LIMIT, GapKind.UNREADABLE} or same, (
        "with less allowed, less is seen, and no gap says so"
    )


def _sniffed(reader: Reader, data: bytes) -> bool:
    from modelwarden.formats import Source

    return reader.sniff(Source("sample", _Watched(data, 1 << 30), size=len(data)))


def _read(reader: Reader, data: bytes) -> View:
    from modelwarden.formats import Limits, Source

    limits = Limits()
    return reader.read(Source("sample", _Watched(data, limits.memory), size=len(data)), limits)


def _seen(reader: Reader, data: bytes) -> Json:
    return _rendered(_read(reader, data))


def _rendered(view: View, *, children: bool = True) -> Json:
    """Return what a view says; children by their name and their first bytes."""
    from modelwarden.core import encode

    told: list[Json] = [view.format, encode(view.producer), encode(view.gaps)]
    told.append(encode(view.inventory))
    told.append([child.name for child in view.children])
    return [*told, *(_opened(view) if children else ())]


def _opened(view: View) -> Iterator[Json]:
    from modelwarden.formats.limits import LimitExceededError
    from modelwarden.formats.view import DamagedError

    for child in view.children[:_CHILDREN]:
        try:
            with child.open() as source:
                yield [source.label, source.size, source.head.hex()]
        except (DamagedError, LimitExceededError) as error:
            yield str(error)


def _damaged(samples: Sequence[bytes], seed: int, rounds: int) -> Iterator[bytes]:
    """Yield the samples, their beginnings, copies with bytes changed, cut or put in, and noise."""
    import random

    from modelwarden.core import seed_for

    rng = random.Random(seed_for(seed, "check-reader"))  # noqa: S311 -- damage, not a secret
    yield b""
    for sample in samples:
        yield sample
        step = max(1, len(sample) // _PREFIXES)
        yield from (sample[:end] for end in range(0, len(sample), step))
    for _ in range(rounds):
        data = bytearray(rng.choice(samples))
        for _ in range(rng.randint(1, 8)):
            at = rng.randrange(len(data) + 1)
            match rng.randrange(4):
                case 0 if at < len(data):
                    data[at] = rng.choice((0, 0xFF, 0x80, rng.randrange(256)))
                case 1:
                    data[at:at] = rng.randbytes(rng.randint(1, 9))
                case 2:
                    del data[at : at + rng.randint(1, 9)]
                case _:
                    data[at : at + 8] = rng.choice((b"\xff" * 8, bytes(8), b"\x7f" + b"\xff" * 7))
        yield bytes(data)
        yield rng.choice(samples)[:16] + rng.randbytes(rng.randint(0, 300))


def _shown(data: bytes) -> str:
    return f"{len(data)} bytes: {data[:200].hex()}"
