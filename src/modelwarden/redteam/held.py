"""The folder of a campaign, held by one run at a time, and nothing written outside of it."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from modelwarden.core import InputError, OutputError

STATE = "state"


def check_own(folder: Path, *parts: str) -> None:
    """Refuse a folder whose parts are links to elsewhere.

    Raises:
        InputError: naming the link.
    """
    for part in parts:
        if (folder / part).is_symlink():
            raise InputError(
                f"{folder / part} is a link, and what a campaign writes stays in its folder",
                hint="Name another folder.",
            )


class Held:
    """The state folder, held by one run at a time."""

    def __init__(self, folder: Path) -> None:
        """Make the folder and take hold of it.

        A link within it would have what is written go elsewhere, and is not followed.

        Raises:
            InputError: another run has it, or its parts are links.
            OutputError: it cannot be made.
        """
        check_own(folder, STATE)
        try:
            (folder / STATE).mkdir(parents=True, exist_ok=True)
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
            self._descriptor = os.open(folder / STATE / "lock", flags, 0o600)
        except OSError as error:
            raise unwritable(folder, error) from error
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._descriptor)
            raise InputError(
                f"another run works in {folder}",
                hint="Wait for it, or name another --output.",
            ) from error

    def close(self) -> None:
        """Let go."""
        os.close(self._descriptor)


def unwritable(folder: Path, error: OSError) -> OutputError:
    """Return the error about a folder that the disk, or its rights, refuse to have written."""
    reason = (error.strerror or str(error)).lower()
    return OutputError(f"cannot write to {folder}: {reason}")
