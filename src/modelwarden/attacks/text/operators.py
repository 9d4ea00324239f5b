"""Edits of one word: typing errors, look-alikes, characters that nobody sees, other spellings.

Each takes a word and a generator of chance, and returns the word changed, or None where it has
nothing to change. The first and the last letter stay where a reader needs them (Rawlinson 1976; as
in DeepWordBug, Gao et al. 2018, and Pruthi et al. 2019).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

Operator = Callable[[str, np.random.Generator], str | None]

_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")


def _neighbours() -> dict[str, str]:
    """Return the keys beside each key of a QWERTY keyboard."""
    found: dict[str, str] = {}
    for r, row in enumerate(_ROWS):
        for c, key in enumerate(row):
            near = [row[i] for i in (c - 1, c + 1) if 0 <= i < len(row)]
            # Each row stands half a key to the right of the one above it.
            if r > 0:
                near += [_ROWS[r - 1][i] for i in (c, c + 1) if i < len(_ROWS[r - 1])]
            if r + 1 < len(_ROWS):
                near += [_ROWS[r + 1][i] for i in (c - 1, c) if 0 <= i < len(_ROWS[r + 1])]
            found[key] = "".join(near)
    return found


NEIGHBOURS = _neighbours()
# Latin letters and what looks like them: Cyrillic, Greek, Armenian (Unicode's confusables).
LOOK_ALIKES: Mapping[str, str] = dict(
    zip(
        "acdeghijklmnopqrstuvwxyzABCEHIJKMNOPSTXYZ",
        "асԁеɡһіјκⅼⅿոорԛгѕтսνԝхуᴢАВСЕНІЈКМΝОРЅТХΥΖ",
        strict=True,
    )
)
ACCENTS: Mapping[str, str] = dict(zip("aceinouyAEIOU", "áçéíñóúýÁÉÍÓÚ", strict=True))
LEET: Mapping[str, str] = dict(zip("aeiostlzAEIOS", "4310$71243105", strict=True))
# Zero-width space, non-joiner, joiner, word joiner, soft hyphen.
INVISIBLE = ("\u200b", "\u200c", "\u200d", "\u2060", "\u00ad")
SYNONYMS: Mapping[str, tuple[str, ...]] = {
    "free": ("complimentary", "gratis"),
    "win": ("gain", "earn"),
    "won": ("gained", "earned"),
    "winner": ("recipient",),
    "prize": ("reward", "gift"),
    "cash": ("money",),
    "money": ("funds",),
    "call": ("ring", "phone"),
    "text": ("message",),
    "txt": ("message",),
    "urgent": ("pressing",),
    "claim": ("collect", "request"),
    "offer": ("deal",),
    "stop": ("quit",),
    "reply": ("answer",),
    "now": ("today",),
    "new": ("fresh",),
    "click": ("tap",),
    "account": ("profile",),
    "mobile": ("cell",),
    "guaranteed": ("assured",),
    "good": ("fine", "nice"),
    "bad": ("poor",),
    "great": ("terrific",),
    "stupid": ("silly", "dense"),
    "idiot": ("fool",),
    "hate": ("dislike", "detest"),
    "kill": ("end",),
    "ugly": ("unsightly",),
    "dumb": ("dense",),
    "movie": ("film",),
    "film": ("movie",),
    "buy": ("get", "purchase"),
    "big": ("large",),
    "fast": ("quick",),
    "please": ("kindly",),
}


def _inner(word: str, rng: np.random.Generator, least: int = 3) -> int | None:
    """Return a place inside of the word, or None where it is too short."""
    if len(word) < least:
        return None
    return int(rng.integers(1, len(word) - 1)) if len(word) > 2 else 1


def swapped(word: str, rng: np.random.Generator) -> str | None:
    """Two neighbouring letters inside change places."""
    places = [i for i in range(1, len(word) - 2) if word[i] != word[i + 1]]
    if not places:
        return None
    i = places[int(rng.integers(len(places)))]
    return word[:i] + word[i + 1] + word[i] + word[i + 2 :]


def dropped(word: str, rng: np.random.Generator) -> str | None:
    """A letter inside is left out."""
    i = _inner(word, rng)
    return None if i is None else word[:i] + word[i + 1 :]


def inserted(word: str, rng: np.random.Generator) -> str | None:
    """A letter inside is typed twice, as a finger slips."""
    i = _inner(word, rng, 2)
    if i is None:
        return None
    near = NEIGHBOURS.get(word[i - 1].lower(), word[i - 1])
    return word[:i] + near[int(rng.integers(len(near)))] + word[i:]


def mistyped(word: str, rng: np.random.Generator) -> str | None:
    """A letter is hit beside its key."""
    places = [i for i, c in enumerate(word) if c.lower() in NEIGHBOURS]
    if not places:
        return None
    i = places[int(rng.integers(len(places)))]
    near = NEIGHBOURS[word[i].lower()]
    key = near[int(rng.integers(len(near)))]
    return word[:i] + (key.upper() if word[i].isupper() else key) + word[i + 1 :]


def _mapped(table: Mapping[str, str]) -> Operator:
    def operator(word: str, rng: np.random.Generator) -> str | None:
        places = [i for i, c in enumerate(word) if c in table and table[c] != c]
        if not places:
            return None
        i = places[int(rng.integers(len(places)))]
        return word[:i] + table[word[i]] + word[i + 1 :]

    return operator


def hidden(word: str, rng: np.random.Generator) -> str | None:
    """A character without width stands inside."""
    if len(word) < 2:
        return None
    i = int(rng.integers(1, len(word)))
    return word[:i] + INVISIBLE[int(rng.integers(len(INVISIBLE)))] + word[i:]


def erased(word: str, rng: np.random.Generator) -> str | None:
    """A letter is typed and taken back by a control character: nothing is left to see.

    Source: Boucher et al. 2022, "Bad characters", deletions.
    """
    if len(word) < 2:
        return None
    i = int(rng.integers(1, len(word)))
    return word[:i] + "x\b" + word[i:]


def split(word: str, rng: np.random.Generator) -> str | None:
    """A space stands inside."""
    i = _inner(word, rng, 2)
    return None if i is None else word[:i] + " " + word[i:]


def recased(word: str, rng: np.random.Generator) -> str | None:  # noqa: ARG001 -- as all operators
    """Lower case becomes upper case, and the other way round."""
    turned = word.upper() if not word.isupper() else word.lower()
    return turned if turned != word else None


def synonym(word: str, rng: np.random.Generator) -> str | None:
    """Another word of like meaning, from a small list of our own."""
    bare = word.strip(".,!?;:\"'()")
    known = SYNONYMS.get(bare.lower())
    if not known or not bare:
        return None
    chosen = known[int(rng.integers(len(known)))]
    if bare.isupper():
        chosen = chosen.upper()
    elif bare[0].isupper():
        chosen = chosen.capitalize()
    return word.replace(bare, chosen, 1)


def without(word: str, rng: np.random.Generator) -> str | None:  # noqa: ARG001 -- as all operators
    """The word is left out."""
    return "" if word else None


def doubled(word: str, rng: np.random.Generator) -> str | None:  # noqa: ARG001 -- as all operators
    """The word stands there twice."""
    return f"{word} {word}" if word else None


OPERATORS: Mapping[str, Operator] = {
    "homoglyph": _mapped(LOOK_ALIKES),
    "invisible": hidden,
    "mistyped": mistyped,
    "swap": swapped,
    "drop": dropped,
    "insert": inserted,
    "split": split,
    "leet": _mapped(LEET),
    "accent": _mapped(ACCENTS),
    "erased": erased,
    "case": recased,
    "synonym": synonym,
    "delete": without,
    "double": doubled,
}
