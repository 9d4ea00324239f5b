"""The check behind the tests: run when the first of them needs it, and once.

Processes of one run of pytest share what the first of them found, in a folder that lives as long
as that run: a result that outlived it could lie, for a model may read anything beside it.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from modelwarden.core import ModelwardenError, Report, encode
from modelwarden.core.decode import report_from_json
from modelwarden.core.values import dataclass

if TYPE_CHECKING:
    from modelwarden.gate.project import Project


class CheckFailedError(ModelwardenError):
    """The check behind the tests could not be carried out."""

    hint = "Run `modelwarden check` to see it alone."


@dataclass(frozen=True, slots=True)
class Ran:
    """What a check found, and the day in UTC on which it is judged."""

    report: Report
    today: dt.date


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a check is asked.

    Attributes:
        file: the modelwarden.toml.
        seed: root of all chance.
        trust: run the model without a sandbox where none can be had.
        baseline: an earlier report to compare with.
    """

    file: Path
    seed: int = 0
    trust: bool = False
    baseline: Path | None = None


class Check:
    """One check, run when it is first asked for.

    Attributes:
        asked: what it is asked.
        folder: that the processes of this run of pytest share; None where there is one.
    """

    def __init__(self, asked: Asked, folder: Path | None = None) -> None:
        self.asked, self.folder = asked, folder
        self._project: Project | None = None
        self._ran: Ran | None = None
        self._failed: CheckFailedError | None = None

    def project(self) -> Project:
        """Return what the file says, read once.

        Raises:
            InputError: it cannot be used.
        """
        if self._project is None:
            from modelwarden.gate.project import load

            self._project = load(self.asked.file)
        return self._project

    def ran(self) -> Ran:
        """Return what was found.

        Raises:
            CheckFailedError: the check could not be carried out; said again to all who ask.
        """
        if self._failed is not None:
            raise self._failed.with_traceback(None)
        if self._ran is None:
            try:
                self._ran = self._found() if self.folder is None else self._shared(self.folder)
            except CheckFailedError as error:
                self._failed = error
                raise
        return self._ran

    def _found(self) -> Ran:
        """Run the check; whatever ends it is said in one line."""
        from modelwarden.gate.check import CheckHow, check
        from modelwarden.gate.state import default_folder

        asked = self.asked
        today = dt.datetime.now(dt.UTC).date()
        try:
            project = self.project()
            how = CheckHow(state=default_folder(project))
            with apart():
                checked = check(
                    project, seed=asked.seed, baseline=asked.baseline, trust=asked.trust, how=how
                )
        except ModelwardenError as error:
            raise CheckFailedError(error.message, hint=error.hint) from error
        except Exception as error:
            what = " ".join(str(error).split())[:300]
            why = f"internal error: {type(error).__name__}: {what}"
            hint = "Report it to the maintainers; `modelwarden check` with MODELWARDEN_DEBUG=1 "
            raise CheckFailedError(why, hint=hint + "shows where.") from error
        return Ran(checked.report, today)

    def _shared(self, folder: Path) -> Ran:
        name = _key(self.asked)
        kept = folder / f"{name}.json"
        with _locked(folder / f"{name}.lock"):
            if kept.is_file():
                return _read(kept.read_text())
            try:
                found: Ran | CheckFailedError = self._found()
            except CheckFailedError as error:
                found = error
            beside = folder / f"{name}.{os.getpid()}.tmp"
            with suppress(OSError):  # a full disk: others check for themselves
                beside.write_text(_written(found))
                beside.replace(kept)
        if isinstance(found, CheckFailedError):
            raise found
        return found


@contextmanager
def apart() -> Iterator[None]:
    """Keep pytest's filters of warnings from our own work, so that both find the same."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _key(asked: Asked) -> str:
    parts = (str(asked.file), str(asked.seed), str(asked.trust), str(asked.baseline))
    return hashlib.sha256("\0".join(parts).encode(errors="surrogateescape")).hexdigest()[:32]


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the lock at `path`; the kernel gives it back should this process die."""
    import fcntl

    with path.open("ab") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def _written(found: Ran | CheckFailedError) -> str:
    """Return what a check found, or why it failed, as JSON."""
    if isinstance(found, CheckFailedError):
        return json.dumps({"failed": found.message, "hint": found.hint})
    return json.dumps({"report": encode(found.report), "today": found.today.isoformat()})


def _read(text: str) -> Ran:
    document = json.loads(text)
    if "failed" in document:
        raise CheckFailedError(document["failed"], hint=document["hint"])
    report = report_from_json(json.dumps(document["report"]))
    return Ran(report, dt.date.fromisoformat(document["today"]))
