"""Signs of an attack in texts, the same for every protocol: length, what nobody sees, look-alikes.

What is much is told by the reference: its own texts have emoji, foreign names and soft hyphens. So
each share has a conformal threshold, learnt from them. Patterns of prompt injection are one cheap
score on top: easily got around, and read by nobody as more than a hint.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Collection, Sequence

from modelwarden.core.values import dataclass
from modelwarden.firewall.profile import Input, Kind, TextNormal
from modelwarden.firewall.rules import INJECTION, INVISIBLE, MIXED, TEXT_LENGTH
from modelwarden.protocols.tensors import Array

_PARTS = 4  # measures that share the rate of false alarms
_LEAST_SCORE = 2.0
_SCORED = 1 << 16  # characters of one request that are searched for patterns, the latest first
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
# Format characters, blank letters, variation selectors, tags, and what Unicode calls no character.
# Joiners between letters that are not ASCII and a selector after a sign are how emoji and several
# scripts are written.
_MARKS = (
    "\u0300-\u034e\u0350-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
)
_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0e\ufeff\uffa0\ufff0-\ufffb"
    "\ufffe\uffff\ufdd0-\ufdef\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
    "\ue000-\uf8ff\U000f0000-\U0010ffff]"  # what nobody has given a meaning
    # Marks that are heaped on one letter: no script has more than three.
    rf"|(?<=[{_MARKS}]{{3}})[{_MARKS}]"
    r"|(?<![^\x00-\x7f])[\u200c\u200d]|[\u200c\u200d](?![^\x00-\x7f])|(?<=[\u200c\u200d])[\u200c\u200d]"
    r"|(?<=\ufe0f)\ufe0f|(?<=[A-Za-z])\ufe0f"
)
_ALPHABETS = tuple(
    re.compile(f"[{letters}]")
    for letters in (
        "A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u1e00-\u1eff",
        "\u0400-\u052f\u1c80-\u1c8f\u2de0-\u2dff\ua640-\ua69f",
        "\u0370-\u03a8\u03aa-\u03bb\u03bd-\u03ff\u1f00-\u1fff",  # mu and omega are units
        "\u0530-\u058f",
        "\u13a0-\u13ff\uab70-\uabbf",
    )
)
_STYLED = re.compile(
    "[\uff21-\uff3a\uff41-\uff5a\u24b6-\u24e9\U0001d400-\U0001d7ff\U0001f130-\U0001f189]"
)
_WORD = re.compile(r"[^\W\d_]+")
_PATTERNS: tuple[tuple[re.Pattern[str], float], ...] = tuple(
    (re.compile(pattern), weight)
    for pattern, weight in (
        (
            r"\b(?:ignore|disregard|forget|override|bypass)\b.{0,40}?\b(?:previous|prior|above|earlier"
            r"|preceding|all|any|your)\b.{0,40}?\b(?:instruction|rule|prompt|guideline|direction)",
            3.0,
        ),
        (r"<\|[a-z_]{2,20}\|>|\[/?inst\]|<</?sys>>|</?(?:system|assistant)>", 3.0),
        (
            r"\b(?:reveal|print|show|repeat|output|leak|tell me)\b.{0,40}?\b(?:system prompt"
            r"|hidden prompt|initial prompt|your (?:instructions|prompt|rules))",
            3.0,
        ),
        (r"\b(?:developer mode|jailbreak|do anything now|no restrictions|unfiltered)\b", 2.0),
        (r"\b(?:you are now|from now on,? you|pretend (?:to be|you are)|act as)\b", 1.0),
        (r"(?:^|\n)[ \t#]{0,8}(?:system|assistant|developer)[ \t]{0,4}:", 1.0),
        (r"!\[[^\]\n]{0,80}\]\(https?://[^)\s]{1,200}\?", 1.0),
    )
)


@dataclass(frozen=True, slots=True)
class Sign:
    """What some texts of a request show.

    Attributes:
        rule: that speaks against them.
        detail: how many, and how far beyond the threshold.
    """

    rule: str
    detail: str


def unseen(text: str) -> float:
    """Return the share of characters that nobody sees."""
    pattern = _CONTROL if text.isascii() else _UNSEEN
    return len(pattern.findall(text)) / len(text) if text else 0.0


def seen(text: str) -> str:
    """Return a text without the characters that nobody sees."""
    return _UNSEEN.sub("", text)


def blank(text: str) -> bool:
    """Tell whether nothing of a text is seen."""
    return not seen(text).strip()


def mixed(text: str) -> float:
    """Return the share of words whose letters are of several alphabets, or only look like some."""
    if text.isascii():
        return 0.0
    words = _WORD.findall(text)
    return sum(map(_is_mixed, words)) / len(words) if words else 0.0


def _is_mixed(word: str) -> bool:
    if word.isascii():
        return False
    return bool(_STYLED.search(word)) or sum(1 for a in _ALPHABETS if a.search(word)) > 1


def injection(text: str) -> float:
    """Return how much a text reads like instructions to a language model; each pattern once."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", seen(text))
    text = text.lower()
    return sum(weight for pattern, weight in _PATTERNS if pattern.search(text))


