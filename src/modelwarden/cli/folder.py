"""The output folder of a check: every form of the report, and the rows that findings point at."""

from __future__ import annotations

import base64
import os
from contextlib import suppress
from typing import TYPE_CHECKING

from modelwarden.core import InputError, OutputError
from modelwarden.gate.walk import below, printable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from modelwarden.assess.stage import RowMark
    from modelwarden.gate.check import Checked
    from modelwarden.gate.project import Project

FILES = {
    "report.json": "json",
    "report.html": "html",
    "report.sarif": "sarif",
    "junit.xml": "junit",
    "summary.md": "markdown",
}
ROWS = "rows.parquet"
_TYPED = "SELECT frame::VARCHAR frame, row, rule::VARCHAR rule, detail::VARCHAR detail FROM marks"
# Files that stages add; one of an earlier check is removed where this one has none.
ATTACHED = ("adversarial.npz", "adversarial.parquet")


class OutputFolder:
    """A folder that can be written to; found out before the work."""

    def __init__(self, path: Path, project: Project) -> None:
        """Make the folder and try it.

        Raises:
            InputError: it lies inside the model, where it would be scanned the next time.
            OutputError: it cannot be made or written to.
        """
        self.path = path
        models = [m.path for m in (project.model, project.model.reference) if m is not None]
        roots = [os.path.realpath(project.at(name)) for name in models if name is not None]
        if below(os.path.realpath(path), roots):
            raise InputError(
                f"the output folder {printable(str(path))} lies inside the model",
                hint="Name a folder outside of it.",
            )
        try:
            path.mkdir(parents=True, exist_ok=True)
            trial = self._beside("trial")
            with trial.open("xb"):
                trial.unlink()
        except OSError as error:
            raise _unwritable(path, error) from error

    @property
    def state(self) -> Path:
        """Where an interrupted check is kept."""
        return self.path / ".state"

    def write(self, checked: Checked) -> None:
        """Write all files beside, then rename them; nothing half-written is ever seen.

        Raises:
            OutputError: the disk refuses; nothing of this report is left behind.
        """
        from modelwarden.report import render

        made: list[tuple[Path, Path]] = []
        try:
            for name, form in FILES.items():
                text = render(checked.report, form, fail_on=checked.policy.fail_on)
                beside = self._beside(name)
                made.append((beside, self.path / name))
                with beside.open("xb") as stream:
                    stream.write(text.encode("utf-8", "backslashreplace"))
            if checked.rows or checked.assessed:
                beside = self._beside(ROWS)
                made.append((beside, self.path / ROWS))
                write_rows(beside, checked.rows)
            else:
                (self.path / ROWS).unlink(missing_ok=True)
            for name in ATTACHED:
                files = [file for file in checked.attachments if file.name == name]
                if not files:
                    (self.path / name).unlink(missing_ok=True)
                    continue
                beside = self._beside(name)
                made.append((beside, self.path / name))
                with beside.open("xb") as stream:
                    stream.write(base64.b64decode(files[0].data))
            for beside, target in made:
                beside.replace(target)
        except OSError as error:
            raise _unwritable(self.path, error) from error
        finally:
            for beside, _ in made:
                with suppress(OSError):
                    beside.unlink(missing_ok=True)

    def _beside(self, name: str) -> Path:
        return self.path / f".{name}-{os.getpid()}.tmp"


def write_rows(path: Path, rows: Sequence[RowMark]) -> None:
    """Write rows as parquet with the columns frame, row, rule, detail; there may be none.

    Raises:
        OSError: the disk refuses, or there is not enough memory.
    """
    import duckdb
    import numpy as np

    marks = {
        "frame": np.array([mark.frame for mark in rows], object),
        "row": np.array([mark.row for mark in rows], np.int64),
        "rule": np.array([mark.rule for mark in rows], object),
        "detail": np.array([mark.detail for mark in rows], object),
    }
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        with duckdb.connect() as connection:
            connection.register("marks", marks)
            target = _name_of(path, descriptor)
            connection.execute(f"COPY ({_TYPED}) TO '{target}' (FORMAT parquet, USE_TMP_FILE 0)")
    except (duckdb.Error, MemoryError) as error:
        raise OSError((str(error) or "out of memory").splitlines()[0]) from error
    finally:
        os.close(descriptor)


def _name_of(path: Path, descriptor: int) -> str:
    """Return a name that DuckDB can open the file by: it takes UTF-8, which a name need not be."""
    name = str(path)
    try:
        name.encode()
    except UnicodeEncodeError:
        name = f"/proc/self/fd/{descriptor}"
    return name.replace("'", "''")


def _unwritable(path: Path, error: OSError) -> OutputError:
    reason = (error.strerror or str(error)).lower()
    return OutputError(f"cannot write to {printable(str(path))}: {reason}")
