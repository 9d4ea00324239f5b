"""Abnormal texts and pages."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import numpy as np

from modelwarden.assess.abnormal import words
from modelwarden.assess.abnormal.trials import BAD_ROW, Choice, Meaning, Operator, Seen, Trial
from modelwarden.targets.frames import Column, Frame

Change = Callable[[str], str]
Test = Callable[[str], bool]

NULL = Operator("null", Meaning.OTHER, "no text")
EMPTY = Operator("empty", Meaning.OTHER, "an empty text")
BLANK = Operator("blank", Meaning.OTHER, "nothing but space")
SYMBOLS = Operator("symbols-only", Meaning.OTHER, "marks and pictures, no word")
LONG = Operator("over-long", Meaning.OTHER, "a text of 20,000 characters")
CONTROL = Operator("control-characters", Meaning.SAME, "NUL, backspace and escape within")
CASE = Operator("case", Meaning.SAME, "all letters large, or all small")
SPACE = Operator("space", Meaning.SAME, "more space, and broken lines")
TYPO = Operator("typo", Meaning.SAME, "two letters turned round in every sixth word")
ALIKE = Operator("homoglyph", Meaning.SAME, "letters that look the same, of another alphabet")
INVISIBLE = Operator("zero-width", Meaning.SAME, "characters that nobody sees within")
WIDE = Operator("full-width", Meaning.SAME, "letters in their wide form")
DECOMPOSED = Operator("decomposed-accents", Meaning.SAME, "accents as characters of their own")
ESCAPED = Operator("entities", Meaning.SAME, "marks written as entities of HTML")
SURROGATE = Operator("lone-surrogate", Meaning.OTHER, "half a character, as broken decoders leave")

_WORD = re.compile(r"\w")


def _holds(characters: str) -> Test:
    found = re.compile(characters).search
    return lambda text: found(text) is not None


def _outside_of_markup(change: Change) -> Change:
    """Return the change for pages: tags, scripts and styles stay as they are."""

    def changed(page: str) -> str:
        parts, at = [], 0
        while (start := page.find("<", at)) >= 0:
            parts += [change(page[at:start]) if start > at else "", page[start : _end(page, start)]]
            at = _end(page, start)
        return "".join([*parts, change(page[at:]) if at < len(page) else ""])

    return changed


def _end(page: str, start: int) -> int:
    """Return where the tag that begins at `start` ends, or the script or style that it opens."""
    name = page[start + 1 : start + 7].lower()
    for kind in ("script", "style"):
        if name.startswith(kind):
            closing = page.find(f"</{kind}", start)
            start = closing if closing >= 0 else len(page)
    end = page.find(">", start)
    return end + 1 if end >= 0 else len(page)


_CHANGES: tuple[tuple[Operator, Change, Test | None], ...] = (
    (EMPTY, lambda _: "", lambda t: t == ""),
    (BLANK, lambda _: " \n\t ", lambda t: t != "" and not t.strip()),
    (SYMBOLS, lambda _: "\U0001f600 !!! \u2014 \u2605", lambda t: not _WORD.search(t)),
    (LONG, words.too_long, lambda t: len(t) > words.LONG // 2),
    (CONTROL, words.controlled, _holds("[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f]")),
    (CASE, str.upper, str.isupper),
    (CASE, str.lower, str.islower),
    (SPACE, words.broken_lines, lambda t: "  " in t or "\n" in t),
    (TYPO, words.typed, None),
    (ALIKE, words.alike, words.has_alike),
    (INVISIBLE, words.invisible, words.has_invisible),
    (WIDE, words.wide, _holds("[\uff01-\uff5e]")),
    (DECOMPOSED, words.decomposed, None),
    (ESCAPED, words.escaped, lambda t: "&amp;" in t or "&#" in t or "&quot;" in t),
    (
        SURROGATE,
        lambda t: f"{t[:4]}\udce9{t[4:]}",
        _holds("[\ud800-\udfff]"),
    ),
)
OPERATORS = (NULL, *dict.fromkeys(operator for operator, _, _ in _CHANGES))
_LOOKED_AT = 20_000


def trials(choice: Choice, test: Column, *, pages: bool = False) -> Iterator[Trial]:
    """Yield every trial of texts; of pages, what means the same is done to their text alone."""
    base = choice.inputs
    if isinstance(base, Frame):
        raise TypeError(base)
    given = base.tolist()
    known = test[:_LOOKED_AT].tolist()
    yield _trial(NULL, [None] * len(given), Seen(sum(v is None for v in known), len(known)))
    for operator, change, found in _CHANGES:
        inside = pages and operator.meaning is Meaning.SAME
        made = _outside_of_markup(change) if inside else change
        texts = [None if v is None else made(v) for v in given]
        if texts == given and operator is not DECOMPOSED:
            continue
        seen = None
        if found is not None:
            seen = Seen(sum(v is not None and found(v) for v in known), len(known))
        yield _trial(operator, texts, seen)
    if len(given) > 1:
        for word, example in ((None, "no text"), (words.too_long("x"), "20,000 letters")):
            yield _trial(
                BAD_ROW, [*given[:-1], word], None, example, np.arange(len(given)) < len(given) - 1
            )


def _trial(
    operator: Operator,
    texts: list[str | None],
    seen: Seen | None,
    example: str = "",
    judged: np.ndarray[tuple[int], np.dtype[np.bool_]] | None = None,
) -> Trial:
    column = np.empty(len(texts), np.object_)
    column[:] = texts
    shown = example or repr(next((t for t in texts if t is not None), None))[:80]
    return Trial(
        operator=operator,
        feature=None,
        inputs=column,
        like=np.arange(len(texts)),
        judged=judged,
        seen=seen,
        example=shown,
        patience=20.0 if operator in (LONG, BAD_ROW) else 1.0,
    )