_MEASURES = {TEXT_LENGTH: len, INVISIBLE: unseen, MIXED: mixed, INJECTION: injection}


def text_normal(texts: Sequence[str], rate: float) -> TextNormal:
    """Return what is usual of texts: thresholds that one in `rate` of such is beyond.

    Each of four measures gets a quarter of the rate. Where the reference is too small for that, its
    largest value is the threshold, which one text in n + 1 is beyond.
    """
    if not texts:
        raise ValueError("there are no texts")
    at = min(math.ceil((len(texts) + 1) * (1 - rate / _PARTS)), len(texts)) - 1
    ends = {rule: float(sorted(map(of, texts))[at]) for rule, of in _MEASURES.items()}
    return TextNormal(
        rate=rate,
        texts=len(texts),
        length=ends[TEXT_LENGTH],
        unseen=ends[INVISIBLE],
        mixed=ends[MIXED],
        injection=max(_LEAST_SCORE, ends[INJECTION]),
        blank=any(map(blank, texts)),
    )


def signs_in(spec: Input, values: Array, own: Collection[int] = ()) -> list[Sign]:
    """Return what speaks against the texts of one input.

    Args:
        spec: of the input; without thresholds nothing is found.
        values: texts, or None where one is missing.
        own: positions of texts that instruct the model by right: they may be long, and may read
            like instructions.
    """
    normal = spec.texts
    if spec.kind is not Kind.TEXT or normal is None:
        return []
    ends = {
        TEXT_LENGTH: normal.length,
        INVISIBLE: normal.unseen,
        MIXED: normal.mixed,
        INJECTION: normal.injection,
    }
    texts = [(i, text) for i, text in enumerate(values.reshape(-1).tolist()) if text]
    found = []
    for rule, most in ends.items():
        of = _MEASURES[rule]
        looked = texts if rule in (INVISIBLE, MIXED) else [t for t in texts if t[0] not in own]
        if rule == INJECTION:
            looked = _latest(looked)
        beyond = [v for _, text in looked if (v := of(text)) > most]
        if beyond:
            told = f"{len(beyond)} texts of {spec.name!r}: {max(beyond):.3g}, {most:.3g} is usual"
            found.append(Sign(rule, told))
    return found


def _latest(texts: Sequence[tuple[int, str]]) -> list[tuple[int, str]]:
    """Return as much of the latest texts as patterns are searched in; of a long one, both ends."""
    kept, left = [], _SCORED
    for i, text in reversed(texts):
        if left <= 0:
            break
        half = left // 2
        kept.append((i, text if len(text) <= left else f"{text[:half]}\n{text[-half:]}"))
        left -= len(text)
    return kept
