"""Texts, a few words away: a folder of files, or a table with one column of words."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher
from itertools import groupby
from pathlib import Path

import numpy as np

from modelwarden.attacks.engine import Candidates, Space
from modelwarden.attacks.minimal import Shrink
from modelwarden.attacks.text.guide import guide_of
from modelwarden.attacks.text.keep import keep_of
from modelwarden.attacks.text.space import TextSpace, cut, distance
from modelwarden.core import InputError, Json, UnknownNameError
from modelwarden.core.values import dataclass
from modelwarden.redteam.kinds.files import (
    digest_at,
    labelled,
    load_texts,
    read_raw,
    save_texts,
    texts_of,
)
from modelwarden.redteam.kinds.kind import Edit, Given, Known, Seeds, kept, truth
from modelwarden.targets.frames import Column, Frame, Inputs
from modelwarden.targets.reading.raw import Raw
from modelwarden.targets.spec import Modality

_FILES = (".txt", ".eml", ".md")
_TABLES = (".csv", ".csv.gz", ".parquet", ".jsonl", ".tsv")
_LARGEST = 1 << 20
_SHOWN = 200
_NAMES = ("text", "message", "sentence", "content", "body", "document")


@dataclass(frozen=True, slots=True)
class Texts:
    """Texts."""

    name: str = "texts"
    modality: Modality = Modality.TEXT

    @property
    def shrink(self) -> Shrink | None:
        """Take edits back one by one, then make those that stay smaller."""
        from modelwarden.attacks.text.search import shrunk

        return shrunk

    def claims(self, path: Path) -> bool:
        """Tell whether it is a folder of texts, or a table whose one feature is a text."""
        if path.is_dir():
            return any(p.suffix.lower() in _FILES for p in path.rglob("*") if p.is_file())
        if not path.name.lower().endswith(_TABLES):
            return False
        try:
            raw = read_raw(Given(path=path, shown=str(path)))
        except InputError:
            return False
        return _column(raw, None, None) is not None

    def read(self, given: Given) -> Seeds:
        """Read texts; of a table, `text` names their column and `id` one that names them."""
        given.only("text", "id")
        if given.path.is_dir():
            return self._folder(given)
        raw = read_raw(given)
        _, y = labelled(raw, given)
        label = given.label if isinstance(given.label, str) else None
        name = _column(raw, given.text("text"), label)
        if raw.array is not None and raw.array.dtype.kind == "O":
            values = raw.array
        elif name is not None:
            values = raw.frame[name]
        else:
            raise InputError(
                f"seeds.path = {given.shown!r}: no column is told to be the text",
                hint="Name it: seeds.text = 'column'.",
            )
        texts = texts_of(["" if v is None else str(v) for v in values.tolist()])
        ids = given.text("id")
        names = [f"row {i}" for i in range(len(texts))]
        if ids is not None:
            names = [str(v) for v in raw.frame[ids].tolist()]
        return Seeds(
            inputs=texts,
            names=tuple(names),
            y=y,
            source=given.shown,
            digest=digest_at(given.path),
            notes=raw.notes,
        )

    def _folder(self, given: Given) -> Seeds:
        files = sorted(
            p for p in given.path.rglob("*") if p.is_file() and p.suffix.lower() in _FILES
        )
        texts = []
        for path in files:
            data = path.read_bytes()
            if len(data) > _LARGEST:
                raise InputError(f"{path} is longer than {_LARGEST} bytes")
            texts.append(data.decode("utf-8", "replace"))
        names = tuple(p.relative_to(given.path).as_posix() for p in files)
        folders = [name.rpartition("/")[0].partition("/")[0] for name in names]
        y: Column | None = truth(None, given.label, len(files))
        if y is None and all(folders):
            y = texts_of(folders)
        return Seeds(
            inputs=texts_of(texts),
            names=names,
            y=y,
            source=given.shown,
            digest=digest_at(given.path),
        )

    def space(self, known: Known) -> Space:
        """Return the texts a few words away; keys `eps` (how many) and `keep` (what stays)."""
        known.only("eps", "keep")
        x = known.seeds.inputs
        if isinstance(x, Frame):
            raise InputError("attacks on texts need texts")
        guide = None
        sample = None if known.sample is None else known.sample.inputs
        if sample is not None and not isinstance(sample, Frame) and known.sample_y is not None:
            guide = guide_of((str(t) for t in sample.tolist()), known.sample_y.tolist())
        keep = keep_of(known.keep())
        if absent := keep.absent([str(t) for t in x.tolist()]):
            raise InputError(
                f"attack.keep names {absent[0]!r}, and none of {len(x)} texts of "
                f"{known.seeds.source} holds it",
                hint="Spell it as the texts do, or leave it out.",
            )
        return TextSpace(x=x[known.at], eps=known.number("eps"), guide=guide, keep=keep)

    def edits(self, space: Space, i: int, candidate: Candidates) -> tuple[Edit, ...]:
        """Return the words that differ, and how."""
        before, after = cut(str(space.origin[i])), cut(str(candidate))
        found = []
        for a0, a1, b0, b1 in _changes(before, after):
            old, new = " ".join(before[a0:a1]), " ".join(after[b0:b1])
            found.append(
                Edit(
                    name=_named(old, new),
                    where=f"word {a0 + 1}",
                    before=visible(old),
                    after=told(old, new),
                )
            )
        return tuple(found)

    def save(self, folder: Path, before: Inputs, after: Inputs) -> tuple[str, str]:
        """Write both texts."""
        return save_texts(folder, before, after)

    def load(self, folder: Path) -> tuple[Inputs, Inputs]:
        """Read both texts."""
        return load_texts(folder)

    def checks(self, before: Inputs, after: Inputs, options: Mapping[str, Json]) -> tuple[str, ...]:
        """Return the pieces that must stay and are not there any more.

        The number of edited words is held by the space.
        """
        keep = keep_of(kept(options))
        pairs = zip(np.asarray(before).tolist(), np.asarray(after).tolist(), strict=True)
        return tuple(
            f"{piece!r} was lost" for old, new in pairs for piece in keep.lost(str(old), str(new))
        )


def _column(raw: Raw, named: str | None, label: str | None) -> str | None:
    """Return the column of the texts: the named one, else the only one of words that are texts."""
    if named is not None:
        if named not in raw.frame.names:
            near = UnknownNameError("column", named, raw.frame.names)
            raise InputError(f"seeds.text names an {near.message}", hint=near.hint)
        return named
    words = [
        name
        for name, column in zip(raw.frame.names, raw.frame.columns, strict=True)
        if column.dtype.kind == "O" and name != label
    ]
    known = [name for name in words if name.lower() in _NAMES]
    if len(known) == 1:
        return known[0]
    rest = [n for n in raw.frame.names if n != label and n not in words]
    prose = [name for name in words if _is_prose(raw.frame[name])]
    return prose[0] if len(prose) == 1 and len(rest) <= 1 and len(words) <= 2 else None


def _is_prose(column: Column) -> bool:
    some = [str(v) for v in column[:200].tolist() if v is not None]
    return bool(some) and float(np.mean([t.count(" ") for t in some])) >= 2


def visible(text: str) -> str:
    """Return a text in which characters that nobody sees are written out."""
    out = "".join(
        f"\\u{ord(c):04x}" if unicodedata.category(c) in ("Cf", "Cc", "Cs", "Co") else c
        for c in text[:_SHOWN]
    )
    return out if len(text) <= _SHOWN else f"{out}…"


def told(old: str, new: str) -> str:
    """Return changed words; letters that only look like others are named.

    >>> told("free", "fr\u0435e")
    'frеe (U+0435 CYRILLIC SMALL LETTER IE)'
    """
    strange = [
        c for c in dict.fromkeys(new) if not c.isascii() and c not in old and c.isprintable()
    ]
    names = ", ".join(f"U+{ord(c):04X} {unicodedata.name(c, '')}".strip() for c in strange[:4])
    return f"{visible(new)} ({names})" if names else visible(new)


def _changes(before: list[str], after: list[str]) -> Iterator[tuple[int, int, int, int]]:
    """Yield the runs of words that differ, as places in both.

    Words that come again lead a matcher astray; where as many words as need be differ at their
    own places, those are the ones.
    """
    apart = [i for i, (old, new) in enumerate(zip(before, after, strict=False)) if old != new]
    if len(before) == len(after) and len(apart) == distance(before, after):
        for _, run in groupby(enumerate(apart), lambda one: one[1] - one[0]):
            places = [place for _, place in run]
            yield places[0], places[-1] + 1, places[0], places[-1] + 1
        return
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    yield from (code[1:] for code in matcher.get_opcodes() if code[0] != "equal")


def _named(old: str, new: str) -> str:
    """Return what kind of edit it is, told from what it did."""
    if not old:
        return "added words"
    if not new:
        return "removed words"
    hidden = sum(unicodedata.category(c) == "Cf" for c in new)
    if hidden > sum(unicodedata.category(c) == "Cf" for c in old):
        return "invisible characters"
    if old.casefold() == new.casefold():
        return "case"
    if not new.isascii() and len(old) == len(new):
        return "look-alike letters"
    if old.replace(" ", "") == new.replace(" ", ""):
        return "spacing"
    return "typing error"


TEXTS = Texts()
