"""What an edit is."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from modelwarden.attacks.html.proof import NOTHING, Allowance
from modelwarden.attacks.html.scan import Draft
from modelwarden.core.values import dataclass

# Takes a page and a source of chance; returns the source changed, or None where there is nothing
# to change.
Make: TypeAlias = Callable[[Draft, np.random.Generator], str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One kind of change of a page that keeps what is seen and done.

    Attributes:
        name: for people, reports and campaigns. title: what it does.
        make: does it.
        allows: what may differ afterwards; the proof holds it to that.
        near: letters may move by a fraction of a pixel, as parts of a text are laid out apart; it
            is left out unless it is asked for.
        phase: edits are made in this order, so that one does not hide from the next what it needs.
    """

    name: str
    title: str
    make: Make
    allows: Allowance = NOTHING
    phase: int
    near: bool = False
