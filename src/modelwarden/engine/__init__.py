"""An ordered map over independent, resumable units of work; everything long goes through it.

    settled = map_units(files, work, Plan(jobs=4))

A unit that fails, whose process dies or that takes too long is settled with an error, and the rest
goes on. What workers answer is JSON and never unpickled: they have read hostile bytes.
"""

from modelwarden.engine.checkpoint import Checkpoint
from modelwarden.engine.map import ENGINES, Plan, map_units
from modelwarden.engine.settled import Codec, Progress, Settled
from modelwarden.engine.task import Resume

__all__ = [
    "ENGINES",
    "Checkpoint",
    "Codec",
    "Plan",
    "Progress",
    "Resume",
    "Settled",
    "map_units",
]
