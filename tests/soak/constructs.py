"""Mutants of what is harmful: which of them pass, and is what was harmful still in them?

    python -m soak.constructs STATE [--seed N] [--minutes M] [--only WORD]

Every harmful sample of the tests that is not clean is changed by a few bytes, most of them within
or beside the words that the findings on it name. A mutant is *caught* (a finding at medium or
above), *a gap*, or it *passes*. Of those that pass most have lost what made them harmful: a word
that a finding named is no longer there (*broken*). Where all words stand and nothing is said, the
mutant is *whole*; it is kept with its number, to be looked at by a person. Files whose words are
packed are *untold* when they pass. STATE is JSON; a later run goes on behind the last number.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from hostile.test_counts import harmful_samples
from modelwarden.artifacts import examine
from modelwarden.artifacts.examine import Examined
from modelwarden.core import Severity
from modelwarden.formats import Source

from .__main__ import LIMITS
from .mutate import change

_KEPT = 400
_SHOWN = 4096
_NEAR = 12
_WORD = re.compile(r"[^\W_][\w-]{2,}")
_SERIOUS = Severity.MEDIUM.rank


class Foldered(Source):
    """A source that stands beside other files."""

    __slots__ = ("others",)
    others: Mapping[str, bytes]

    def beside(self, name: str) -> Source | None:
        data = self.others.get(name)
        return None if data is None else Source(name, data)

    def neighbours(self, ending: str, most: int) -> list[str]:
        return sorted(name for name in self.others if name.endswith(ending))[:most]


@dataclass(frozen=True, slots=True)
class Construct:
    """A harmful file that is not clean.

    Attributes:
        words: those of its findings that stand in its bytes as they are.
        places: offsets at which they begin, and of the findings themselves.
    """

    name: str
    data: bytes
    others: Mapping[str, bytes]
    words: frozenset[bytes]
    places: tuple[int, ...]


def looked_at(name: str, data: bytes, others: Mapping[str, bytes]) -> Examined:
    """Examine bytes as a file among others."""
    source = Foldered(name, data)
    source.others = others
    return examine(source, LIMITS)


def outcome(result: Examined) -> str:
    """Return `caught`, `gap` or `clean`."""
    if any(found.severity.rank <= _SERIOUS for found in result.findings):
        return "caught"
    return "gap" if result.gaps else "clean"


def constructs() -> Iterator[Construct]:
    """Yield all of them, each different file once."""
    met: set[tuple[str, bytes]] = set()
    for name, data, others in harmful_samples():
        if (name, data) in met:
            continue
        met.add((name, data))
        result = looked_at(name, data, others)
        if outcome(result) == "caught":
            said = [f for f in result.findings if f.severity.rank <= _SERIOUS]
            texts = " ".join(str(value) for f in said for value in f.evidence.values())
            found = {word.encode() for word in _WORD.findall(texts)}
            words = frozenset(word for word in found if word in data)
            at = [f.location.offset for f in said if f.location.offset is not None]
            at += [place.start() for w in words for place in re.finditer(re.escape(w), data)]
            yield Construct(name, data, others, words, tuple(sorted(set(at))))


def mutant(one: Construct, rng: random.Random) -> bytes:
    """Return the file with one to three changes, most of them where it is harmful."""
    out = bytearray(one.data)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        place = rng.randint(0, len(out))
        if one.places and rng.random() < 0.7:
            place = rng.choice(one.places) + rng.randint(-_NEAR, 2 * _NEAR)
        change(out, max(0, min(place, len(out))), rng)
    return bytes(out)


def told(one: Construct, data: bytes) -> str:
    """Return what became of a mutant."""
    how = outcome(looked_at(one.name, data, one.others))
    if how != "clean":
        return how
    if not one.words:
        return "untold"
    return "whole" if all(word in data for word in one.words) else "broken"


def main(given_words: list[str]) -> int:
    """Go on; see above."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("state", type=Path)
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--minutes", type=float, default=10, help="CPU time of this run")
    parser.add_argument("--only", default="", help="samples with this word in a finding or name")
    given = parser.parse_args(given_words)
    state = json.loads(given.state.read_text()) if given.state.exists() else {}
    counts, kept = Counter(state.get(f"{given.seed}", {})), state.get("whole", [])
    pool = [one for one in constructs() if _is_asked(one, given.only)]
    number = counts.total()
    while time.process_time() < 60 * given.minutes:
        one = pool[number % len(pool)]
        data = mutant(one, random.Random(f"{given.seed}:{number}"))
        counts[how := told(one, data)] += 1
        if how == "whole" and len(kept) < _KEPT:
            words = sorted(word.decode() for word in one.words)
            where = {"seed": given.seed, "number": number, "name": one.name}
            kept.append({**where, "words": words, "data": data[:_SHOWN].hex()})
        number += 1
    state |= {f"{given.seed}": dict(counts), "whole": kept, "samples": len(pool)}
    given.state.write_text(json.dumps(state, indent=1) + "\n")
    sys.stdout.write(f"{len(pool)} samples, {dict(counts)}\n")
    return 0


def _is_asked(one: Construct, word: str) -> bool:
    return not word or word in one.name or word.encode() in one.words


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
