"""The one place that renders a report, writes it, and tells the exit code."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from modelwarden.core import Outcome, OutputError, Report

_CODES = {Outcome.PASS: 0, Outcome.FAIL: 1, Outcome.INCOMPLETE: 3}


def finish(report: Report, format: str, output: Path | None) -> int:  # noqa: A002 -- the option's own word
    """Write `report` and return the exit code of its verdict.

    Args:
        report: judged.
        format: one of `cli.options.FORMATS`.
        output: the file to write; None for stdout.

    Raises:
        OutputError: `output` cannot be written; nothing of it is left behind.
    """
    if report.verdict is None:
        raise TypeError("a report is judged before it is shown")
    from modelwarden.report import render

    terminal = output is None and sys.stdout.isatty()
    width = shutil.get_terminal_size().columns
    text = render(report, format, terminal=terminal, width=width)
    if output is None:
        _print(text)
    else:
        write_whole(output, text.encode("utf-8", "backslashreplace"))
    return _CODES[report.verdict.outcome]


def write_whole(path: Path, data: bytes) -> None:
    """Write `data` beside `path` and rename it there, so that a reader never sees half of it.

    A path that is no regular file (`/dev/stdout`, a pipe) is written to as it is.

    Raises:
        OutputError: it cannot be written.
    """
    beside = path.with_name(f".{path.name[:100]}.{os.getpid()}.tmp")
    try:
        if path.exists() and not path.is_file():
            with path.open("wb") as stream:
                stream.write(data)
            return
        try:
            with beside.open("xb") as stream:
                stream.write(data)
            beside.replace(path)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise OutputError(f"cannot write {path}: {reason}") from error


def _print(text: str) -> None:
    stream = sys.stdout
    try:
        stream.buffer.write(text.encode("utf-8", "backslashreplace"))
        stream.flush()
    except BrokenPipeError:
        # `modelwarden … | head`: the reader has seen enough; the verdict stands.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
