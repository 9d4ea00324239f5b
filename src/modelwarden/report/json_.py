"""The report as JSON: everything, in the order and shape of `docs/schema/report-1.schema.json`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwarden.core import encode
from modelwarden.report.escape import json_text

if TYPE_CHECKING:
    from modelwarden.core import Report, Severity


def render(report: Report, *, fail_on: Severity, terminal: bool, width: int) -> str:
    """Return the report as indented JSON in UTF-8 text, nothing left out or shortened."""
    del fail_on, terminal, width  # the same for every reader
    return json_text(encode(report)) + "\n"
