"""Reports as people and pipelines read them: one module a format, imported when it is asked for.

    from modelwarden.report import render

    print(render(report, "text"))

A third party's renderer is a function of the same form as the modules' `render`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Protocol

from modelwarden.core import Severity, UnknownNameError

if TYPE_CHECKING:
    from modelwarden.core import Report

__all__ = ["FORMATS", "Renderer", "render"]

# Format, as users type it, to the module that renders it.
FORMATS: dict[str, str] = {
    "text": "text",
    "json": "json_",
    "sarif": "sarif",
    "junit": "junit",
    "html": "html",
    "markdown": "markdown",
    "gitlab": "gitlab",
}


class Renderer(Protocol):
    """What each module offers as `render`."""

    def __call__(self, report: Report, *, fail_on: Severity, terminal: bool, width: int) -> str:
        """Return the whole document, ending in a line break."""


def render(
    report: Report,
    format: str,  # noqa: A002 -- the option's own word
    *,
    fail_on: Severity = Severity.HIGH,
    terminal: bool = False,
    width: int = 100,
) -> str:
    """Return `report` as a document.

    Args:
        report: judged or not; nothing in it is trusted to be short or harmless.
        format: a key of `FORMATS`.
        fail_on: findings at this severity or worse count as failures where a format has such.
        terminal: the text goes to a person's terminal, so it may be coloured.
        width: columns that text may use.

    Raises:
        UnknownNameError: no such format.
    """
    if format not in FORMATS:
        raise UnknownNameError("format", format, FORMATS)
    module = import_module(f"modelwarden.report.{FORMATS[format]}")
    renderer: Renderer = module.render
    return renderer(report, fail_on=fail_on, terminal=terminal, width=width)
