"""Campaigns for tests: a folder of spam, and a file that attacks an endpoint with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from modelwarden.redteam import Campaign, campaign_of

SPAM = (
    "urgent winner claim your free cash prize now at the desk of our friendly office",
    "you are the winner of free cash please claim it with the code that we sent you",
    "free prize for you my friend and cash as well if you call us today before noon",
    "claim your urgent parcel and a free prize that waits for you in the hall of our shop",
)


def seeded(folder: Path, texts: tuple[str, ...] = SPAM) -> Path:
    """Write seeds, one file each, and return their folder."""
    place = folder / "seeds"
    place.mkdir(parents=True)
    for number, text in enumerate(texts):
        (place / f"mail-{number}.txt").write_text(text)
    return place


def document(url: str, **changes: dict[str, Any]) -> dict[str, Any]:
    """Return a campaign as TOML would give it; sections are updated by `changes`."""
    made: dict[str, Any] = {
        "campaign": {"name": "spam", "goal": "evade", "authorised_by": "the tests", "seed": 3},
        "target": {"url": url, "protocol": "mlflow"},
        "budget": {"rows": 3000, "batch": 16},
        "knowledge": {"access": "scores"},
        "seeds": {"path": "seeds", "label": "spam"},
        "attack": [{"name": "edits", "queries": 60}],
    }
    for key, value in changes.items():
        made[key] = made.get(key, {}) | value if isinstance(value, dict) else value
    return made


def campaign(root: Path, url: str, **changes: Any) -> Campaign:
    """Return the campaign of `document`."""
    return campaign_of(document(url, **changes), root=root)
