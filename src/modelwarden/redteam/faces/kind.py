"""Pairs of faces as seeds of campaigns: the first is changed, the second stays."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from modelwarden.attacks.balls import Norm
from modelwarden.attacks.engine import Candidates, Space
from modelwarden.attacks.minimal import Shrink
from modelwarden.core import InputError, Json, UnknownNameError
from modelwarden.redteam.faces import looks, pairs
from modelwarden.redteam.faces.changes import LookBall, PairBall, ball_for
from modelwarden.redteam.kinds.files import digest_at, load_arrays
from modelwarden.redteam.kinds.kind import Edit, Given, Known, Seeds, truth
from modelwarden.targets.frames import Frame, Inputs
from modelwarden.targets.spec import Modality

_NOTE = (
    "faces: what is found holds for these pictures and this matcher; without a large set of faces "
    "it is a check of function, not a rate of success among people"
)
_LARGEST_SIDE = 4096
# What each attack of the catalogue changes.
_CHANGES = {
    "face-random": "noise",
    "face-noise": "noise",
    "face-signs": "noise",
    "face-boundary": "noise",
    "face-sticker": "sticker",
    "face-glasses": "glasses",
    "face-light": "light",
}


@dataclass(frozen=True, slots=True)
class Faces:
    """Pairs of pictures of faces."""

    name: str = "faces"
    modality: Modality = Modality.IMAGE

    @property
    def shrink(self) -> Shrink | None:
        """Return nothing: crops and looks are drawn towards the picture by halves."""
        return None

    def claims(self, path: Path) -> bool:
        """Never claim: pictures alone do not tell that they are to be matched."""
        del path
        return False

    def read(self, given: Given) -> Seeds:
        """Read pairs; key `size`: of pictures that are read from files."""
        given.only("size")
        size = _size(given.options.get("size"))
        shown = f"seeds.path = {given.shown!r}"
        if given.path.is_dir():
            found = pairs.read_people(given.path, shown, size)
        elif given.path.suffix.lower() == ".csv":
            found = pairs.read_csv(given.path, shown, size)
        else:
            found = pairs.read_npz(given.path, shown)
        named = None if given.label == "label" else given.label
        y = found.y if found.y is not None else truth(None, named, len(found.x))
        return Seeds(
            inputs=found.x,
            names=found.names,
            y=y,
            source=given.shown,
            digest=digest_at(given.path),
            notes=(_NOTE,),
        )

    def space(self, known: Known) -> Space:
        """Return what the attack may change; keys `norm`, `eps`, `region`, `jpeg`."""
        known.only("norm", "eps", "region", "jpeg")
        x = known.seeds.inputs
        if isinstance(x, Frame):
            raise InputError("faces are pairs of pictures")
        norm = str(known.options.get("norm", "linf"))
        if norm not in ("linf", "l2"):
            near = UnknownNameError("norm", norm, ("linf", "l2"))
            raise InputError(f"attack.norm names an {near.message}", hint=near.hint)
        return ball_for(
            _CHANGES.get(known.attack, "noise"),
            x[known.at].astype(np.uint8),
            norm=Norm(norm),
            eps=known.number("eps"),
            region=_region(known.options.get("region")),
            jpeg=_quality(known.options.get("jpeg")),
        )

    def edits(self, space: Space, i: int, candidate: Candidates) -> tuple[Edit, ...]:
        """Return the looks that are used, or how many pixels are changed and by how much."""
        after = np.asarray(candidate, np.float64)
        if isinstance(space, LookBall):
            return tuple(
                Edit(name=name, where=name, before="0", after=f"{value * most:.3g}")
                for (name, most), value in zip(looks.MOST.items(), after.tolist(), strict=True)
                if value
            )
        if not isinstance(space, PairBall):
            raise TypeError("a space of faces is one of two")
        moved = np.abs(after - np.asarray(space.origin[i], np.float64))
        touched = int((moved.max(axis=0) > 0).sum())
        name = "noise" if space.mask.all() and space.mask.shape == space.pairs.shape[3:] else "spot"
        where = f"{touched} of {space.pairs[0, 0, 0].size} pixels"
        return (Edit(name=name, where=where, after=f"by at most {moved.max():.3g}"),)

    def save(self, folder: Path, before: Inputs, after: Inputs) -> tuple[str, str]:
        """Write both pairs as npy, and the pictures as PNG for people."""
        names = ("original.npy", "changed.npy")
        for name, inputs in zip(names, (before, after), strict=True):
            pair = np.asarray(inputs)[0]
            stream = io.BytesIO()
            np.save(stream, pair, allow_pickle=False)
            (folder / name).write_bytes(stream.getvalue())
            _save_png(folder / name.replace(".npy", ".png"), pair[0])
        _save_png(folder / "reference.png", np.asarray(before)[0, 1])
        return names

    def load(self, folder: Path) -> tuple[Inputs, Inputs]:
        """Read both."""
        return load_arrays(folder)

    def checks(
        self,
        before: Inputs,
        after: Inputs,
        options: Mapping[str, Json],  # noqa: ARG002 -- all kinds
    ) -> tuple[str, ...]:
        """Return what does not hold: whole bytes, one size, the second picture as it was."""
        a, b = np.asarray(before), np.asarray(after)
        if b.dtype != np.uint8 or a.shape != b.shape:
            return ("the changed pair is no pair of 8-bit pictures of the same size",)
        if not np.array_equal(a[:, 1], b[:, 1]):
            return ("the second picture was changed",)
        return ()


def _size(value: Json) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 8 <= value <= _LARGEST_SIDE:
        raise InputError(f"seeds.size must be 8 to {_LARGEST_SIDE}, not {value!r}")
    return value


def _quality(value: Json) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 100:
        raise InputError(f"attack.jpeg is a quality, 1 to 100, not {value!r}")
    return value


def _region(value: Json) -> tuple[float, float, float, float] | None:
    if value is None:
        return None
    numbers = value if isinstance(value, list) else []
    if len(numbers) != 4 or any(
        isinstance(n, bool) or not isinstance(n, int | float) for n in numbers
    ):
        raise InputError("attack.region must be four numbers: top, left, bottom, right as shares")
    top, left, bottom, right = (float(n) for n in numbers if isinstance(n, int | float))
    return top, left, bottom, right


def _save_png(path: Path, picture: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> None:
    try:
        import PIL.Image
    except ImportError:
        return
    flat = picture[0] if len(picture) == 1 else picture.transpose(1, 2, 0)
    PIL.Image.fromarray(np.ascontiguousarray(flat)).save(path)


FACES = Faces()
