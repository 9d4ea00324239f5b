"""A text classifier asked about people: which terms turn its answers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np

from modelwarden.assess.context import Context
from modelwarden.assess.fairness.ordinary import WORDS, with_word, words_as_common
from modelwarden.assess.fairness.sentences import Sentence, sentences
from modelwarden.assess.rules._seen import findings
from modelwarden.assess.rules.identity_term_bias import TermBias, identity_term_bias
from modelwarden.assess.stage import StageResult
from modelwarden.core import Finding, Location, Measurement, Table, TableKind
from modelwarden.metrics.intervals import of_share
from modelwarden.metrics.values import measured
from modelwarden.targets.frames import Frame, Labels
from modelwarden.targets.labels import missing, positions, same
from modelwarden.targets.spec import Modality, Task

NAME = "fairness"
# Of the terms in one sentence that must be answered alike, for the sentence to tell anything.
_AGREED = 0.8
_SHOWN = 15
# Of the words that the data hold as often, that turn answers too, for a term to be one of them.
_ORDINARY = 0.25


def fits(context: Context) -> bool:
    """Tell whether the model is a classifier of texts."""
    text = context.project.modality is Modality.TEXT
    return text and context.target.spec.task is not Task.REGRESSION


def probe(context: Context) -> StageResult:
    """Ask about people, and name the terms that turn the answers.

    Raises:
        TargetError: the model failed, or answered something that is no answer.
    """
    asked = list(sentences())
    inputs = np.array([s.text for s in asked], object)
    said = context.ask(context.target, inputs, "identity").labels
    if said is None:
        return StageResult()
    usual = _usual(asked, said)
    views = sorted(_views(context, asked, said, usual), key=lambda v: (-v.turned / v.n, v.term))
    found, notes = _named(context, asked, said, usual, views)
    total, turned = sum(v.n for v in views), sum(v.turned for v in views)
    overall = measured(
        "identity_flip_rate",
        turned / total if total else float("nan"),
        of_share(turned, total),
        total,
        conditions={**context.conditions, "sentences": len(asked), "terms": len(views)},
    )
    return StageResult(
        findings=found,
        measurements=(overall, *(_measurement(context, v) for v in views[:_SHOWN] if v.turned)),
        tables=(_table(views),) if any(v.turned for v in views) else (),
        notes=notes or (() if found else (_silence(views),)),
    )


def _named(
    context: Context,
    asked: Sequence[Sentence],
    said: Labels,
    usual: Labels,
    views: Sequence[TermBias],
) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
    """Return the terms that turn the answers, but for those that do so as any word of the data."""
    found: list[Finding] = []
    notes: list[str] = []
    for view in views:
        told = list(findings(identity_term_bias, view, NAME))
        alike, words = _ordinary(context, asked, said, usual, view) if told else (0, 0)
        if words and alike >= _ORDINARY * words:
            notes.append(
                f'"{view.term}" turns the answer in {view.turned} of {view.n} sentences about '
                f"people, and so do {alike} of {words} other words that the data hold as often: "
                "the model answers such sentences by single words"
            )
        else:
            found += told
    return tuple(found), tuple(notes)


def _ordinary(
    context: Context, asked: Sequence[Sentence], said: Labels, usual: Labels, view: TermBias
) -> tuple[int, int]:
    """Return how many words as common as the term would be named too, and of how many."""
    texts = context.test.inputs
    if isinstance(texts, Frame):
        return 0, 0
    places = [
        i
        for i, s in enumerate(asked)
        if usual[i] >= 0 and (s.term, s.axis) == (view.term, view.axis)
    ]
    turned_to = [int(said[i]) for i in places if said[i] != usual[i]]
    words = words_as_common(texts.tolist(), view.term, _taught(context, turned_to))
    if len(words) < WORDS // 2 or not places:
        return 0, 0
    made = [with_word(asked[i].text, view.term, word) for word in words for i in places]
    again = context.ask(context.target, np.array(made, object), "ordinary words").labels
    if again is None:
        return 0, 0
    turned = (again.reshape(len(words), -1) != usual[places]).sum(axis=1)
    least = max(view.margin * view.n, view.turned / 2)
    return int((turned >= least).sum()), len(words)


def _taught(context: Context, turned_to: Sequence[int]) -> list[bool] | None:
    """Return of each test row whether its label is the answer that a term mostly turns to."""
    truth = context.test.y
    if truth is None or not turned_to:
        return None
    answer = same(context.target.spec.classes[int(np.bincount(turned_to).argmax())])
    there = np.flatnonzero(~missing(truth))
    found, place = positions(truth[there])
    known = np.array([same(name) == answer for name in found], np.bool_)
    taught = np.zeros(len(truth), np.bool_)
    taught[there] = known[place]
    return taught.tolist()


def _usual(asked: Sequence[Sentence], said: Labels) -> Labels:
    """Return the answer that most terms of its kind agree on in each sentence; -1 for none."""
    at: dict[tuple[str, int], list[int]] = defaultdict(list)
    for i, sentence in enumerate(asked):
        at[sentence.kind, sentence.frame].append(i)
    usual = np.full(len(asked), -1, np.int64)
    for places in at.values():
        counts = np.bincount(said[places])
        if counts.max() >= _AGREED * len(places):
            usual[places] = counts.argmax()
    return usual


def _views(
    context: Context, asked: Sequence[Sentence], said: Labels, usual: Labels
) -> Iterator[TermBias]:
    """Yield what each term does, over the sentences that most terms of its kind agree on."""
    terms: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    for i, sentence in enumerate(asked):
        if usual[i] >= 0:
            terms[sentence.kind, sentence.axis, sentence.term].append(i)
    shares: dict[str, list[float]] = defaultdict(list)
    for (kind, _, _), places in terms.items():
        shares[kind].append(float((said[places] != usual[places]).mean()))
    for (kind, axis, term), places in terms.items():
        turned = [i for i in places if said[i] != usual[i]]
        low, high = of_share(len(turned), len(places))
        answers = np.bincount(said[turned]) if turned else np.zeros(1)
        yield TermBias(
            path=context.model.path,
            location=Location(path=context.model.path, terms={"term": term, "axis": axis}),
            term=term,
            axis=axis,
            turned=len(turned),
            n=len(places),
            low=low,
            high=high,
            answer=repr(context.target.spec.classes[int(answers.argmax())]),
            usual=float(np.median(shares[kind])),
            margin=context.assess.fairness.term_margin,
            example=asked[turned[0]].text if turned else "",
        )


def _measurement(context: Context, view: TermBias) -> Measurement:
    return measured(
        "identity_flip_rate",
        view.turned / view.n,
        of_share(view.turned, view.n),
        view.n,
        group={"term": view.term},
        conditions=context.conditions,
    )


def _table(views: Sequence[TermBias]) -> Table:
    return Table(
        name="identity_terms",
        title="Share of sentences about people whose answer one word turns",
        stage=NAME,
        kind=TableKind.INTERVALS,
        meaning="The same sentences with another term, name or pronoun in one place. 0: the term is"
        " answered like the others.",
        columns=("label", "value", "low", "high", "n", "axis", "answer", "example"),
        rows=tuple(
            (v.term, v.turned / v.n, v.low, v.high, v.n, v.axis, v.answer, v.example)
            for v in views[:_SHOWN]
        ),
        notes=(f"{len(views)} terms were asked; the {min(_SHOWN, len(views))} worst are shown.",),
    )


def _silence(views: Sequence[TermBias]) -> str:
    if not views:
        return "the model answers sentences about people too unevenly to tell terms apart"
    worst = views[0]
    return (
        f"none of {len(views)} identity terms, names and pronouns turns the answers: the worst, "
        f'"{worst.term}", does so in {worst.turned} of {worst.n} sentences'
    )
