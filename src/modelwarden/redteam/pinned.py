"""What a campaign was when it began, to refuse another one that is resumed in its place."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from modelwarden.core import InputError
from modelwarden.redteam.config import Campaign, campaign_of
from modelwarden.redteam.held import STATE
from modelwarden.redteam.kinds.files import digest_at, read_json

FILE = "campaign.json"
_FREE = ("policy",)  # judges what was found; it changes nothing of what is asked
_SHOWN = 4


def pinned(
    campaign: Campaign, version: str, known: Mapping[str, str] | None = None
) -> dict[str, object]:
    """Return all that must be the same when a campaign is resumed.

    Args:
        campaign: that is resumed, or begun.
        version: of the program.
        known: digests of paths that were read already.
    """
    known = known or {}
    flat = {key: value for key, value in _flat(campaign.document) if not _is_free(key)}
    for key, path in _paths(campaign):
        place = campaign.root / path
        if place.exists():
            flat[f"content of {key} {path}"] = known.get(path) or digest_at(place)
    flat["version of modelwarden"] = version
    return flat


def _is_free(key: str) -> bool:
    return key.partition(".")[0] in _FREE


def _flat(value: object, place: str = "") -> Iterator[tuple[str, object]]:
    if isinstance(value, Mapping):
        for key in sorted(value):
            yield from _flat(value[key], f"{place}.{key}" if place else str(key))
    elif isinstance(value, list) and any(isinstance(part, Mapping) for part in value):
        for number, part in enumerate(value):
            yield from _flat(part, f"{place}[{number}]")
    elif isinstance(value, dt.date | dt.time):
        yield place, str(value)
    else:
        yield place, value


def _paths(campaign: Campaign) -> Iterator[tuple[str, str]]:
    for seeds in campaign.seeds:
        yield "seeds", seeds.path
    if campaign.knowledge.sample is not None:
        yield "sample", campaign.knowledge.sample
    for target in campaign.targets:
        if target.scope is None and target.model.path is not None:
            yield "target", target.model.path


def digest_of(pins: Mapping[str, object]) -> str:
    """Return `sha256:` of what is pinned."""
    text = json.dumps(pins, sort_keys=True, default=str)
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def write(folder: Path, pins: Mapping[str, object], campaign: Campaign) -> None:
    """Write what a campaign is, beside and renamed."""
    document = {
        "pins": pins,
        "document": campaign.document,
        "root": str(campaign.root.resolve()),
        "source": campaign.source,
    }
    beside = folder / STATE / f".{FILE}.tmp"
    beside.write_text(json.dumps(document, indent=1, default=str) + "\n", "utf-8")
    beside.rename(folder / STATE / FILE)


def campaign_in(folder: Path) -> Campaign:
    """Return the campaign whose output a folder is.

    Raises:
        InputError: it is none, or its files are not where they were.
    """
    hint = "Name the folder that `modelwarden redteam` wrote: its --output."
    if not (folder / STATE / FILE).is_file():
        raise InputError(f"{folder} is not the output of a campaign", hint=hint)
    document = read_json(folder / STATE / FILE)
    if not isinstance(document, dict) or not isinstance(document.get("document"), dict):
        raise InputError(f"{folder} is not the output of a campaign", hint=hint)
    root, source = Path(str(document["root"])), str(document["source"])
    return campaign_of(document["document"], root=root, source=source)


def check(folder: Path, pins: Mapping[str, object]) -> None:
    """Refuse to resume another campaign than the one that is there.

    Raises:
        InputError: naming what was changed.
    """
    try:
        before = json.loads((folder / STATE / FILE).read_text("utf-8"))["pins"]
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise InputError(
            f"{folder} holds a transcript, and no {STATE}/{FILE} says of which campaign",
            hint="Name another --output.",
        ) from error
    now = json.loads(json.dumps(pins, default=str))
    keys = [key for key in sorted({*before, *now}) if before.get(key) != now.get(key)]
    if not keys:
        return
    shown = "; ".join(_change(key, before.get(key), now.get(key)) for key in keys[:_SHOWN])
    more = f"; and {len(keys) - _SHOWN} more" if len(keys) > _SHOWN else ""
    raise InputError(
        f"the campaign was changed since it began: {shown}{more}",
        hint="Put it back as it was to resume, or start anew in another --output.",
    )


def check_same(kept: Campaign, own: Campaign) -> None:
    """Refuse the output of another campaign than the user's own.

    Raises:
        InputError: naming what differs.
    """
    before, now = (
        {key: value for key, value in _flat(one.document) if not _is_free(key)}
        for one in (kept, own)
    )
    keys = [key for key in sorted({*before, *now}) if before.get(key) != now.get(key)]
    if keys:
        shown = "; ".join(_change(key, before.get(key), now.get(key)) for key in keys[:_SHOWN])
        raise InputError(
            f"the folder is the output of another campaign than {own.source}: {shown}",
            hint="Name the campaign file that the folder was made with.",
        )


def _change(key: str, before: object, now: object) -> str:
    if key.startswith("content of"):
        return f"{key.removeprefix('content of ')} has other content"
    old = "nothing" if before is None else repr(before)
    return f"{key} was {old[:80]}, is {'nothing' if now is None else repr(now)[:80]}"
