"""How bad an advisory is: the score of its CVSS vectors, or the word it uses, or unknown.

The vectors are computed when records are imported, so that a scan needs no calculator.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from modelwarden.core.values import dataclass

# Lower ends of the qualitative ratings, CVSS 3.1 section 5 and 4.0 section 6.
_RATINGS = ((9.0, "critical"), (7.0, "high"), (4.0, "medium"), (0.0, "low"))
_WORDS = {
    "critical": "critical",
    "high": "high",
    "important": "high",
    "moderate": "medium",
    "medium": "medium",
    "low": "low",
}


@dataclass(frozen=True, slots=True)
class Scored:
    """How bad an advisory is.

    Attributes:
        word: `critical`, `high`, `medium` or `low`.
        score: 0 to 10; None where only a word was given.
        vector: the CVSS vector that gives the score.
    """

    word: str
    score: float | None = None
    vector: str | None = None


def scored(record: Mapping[str, object]) -> Scored | None:
    """Return the worst that a record says of itself; None when it says nothing that is known."""
    if str(record.get("id", "")).startswith("MAL-"):
        return Scored("critical")  # not a flaw but an attack: whoever installs it has run it
    found = [s for vector in _vectors(record) if (s := rated(vector)) is not None]
    if found:
        return max(found, key=lambda s: s.score or 0.0)
    details = record.get("database_specific")
    word = str(details.get("severity", "")).lower() if isinstance(details, Mapping) else ""
    return Scored(_WORDS[word]) if word in _WORDS else None


@cache
def rated(vector: str) -> Scored | None:
    """Return the base score of a CVSS 3.0, 3.1 or 4.0 vector; None when it is none of them.

    >>> rated("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H").score
    9.8
    """
    from cvss import CVSS3, CVSS4
    from cvss.exceptions import CVSSError

    kinds = {"CVSS:3": CVSS3, "CVSS:4": CVSS4}
    kind = kinds.get(vector[:6])
    if kind is None or len(vector) > 400:
        return None
    try:
        score = float(kind(vector).base_score)
    except CVSSError:
        return None
    return Scored(word_of(score), score, vector)


def word_of(score: float) -> str:
    """Return the rating of a score from 0 to 10."""
    return next(word for low, word in _RATINGS if score >= low)


def _vectors(record: Mapping[str, object]) -> list[str]:
    severities = [record.get("severity")]
    affected = record.get("affected")
    if isinstance(affected, list):
        severities += [a.get("severity") for a in affected if isinstance(a, Mapping)]
    return [
        entry["score"]
        for group in severities
        if isinstance(group, list)
        for entry in group
        if isinstance(entry, Mapping) and isinstance(entry.get("score"), str)
    ]
