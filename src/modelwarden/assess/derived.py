"""Columns that are not in the data but can be read off them: of texts, images and vectors.

They have names as `text.length`, `text.contains:free` or `image.brightness`, and may be used in a
slice like any column.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from modelwarden.targets.data import DataSet
from modelwarden.targets.frames import Column, Floats, Frame

_MOST_CHARACTERS = 20_000  # of one text that are looked at
_MOST_WORDS, _FEWEST_TEXTS = 150, 20
_SHARES = 0.01, 0.5  # of texts that hold a word, for it to be a column
_MOST_PLACES = 256  # of a vector that are columns
_CLUSTERS, _SIDE, _PARTS = 8, 16, 10
_WORD = re.compile(r"[^\W\d_]{2,30}")
_CONTAINS = "text.contains:"
CLUSTER = "image.cluster"

# Frequent words that tell languages written in Latin letters apart.
_LANGUAGES: Mapping[str, frozenset[str]] = {
    "english": frozenset("the and is of to in that it you for was with are this have".split()),
    "german": frozenset("der die das und ist nicht ein eine ich mit auf zu den von sie".split()),
    "french": frozenset("le la les et est une des dans pas que pour vous je qui sur".split()),
    "spanish": frozenset("el los las es una que por con para no del se como pero más".split()),
    "italian": frozenset("il di che è una per non con sono della del gli questo ma".split()),
    "portuguese": frozenset("o os não uma que para com por do da em mais como mas".split()),
    "dutch": frozenset("het een van ik niet dat en is op te zijn voor met maar".split()),
}


def derived(data: DataSet) -> Frame:
    """Return all columns that can be read off the inputs; of a table none are needed."""
    inputs = data.inputs
    if isinstance(inputs, Frame):
        return Frame((), ())
    if inputs.dtype.kind == "O":
        return _of_texts([_shown(v) for v in inputs.tolist()])
    if inputs.ndim == 4:
        return _of_images(inputs)
    return _of_vectors(inputs.reshape(len(inputs), -1))


def derived_column(data: DataSet, name: str) -> Column | None:
    """Return one such column; None where there is none of this name."""
    inputs = data.inputs
    if isinstance(inputs, Frame):
        return None
    if name.startswith(_CONTAINS) and inputs.dtype.kind == "O":
        word = name.removeprefix(_CONTAINS)
        return np.array([word in _words(_shown(v)) for v in inputs.tolist()], np.bool_)
    frame = derived(data)
    return frame[name] if name in frame.names else None


def _shown(value: object) -> str:
    return "" if value is None else str(value)[:_MOST_CHARACTERS]


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text.lower()))


def _share_of(text: str, holds: Callable[[str], bool]) -> float:
    return sum(map(holds, text)) / len(text) if text else 0.0


def _of_texts(texts: Sequence[str]) -> Frame:
    columns: dict[str, Column] = {
        "text.length": np.array([len(t) for t in texts], np.int64),
        "text.words": np.array([len(t.split()) for t in texts], np.int64),
        "text.upper_share": np.array([_share_of(t, str.isupper) for t in texts]),
        "text.digit_share": np.array([_share_of(t, str.isdigit) for t in texts]),
        "text.punctuation_share": np.array([_share_of(t, _is_mark) for t in texts]),
        "text.non_ascii_share": np.array([_share_of(t, _beyond_ascii) for t in texts]),
        "text.has_link": np.array(["://" in t or "www." in t for t in texts], np.bool_),
        "text.script": np.array([_script(t) for t in texts], object),
    }
    words = [_words(t) for t in texts]
    columns["text.language"] = np.array([_language(w) for w in words], object)
    held = Counter(word for each in words for word in each)
    low = max(_FEWEST_TEXTS, _SHARES[0] * len(texts))
    some = [w for w, n in held.items() if low <= n <= _SHARES[1] * len(texts)]
    for word in sorted(some, key=lambda w: (-held[w], w))[:_MOST_WORDS]:
        columns[_CONTAINS + word] = np.array([word in each for each in words], np.bool_)
    return Frame(tuple(columns), tuple(columns.values()))


def _is_mark(character: str) -> bool:
    return not character.isalnum() and not character.isspace()


def _beyond_ascii(character: str) -> bool:
    return ord(character) > 127


def _script(text: str) -> str:
    """Return the script of most letters among the first ones, by their Unicode names."""
    letters = [c for c in text[:400] if c.isalpha()][:60]
    if not letters:
        return "none"
    names = Counter(unicodedata.name(c, "?").split(" ")[0].split("-")[0] for c in letters)
    return names.most_common(1)[0][0].lower()


def _language(words: frozenset[str]) -> str:
    counted = {name: len(words & known) for name, known in _LANGUAGES.items()}
    best = max(counted, key=lambda name: counted[name])
    ahead = sorted(counted.values())[-2:]
    return best if counted[best] >= 2 and ahead[1] > ahead[0] else "unknown"


def _of_images(images: npt.NDArray[np.generic]) -> Frame:
    """Return brightness, contrast, sharpness, colour and kind of (n, channels, height, width)."""
    columns: dict[str, list[float]] = {
        name: [] for name in ("brightness", "contrast", "sharpness", "colour")
    }
    small = []
    for image in images:
        pixels = np.asarray(image, np.float64)
        grey = pixels.mean(axis=0)
        columns["brightness"].append(float(grey.mean()))
        columns["contrast"].append(float(grey.std()))
        columns["sharpness"].append(_sharpness(grey))
        columns["colour"].append(float(pixels.std(axis=0).mean()) if len(pixels) > 1 else 0.0)
        small.append(_shrunk(grey).ravel())
    frame = Frame(
        tuple(f"image.{name}" for name in columns), tuple(np.array(c) for c in columns.values())
    )
    return frame.with_column(CLUSTER, _clusters(np.array(small)))


def _sharpness(grey: Floats) -> float:
    """Return the variance of the Laplacian; 0 of an image of fewer than three pixels a side."""
    if min(grey.shape) < 3:
        return 0.0
    middle = grey[1:-1, 1:-1]
    around = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:]
    return float((around - 4 * middle).var())


def _shrunk(grey: Floats) -> Floats:
    rows, columns = (np.linspace(0, n, min(n, _SIDE) + 1).astype(int) for n in grey.shape)
    down = np.add.reduceat(grey, rows[:-1], axis=0)
    return np.asarray(np.add.reduceat(down, columns[:-1], axis=1), np.float64)


def _of_vectors(values: npt.NDArray[np.generic]) -> Frame:
    spread = values.astype(np.float64).std(axis=0)
    spread = np.where(np.isfinite(spread), spread, 0.0)
    kept = np.sort(np.argsort(-spread, kind="stable")[:_MOST_PLACES])
    names = tuple(f"x[{int(i)}]" for i in kept)
    return Frame(names, tuple(np.asarray(values[:, i]) for i in kept))


def _clusters(rows: Floats) -> Column:
    """Return the cluster of each row: k-means on the first principal components, no chance in it.

    Centres begin along the first component, so equal data have equal clusters.
    """
    away = rows - rows.mean(axis=0)
    spread = away.std(axis=0)
    away = away / np.where(spread > 0, spread, 1.0)
    step = max(1, len(away) // 5000)
    _, _, axes = np.linalg.svd(away[::step], full_matrices=False)
    signs = np.sign(axes[:_PARTS].sum(axis=1, keepdims=True)) + 0.0
    parts = away @ (axes[:_PARTS] * np.where(signs == 0, 1.0, signs)).T
    order = np.argsort(parts[:, 0], kind="stable")
    k = min(_CLUSTERS, len(rows))
    centres = np.array([chunk.mean(axis=0) for chunk in np.array_split(parts[order], k)])
    place = np.zeros(len(rows), np.int64)
    for _ in range(25):
        far = (parts**2).sum(axis=1)[:, None] - 2 * parts @ centres.T + (centres**2).sum(axis=1)
        new = far.argmin(axis=1)
        if (new == place).all():
            break
        place = new
        for c in np.unique(place):
            centres[c] = parts[place == c].mean(axis=0)
    return np.array([f"cluster {c}" for c in place], object)
