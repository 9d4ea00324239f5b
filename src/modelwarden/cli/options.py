"""Options that several commands share."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TypeVar

import click

from modelwarden.core import InputError, Severity, UnknownNameError

FORMATS = ("text", "json", "sarif", "junit", "html", "markdown", "gitlab")

_Command = TypeVar("_Command", bound=Callable[..., object])


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


class Place(click.Path):
    """A path; an empty one, as an unset variable of a script gives it, is not this folder."""

    def convert(
        self,
        value: str | os.PathLike[str],
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> str | bytes | os.PathLike[str]:
        """Return the path as it was given.

        Raises:
            InputError: it is empty.
        """
        if not os.fspath(value):
            name = "the path" if param is None else param.get_error_hint(ctx)
            raise InputError(f"{name} is empty", hint="Write . for the folder that you are in.")
        return super().convert(value, param, ctx)


def form_option(
    help_: str | None = None, *, forms: Sequence[str] = FORMATS, default: str = "text"
) -> Callable[[_Command], _Command]:
    """Return `--format`, which a command takes as `form`."""
    return click.option(
        "--format",
        "form",
        type=Named("format", forms),
        default=default,
        show_default=help_ is not None,
        help=help_,
    )


def engine_option(help_: str) -> Callable[[_Command], _Command]:
    """Return `--engine`; `help_` says which work it places."""
    return click.option(
        "--engine",
        type=Named("engine", ("local", "ray")),
        default="local",
        show_default=True,
        help=help_,
    )


def fail_on_option(
    help_: str = "Fail on findings of this severity or worse [default: high].",
    *,
    default: str | None = None,
) -> Callable[[_Command], _Command]:
    """Return `--fail-on`; without a default the policy's word holds."""
    return click.option(
        "--fail-on",
        type=Named("severity", [severity.value for severity in Severity]),
        default=default,
        show_default=default is not None,
        help=help_,
    )


def trust_option(what: str) -> Callable[[_Command], _Command]:
    """Return `--trust-model`; `what` is what would run unconfined."""
    return click.option(
        "--trust-model",
        is_flag=True,
        help=f"Run {what} without a sandbox where this machine cannot give one.",
    )
