"""What of a data set is compared: columns of a table, or plain properties of texts and images."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from modelwarden.detectors.breaks import date_format, kind_of
from modelwarden.detectors.clusters import Clusters
from modelwarden.targets.data import DataSet
from modelwarden.targets.frames import Column, Floats, Frame, Inputs
from modelwarden.targets.schema import Kind, field_of

MOST_VECTOR = 512
_LONGEST = 2000  # characters of a text that are looked at
_TEXTS = 10_000  # of each set that are
_WORDS = 100
_GRID = 4
_WORD = re.compile(r"[^\W\d_]{3,30}")
_CHUNK = 2048


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """One property of the inputs of two sets.

    Attributes:
        feature: the column, or the property itself where there are no columns.
        aspect: of the column; empty where it is the value itself.
        here, there: (n,) and (m,), numbers or words on both sides.
        clusters: of these rows; None where they count as independent.
    """

    feature: str
    aspect: str
    here: Column
    there: Column
    clusters: Clusters | None = None

    @property
    def words(self) -> bool:
        """Both sides hold words."""
        return self.here.dtype.kind == "O"


def looks(reference: DataSet, current: DataSet) -> tuple[Look, ...]:
    """Return what both sets have in common, side by side."""
    here, there = reference.inputs, current.inputs
    clusters = Clusters.of(reference, current)
    if isinstance(here, Frame) and isinstance(there, Frame):
        return tuple(
            look
            for name in here.names
            if name in there.names
            for look in _of_column(name, here[name], there[name], clusters)
        )
    if isinstance(here, Frame) or isinstance(there, Frame):
        return ()
    if here.dtype.kind == "O" or there.dtype.kind == "O":
        if here.dtype != there.dtype:
            return ()
        return _of_texts("", here, there, clusters, words=True)
    if here.shape[1:] != there.shape[1:]:
        return ()
    one, two = frame_of(here), frame_of(there)
    return tuple(Look(name, "", one[name], two[name], clusters) for name in one.names)


def frame_of(inputs: Inputs) -> Frame:
    """Return inputs as columns: those of a table, numbers of a vector, properties of the rest."""
    if isinstance(inputs, Frame):
        return inputs
    if inputs.dtype.kind == "O":
        made = _text_properties(inputs)
        return Frame(tuple(made), tuple(made.values()))
    if inputs.ndim == 4:
        return _image_properties(inputs)
    flat = inputs.reshape(len(inputs), -1)
    width = flat.shape[1]
    kept = range(width)
    if width > MOST_VECTOR:
        kept = np.unique(np.linspace(0, width - 1, MOST_VECTOR).astype(int)).tolist()
    return Frame(
        tuple(f"x[{i}]" for i in kept), tuple(np.ascontiguousarray(flat[:, i]) for i in kept)
    )


def _of_column(
    name: str, here: Column, there: Column, clusters: Clusters | None
) -> tuple[Look, ...]:
    one, two = kind_of(here), kind_of(there)
    if one != two or one == "nothing":
        return ()
    if one != "word":
        return (Look(name, "", here, there, clusters),)
    found = [Look(name, "", here, there, clusters)]
    if field_of(name, here).kind is Kind.TEXT and date_format(here) is None:
        found += _of_texts(name, here, there, clusters, words=False)
    return tuple(found)


def _of_texts(
    feature: str, here: Column, there: Column, clusters: Clusters | None, *, words: bool
) -> tuple[Look, ...]:
    if clusters is not None:
        clusters = clusters.only(slice(None, None, _step(here)), slice(None, None, _step(there)))
    one, two = _text_properties(here), _text_properties(there)
    if words:
        vocabulary = _frequent(here, there)
        one |= _contained(here, vocabulary)
        two |= _contained(there, vocabulary)
    return tuple(
        Look(feature or name, name if feature else "", one[name], two[name], clusters)
        for name in one
    )


def _text_properties(column: Column) -> dict[str, Floats]:
    """Return numbers of some texts: length, words, and shares of their characters."""
    column = _some(column)
    names = ("length", "words", "digits", "capitals", "punctuation", "non-ASCII")
    made = np.full((len(column), len(names)), np.nan)
    for i, text in enumerate(column.tolist()):
        if text is None:
            continue
        shown = str(text)[:_LONGEST]
        size = max(len(shown), 1)
        digits = sum(map(str.isdigit, shown))
        letters = sum(map(str.isalpha, shown))
        spaces = sum(map(str.isspace, shown))
        made[i] = (
            len(str(text)),
            len(shown.split()),
            digits / size,
            sum(map(str.isupper, shown)) / size,
            (size - digits - letters - spaces) / size,
            0.0 if shown.isascii() else sum(c > "\x7f" for c in shown) / size,
        )
    return dict(zip(names, np.ascontiguousarray(made.T), strict=True))


def _step(texts: Column) -> int:
    return max(1, -(-len(texts) // _TEXTS))


def _some(texts: Column) -> Column:
    return texts[:: _step(texts)]


def _frequent(here: Column, there: Column) -> list[str]:
    counted: Counter[str] = Counter()
    for column in (here, there):
        for text in _some(column).tolist():
            counted.update({w.casefold() for w in _WORD.findall(str(text or "")[:_LONGEST])})
    ordered = sorted(counted, key=lambda word: (-counted[word], word))
    return ordered[:_WORDS]


def _contained(column: Column, vocabulary: list[str]) -> dict[str, Floats]:
    column = _some(column)
    at = {word: i for i, word in enumerate(vocabulary)}
    table = np.zeros((len(vocabulary), len(column)))
    for row, text in enumerate(column.tolist()):
        for word in {w.casefold() for w in _WORD.findall(str(text or "")[:_LONGEST])}:
            if word in at:
                table[at[word], row] = 1.0
    return {f"has the word {word!r}": table[i] for word, i in at.items()}


def _image_properties(images: npt.NDArray[np.generic]) -> Frame:
    """Return brightness, contrast, sharpness, and the brightness of each field of a coarse grid."""
    parts = [
        _of_images(images[start : start + _CHUNK].astype(np.float64))
        for start in range(0, len(images), _CHUNK)
    ]
    fields = (f"brightness at {r},{c}" for r in range(_GRID) for c in range(_GRID))
    names = ("brightness", "contrast", "sharpness", *fields)
    table = np.concatenate(parts) if parts else np.empty((0, len(names)))
    return Frame(names, tuple(np.ascontiguousarray(column) for column in table.T))


def _of_images(images: Floats) -> Floats:
    n = len(images)
    grey = images.mean(axis=1)
    flat = grey.reshape(n, -1)
    edges = np.zeros(n)
    for axis in (1, 2):
        if grey.shape[axis] > 1:
            edges += np.abs(np.diff(grey, axis=axis)).reshape(n, -1).mean(axis=1)
    fields = [
        field.reshape(n, -1).mean(axis=1)
        for band in np.array_split(grey, _GRID, axis=1)
        for field in np.array_split(band, _GRID, axis=2)
        if field.size
    ]
    fields += [flat.mean(axis=1)] * (_GRID * _GRID - len(fields))
    return np.column_stack([flat.mean(axis=1), flat.std(axis=1), edges, *fields])
