"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Sequence

import click

from modelwarden.core import UnknownNameError

FORMATS = ("text", "json", "sarif", "junit", "html", "markdown", "gitlab")


class Named(click.Choice[str]):
    """A choice whose error names the nearest known value."""

    def __init__(self, kind: str, choices: Sequence[str]) -> None:
        super().__init__(choices)
        self.kind = kind

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """Return `value` when it is one of the choices.

        Raises:
            UnknownNameError: it is not.
        """
        if value not in self.choices:
            raise UnknownNameError(self.kind, str(value), self.choices)
        return str(value)
