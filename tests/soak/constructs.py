"""Mutants of what is harmful: which of them pass, and do those that pass still do harm?

    python -m soak.constructs STATE [--seed N] [--minutes M] [--only WORD]

Every harmful sample of the tests that is not clean is changed by a few bytes, most of them within
or beside the words that the findings on it name. A mutant is *caught* (a finding at medium or
above), *a gap*, or it passes; then a victim, or another parser, is asked whether it still does harm
(`soak.judge`). *harmful* and *moved* ones are kept with their number and their first bytes, to be
looked at by a person. STATE is JSON; a later run goes on behind the last number.
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
from .judge import Judge, Victims, judge_of
from .mutate import change

_KEPT = 400
_LOOK = frozenset(("harmful", "moved"))
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
        words: those that its findings name.
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
            at = [f.location.offset for f in said if f.location.offset is not None]
            at += [place.start() for w in found for place in re.finditer(re.escape(w), data)]
            yield Construct(name, data, others, frozenset(found), tuple(sorted(set(at))))


def mutant(one: Construct, rng: random.Random) -> bytes:
    """Return the file with one to three changes, most of them where it is harmful."""
    out = bytearray(one.data)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        place = rng.randint(0, len(out))
        if one.places and rng.random() < 0.7:
            place = rng.choice(one.places) + rng.randint(-_NEAR, 2 * _NEAR)
        change(out, max(0, min(place, len(out))), rng)
    return bytes(out)


class Told:
    """Tells what became of mutants; a sample's judge is made when a mutant of it first passes."""

    def __init__(self) -> None:
        self._victims = Victims()
        self._judges: dict[int, Judge] = {}

    def __call__(self, one: Construct, data: bytes) -> str:
        how = outcome(looked_at(one.name, data, one.others))
        if how != "clean":
            return how
        judge = self._judges.get(id(one))
        if judge is None:
            words = {word.decode() for word in one.words}
            judge = self._judges[id(one)] = judge_of(one.name, one.data, words, self._victims)
        return judge.verdict(data, self._victims)

    def close(self) -> None:
        self._victims.close()


def main(given_words: list[str]) -> int:
    """Go on; see above."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("state", type=Path)
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--minutes", type=float, default=10, help="CPU time of this run")
    parser.add_argument("--only", default="", help="samples with this word in a finding or name")
    given = parser.parse_args(given_words)
    state = json.loads(given.state.read_text()) if given.state.exists() else {}
    counts, kept = Counter(state.get(f"{given.seed}", {})), state.get("kept", [])
    pool = [one for one in constructs() if _is_asked(one, given.only)]
    number, told = counts.total(), Told()
    while time.process_time() < 60 * given.minutes:
        one = pool[number % len(pool)]
        data = mutant(one, random.Random(f"{given.seed}:{number}"))
        counts[how := told(one, data)] += 1
        if how in _LOOK and len(kept) < _KEPT:
            where = {"seed": given.seed, "number": number, "name": one.name}
            kept.append({**where, "how": how, "data": data[:_SHOWN].hex()})
        number += 1
    told.close()
    state |= {f"{given.seed}": dict(counts), "kept": kept, "samples": len(pool)}
    given.state.write_text(json.dumps(state, indent=1) + "\n")
    sys.stdout.write(f"{len(pool)} samples, {dict(counts)}\n")
    return 0


def _is_asked(one: Construct, word: str) -> bool:
    return not word or word in one.name or word.encode() in one.words


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
