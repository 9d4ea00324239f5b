"""Folders of images or pages: a folder for each class, or labels in `labels.csv`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from modelwarden.core import MissingExtraError
from modelwarden.targets.frames import Column, Frame
from modelwarden.targets.reading.raw import DataError, Raw
from modelwarden.targets.reading.tables import read_table

IMAGES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff")
PAGES = (".html", ".htm", ".xhtml", ".txt")
_LABELS = "labels.csv"
_MOST_PIXELS = 64 << 20  # of one image
_MOST_BYTES = 8 << 30  # of all
# Told by content. Others are left out: for one of them Pillow would start a program.
_FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF")
_LONGEST = 16 << 20  # bytes of one page


def read_images(folder: Path, label: str | None) -> Raw:
    """Read a folder of images of one size as (n, C, H, W) in the range of their own pixels.

    Raises:
        DataError: there is no image, one cannot be read, or their sizes differ.
        MissingExtraError: Pillow is not installed.
    """
    try:
        import PIL.Image
    except ImportError as error:
        raise MissingExtraError("Pillow", "image") from error
    names, y = _found(folder, IMAGES, label)
    pixels: list[npt.NDArray[np.uint8]] = []
    for name in names:
        where = f"{folder.name}/{name}"
        try:
            with PIL.Image.open(folder / name, formats=_FORMATS) as image:
                _check_size(image.width, image.height, len(names), where)
                flat = image if image.mode in ("L", "RGB") else image.convert("RGB")
                pixels.append(np.asarray(flat, np.uint8))
        except (
            OSError,
            ValueError,
            SyntaxError,
            PIL.Image.DecompressionBombError,
            PIL.Image.DecompressionBombWarning,
        ) as error:
            reason = " ".join(str(error).split())[:200]
            raise DataError(f"{where} is no image that can be read: {reason}") from error
        if pixels[-1].shape != pixels[0].shape:
            first, other = pixels[0].shape, pixels[-1].shape
            raise DataError(
                f"{where} has shape {other}, {names[0]} has {first}",
                hint="Bring the images to the size that the model takes.",
            )
    return Raw(Frame(("file",), (_texts(names),)), array=np.stack(pixels), y=y)


def _check_size(width: int, height: int, images: int, where: str) -> None:
    """Refuse an image by what its head says, before it is unpacked; all have the same size."""
    if width * height > _MOST_PIXELS:
        raise DataError(f"{where} has {width} × {height} pixels, more than {_MOST_PIXELS}")
    if width * height * 3 * images > _MOST_BYTES:
        raise DataError(
            f"{images} images of {width} × {height} pixels are more than {_MOST_BYTES} bytes",
            hint="Give fewer, or smaller ones.",
        )


def read_pages(folder: Path, label: str | None) -> Raw:
    """Read a folder of pages or texts, one string each.

    Raises:
        DataError: there is none, or one is too large.
    """
    names, y = _found(folder, PAGES, label)
    texts = []
    for name in names:
        with (folder / name).open("rb") as stream:
            data = stream.read(_LONGEST + 1)
        if len(data) > _LONGEST:
            raise DataError(f"{folder.name}/{name} is longer than {_LONGEST} bytes")
        texts.append(data.decode("utf-8", "replace"))
    return Raw(Frame(("file",), (_texts(names),)), array=_texts(texts), y=y)


def _found(
    folder: Path, kinds: tuple[str, ...], label: str | None
) -> tuple[list[str], Column | None]:
    """Return the files below, sorted, with their labels: from `labels.csv`, else by folder."""
    names = sorted(n for n in _walk(folder) if n.lower().endswith(kinds))
    if not names:
        raise DataError(f"{folder.name} holds no file that ends in {', '.join(kinds)}")
    table = folder / _LABELS
    if table.is_file():
        return _labelled(names, table, label)
    parts = [name.partition("/") for name in names]
    if all(rest for _, _, rest in parts):
        return names, _texts([first for first, _, _ in parts])
    return names, None


def _walk(folder: Path) -> Iterator[str]:
    for place, _, files in os.walk(folder):
        for name in files:
            full = Path(place, name)
            if not full.is_symlink() and full.is_file():
                yield full.relative_to(folder).as_posix()


def _labelled(names: list[str], table: Path, label: str | None) -> tuple[list[str], Column | None]:
    frame = read_table(table, "csv").frame
    key = label if label in frame.names else "label"
    if "file" not in frame.names or key not in frame.names:
        raise DataError(f"{_LABELS} needs the columns 'file' and {key!r}")
    at = {name: row for row, name in enumerate(frame["file"].tolist())}
    missing = [name for name in names if name not in at]
    if missing:
        raise DataError(f"{_LABELS} has no line for {missing[0]}")
    return names, frame[key][[at[name] for name in names]]


def _texts(values: list[str]) -> Column:
    column = np.empty(len(values), np.object_)
    column[:] = values
    return column
