"""What can happen to a text on its way: case, space, look-alikes, invisible characters."""

from __future__ import annotations

import re
import unicodedata

# Latin letters and what looks the same in Cyrillic and Greek.
_ALIKE = str.maketrans(
    {
        "a": "\u0430", "c": "\u0441", "e": "\u0435", "i": "\u0456", "o": "\u043e", "p": "\u0440",
        "s": "\u0455", "x": "\u0445", "y": "\u0443", "A": "\u0410", "B": "\u0412", "C": "\u0421",
        "E": "\u0415", "H": "\u041d", "I": "\u0406", "K": "\u041a", "M": "\u041c", "N": "\u039d",
        "O": "\u041e", "P": "\u0420", "S": "\u0405", "T": "\u0422", "X": "\u0425", "Y": "\u03a5",
    }
)  # fmt: skip
_ALIKES = re.compile("[" + "".join(map(str, _ALIKE.values())) + "]")
_LATIN = re.compile("[A-Za-z]")
INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u00ad"
_INVISIBLE = re.compile(f"[{INVISIBLE}]")
LONG = 20_000
_MISSING = frozenset({"?", "n/a", "na", "nan", "none", "null", "unknown", "missing", "-", "--"})


def alike(text: str) -> str:
    """Return the text with letters of other alphabets that look the same."""
    return text.translate(_ALIKE)


def has_alike(text: str) -> bool:
    """Tell whether letters that look Latin and are not stand among Latin ones."""
    return bool(_ALIKES.search(text)) and bool(_LATIN.search(text))


def invisible(text: str) -> str:
    """Return the text with a character of no width after each third, and one at the end."""
    parts = [text[i : i + 3] for i in range(0, len(text), 3)]
    return "\u200b".join(parts) + "\u200b"


def has_invisible(text: str) -> bool:
    """Tell whether a character that nobody sees is in it."""
    return bool(_INVISIBLE.search(text))


def spaced(text: str) -> str:
    """Return the text in the other case, with space around it."""
    return f"  {text.lower() if text.isupper() else text.upper()} "


def mixed(text: str) -> bool:
    """Tell whether the text has both cases, as Names do, so that small letters are another form."""
    return text != text.lower() and not text.isupper()


def folded(text: str) -> str:
    """Return what is left of a word without case, space and form."""
    return " ".join(unicodedata.normalize("NFKC", text).split()).casefold()


def too_long(text: str) -> str:
    """Return the text over and over, far longer than any honest one."""
    length = min(max(LONG, 3 * len(text)), 10 * LONG)
    return ((text or "x") * (length // max(len(text), 1) + 1))[:length]


def stands_for_missing(text: str) -> bool:
    """Tell whether people write this where they have no value."""
    return text.strip().casefold() in _MISSING


def typed(text: str) -> str:
    """Return the text with two letters of every sixth word turned round, as fast typists do."""
    words = text.split(" ")
    for at in range(0, len(words), 6):
        word = words[at]
        if len(word) > 3:
            words[at] = word[0] + word[2] + word[1] + word[3:]
    return " ".join(words)


def wide(text: str) -> str:
    """Return the text in full-width forms, as some keyboards write it."""
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


def decomposed(text: str) -> str:
    """Return the text with accents as characters of their own, as some systems store it."""
    return unicodedata.normalize("NFD", text)


def broken_lines(text: str) -> str:
    """Return the text with more space between the words, and lines broken."""
    return "\n  ".join("  ".join(part.split(" ")) for part in text.split(". ")) + " \n"


def controlled(text: str) -> str:
    """Return the text with characters of control in it."""
    middle = len(text) // 2
    return f"\x00{text[:middle]}\x1b[0m\x08{text[middle:]}\x7f"


def escaped(text: str) -> str:
    """Return the text as it stands in a page: entities for its marks."""
    named = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"}
    return "".join(named.get(c, c) for c in text)
