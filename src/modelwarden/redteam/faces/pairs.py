"""Pairs of pictures: an npz of pairs, a CSV that names them, or a folder for each person."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np

from modelwarden.core import InputError, MissingExtraError
from modelwarden.core.values import dataclass
from modelwarden.redteam.faces.changes import Pixels
from modelwarden.targets.frames import Column

IMAGES = (".png", ".jpg", ".jpeg", ".bmp", ".webp")
_FORMATS = ("PNG", "JPEG", "BMP", "WEBP")
_LARGEST = 16 << 20  # of a CSV
_MOST_PIXELS = 64 << 20
_MOST = 100_000
SAME, DIFFERENT = "same", "different"


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Pictures two by two.

    Attributes:
        x: (n, 2, C, H, W). names: of each pair. y: `same` or `different`; None where not told.
    """

    x: Pixels
    names: tuple[str, ...]
    y: Column | None


def read_npz(path: Path, shown: str) -> Pairs:
    """Read `x` (n, 2, C, H, W) or (n, 2, H, W, C) of bytes, and `y` where it is there.

    Raises:
        InputError: it holds something else.
    """
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as found:
            x = found["x"]
            y = found.get("y")
    except Exception as error:  # numpy raises what zipfile, zlib and its own parser raise
        raise InputError(f"{shown} is no npz file with an array x") from error
    if x.ndim != 5 or x.shape[1] != 2 or x.dtype != np.uint8 or not len(x):
        raise InputError(
            f"{shown}: x has shape {x.shape} and type {x.dtype}, and pairs of pictures are "
            "(n, 2, C, H, W) of uint8"
        )
    if x.shape[2] not in (1, 3):
        if x.shape[4] not in (1, 3):
            raise InputError(f"{shown}: pictures have one channel or three, not {x.shape[2:]}")
        x = x.transpose(0, 1, 4, 2, 3)
    if y is not None and len(y) != len(x):
        raise InputError(f"{shown}: {len(x)} pairs and {len(y)} labels")
    names = tuple(f"pair {i}" for i in range(len(x)))
    return Pairs(np.ascontiguousarray(x), names, None if y is None else _words(y.tolist(), shown))


def read_csv(path: Path, shown: str, size: int | None) -> Pairs:
    """Read a CSV with the columns `probe`, `reference` and, where it is there, `label`.

    Raises:
        InputError: it holds something else, or a picture cannot be read.
    """
    try:
        data = path.read_bytes() if path.stat().st_size <= _LARGEST else None
        rows = [] if data is None else list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))
    except (OSError, ValueError, csv.Error) as error:
        raise InputError(f"{shown} cannot be read: {' '.join(str(error).split())}") from error
    if not rows or len(rows) > _MOST or not {"probe", "reference"} <= rows[0].keys():
        raise InputError(f"{shown} has no rows with the columns probe and reference")
    pictures = [[row.get("probe") or "", row.get("reference") or ""] for row in rows]
    x = np.stack([[_picture(path.parent, name, size) for name in pair] for pair in pictures])
    names = tuple(f"{probe} as {reference}" for probe, reference in pictures)
    labels = [row.get("label") for row in rows]
    told = "label" in rows[0]
    return Pairs(x, names, _words(labels, shown) if told else None)


def read_people(path: Path, shown: str, size: int | None) -> Pairs:
    """Read a folder with a folder for each person.

    Every person's first picture is paired with their second (`same`), and with the first one of
    the next person (`different`).

    Raises:
        InputError: there are fewer than two people, or a picture cannot be read.
    """
    people = {
        folder.name: sorted(p for p in folder.iterdir() if p.suffix.lower() in IMAGES)
        for folder in sorted(path.iterdir())
        if folder.is_dir()
    }
    found = [(name, pictures) for name, pictures in people.items() if pictures]
    if len(found) < 2:
        raise InputError(f"{shown} holds pictures of fewer than two people, a folder for each")
    made: list[tuple[Path, Path, str]] = []
    for place, (_, mine) in enumerate(found):
        if len(mine) > 1:
            made.append((mine[0], mine[1], SAME))
        made.append((mine[0], found[(place + 1) % len(found)][1][0], DIFFERENT))
    x = np.stack(
        [[_picture(path, str(p.relative_to(path)), size) for p in pair[:2]] for pair in made]
    )
    names = tuple(f"{a.relative_to(path)} as {b.relative_to(path)}" for a, b, _ in made)
    return Pairs(x, names, _words([label for _, _, label in made], shown))


def _picture(root: Path, name: str, size: int | None) -> Pixels:
    try:
        import PIL.Image
    except ImportError as error:
        raise MissingExtraError("Pillow", "image") from error
    try:
        with PIL.Image.open(root / name, formats=_FORMATS) as image:
            if image.width * image.height > _MOST_PIXELS:
                raise InputError(f"{name} has more than {_MOST_PIXELS} pixels")
            flat = image.convert("RGB")
            if size is not None:
                flat = flat.resize((size, size), PIL.Image.Resampling.BICUBIC)
            pixels = np.asarray(flat, np.uint8).transpose(2, 0, 1)
    except (OSError, ValueError, SyntaxError, PIL.Image.DecompressionBombError) as error:
        reason = " ".join(str(error).split())[:200]
        raise InputError(f"{name} is no picture that can be read: {reason}") from error
    return np.ascontiguousarray(pixels)


def _words(values: list[object], shown: str) -> Column:
    """Return labels in our two words."""
    known = {SAME: SAME, DIFFERENT: DIFFERENT, "1": SAME, "0": DIFFERENT}
    known |= {"True": SAME, "False": DIFFERENT}
    out = np.empty(len(values), object)
    for row, value in enumerate(values):
        word = known.get(str(value))
        if word is None:
            raise InputError(f"{shown}: the label {value!r} is neither {SAME} nor {DIFFERENT}")
        out[row] = word
    return out
