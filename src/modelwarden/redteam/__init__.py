"""What an attacker with nothing but an endpoint, some knowledge and a budget can do to a model.

    campaign = load(Path("campaign.toml"))
    done = run(campaign, output=Path("out"))

A campaign names a goal, targets, what the attacker knows, how much may be asked, seeds and attacks.
Every question and every answer is on disk before anything follows from it, so a campaign that was
killed goes on where it stood, and its transcript can be played again without a target.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from modelwarden.redteam.campaign import Done, run
    from modelwarden.redteam.config import Campaign, campaign_of, load

__all__ = ["Campaign", "Done", "campaign_of", "load", "run"]

_PLACES = {"Campaign": "config", "campaign_of": "config", "load": "config", "Done": "campaign"}


def __getattr__(name: str) -> object:
    """Import what is asked for: the catalogue of rules needs none of it."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PLACES.get(name, 'campaign')}"), name)
