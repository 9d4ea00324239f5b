"""Modelwarden: the gate that a model passes on its way from training to production.

    import modelwarden

    report = modelwarden.scan("models/")
    print(report.verdict.outcome, [f.rule for f in report.findings])

`scan` runs nothing that it meets: files are read as bytes by our own readers. `check` scans a
model, opens it in a sandbox, and measures it on the user's own data.
The command `modelwarden` does the same and adds output formats and exit codes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from modelwarden.core import Policy, Report

__all__ = ["__version__", "check", "scan"]

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


def check(
    path: str | os.PathLike[str] = ".",
    *,
    stages: Sequence[str] = (),
    seed: int = 0,
    trust_model: bool = False,
) -> Report:
    """Assess the model of a modelwarden.toml on the user's own data, and judge it by its policy.

    Args:
        path: the file, which is the user's own code, or the folder that it is in.
        stages: names of the stages to run; all by default.
        seed: root of all chance.
        trust_model: run the model without a sandbox where this machine cannot give one.

    Returns:
        The report, with its verdict.

    Raises:
        InputError: the file, the data or a name cannot be used.
        MissingExtraError: what assessing needs is not installed.
    """
    from modelwarden.gate.check import check as assess

    return assess(path, stages=stages, seed=seed, trust=trust_model).report
