"""Addresses as seeds of a campaign: a list of them, or a table with a column `url`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from modelwarden.attacks.engine import Candidates, Space
from modelwarden.attacks.minimal import Shrink
from modelwarden.attacks.urls.edits import url_edit
from modelwarden.attacks.urls.rules import broken
from modelwarden.attacks.urls.space import UrlSpace
from modelwarden.core import InputError, Json, seed_for
from modelwarden.core.values import dataclass
from modelwarden.redteam.kinds.files import (
    digest_at,
    labelled,
    load_texts,
    read_raw,
    save_texts,
    texts_of,
)
from modelwarden.redteam.kinds.kind import Edit, Given, Known, Seeds, truth
from modelwarden.targets.frames import Column, Frame, Inputs
from modelwarden.targets.spec import Modality

_TABLES = (".csv", ".csv.gz", ".parquet", ".jsonl", ".tsv")
_LARGEST = 16 << 20
_LOOKED_AT = 20


@dataclass(frozen=True, slots=True)
class Urls:
    """Addresses."""

    name: str = "urls"
    modality: Modality = Modality.TEXT

    @property
    def shrink(self) -> Shrink | None:
        """Leave out edits that are not needed."""
        from modelwarden.attacks.html.search import shrunk

        return shrunk

    def claims(self, path: Path) -> bool:
        """Tell whether it is a list of addresses; a table must be named: `seeds.kind = "urls"`."""
        if not path.is_file() or path.suffix.lower() != ".txt":
            return False
        with path.open("rb") as stream:
            lines = stream.read(1 << 16).decode("utf-8", "replace").split("\n")[:_LOOKED_AT]
        some = [line.strip() for line in lines if line.strip()]
        return bool(some) and all(line.startswith(("http://", "https://")) for line in some)

    def read(self, given: Given) -> Seeds:
        """Read addresses; key `url` names their column in a table."""
        given.only("url")
        y: Column | None
        if given.path.name.lower().endswith(_TABLES):
            raw = read_raw(given)
            frame, y = labelled(raw, given)
            column = given.text("url") or "url"
            urls = ["" if v is None else str(v) for v in frame[column].tolist()]
        else:
            with given.path.open("rb") as stream:
                data = stream.read(_LARGEST + 1)
            if len(data) > _LARGEST:
                raise InputError(f"{given.shown} is longer than {_LARGEST} bytes")
            lines = data.decode("utf-8", "replace").splitlines()
            urls = [line.strip() for line in lines if line.strip()]
            y = truth(None, given.label, len(urls))
        if not urls:
            raise InputError(f"seeds.path = {given.shown!r} holds no address")
        return Seeds(
            inputs=texts_of(urls),
            names=tuple(f"address {i + 1}" for i in range(len(urls))),
            y=y,
            source=given.shown,
            digest=digest_at(given.path),
        )

    def space(self, known: Known) -> Space:
        """Return addresses of the same owners; key `eps` is how many edits at once."""
        known.only("eps")
        x = known.seeds.inputs
        if isinstance(x, Frame):
            raise InputError("attacks on addresses need addresses")
        return UrlSpace(x=x[known.at], eps=known.number("eps"), seed=seed_for(known.seed, "urls"))

    def edits(self, space: Space, i: int, candidate: Candidates) -> tuple[Edit, ...]:
        """Return the edits that a win is made of."""
        if not isinstance(space, UrlSpace):
            return ()
        before = str(space.x[i])
        return tuple(
            Edit(
                name=name,
                where=url_edit(name).title,
                before=before[:200],
                after=space.made(i, (name,))[:200],
            )
            for name in space.names(i, str(candidate))
        )

    def save(self, folder: Path, before: Inputs, after: Inputs) -> tuple[str, str]:
        """Write both addresses; as text, so that nobody opens one by accident."""
        return save_texts(folder, before, after)

    def load(self, folder: Path) -> tuple[Inputs, Inputs]:
        """Read both addresses."""
        return load_texts(folder)

    def checks(
        self,
        before: Inputs,
        after: Inputs,
        options: Mapping[str, Json],  # noqa: ARG002 -- all kinds
    ) -> tuple[str, ...]:
        """Return what makes a changed address invalid, or another owner's."""
        wrong: list[str] = []
        for old, new in zip(np.asarray(before), np.asarray(after), strict=True):
            wrong += broken(str(old), str(new))
        return tuple(wrong)


URLS = Urls()
