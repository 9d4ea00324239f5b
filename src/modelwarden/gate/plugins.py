"""Rules of third parties: found by entry point, loaded only when they are named."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, cast

from modelwarden.core import InputError, Rule, UnknownNameError

if TYPE_CHECKING:
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
    from importlib.metadata import entry_points

    known = {point.name: point for point in entry_points(group=GROUP)}
    rules: list[Rule[View]] = []
    for name in names:
        if name not in known:
            raise UnknownNameError("plugin", name, known or ["none is installed"])
        try:
            loaded = known[name].load()
        except Exception as error:
            raise InputError(
                f"the plugin {name!r} cannot be loaded: {type(error).__name__}: {error}",
                hint="Mend or uninstall it, or leave it out of --plugins.",
            ) from error
        rules += _checked(name, loaded)
    return tuple(rules)


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
