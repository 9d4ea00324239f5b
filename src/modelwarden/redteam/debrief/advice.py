"""What to fix first, told from what carried the evasions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from modelwarden.core import Report
from modelwarden.core.values import dataclass
from modelwarden.redteam.debrief.seen import Sight
from modelwarden.redteam.engagement import Evasion
from modelwarden.redteam.goals.numbers import carried

_TEXTS = {
    "invisible characters": "Strip characters of the category Cf and normalise (NFKC) before the "
    "model sees a text.",
    "look-alike letters": "Map look-alike letters to one script (Unicode TR 39 skeletons), and "
    "count mixed scripts as a sign of their own.",
    "case": "Fold case before the model sees a text.",
    "spacing": "Join and split words alike in training and in use: normalise blanks.",
    "typing error": "Train with misspelt words, or on pieces of words instead of whole ones.",
    "removed words": "The decision hangs on single words: weigh the whole text, and add what the "
    "sender cannot leave out (addresses, links, headers).",
    "added words": "Harmless words outweigh the harmful ones: judge the worst part of a text, not "
    "its average.",
}
_SHOWN = 3
_FIX = re.compile(r"^Fix: (.+?)(?:\n\n|\Z)", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Advice:
    """One thing to do, and what it rests on."""

    do: str
    because: str


def first_to_fix(evasions: Sequence[Evasion], sight: Sight | None) -> list[Advice]:
    """Return what to do, in order."""
    return [*_edits(evasions), *_asking(evasions, sight)]


def of_rules(report: Report) -> list[Advice]:
    """Return what the rules of the findings say is to be fixed, the worst first."""
    pages = {rule.id: rule.help for rule in report.rules}
    order = sorted(report.findings, key=lambda one: one.severity.rank)
    found: dict[str, Advice] = {}
    for one in order:
        fix = _FIX.search(pages.get(one.rule, ""))
        if fix is not None and one.rule not in found:
            # `e.g.` and the like are not used on these pages: a full stop ends a sentence.
            do = " ".join(fix[1].split()).partition(". ")[0].rstrip(".")
            found[one.rule] = Advice(f"{do[:1].upper()}{do[1:]}.", one.message)
    return list(found.values())[:_SHOWN]


def _edits(evasions: Sequence[Evasion]) -> Iterator[Advice]:
    kinds = {edit.name: one.kind for one in evasions for edit in one.edits}
    for name, count in carried(evasions)[:_SHOWN]:
        because = f"{name!r} is part of {count} of {len(evasions)} evasions"
        yield Advice(_remedy(name, kinds[name]), because)


def _remedy(name: str, kind: str) -> str:
    if kind == "texts" and name in _TEXTS:
        return _TEXTS[name]
    if kind == "tables":
        return (
            f"Take {name!r} from a source that the sender cannot alter, check it against one, or "
            "train without it."
        )
    if kind == "arrays":
        return (
            "Train with attacked inputs; smooth or re-sample inputs only together with that, as "
            "it alone is got round."
        )
    return f"Make the target blind to {name!r}: normalise it before the features are taken."


def _asking(evasions: Sequence[Evasion], sight: Sight | None) -> Iterator[Advice]:
    if evasions and any(one.score_after is not None for one in evasions):
        yield Advice(
            "Give out decisions instead of scores, or coarse ones.",
            "the attacker was shown scores, and followed them",
        )
    if sight is not None and evasions and not sight.refused:
        near = "" if sight.alike is None else f", {sight.alike:.0%} of them nearly a seed"
        yield Advice(
            "Watch for one client that asks nearly the same again and again, and limit it; "
            "`modelwarden firewall` does.",
            f"{sight.rows:,} rows were answered without one refusal{near}",
        )
    if evasions:
        yield Advice(
            "Train on the evasions in `evasions/`, then run the campaign with another seed.",
            f"{len(evasions)} of them lie there, confirmed and made small",
        )
