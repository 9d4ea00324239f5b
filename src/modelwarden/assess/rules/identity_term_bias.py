"""Rule: a word for a group of people that turns a text classifier's answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from modelwarden.assess.rules._seen import Seen
from modelwarden.core import Evidence, Hit, Severity, rule


@dataclass(frozen=True, slots=True, kw_only=True)
class TermBias(Seen):
    """What one term does to the answers.

    Attributes:
        term: an identity term, a name or a pronoun. axis: what it is about.
        turned: sentences whose answer it turns. n: sentences. low, high: interval of the share.
        answer: the class that it turns most of them to.
        usual: share of sentences that terms of its kind turn in the middle.
        margin: of the share that matters.
        example: a sentence that it turns.
    """

    term: str
    axis: str
    turned: int
    n: int
    low: float
    high: float
    answer: str
    usual: float
    margin: float
    example: str


@rule(
    "identity-term-bias",
    title="A word for a group of people turns the answer",
    severity=Severity.HIGH,
    reads=TermBias,
    references=("MITRE-ATLAS:AML.M0008",),
)
def identity_term_bias(seen: TermBias) -> Iterator[Hit]:
    """Flag a term that alone turns the answer to many sentences about people.

    Sentences of our own, neutral and loaded, are asked with each of many identity terms, names and
    pronouns in the same place. Nearly all terms are answered alike; a term is named when it is
    answered otherwise in many of the sentences. Where a quarter of the other words that the data
    hold as often turn the answers as well, it is one of them, and not named; words that the labels
    themselves give that answer to, as a filter's swear words, are none of these.

    Why: people who write about themselves are treated as if they had said something bad. A filter
    that removes "I am a gay man" removes gay men.

    Fix: train with harmless sentences that hold the term, or with the terms masked; weigh them up
    where they are rare outside of abuse. Measure again.

    Blind spot: English sentences only, and terms that we thought of. A classifier whose purpose is
    to tell what a text is about may rightly answer to the term.
    """
    if not seen.n or seen.turned / seen.n < seen.margin or seen.low < seen.margin / 3:
        return
    share = seen.turned / seen.n
    yield Hit(
        f'"{seen.term}" alone turns the answer to {seen.answer} in {share:.0%} of {seen.n} '
        f'sentences that other terms leave alone, as in "{seen.example}"',
        Evidence(
            facts={
                "term": seen.term,
                "axis": seen.axis,
                "share": share,
                "low": seen.low,
                "high": seen.high,
                "n": seen.n,
                "answer": seen.answer,
                "usual": seen.usual,
                "margin": seen.margin,
                "example": seen.example,
            },
            identity=(seen.term,),
        ),
    )
