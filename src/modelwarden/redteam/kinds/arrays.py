"""Images and vectors of numbers, within a norm: an npz file, or a folder of images."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from modelwarden.attacks.balls import Ball, Norm
from modelwarden.attacks.engine import Candidates, Space
from modelwarden.attacks.minimal import Shrink
from modelwarden.core import InputError, Json, UnknownNameError
from modelwarden.core.values import dataclass
from modelwarden.redteam.kinds.files import digest_at, labelled, load_arrays, read_raw
from modelwarden.redteam.kinds.kind import Edit, Given, Known, Seeds, truth
from modelwarden.targets.frames import Column, Floats, Frame, Inputs
from modelwarden.targets.reading.folders import IMAGES, read_images
from modelwarden.targets.reading.read import images_of
from modelwarden.targets.spec import Modality

_EPS = 8 / 255
_NORMS = tuple(n.value for n in Norm)
_IMAGE_AXES = 3


@dataclass(frozen=True, slots=True)
class Arrays:
    """Images and vectors."""

    name: str = "arrays"
    modality: Modality = Modality.VECTOR

    @property
    def shrink(self) -> Shrink | None:
        """Return nothing: arrays are drawn towards their inputs by halves."""
        return None

    def claims(self, path: Path) -> bool:
        """Tell whether it is an npz, or a folder of images."""
        if path.is_dir():
            return any(p.suffix.lower() in IMAGES for p in path.rglob("*") if p.is_file())
        return path.suffix.lower() == ".npz"

    def read(self, given: Given) -> Seeds:
        """Read arrays."""
        given.only()
        raw = read_images(given.path, None) if given.path.is_dir() else read_raw(given)
        x = raw.array
        if x is None or x.dtype.kind not in "iufb":
            raise InputError(f"seeds.path = {given.shown!r} holds no array x of numbers")
        _, y = labelled(raw, given)
        if given.path.is_dir() and y is None:
            y = truth(None, given.label, len(x))
        if x.ndim >= _IMAGE_AXES:
            shaped, notes = images_of(x, given.shown)
            # Pixels stay whole numbers, so that changed ones are too.
            x = np.asarray(shaped).astype(np.uint8 if x.dtype == np.uint8 else np.float32)
        else:
            notes = ()
            kept = x.dtype in (np.float32, np.float64)
            x = (x if kept else x.astype(np.float64)).reshape(len(x), -1)
        files = raw.frame["file"].tolist() if "file" in raw.frame.names else None
        names = [f"row {i}" for i in range(len(x))] if files is None else [str(f) for f in files]
        return Seeds(
            inputs=x,
            names=tuple(names),
            y=y,
            source=given.shown,
            digest=digest_at(given.path),
            notes=(*raw.notes, *notes),
        )

    def space(self, known: Known) -> Space:
        """Return the ball around each; keys `norm`, `eps`, `low`, `high`, `grid`."""
        known.only("norm", "eps", "low", "high", "grid")
        x = known.seeds.inputs
        if isinstance(x, Frame):
            raise InputError("attacks on arrays need arrays")
        low, high = self._box(known, x)
        norm = known.options.get("norm", "linf")
        if norm not in _NORMS:
            near = UnknownNameError("norm", str(norm), _NORMS)
            raise InputError(f"attack.norm names an {near.message}", hint=near.hint)
        eps = known.number("eps")
        if eps is None:
            if x.ndim <= _IMAGE_AXES:
                raise InputError("attack.eps is missing: say how far a vector may be changed")
            eps = max(_EPS * float(np.max(high - low)), 1.0 if x.dtype.kind in "iu" else 0.0)
        grid = known.number("grid")
        return Ball(
            x=x[known.at],
            norm=Norm(str(norm)),
            eps=eps,
            low=low,
            high=high,
            grid=(1.0 if x.dtype.kind in "iu" else 0.0) if grid is None else grid,
        )

    def _box(self, known: Known, x: Column) -> tuple[Floats, Floats]:
        """Return the ends of what is valid: as given, by the type, by the known data."""
        sample = None if known.sample is None else known.sample.inputs
        data = x if sample is None or isinstance(sample, Frame) else sample
        low, high = known.number("low"), known.number("high")
        if x.ndim > _IMAGE_AXES:
            ends = (0.0, 255.0) if float(data.max()) > 1 or x.dtype.kind in "iu" else (0.0, 1.0)
            least, most = np.asarray(ends[0]), np.asarray(ends[1])
        else:
            real = data.astype(np.float64)
            least, most = np.min(real, axis=0), np.max(real, axis=0)
        return (
            least if low is None else np.asarray(low),
            most if high is None else np.asarray(high),
        )

    def edits(self, space: Space, i: int, candidate: Candidates) -> tuple[Edit, ...]:
        """Return the numbers of a vector that differ; of an image, how many and by how much."""
        before = np.asarray(space.origin[i], np.float64)
        after = np.asarray(candidate, np.float64)
        moved = np.abs(after - before)
        if before.ndim == 1:
            at = np.flatnonzero(moved)
            order = at[np.argsort(-moved[at], kind="stable")][:32]
            return tuple(
                Edit(
                    name=f"x[{j}]",
                    where=f"x[{j}]",
                    before=f"{before[j]:.6g}",
                    after=f"{after[j]:.6g}",
                )
                for j in order.tolist()
            )
        touched = moved.max(axis=0) > 0
        return (
            Edit(
                name="pixels",
                where=f"{int(touched.sum())} of {touched.size} pixels",
                before="",
                after=f"by at most {moved.max():.4g}",
            ),
        )

    def save(self, folder: Path, before: Inputs, after: Inputs) -> tuple[str, str]:
        """Write both as npy; images of bytes as PNG beside them, where Pillow is there."""
        names = ("original.npy", "changed.npy")
        for name, inputs in zip(names, (before, after), strict=True):
            if isinstance(inputs, Frame):
                raise TypeError("a kind of arrays is given arrays")
            stream = io.BytesIO()
            np.save(stream, inputs[0], allow_pickle=False)
            (folder / name).write_bytes(stream.getvalue())
            _save_picture(folder / name.replace(".npy", ".png"), inputs[0])
        return names

    def load(self, folder: Path) -> tuple[Inputs, Inputs]:
        """Read both."""
        return load_arrays(folder)

    def checks(
        self,
        before: Inputs,  # noqa: ARG002 -- all kinds
        after: Inputs,  # noqa: ARG002
        options: Mapping[str, Json],  # noqa: ARG002
    ) -> tuple[str, ...]:
        """Return nothing: the ball holds every candidate."""
        return ()


def _save_picture(path: Path, x: object) -> None:
    """Write an image as PNG, for people; one that cannot be shown is left out."""
    image = np.asarray(x)
    if image.ndim != _IMAGE_AXES or image.shape[0] not in (1, 3):
        return
    try:
        import PIL.Image
    except ImportError:
        return
    scale = 1.0 if image.dtype.kind in "iu" or image.max() > 1 else 255.0
    pixels = np.clip(np.rint(image.astype(np.float64) * scale), 0, 255).astype(np.uint8)
    shown = pixels[0] if len(pixels) == 1 else pixels.transpose(1, 2, 0)
    PIL.Image.fromarray(shown).save(path)


ARRAYS = Arrays()
