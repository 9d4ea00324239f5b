"""The one place that renders a report, writes it, and tells the exit code."""

from __future__ import annotations

import errno
import os
import sys
from typing import TYPE_CHECKING

from modelwarden.core import Outcome, OutputError, Report, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_WIDTH = 100  # of text that goes to a file or a pipe: the same wherever it is run
_CODES = {Outcome.PASS: 0, Outcome.FAIL: 1, Outcome.INCOMPLETE: 3}


def finish(
    report: Report,
    format: str,  # noqa: A002 -- the option's own word
    output: Path | None,
    *,
    fail_on: Severity = Severity.HIGH,
) -> int:
    """Write `report` and return the exit code of its verdict.

    Args:
        report: judged.
        format: one of `cli.options.FORMATS`.
        output: the file to write; None for stdout.
        fail_on: what the policy fails on, for formats that count failures.

    Raises:
        OutputError: `output` cannot be written; nothing of it is left behind.
    """
    if report.verdict is None:
        raise TypeError("a report is judged before it is shown")
    from modelwarden.report import render

    if output is None and sys.stdout is None:  # started with `>&-`
        raise OutputError("cannot write to stdout: it is closed")
    terminal = output is None and sys.stdout.isatty()
    width = os.get_terminal_size(sys.stdout.fileno()).columns if terminal else _WIDTH
    text = render(report, format, fail_on=fail_on, terminal=terminal, width=width)
    if output is None:
        print_whole(text)
    else:
        write_whole(output, text.encode("utf-8", "backslashreplace"))
    return _CODES[report.verdict.outcome]


def check_writable(path: Path, inputs: Iterable[str] = ()) -> None:
    """Find out before the work whether `path` can be written at the end of it.

    Args:
        path: where the report goes.
        inputs: what is examined; none of it may be overwritten.

    Raises:
        OutputError: its folder is not there or not writable, or it is a folder or an input.
    """
    try:
        if _is_special(path):
            return
        if path.is_file() and any(_is_same(path, name) for name in inputs):
            raise OutputError(f"cannot write {path}: it is a file that is to be examined")
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, "is a directory")
        beside = _beside(path)
        with beside.open("xb"):
            beside.unlink()
    except OSError as error:
        raise _unwritable(path, error) from error


def write_whole(path: Path, data: bytes) -> None:
    """Write `data` beside `path` and rename it there, so that a reader never sees half of it.

    A path that is there and no regular file (`/dev/stdout`, a pipe) is written to as it is.

    Raises:
        OutputError: it cannot be written.
    """
    try:
        if _is_special(path):
            with path.open("wb") as stream:
                stream.write(data)
            return
        beside = _beside(path)
        try:
            with beside.open("xb") as stream:
                stream.write(data)
            beside.replace(path)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise _unwritable(path, error) from error


def _beside(path: Path) -> Path:
    return path.with_name(f".modelwarden-{os.getpid()}.tmp")


def _is_special(path: Path) -> bool:
    return path.exists() and not path.is_file() and not path.is_dir()


def _is_same(path: Path, name: str) -> bool:
    try:
        return path.samefile(name)
    except OSError:  # what is not there or not readable is told by the scan
        return False


def _unwritable(path: Path, error: OSError) -> OutputError:
    return OutputError(f"cannot write {path}: {(error.strerror or str(error)).lower()}")


def print_whole(text: str) -> None:
    """Write `text` to stdout.

    Raises:
        OutputError: it cannot be written; a reader that went away is no error.
    """
    stream = sys.stdout
    try:
        stream.buffer.write(text.encode("utf-8", "backslashreplace"))
        stream.flush()
    except BrokenPipeError:
        from modelwarden.cli.main import drop_stdout

        drop_stdout()  # `modelwarden … | head`: the reader has seen enough; the verdict stands
    except OSError as error:
        drop = (error.strerror or str(error)).lower()
        raise OutputError(f"cannot write to stdout: {drop}") from error
