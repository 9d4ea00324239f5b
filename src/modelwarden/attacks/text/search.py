"""Attacks on texts: which words matter, how each is best edited, and which words help.

With scores the words are ranked by what leaving each out does; with labels alone, by how much they
tell the class in the training texts. Then edits are joined, fewest first.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator, Sequence
from itertools import accumulate, islice

import numpy as np

from modelwarden.attacks.engine import Candidates, Problem
from modelwarden.attacks.scripts import Heard, Script, Scripts, bred
from modelwarden.attacks.text.operators import OPERATORS
from modelwarden.attacks.text.space import TextSpace, distance
from modelwarden.core import InputError, seed_for
from modelwarden.core.values import dataclass
from modelwarden.targets.spec import Access

# Words whose weight is asked for; helping words that are tried; edits that are tried of a word.
_WORDS, _HELPS, _VARIANTS = 40, 16, 12
_JOINED = (2, 3, 4, 5, 6, 8, 11, 15, 20, 30)
_TOGETHER = 16

ALL = tuple(OPERATORS)
TYPING = ("swap", "drop", "insert", "mistyped")
_GAPS = re.compile(r"(\s+)")
# What models read as words of their own in a word; edits that are of the whole word anyway.
_PARTS = re.compile(r"[^\W_]{2,}")
_WHOLE = ("case", "delete", "double", "synonym")


def objects(texts: list[str]) -> Candidates:
    """Return texts as an array of objects."""
    out = np.empty(len(texts), object)
    out[:] = texts
    return out


class Draft:
    """A text in pieces: words at even places, what stands between at odd ones."""

    def __init__(self, text: str) -> None:
        self.pieces = _GAPS.split(text)

    def words(self, kept: Sequence[tuple[int, int]] = ()) -> list[int]:
        """Return the places of the words that touch none of the spans that must stay."""
        ends = list(accumulate(map(len, self.pieces)))
        return [
            i
            for i in range(0, len(self.pieces), 2)
            if self.pieces[i]
            and not any(a < ends[i] and ends[i] - len(self.pieces[i]) < b for a, b in kept)
        ]

    def with_edits(self, edits: dict[int, str], added: tuple[str, ...] = ()) -> str:
        """Return the text with words replaced and words put in at its end."""
        pieces = list(self.pieces)
        for place, word in edits.items():
            pieces[place] = word
            if not word and place + 1 < len(pieces):
                pieces[place + 1] = ""
        text = "".join(pieces)
        if not added:
            return text
        return f"{text.rstrip()} {' '.join(added)}" if text.strip() else " ".join(added)


@dataclass(frozen=True, slots=True)
class _Move:
    """An edit of one word, or (place −1) a word put in at the end."""

    place: int
    word: str


class _Text:
    """One text of a problem, as scripts see it."""

    def __init__(self, problem: Problem, i: int, seed: int, name: str) -> None:
        space = text_of(problem, name)
        self.space, self.i, self.text = space, i, str(space.x[i])
        self.draft = Draft(self.text)
        self.free = self.draft.words(space.keep.spans(self.text))
        self.y = int(problem.y[i])
        self.goal = None if problem.goal is None else int(problem.goal[i])
        self.rng = np.random.default_rng(seed_for(seed, name, int(problem.rows[i])))
        self.most = int(space.budget[i])

    def made(self, moves: list[_Move]) -> str:
        """Return the text with these edits; of two at one place the last counts."""
        edits = {move.place: move.word for move in moves if move.place >= 0}
        return self.draft.with_edits(edits, tuple(m.word for m in moves if m.place < 0))

    def prior(self, place: int) -> float:
        """Return how much a word is expected to matter."""
        guide = self.space.guide
        return 0.0 if guide is None else guide.speaks(self.draft.pieces[place], self.y)

    def ranked(self) -> list[int]:
        """Return the places of the words, what is expected to matter most first."""
        return sorted(self.free, key=lambda place: (-self.prior(place), place))

    def variants(self, place: int, operators: tuple[str, ...], count: int) -> list[_Move]:
        """Return edits of a word by different operators, as many as asked."""
        word = self.draft.pieces[place]
        out: dict[str, None] = {}
        for turn in range(3):
            for name in operators:
                if len(out) >= count:
                    break
                if turn and name in ("case", "delete", "double"):
                    continue
                edited = self._edited(word, name, all_parts=turn == 0)
                if edited is not None and edited != word:
                    out.setdefault(edited)
        return [_Move(place, edited) for edited in out]

    def _edited(self, word: str, name: str, *, all_parts: bool) -> str | None:
        """Return a word edited; of one like `call.0800-123` every part, as a model reads it."""
        operator = OPERATORS[name]
        if all_parts and name not in _WHOLE and len(_PARTS.findall(word)) > 1:
            return _PARTS.sub(lambda part: operator(part[0], self.rng) or part[0], word)
        return operator(word, self.rng)

    def random(self, operators: tuple[str, ...]) -> str:
        """Return the text with a random number of random edits within the budget."""
        places = self.free
        if not places:
            return self.text
        count = 1 + int(self.rng.integers(min(self.most, len(places))))
        moves = []
        for place in self.rng.permutation(places)[:count].tolist():
            name = operators[int(self.rng.integers(len(operators)))]
            edited = OPERATORS[name](self.draft.pieces[place], self.rng)
            if edited is not None:
                moves.append(_Move(place, edited))
        return self.made(moves)


def text_of(problem: Problem, name: str) -> TextSpace:
    """Return the space of a problem whose inputs are texts.

    Raises:
        InputError: they are something else.
    """
    if not isinstance(problem.space, TextSpace):
        raise InputError(f"the attack {name} needs texts")
    return problem.space


@dataclass(frozen=True, slots=True, kw_only=True)
class RandomEdits:
    """Random edits of random words, without any feedback.

    Attributes:
        name: of the attack. access: what it needs.

    Source: our own baseline; any attack should beat it.
    """

    name: str = "random-edits"
    access: Access = Access.LABELS

    def search(self, problem: Problem, seed: int, queries: int) -> Scripts:
        """Begin."""
        text_of(problem, self.name)

        def script(i: int) -> Script:
            text = _Text(problem, i, seed, self.name)
            for turn in range(queries):
                yield objects([text.random(ALL) for _ in range(min(1 + turn, _TOGETHER))])

        return Scripts(problem, script)


@dataclass(frozen=True, slots=True, kw_only=True)
class Edits:
    """Edit the words that matter, and put in words that help.

    Attributes:
        name: of the attack. access: what it needs; it uses scores where there are some.
        operators: edits that it may use.
        helps: it puts in words that speak for another class.

    Source: importance by leaving out as in DeepWordBug (Gao et al. 2018) and TextBugger (Li et al.
    2019); good words as Lowd and Meek 2005; joining and making small are our own.
    """

    name: str = "edits"
    access: Access = Access.LABELS
    operators: tuple[str, ...] = ALL
    helps: bool = True

    def search(self, problem: Problem, seed: int, queries: int) -> Scripts:
        """Begin."""
        text_of(problem, self.name)

        def script(i: int) -> Script:
            text = _Text(problem, i, seed, self.name)
            return self._script(text, queries)

        return Scripts(problem, script)

    def _script(self, text: _Text, queries: int) -> Script:
        moves = yield from self._weighed(text)
        for turn in range(3):
            joined = [text.made(moves[:k]) for k in _JOINED if k <= min(len(moves), text.most)]
            if joined:
                yield objects(joined)
            if turn == 0 and moves:
                better = yield from self._bettered(text, moves)
                moves = better or moves
            elif turn:
                break
        yield from self._mixed(text, moves, queries)

    def _weighed(self, text: _Text) -> Generator[Candidates, Heard, list[_Move]]:
        """Ask one edit of each word, and each helping word; return them, the best first."""
        moves: list[_Move] = []
        gained: list[tuple[float, float, int]] = []
        single = self._single(text)
        while part := list(islice(single, _TOGETHER)):
            heard = yield objects([text.made([move]) for move in part])
            prior = [text.prior(m.place) if m.place >= 0 else 0.5 for m in part]
            for k, margin in enumerate(heard.margin.tolist()):
                gained.append((margin, -prior[k], len(moves) + k))
            moves += part
        gained.sort()
        return [moves[k] for _, _, k in gained]

    def _single(self, text: _Text) -> Iterator[_Move]:
        """Yield one edit of each word, the word expected to matter most first, then good words."""
        first = self._first()
        for place in text.ranked()[:_WORDS]:
            yield from text.variants(place, first, 1)
        guide = text.space.guide
        if self.helps and guide is not None:
            yield from (_Move(-1, word) for word in guide.helps(text.y, text.goal)[:_HELPS])

    def _first(self) -> tuple[str, ...]:
        """Return operators in the order in which they tell what a word is worth."""
        kept = ("delete", "homoglyph", "invisible", "mistyped", "swap", "drop")
        front = tuple(name for name in kept if name in self.operators)
        return front + tuple(name for name in self.operators if name not in front)

    def _bettered(
        self, text: _Text, moves: list[_Move]
    ) -> Generator[Candidates, Heard, list[_Move]]:
        """Go from word to word, the most telling first, and keep the edit that does most."""
        kept: list[_Move] = []
        level = np.inf
        for turn, move in enumerate(moves[: min(_JOINED[-1], text.most)]):
            tried = [move]
            if move.place >= 0:
                # What tells most deserves most; a long text needs edits of many words.
                count = _VARIANTS if turn < 4 else _VARIANTS // 2
                tried += text.variants(move.place, self.operators, count)
            heard = yield objects([text.made([*kept, one]) for one in tried])
            best = int(heard.margin.argmin())
            if heard.margin[best] < level or not np.isfinite(level):
                kept.append(tried[best])
                level = float(heard.margin[best])
        rest = [m for m in moves if all(m.place != k.place or m.place < 0 for k in kept)]
        return kept + [m for m in rest if m not in kept]

    def _mixed(self, text: _Text, moves: list[_Move], queries: int) -> Script:
        """Breed sets of edits by their margins until nothing new helps."""
        if not moves:
            return
        rng = text.rng
        pool: list[tuple[float, list[_Move]]] = [(np.inf, moves[: text.most])]
        made: list[list[_Move]] = []

        def children() -> Candidates:
            made[:] = [self._child(text, moves, pool, rng) for _ in range(_TOGETHER)]
            return objects([text.made(child) for child in made])

        def take(heard: Heard) -> bool:
            before = pool[0][0]
            both = [*pool, *zip(heard.margin.tolist(), made, strict=True)]
            pool[:] = sorted(both, key=lambda one: one[0])[:_TOGETHER]
            return pool[0][0] < before

        yield from bred(children, take, queries)

    def _child(
        self,
        text: _Text,
        moves: list[_Move],
        pool: list[tuple[float, list[_Move]]],
        rng: np.random.Generator,
    ) -> list[_Move]:
        first = pool[int(min(rng.integers(len(pool), size=2)))][1]
        second = pool[int(rng.integers(len(pool)))][1]
        both = list(dict.fromkeys([*first, *second]))
        child = [move for move in both if rng.random() < 0.6]
        weight = int(min(rng.integers(len(moves), size=2)))
        child.append(moves[weight])
        place = child[int(rng.integers(len(child)))].place
        if place >= 0:
            child += text.variants(place, tuple(rng.permutation(self.operators)), 1)
        return child[-text.most :]


@dataclass(frozen=True, slots=True, kw_only=True)
class Typing(Edits):
    """Typing errors alone."""

    name: str = "typing-errors"
    operators: tuple[str, ...] = TYPING
    helps: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Homoglyphs(Edits):
    """Letters that look the same."""

    name: str = "homoglyphs"
    operators: tuple[str, ...] = ("homoglyph",)
    helps: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Invisible(Edits):
    """Characters that nobody sees."""

    name: str = "invisible-characters"
    operators: tuple[str, ...] = ("invisible", "erased")
    helps: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GoodWords(Edits):
    """Words that speak for another class, put in at the end; nothing else is touched."""

    name: str = "good-words"
    operators: tuple[str, ...] = ()
    helps: bool = True


def shrunk(problem: Problem, i: int, win: Candidates) -> Generator[Candidates, Heard, Candidates]:
    """Take back edits one by one while the win stays one, then make those that stay smaller."""
    text = _Text(problem, i, 0, "minimal")
    best = str(win)
    while True:
        heard = yield objects([*dict.fromkeys(_fewer(text.text, best))])
        wins = np.flatnonzero(heard.won)
        if not len(wins):
            break
        best = str(heard.candidates[wins[heard.margin[wins].argmin()]])
    for _ in range(_JOINED[-1]):
        lighter = yield from _lightened(text, best)
        if lighter is None:
            break
        best = lighter
    end: Candidates = objects([best])[0]
    return end


def _lightened(text: _Text, best: str) -> Generator[Candidates, Heard, str | None]:
    """Return the text with one edit made smaller; None when none can be."""
    for smaller in _lighter(text, best):
        heard = yield objects(smaller)
        wins = np.flatnonzero(heard.won)
        if len(wins):
            return str(heard.candidates[wins[0]])
    return None


def _edited(
    first: str, second: str
) -> tuple[list[str], list[str], list[tuple[int, int, int, int]]]:
    from difflib import SequenceMatcher

    a, b = _GAPS.split(first), _GAPS.split(second)
    # What both begin and end with they have in common anyway; to find it is quicker here.
    shorter = min(len(a), len(b))
    start = next((i for i in range(shorter) if a[i] != b[i]), shorter)
    rest = shorter - start
    end = next((i for i in range(rest) if a[-1 - i] != b[-1 - i]), rest)
    middle = (a[start : len(a) - end], b[start : len(b) - end])
    matcher = SequenceMatcher(None, *middle, autojunk=False)
    found = [code[1:] for code in matcher.get_opcodes() if code[0] != "equal"]
    return a, b, [(i + start, j + start, k + start, m + start) for i, j, k, m in found]


def _fewer(first: str, second: str) -> Iterator[str]:
    """Yield the second text with one edit taken back."""
    a, b, edits = _edited(first, second)
    if len(edits) < 2:
        # A run of words put in at the end is one edit here; each word may be too much.
        for i in range(0, len(b), 2):
            fewer = b[: max(i - 1, 0)] + b[i + 1 :]
            if len(b) > len(a):
                yield "".join(fewer)
        return
    for a0, a1, b0, b1 in edits:
        yield "".join(b[:b0] + a[a0:a1] + b[b1:])
        if b1 - b0 > 2:
            for i in range(b0, b1):
                if b[i].strip():
                    yield "".join(b[: max(i - 1, 0)] + b[i + 1 :])


def _lighter(text: _Text, best: str) -> Iterator[list[str]]:
    """Yield, for each edit, texts in which it changes fewer characters of the word: a single one.

    What stands around an edit is the same in all of them, so the edit alone is measured.
    """
    a, b, edits = _edited(text.text, best)
    light = ("homoglyph", "invisible", "mistyped", "swap", "drop", "leet")
    for a0, a1, b0, b1 in edits:
        words = [i for i in range(a0, a1) if a[i].strip()]
        if len(words) != 1:
            continue
        own = a[words[0]]
        size = distance("".join(a[a0:a1]), "".join(b[b0:b1]))
        made = [OPERATORS[name](own, text.rng) for name in light]
        yield [
            "".join(b[:b0] + a[a0 : words[0]] + [word] + a[words[0] + 1 : a1] + b[b1:])
            for word in made
            if word and distance(own, word) < size
        ]
