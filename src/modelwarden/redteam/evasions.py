"""Evasions as files: a folder each, with the original, the changed input and what is known."""

from __future__ import annotations

import json
import re
import shutil
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from modelwarden.core import InputError, OutputError, encode
from modelwarden.core.values import dataclass
from modelwarden.redteam.engagement import Evasion
from modelwarden.redteam.kinds.catalog import kind_named
from modelwarden.redteam.kinds.files import read_json
from modelwarden.redteam.kinds.kind import Edit
from modelwarden.targets.frames import Inputs
from modelwarden.targets.spec import Name

SCHEMA = "modelwarden/evasion/1"
FOLDER, FILE = "evasions", "evasion.json"
_SAFE = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST = 60


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stored:
    """An evasion that was read back.

    Attributes:
        name: of its folder. about: its `evasion.json`.
        before, after: inputs of one row.
    """

    name: str
    about: dict[str, Any]
    before: Inputs
    after: Inputs

    @property
    def target(self) -> int:
        """Number of the target in the campaign."""
        return int(self.about["target"]["number"])

    @property
    def said(self) -> Name:
        """What the seed was answered."""
        found: Name = self.about["before"]["answer"]
        return found


def write(folder: Path, evasions: Sequence[Evasion], names: Sequence[str]) -> list[str]:
    """Write all evasions, in place of those that are there; return the names of their folders.

    Args:
        folder: of the campaign's output.
        evasions: the cheapest of each seed.
        names: of the campaign's targets.
    """
    written = []
    with _renewed(folder) as fresh:
        for number, one in enumerate(evasions, 1):
            name = folder_of(number, one)
            own = fresh / name
            own.mkdir()
            files = kind_named(one.kind).save(own, one.before, one.after)
            about = json.dumps(_about(one, names, files), indent=1, ensure_ascii=False)
            (own / FILE).write_text(about + "\n", "utf-8")
            written.append(name)
    return written


@contextmanager
def _renewed(folder: Path) -> Iterator[Path]:
    """Give a new place for evasions; put it where the old ones lie once all are there.

    Raises:
        OutputError: the disk refuses.
    """
    fresh, place = folder / f".{FOLDER}-new", folder / FOLDER
    try:
        _gone(fresh)
        fresh.mkdir()
        yield fresh
        _gone(place)
        fresh.rename(place)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise OutputError(f"cannot write to {place}: {reason}") from error


def _gone(place: Path) -> None:
    """Remove a folder; of a link, or of a file, that itself and not what it points to."""
    if place.is_symlink() or place.is_file():
        place.unlink()
    elif place.exists():
        shutil.rmtree(place)


def gather(folder: Path, places: Sequence[Path], evasions: Sequence[Evasion]) -> list[str]:
    """Copy evasions that lie in other folders to where those of a campaign lie; return names.

    Args:
        folder: of the campaign's output.
        places: outputs whose evasions come one after another.
        evasions: all of them, in that order.
    """
    written = []
    found = [own for one in places if (one / FOLDER).is_dir() for own in _folders(one)]
    with _renewed(folder) as fresh:
        for number, (own, evasion) in enumerate(zip(found, evasions, strict=True), 1):
            name = folder_of(number, evasion)
            shutil.copytree(own, fresh / name)
            written.append(name)
    return written


def won_in(folder: Path, seeds: int) -> Iterator[Evasion]:
    """Yield the evasions of a folder as what they were when they were won.

    Raises:
        InputError: one cannot be read.
    """
    for one in read(folder):
        about = one.about
        yield Evasion(
            target=one.target,
            seeds=seeds,
            seed=about["seed"],
            row=about["row"],
            attack=about["attack"],
            kind=about["kind"],
            before=one.before,
            after=one.after,
            said=one.said,
            says=about["after"]["answer"],
            score_before=about["before"]["score"],
            score_after=about["after"]["score"],
            queries=about["queries"],
            cost=about["cost"],
            lead=about["cost_when_found"],
            unit=about["unit"],
            edits=tuple(Edit(**edit) for edit in about["edits"]),
        )


def _check_plain(own: Path) -> None:
    """Refuse an evasion that would have other files read: the folder may be a stranger's.

    Raises:
        InputError: it, or a file of it, is a link or no regular file.
    """
    for place in (own, *own.iterdir()):
        mode = place.lstat().st_mode
        if not (stat.S_ISREG(mode) or (place == own and stat.S_ISDIR(mode))):
            raise InputError(
                f"{place} is no plain file of an evasion", hint="Look where the folder comes from."
            )


def _folders(folder: Path) -> list[Path]:
    return sorted(p for p in (folder / FOLDER).iterdir() if p.is_dir())


def folder_of(number: int, one: Evasion) -> str:
    """Return the name of the folder of the evasion with this number, from 1."""
    seed = _SAFE.sub("-", one.seed)[:_LONGEST].strip(".-")
    return f"{number:04d}-{seed or 'seed'}"


def _about(one: Evasion, names: Sequence[str], files: tuple[str, str]) -> object:
    return encode(
        {
            "schema": SCHEMA,
            "target": {"number": one.target, "name": names[one.target]},
            "seed": one.seed,
            "row": one.row,
            "kind": one.kind,
            "attack": one.attack,
            "queries": one.queries,
            "cost": one.cost,
            "cost_when_found": one.lead,
            "unit": one.unit,
            "before": {"answer": one.said, "score": one.score_before, "file": files[0]},
            "after": {"answer": one.says, "score": one.score_after, "file": files[1]},
            "edits": list(one.edits),
        }
    )


def _is_whole(about: Mapping[str, Any]) -> bool:
    """Tell whether a description has what asking again hangs on: files may have been edited."""
    target, sides = about.get("target"), (about.get("before"), about.get("after"))
    return (
        isinstance(target, Mapping)
        and type(target.get("number")) is int
        and all(isinstance(about.get(key), str) for key in ("kind", "seed", "attack"))
        and all(isinstance(side, Mapping) and _is_answer(side) for side in sides)
    )


def _is_answer(side: Mapping[str, Any]) -> bool:
    return "answer" in side and isinstance(side["answer"], str | int | float | None)


def read(folder: Path) -> Iterator[Stored]:
    """Yield the evasions of a campaign's output, in order.

    Raises:
        InputError: one cannot be read.
    """
    place = folder / FOLDER
    if not place.is_dir():
        raise InputError(
            f"{folder} holds no evasions: its campaign did not come to its end",
            hint="Go on with it with --resume first.",
        )
    for own in _folders(folder):
        _check_plain(own)
        about = read_json(own / FILE)
        if not isinstance(about, dict) or about.get("schema") != SCHEMA or not _is_whole(about):
            raise InputError(
                f"{own / FILE} describes no evasion", hint="Look who edited it, or leave it out."
            )
        before, after = kind_named(str(about["kind"])).load(own)
        yield Stored(name=own.name, about=about, before=before, after=after)
