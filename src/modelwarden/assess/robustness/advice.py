"""What would help, for somebody who is no expert: each line rests on something that was found."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from modelwarden.attacks.spaces.table import TableSpace
from modelwarden.attacks.text.space import TextSpace
from modelwarden.core import Table
from modelwarden.targets.spec import Access

if TYPE_CHECKING:
    from modelwarden.assess.robustness.attacked import Attacked
    from modelwarden.assess.robustness.plan import Plan

# Of the right answers: fewer are no pattern.
_NOTABLE = 0.1
_FEW_ROWS = 100
_CARRIES = 0.3

Line = tuple[str, str, str]


def table(made: Plan, attacked: Attacked) -> Iterator[Table]:
    """Yield one table of what was found and what helps against it; none where nothing was."""
    lines = [*_lines(made, attacked)]
    if lines:
        yield Table(
            name="what_would_help",
            title="What would help",
            stage="robustness",
            meaning="Each line rests on what the attacks of this run did. Change one thing, then "
            "run the check again with this report as --baseline: it tells, sample by sample, "
            "whether the change did any good.",
            columns=("what was found", "what helps", "why"),
            rows=tuple(lines),
        )


def _lines(made: Plan, attacked: Attacked) -> Iterator[Line]:
    n, fell = len(attacked.beaten), int(attacked.beaten.sum())
    if fell < max(1, _NOTABLE * n):
        return
    yield from _by_chance(attacked, n)
    space = made.problem.space
    if isinstance(space, TableSpace):
        yield from _of_tables(space, attacked)
    elif isinstance(space, TextSpace):
        yield from _of_texts(attacked, n)
    else:
        yield (
            f"{fell} of {n} right answers fall to small changes",
            "Adversarial training: attack each batch while training and learn from the attacked "
            "inputs, with the eps of this check.",
            "It is the only remedy for images and vectors that has kept its promise under later "
            "attacks; expect to lose some clean accuracy, and look at both.",
        )
    yield from _of_questions(made, attacked)


def _by_chance(attacked: Attacked, n: int) -> Iterator[Line]:
    """Yield what random changes did, which need no attacker."""
    for entry, outcome in zip(attacked.entries, attacked.outcomes, strict=True):
        lost = int(outcome.success.sum())
        if entry.floor and lost >= _NOTABLE * n:
            yield (
                f"{lost} of {n} right answers fall to changes at random",
                "Train with randomly changed copies of the rows (augmentation).",
                "No attacker is needed for this: noise, another camera or another sensor does it.",
            )


def _of_tables(space: TableSpace, attacked: Attacked) -> Iterator[Line]:
    """Yield the features that carry the changes."""
    at = np.flatnonzero(attacked.beaten)
    changed = space.changed(at, attacked.wins()[at])
    share = changed.mean(axis=0)
    names = space.rules.columns.names
    order = np.argsort(-share, kind="stable")[:3]
    carriers = [f"{names[j]} ({share[j]:.0%})" for j in order.tolist() if share[j] >= _CARRIES]
    if carriers:
        yield (
            f"most wins change {', '.join(carriers)}",
            "Take these from a source that the sender cannot alter, check them against others, or "
            "leave them out; what cannot be altered belongs under [features] immutable.",
            "An attacker needs no more than the features that carry the decision.",
        )
    yield (
        "numbers were moved whichever way helped",
        "Where more of something can only speak for a class, train with a monotone constraint "
        "(monotone_constraints in xgboost and lightgbm, monotonic_cst in scikit-learn).",
        "Adding harmless traits to a bad row then no longer helps its sender.",
    )


def _of_texts(attacked: Attacked, n: int) -> Iterator[Line]:
    """Yield the kinds of edits that worked by themselves."""
    known = {
        ("homoglyphs", "invisible-characters"): (
            "Bring texts to one form before the model reads them: NFKC, look-alikes to plain "
            "letters, invisible characters out.",
            "People read such a text as it was; the model reads other words.",
        ),
        ("typing-errors",): (
            "Train with typing errors, or with pieces of words instead of whole ones.",
            "A word with an error is one that the model has never seen.",
        ),
        ("good-words",): (
            "Judge parts of a text, not the whole alone, or cut off what stands at its end.",
            "Words that speak for another class outweigh the rest, wherever they stand.",
        ),
    }
    for names, (helps, why) in known.items():
        for entry, outcome in zip(attacked.entries, attacked.outcomes, strict=True):
            lost = int(outcome.success.sum())
            if entry.name in names and lost >= _NOTABLE * n:
                yield f"{lost} of {n} right answers fall to {entry.name}", helps, why
                break


def _of_questions(made: Plan, attacked: Attacked) -> Iterator[Line]:
    """Yield what limits on questions and answers would do."""
    best = attacked.winners()
    rows = [
        int(outcome.queries[i])
        for number, outcome in enumerate(attacked.outcomes)
        for i in np.flatnonzero(best == number).tolist()
    ]
    middle = float(np.median(rows))
    if middle >= _FEW_ROWS:
        yield (
            f"half of the wins took {middle:.0f} questions or more",
            "Limit how often one client may ask, and watch for series of nearly equal inputs: "
            "`modelwarden profile` and `modelwarden firewall` do both.",
            "Who needs many questions can be seen asking them.",
        )
    else:
        yield (
            f"half of the wins took fewer than {max(middle, 1):.0f} questions",
            "Do not rely on limits of questions: mend the model, or keep it from inputs that "
            "people who gain by fooling it can choose.",
            "So few questions do not stand out from honest use.",
        )
    if made.access is Access.SCORES:
        yield (
            "the attacker saw scores",
            'Give out decisions only, and run the check with [model] access = "labels" to see '
            "what that brings.",
            "Every score tells an attacker whether the last step was a good one.",
        )
