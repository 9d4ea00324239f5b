"""Long repeats: a part of each sample again and again, which chance hardly makes.

    python -m soak.repeats OUT [--seed N] [--size BYTES]

What is quadratic in a reader or a rule shows here: each sample of the soak is repeated in part up
to `size` bytes and scanned, and so are scripts of a few words that the rules on commands look for.
Prints and keeps in the folder OUT whatever takes longer than a few CPU seconds, or fails. Exits 1
on any.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from modelwarden.artifacts.examine import examine
from modelwarden.artifacts.known import commands, flows, pipelines, pushes, secret_sources
from modelwarden.artifacts.known.attacks import ATTACKS
from modelwarden.core import GapKind
from modelwarden.core.patterns import lazily
from modelwarden.formats import Source, installs, recipes

from .__main__ import LIMITS, prepared
from .guard import HangError, alarm

SECONDS = 1.5
"""Of processor time for 100 kB: what is linear takes some tenths of it."""
_LARGEST = 60_000  # of what is repeated in part
_PARTS = (1, 2, 3, 8, 20, 60)
_SCRIPTS = 1_000
_BETWEEN = ("", " ", " ", "\t", " \n", ";", "|", "/")
_MODULES = (commands, flows, installs, pipelines, pushes, recipes, secret_sources)


def _patterns() -> Iterator[str]:
    """Yield the texts of the patterns by which commands are judged."""
    yield from (pattern.pattern for pattern, _ in ATTACKS)
    for module in _MODULES:
        for one in vars(module).values():
            if isinstance(one, lazily):
                yield one._given[0]
            elif isinstance(one, re.Pattern):
                yield one.pattern


_WORDS = tuple(
    sorted({w for text in _patterns() for w in re.findall(r"(?<!\\)[A-Za-z-][\w.-]+", text)})
) + tuple(
    "A a - / ./ . x= x=y $ ${ $( ` | & ; -x = 0 : @ http:// << < > >> ( ) { } [ % ' \"".split()
)


def repeated(data: bytes, size: int, rng: random.Random) -> bytes:
    """Return the bytes with some lines, or some bytes, repeated in their place up to `size`."""
    if b"\n" in data and rng.random() < 0.5:
        lines = data.splitlines(keepends=True)
        first = rng.randrange(len(lines))
        part = b"".join(lines[first : first + rng.choice((1, 1, 2, 4))])
        at = len(b"".join(lines[:first]))
    else:
        at = rng.randrange(max(1, len(data)))
        part = data[at : at + rng.choice(_PARTS)]
    return data[:at] + part * (size // max(1, len(part))) + data[at:]


def script(size: int, rng: random.Random) -> bytes:
    """Return a command of a few words, again and again, with other words before and after it."""

    def words(most: int, between: str = " ") -> str:
        return between.join(rng.choice(_WORDS) for _ in range(rng.randint(0, most)))

    part = words(5, rng.choice(_BETWEEN)) + rng.choice(_BETWEEN) or "A"
    before, after = words(5) + rng.choice(_BETWEEN), words(4)
    return f"{before}{part * (size // len(part))}{after}\n".encode()


def trouble(name: str, data: bytes) -> str:
    """Examine a file; return what must not be, or nothing."""
    began = time.process_time()
    alarm(60)
    try:
        result = examine(Source(name, data), LIMITS)
    except HangError:
        return "it hangs"
    finally:
        alarm(0)
    failed = [gap.why for gap in result.gaps if gap.kind is GapKind.FAILED]
    took = time.process_time() - began
    return failed[0] if failed else f"{took:.1f} s" if took > SECONDS else ""


def main() -> int:
    """Repeat a part of every sample, and tell what takes long."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--size", type=int, default=100_000)
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    samples, bad = [s for s in prepared() if len(s[1]) <= _LARGEST], 0
    samples += [("start.sh", b"")] * _SCRIPTS
    for number, (name, data) in enumerate(samples):
        rng = random.Random(f"{given.seed}:{number}")
        # Of a single command, so much is looked at.
        made = repeated(data, given.size, rng) if data else script(given.size // 5, rng)
        why = trouble(name, made)
        if why:
            bad += 1
            (given.out / f"{given.seed}-{number}").write_bytes(made)
            sys.stdout.write(f"{number} {name}: {why}\n")
    sys.stdout.write(f"{len(samples)} samples, {bad} of them bad\n")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
