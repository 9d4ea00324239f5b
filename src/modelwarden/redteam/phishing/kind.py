"""Web pages as seeds of a campaign: a folder of `.html` files."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from modelwarden.attacks.engine import Candidates, Space
from modelwarden.attacks.html import pictures
from modelwarden.attacks.html.dom import TooLargeError, check
from modelwarden.attacks.html.edits.catalog import edit_named
from modelwarden.attacks.html.encodings import decoded, encoded
from modelwarden.attacks.html.proof import prove
from modelwarden.attacks.html.space import PageSpace
from modelwarden.attacks.minimal import Shrink
from modelwarden.core import InputError, Json, seed_for
from modelwarden.core.values import dataclass
from modelwarden.redteam.kinds.files import digest_at, load_texts, save_texts, texts_of
from modelwarden.redteam.kinds.kind import Edit, Given, Known, Seeds, truth
from modelwarden.targets.frames import Column, Frame, Inputs
from modelwarden.targets.spec import Modality

_FILES = (".html", ".htm", ".xhtml")
_LARGEST = 4 << 20
_SHOWN = 160
# Browsers note where a page was saved from; else the first canonical link tells.
_SAVED = re.compile(r"saved from url=\(\d+\)(\S+)|rel=[\"']?canonical[\"']?\s+href=[\"']([^\"']+)")


@dataclass(frozen=True, slots=True)
class Pages:
    """Web pages."""

    name: str = "pages"
    modality: Modality = Modality.HTML

    @property
    def shrink(self) -> Shrink | None:
        """Leave out edits that are not needed."""
        from modelwarden.attacks.html.search import shrunk

        return shrunk

    def claims(self, path: Path) -> bool:
        """Tell whether it is a page, or a folder with pages."""
        return bool(_pages_at(path))

    def read(self, given: Given) -> Seeds:
        """Read pages; key `url` is the address under which they are served."""
        given.only("url")
        files = _pages_at(given.path)
        if not files:
            raise InputError(
                f"seeds.path = {given.shown!r} holds no page", hint=f"Pages end in {_FILES[0]}."
            )
        pages = [_read(path) for path in files]
        root = given.path if given.path.is_dir() else given.path.parent
        names = tuple(path.relative_to(root).as_posix() for path in files)
        folders = [name.rpartition("/")[0].partition("/")[0] for name in names]
        y: Column | None = truth(None, given.label, len(files))
        if y is None and all(folders):
            y = texts_of(folders)
        served = given.text("url")
        notes = () if served else ("no seeds.url is set: addresses are taken from the pages",)
        return Seeds(
            inputs=texts_of(pages if served is None else [_noted(p, served) for p in pages]),
            names=names,
            y=y,
            source=given.shown,
            digest=digest_at(given.path),
            notes=notes,
        )

    def space(self, known: Known) -> Space:
        """Return the pages that look and act the same.

        Keys: `eps` is how many edits at once; `pictures` lets texts be shown as pictures, which a
        browser makes and proves for one size of window.
        """
        known.only("eps", "pictures")
        x = known.seeds.inputs
        if isinstance(x, Frame):
            raise InputError("attacks on pages need pages")
        pages = x[known.at]
        urls = tuple(address_in(str(page)) for page in pages)
        wanted = _with_pictures(known.options)
        return PageSpace(
            x=pages,
            urls=urls,
            twins=pictures.twins([str(page) for page in pages], urls) if wanted else (),
            eps=known.number("eps"),
            seed=seed_for(known.seed, "pages"),
        )

    def edits(self, space: Space, i: int, candidate: Candidates) -> tuple[Edit, ...]:
        """Return the edits that a win is made of, and where each shows first."""
        if not isinstance(space, PageSpace):
            return ()
        before = str(space.x[i])
        found = []
        for name in space.names(i, str(candidate)):
            old, new = _first(before, space.made(i, (name,)))
            title = pictures.TITLE if name == pictures.NAME else edit_named(name).title
            found.append(Edit(name=name, where=title, before=old, after=new))
        return tuple(found)

    def save(self, folder: Path, before: Inputs, after: Inputs) -> tuple[str, str]:
        """Write both pages."""
        return save_texts(folder, before, after, ".html", encoded)

    def load(self, folder: Path) -> tuple[Inputs, Inputs]:
        """Read both pages."""
        return load_texts(folder, ".html", decoded)

    def checks(
        self,
        before: Inputs,
        after: Inputs,
        options: Mapping[str, Json],
    ) -> tuple[str, ...]:
        """Return what does not hold: the text that is seen, forms with their targets, the tree.

        Of a page with pictures for texts: what a browser sees, and what its twin does not show.
        """
        wrong: list[str] = []
        for old, new in zip(np.asarray(before).tolist(), np.asarray(after).tolist(), strict=True):
            found = prove(str(old), str(new))
            if found and _with_pictures(options):
                url = address_in(str(old))
                (twin,) = pictures.twins([str(old)], [url])
                if twin is not None:
                    found = (*prove(twin, str(new)), *_seen_otherwise(str(old), str(new), url))
            wrong += found
        return tuple(wrong)


def _with_pictures(options: Mapping[str, Json]) -> bool:
    value = options.get("pictures", False)
    if not isinstance(value, bool):
        raise InputError(f"attack.pictures must be true or false, not {value!r}")
    return value


def _seen_otherwise(old: str, new: str, url: str) -> tuple[str, ...]:
    """Return what a browser shows otherwise of a page whose texts are pictures."""
    from modelwarden.attacks.html.browser import Browser

    with Browser() as browser:
        return pictures.seen_otherwise(browser.show(old, url), browser.show(new, url))


def _pages_at(path: Path) -> list[Path]:
    if path.is_file():
        return [path] if path.suffix.lower() in _FILES else []
    return sorted(p for p in path.rglob("*") if p.is_file() and p.suffix.lower() in _FILES)


def _read(path: Path) -> str:
    with path.open("rb") as stream:
        data = stream.read(_LARGEST + 1)
    if len(data) > _LARGEST:
        raise InputError(f"{path} is longer than {_LARGEST} bytes")
    page = decoded(data)
    try:
        check(page)
    except TooLargeError as error:
        raise InputError(f"{path}: {error.message}", hint=error.hint) from error
    return page


def _noted(page: str, url: str) -> str:
    """Return a page as it is; its address is noted at its end where it does not tell one."""
    if address_in(page):
        return page
    return f"{page}<!-- saved from url=({len(url):04d}){html.escape(url)} -->"


def address_in(page: str) -> str:
    """Return the address that a page says it has; empty where it says none."""
    match = _SAVED.search(page)
    return html.unescape(match[1] or match[2]) if match else ""


def _first(before: str, after: str) -> tuple[str, str]:
    """Return where two sources first differ, a little of each."""
    shorter = min(len(before), len(after))
    at = next((i for i in range(shorter) if before[i] != after[i]), shorter)
    start = max(0, at - 20)
    return before[start : start + _SHOWN], after[start : start + _SHOWN]


PAGES = Pages()
