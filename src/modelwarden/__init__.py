"""Modelwarden: the gate that a model passes on its way from training to production.

    import modelwarden

    report = modelwarden.scan("models/")
    print(report.verdict.outcome, [f.rule for f in report.findings])

`scan` runs nothing that it meets: files are read as bytes by our own readers.
The command `modelwarden` does the same and adds output formats and exit codes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import os

    from modelwarden.core import Policy, Report

__all__ = ["__version__", "scan"]

__version__ = "0.1.0"


def scan(*paths: str | os.PathLike[str], policy: Policy | None = None, jobs: int = 1) -> Report:
    """Examine model files and folders without loading them, and judge what was found.

    Args:
        paths: files or folders; symbolic links that leave a folder are reported, not followed.
        policy: what the report must show; by default no finding at or above `high` and no gap.
        jobs: worker processes; the result is the same for any number.

    Returns:
        The report, with its verdict.

    Raises:
        InputError: a path does not exist.
    """
    from modelwarden.gate.scan import scan as examine

    return examine(paths, policy=policy, jobs=jobs)
