"""Hugging Face tokenizers (`tokenizer.json`): the steps that text goes through, and the vocabulary.

Reading one runs nothing. What can be planted is another text: a step that replaces what the user
said, or what the model says, and tokens whose numbers are those of others.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from modelwarden.core.values import dataclass
from modelwarden.formats.described import Notes, PlainModel
from modelwarden.formats.identified.kind import producer
from modelwarden.formats.limits import LimitExceededError
from modelwarden.formats.nested import Each, Members, Node, Scalar, feed_json, whole
from modelwarden.formats.patterns import is_slow

if TYPE_CHECKING:
    from modelwarden.formats.limits import Limits
    from modelwarden.formats.source import Source

_IDS = 1 << 24
_TOKENS = 1 << 22
_STEPS = 1000
_TEMPLATE = 16  # tokens that a template puts around a text
_SECRET = 16  # characters of the shortest token that is looked at as a text
# Marks of spaces and single letters are replaced everywhere; words are not.
_WORDS = re.compile(r"[^\W_]{4,}|://")
_TYPES = {
    "normalizer": frozenset(
        "Sequence Bert BertNormalizer Strip StripNormalizer StripAccents NFC NFD NFKC NFKD"
        " Lowercase Nmt Precompiled Replace Prepend ByteLevel".split()
    ),
    "pre_tokenizer": frozenset(
        "Sequence Bert BertPreTokenizer ByteLevel Delimiter CharDelimiterSplit Metaspace"
        " Whitespace WhitespaceSplit Split Punctuation Digits UnicodeScripts FixedLength".split()
    ),
    "post_processor": frozenset(
        "Sequence Roberta RobertaProcessing Bert BertProcessing ByteLevel Template"
        " TemplateProcessing".split()
    ),
    "decoder": frozenset(
        "Sequence BPE BPEDecoder ByteLevel WordPiece Metaspace CTC Replace Fuse Strip"
        " ByteFallback".split()
    ),
}
_NESTED = ("normalizers", "pretokenizers", "processors", "decoders")
_MODELS = frozenset("BPE WordPiece WordLevel Unigram".split())


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenizerFile(PlainModel):
    """One tokenizer.

    Attributes:
        model: its kind, or empty. tokens: in the vocabulary. added: beside it. steps: their types.
    """

    model: str = ""
    tokens: int = 0
    added: int = 0
    steps: tuple[str, ...] = ()


def read(source: Source, limits: Limits) -> TokenizerFile:
    """Read a tokenizer."""
    tokenizer = _Tokenizer(source)
    if tokenizer.notes.attempt(lambda: feed_json(source, Each(tokenizer.top), limits)):
        tokenizer.whole()
    return TokenizerFile(
        source=source,
        format="hf-tokenizer",
        producer=producer("tokenizers"),
        gaps=tuple(tokenizer.notes.gaps),
        metadata=tuple(tokenizer.notes.metadata),
        faults=tuple(tokenizer.notes.faults),
        model=tokenizer.kind(),
        tokens=tokenizer.tokens,
        added=tokenizer.added,
        steps=tuple(tokenizer.steps),
    )


class _Tokenizer:
    """What is gathered from one file."""

    def __init__(self, source: Source) -> None:
        self.notes = Notes(source)
        self.steps: list[str] = []
        self.ids = array("i")
        self.tokens = self.added = 0
        self.at = 0
        self.model: Members | None = None

    def top(self, at: int) -> Node:
        """Describe the tokenizer."""
        parts: dict[str, Callable[[int], Node]] = {name: self.step(name) for name in _TYPES}
        return Members(
            at, added_tokens=lambda _: Each(lambda at: _Added(at, self)), model=self.of, **parts
        )

    def step(self, place: str) -> Callable[[int], Node]:
        """Return what describes a step at one place."""
        return lambda at: _Step(at, self, place)

    def of(self, at: int) -> Node:
        """Describe the model."""
        self.model = Members(at, vocab=lambda at: _Vocabulary(at, self))
        return self.model

    def kind(self) -> str:
        """Return the kind of the model; old files do not say."""
        return self.model.text("type") if self.model else ""

    def whole(self) -> None:
        """Look at the numbers of tokens."""
        if self.kind() and self.kind() not in _MODELS:
            self.notes.fault(
                "invalid", "model", f"a model of the kind {self.kind()[:80]!r}", self.at
            )
        if len(self.ids) and not 0 <= min(self.ids) <= max(self.ids) < _IDS:
            wrong = min(self.ids) if min(self.ids) < 0 else max(self.ids)
            return self.notes.fault("invalid", "vocab", f"a token of the number {wrong}", self.at)
        seen = bytearray(max(self.ids, default=0) + 1)
        for one in self.ids:
            if seen[one]:
                why = f"two tokens have the number {one}"
                return self.notes.fault("invalid", "vocab", why, self.at)
            seen[one] = 1
        return None


class _Vocabulary(Node):
    """The tokens with their numbers; where they are pairs with a score, their place is it."""

    __slots__ = ("of",)

    def __init__(self, at: int, of: _Tokenizer) -> None:
        self.of = of
        of.at = at

    def opened(self, name: str, at: int, *, array: bool) -> Node | None:
        self.of.tokens += 1
        return None

    def pairs(self, pairs: Sequence[tuple[str, Scalar]], at: int) -> None:
        of = self.of
        of.tokens += len(pairs)
        if of.tokens > _TOKENS:
            raise LimitExceededError("tokens", _TOKENS)
        try:
            of.ids.extend([value for _, value in pairs])  # type: ignore[misc]
        except (TypeError, OverflowError):
            of.notes.fault("invalid", "vocab", "a token without a number", at)


class _Added(Members):
    """One token beside the vocabulary."""

    __slots__ = ("of",)

    def __init__(self, at: int, of: _Tokenizer) -> None:
        super().__init__(at)
        self.of = of

    def closed(self, at: int) -> None:
        self.of.added += 1
        number, content = self.number("id"), self.text("content")
        if number is None or not 0 <= number < _IDS:
            self.of.notes.fault(
                "invalid", "added_tokens", f"a token of the number {number}", self.at
            )
        if len(content) >= _SECRET:
            self.of.notes.describe("added_tokens.content", content, self.at)


class _Step(Members):
    """One step, and the steps in it."""

    __slots__ = ("of", "place", "shape")

    def __init__(self, at: int, of: _Tokenizer, place: str) -> None:
        self.of = of
        self.place = place
        self.shape = Members(at)
        steps = {name: lambda _: Each(of.step(place)) for name in _NESTED}
        super().__init__(
            at,
            special_tokens=lambda at: _Special(at, of),
            pattern=lambda _: self.shape,
            **steps,
        )

    def closed(self, at: int) -> None:
        of, kind = self.of, self.text("type")
        if len(of.steps) < _STEPS:
            of.steps.append(kind[:80])
        if kind not in _TYPES[self.place]:
            of.notes.fault("invalid", self.place, f"{self.place}: no step {kind[:80]!r}", self.at)
        if (pattern := self.shape.text("Regex")) and is_slow(pattern):
            why = f"the {self.place} has the pattern {pattern[:120]!r}"
            of.notes.fault("slow", self.place, why, self.at)
        if kind in ("Replace", "Prepend"):
            text = self.text("content" if kind == "Replace" else "prepend")
            if _WORDS.search(text):
                why = f"the {self.place} puts {text[:120]!r} into the text"
                of.notes.fault("rewrite", self.place, why, self.at)


class _Special(Node):
    """The tokens that a template puts around a text, by name."""

    __slots__ = ("of",)

    def __init__(self, at: int, of: _Tokenizer) -> None:
        self.of = of

    def opened(self, name: str, at: int, *, array: bool) -> Node | None:
        return Members(at, ids=lambda at: _Ids(at, self.of), tokens=lambda _: Node())


class _Ids(Node):
    """The numbers of one special token."""

    __slots__ = ("at", "count", "of")

    def __init__(self, at: int, of: _Tokenizer) -> None:
        self.at, self.of, self.count = at, of, 0

    def items(self, items: Sequence[Scalar], at: int) -> None:
        self.count += len(items)
        wrong = [one for one in items if (number := whole(one)) is None or not 0 <= number < _IDS]
        if wrong:
            why = f"a special token of the number {str(wrong[0])[:80]}"
            self.of.notes.fault("invalid", "post_processor", why, at)

    def closed(self, at: int) -> None:
        if self.count > _TEMPLATE:
            why = f"the post_processor puts {self.count} tokens into each text"
            self.of.notes.fault("rewrite", "post_processor", why, self.at)
