"""Rules of third parties: found by entry point, loaded only when they are named."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, cast

from modelwarden.core import InputError, ModelwardenError, Rule, UnknownNameError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from modelwarden.formats import View

GROUP = "modelwarden.rules"


@cache
def rules_of(names: tuple[str, ...]) -> tuple[Rule[View], ...]:
    """Load the rules of the named plugins.

    An entry point of the group `modelwarden.rules` gives a `Rule` or an iterable of them.

    Raises:
        UnknownNameError: no installed distribution has an entry point of that name.
        InputError: the plugin cannot be imported, or gives something else than rules.
    """
    rules: list[Rule[View]] = []
    for name in names:
        try:
            loaded = _entry_point(name).load()
        except ModelwardenError:
            raise
        except Exception as error:
            raise InputError(
                f"the plugin {name!r} cannot be loaded: {type(error).__name__}: {error}",
                hint="Mend or uninstall it, or leave it out of --plugins.",
            ) from error
        rules += _checked(name, loaded)
    return tuple(rules)


def homes_of(names: tuple[str, ...]) -> Iterator[Path]:
    """Give the folders in which the named plugins are installed.

    Raises:
        UnknownNameError: no installed distribution has an entry point of that name.
    """
    for name in names:
        if distribution := _entry_point(name).dist:
            yield Path(str(distribution.locate_file("")))


def _entry_point(name: str) -> EntryPoint:
    from importlib.metadata import entry_points

    known = {point.name: point for point in entry_points(group=GROUP)}
    if name not in known:
        raise UnknownNameError("plugin", name, known or ["none is installed"])
    return known[name]


def _checked(name: str, loaded: object) -> list[Rule[View]]:
    given = [loaded] if isinstance(loaded, Rule) else loaded
    if isinstance(given, Iterable):
        rules = list(given)
        if all(isinstance(rule, Rule) for rule in rules):
            return cast("list[Rule[View]]", rules)
    raise InputError(
        f"the plugin {name!r} gives {type(loaded).__name__}, not rules",
        hint=f"An entry point of the group {GROUP} is a Rule or an iterable of them.",
    )
