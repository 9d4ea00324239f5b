"""Kinds of zip archive, told apart by the names of their members."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def kind_of(names: Sequence[str]) -> str | None:
    """Return the module that reads this kind of archive, or None for a plain zip."""
    return next((module for module, is_it in KINDS if is_it(names)), None)


def _npz(names: Sequence[str]) -> bool:
    return bool(names) and all(name.endswith(".npy") for name in names)


KINDS: tuple[tuple[str, Callable[[Sequence[str]], bool]], ...] = ()
