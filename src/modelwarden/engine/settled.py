"""How a unit of work ended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

R = TypeVar("R")

Progress: TypeAlias = Callable[[int, int], None]
"""Called with (units settled, units in all)."""


@dataclass(frozen=True, slots=True)
class Settled(Generic[R]):
    """The end of one unit: its value, or why it has none.

    Attributes:
        value: what `work` returned; None when it failed.
        error: one line; None when it succeeded.
        resumed: taken from the checkpoint instead of being worked again.
    """

    value: R | None = None
    error: str | None = None
    resumed: bool = False


def brief(error: BaseException) -> str:
    """Return an error in one bounded line."""
    text = " ".join(str(error).split())[:200]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
