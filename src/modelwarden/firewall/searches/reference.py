"""What the rows of all clients of a model are held against: how its reference is spread."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from modelwarden.firewall.normal import neighbours_of, popularity
from modelwarden.firewall.profile import Normal
from modelwarden.firewall.searches.edits import Features
from modelwarden.targets.frames import Floats

LAG = 4
"""Rows before a row that it is not compared with."""
CROWD = 64
"""Rows of a client that a crowd is looked for in."""
SHARE = 0.02
"""Of all rows that a search sends to one place."""
_LEAST_CROWD = 4  # rows of them that make one at the least
_TIMES_USUAL = 5.0
_FEWEST_CELLS = 200
_DRIFT = 3.0  # times its usual share that a place may have where traffic has moved
_SELDOM = 2.0  # rows of the sample's number that fall there by chance


class Reference:
    """How the rows of a reference lie to each other; made once for all clients.

    Attributes:
        normal: that this is of.
        strange: score beyond which a row is strange.
        features: which columns are of one feature.
        spacing: (m,) mean distance of each row of the sample to its nearest others. Unlike the
            distance of a row to the sample it does not grow where traffic has moved away.
        needed: by the rows of the sample, how many of the last rows of a client make a crowd.
        hits: by the rows of the sample, what one row that falls there says for a search.
    """

    __slots__ = ("features", "hits", "needed", "normal", "spacing", "strange")

    def __init__(self, normal: Normal, features: Sequence[int] | None = None) -> None:
        self.normal = normal
        self.strange = normal.strange or normal.refuse
        self.features = Features(None if features is None else features[:: normal.step])
        self.spacing: Floats = neighbours_of(normal)
        self.needed: list[int] = []
        self.hits: list[float] = []
        if len(normal.sample) >= _FEWEST_CELLS:
            shares = popularity(normal)
            crowd = np.maximum(_LEAST_CROWD, np.ceil(_TIMES_USUAL * CROWD * shares))
            self.needed = crowd.astype(int).tolist()
            usual = np.maximum(_DRIFT * shares, _SELDOM / len(shares))
            self.hits = np.log((usual + SHARE) / usual).tolist()
