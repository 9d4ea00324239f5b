"""How a unit of work ended, and how its value crosses a border."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeAlias, TypeVar

from modelwarden.core import Json
from modelwarden.core.values import dataclass

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


@dataclass(frozen=True, slots=True)
class Codec(Generic[R]):
    """A value to JSON and back, for other processes and for the disk.

    Attributes:
        encode: may not fail for what `work` returns.
        decode: raises `ValueError` or `InputError` for JSON that is no value.
    """

    encode: Callable[[R], Json]
    decode: Callable[[Json], R]


def brief(error: BaseException) -> str:
    """Return an error in one bounded line."""
    text = " ".join(str(error).split())[:200]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
