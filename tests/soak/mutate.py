"""Changes to bytes that readers find hard: each is small, and a stream gets a few of them."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

_WIDTHS = (1, 2, 4, 8)
_PLAIN = b" \n\t\0'\"\\/.,:;(){}[]<>#%&*+-=_aA0"
_NUMBERS = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFF_FFFF, 0xFFFF_FFFF, 2**63 - 1, 2**64 - 1)


def stream(pool: Sequence[bytes], first: bytes, rng: random.Random) -> bytes:
    """Return a mutant of `first`, or noise behind its beginning."""
    if rng.random() < 0.05:
        return first[: rng.randint(0, 16)] + rng.randbytes(rng.randint(0, 2000))
    out = bytearray(first)
    for _ in range(rng.choice((1, 1, 1, 2, 3, 5, 9))):
        rng.choice(_CHANGES)(out, pool, rng)
    return bytes(out[: 1 << 17])


def change(out: bytearray, at: int, rng: random.Random) -> None:
    """Change a few bytes at one place: another bit or byte, one less, some more, or a repeat."""
    match rng.randrange(6):
        case 0 if at < len(out):
            out[at] ^= 1 << rng.randrange(8)
        case 1:
            out[at : at + 1] = rng.randbytes(1)
        case 2:
            del out[at : at + rng.choice((1, 1, 2, 4))]
        case 3:
            out[at:at] = bytes([rng.choice(_PLAIN)]) * rng.choice((1, 1, 2, 3))
        case 4 if at < len(out):
            out[at] = (out[at] + rng.randint(-3, 3)) % 256
        case _:
            out[at:at] = out[at : at + rng.randint(1, 12)]


def _place(out: bytearray, rng: random.Random) -> int:
    """Return an offset; headers and end records are hit more often than what is between."""
    size = len(out)
    match rng.randrange(4):
        case 0:
            return rng.randint(0, min(size, 64))
        case 1:
            return rng.randint(max(0, size - 64), size)
        case _:
            return rng.randint(0, size)


def _flip(out: bytearray, _: Sequence[bytes], rng: random.Random) -> None:
    if out:
        out[min(_place(out, rng), len(out) - 1)] ^= 1 << rng.randrange(8)


def _byte(out: bytearray, _: Sequence[bytes], rng: random.Random) -> None:
    at = _place(out, rng)
    out[at : at + 1] = rng.randbytes(1)


def _cut(out: bytearray, _: Sequence[bytes], rng: random.Random) -> None:
    del out[_place(out, rng) :]


def _remove(out: bytearray, _: Sequence[bytes], rng: random.Random) -> None:
    at = _place(out, rng)
    del out[at : at + rng.randint(1, 40)]


def _number(out: bytearray, _: Sequence[bytes], rng: random.Random) -> None:
    """Overwrite what may be a length or an offset."""
    at, width = _place(out, rng), rng.choice(_WIDTHS)
    value = rng.choice((*_NUMBERS, len(out), at, rng.getrandbits(64)))
    data = (value % (1 << 8 * width)).to_bytes(width, rng.choice(("little", "big")))
    out[at : at + (width if rng.random() < 0.8 else 0)] = data


def _nudge(out: bytearray, _: Sequence[bytes], rng: random.Random) -> None:
    """Make a number a little larger or smaller."""
    at = _place(out, rng)
    if at < len(out):
        out[at] = (out[at] + rng.randint(-3, 3)) % 256


def _double(out: bytearray, _: Sequence[bytes], rng: random.Random) -> None:
    at, size = _place(out, rng), rng.randint(1, 300)
    part = bytes(out[at : at + size]) * rng.choice((1, 1, 2, 50))
    out[at:at] = part


def _splice(out: bytearray, pool: Sequence[bytes], rng: random.Random) -> None:
    other = rng.choice(pool)
    begin = rng.randint(0, len(other))
    at = _place(out, rng)
    out[at : at + rng.choice((0, 40))] = other[begin : begin + rng.randint(1, 400)]


def _behind(out: bytearray, pool: Sequence[bytes], rng: random.Random) -> None:
    """Put two files behind each other."""
    other = rng.choice(pool)[:20_000]
    out[:] = out + other if rng.random() < 0.5 else other + out


def _noise(out: bytearray, _: Sequence[bytes], rng: random.Random) -> None:
    at = _place(out, rng)
    out[at:at] = rng.randbytes(rng.randint(1, 16))


_CHANGES: tuple[Callable[[bytearray, Sequence[bytes], random.Random], None], ...] = (
    _flip,
    _flip,
    _byte,
    _cut,
    _remove,
    _number,
    _number,
    _nudge,
    _double,
    _splice,
    _behind,
    _noise,
)
