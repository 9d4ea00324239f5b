"""An ordered map over independent, resumable units of work; everything long goes through it.

    settled = map_units(files, work, jobs=4)

A unit that fails, or whose process dies, is settled with an error and the rest goes on.
"""

from modelwarden.engine.local import map_units
from modelwarden.engine.settled import Progress, Settled

__all__ = ["Progress", "Settled", "map_units"]
