"""What is settled already, on disk: a killed run resumes, an unchanged unit is not worked again.

One JSON file for each value, named by its key. Files are written beside and renamed, and carry
their own digest: a torn or altered one is as good as none. Nothing is ever unpickled.
"""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from typing import TYPE_CHECKING

from modelwarden.core import InputError, Json
from modelwarden.core.values import dataclass

if TYPE_CHECKING:
    from pathlib import Path

_SCHEMA = "modelwarden/checkpoint/1"
_LARGEST = 64 << 20


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A folder of settled values.

    Attributes:
        folder: made when it is not there; readable for its owner only.
        salt: everything but the unit that a value depends on: version, rules, settings. Values
            of another salt are never returned.
    """

    folder: Path
    salt: str

    def prepare(self) -> None:
        """Make the folder.

        Raises:
            InputError: it cannot be made or written to.
        """
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not os.access(self.folder, os.W_OK | os.X_OK):
                raise PermissionError("permission denied")
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise InputError(
                f"cannot use {self.folder} as a cache: {reason}",
                hint="Name a folder that you may write to.",
            ) from error

    def get(self, key: str) -> Json:
        """Return the value of `key`, or None when there is none that is whole."""
        path = self._path(key)
        try:
            with path.open("rb") as stream:
                data = stream.read(_LARGEST + 1)
            kept = json.loads(data) if len(data) <= _LARGEST else None
        except (OSError, ValueError, RecursionError):
            return None
        if not isinstance(kept, dict) or kept.get("schema") != _SCHEMA:
            return None
        value = kept.get("value")
        return value if kept.get("digest") == _digest(path.stem, value) else None

    def put(self, key: str, value: Json) -> None:
        """Keep `value`; when the disk refuses, nothing is kept and the work goes on."""
        path = self._path(key)
        whole = {"schema": _SCHEMA, "digest": _digest(path.stem, value), "value": value}
        beside = path.with_suffix(f".{os.getpid()}.tmp")
        try:
            path.parent.mkdir(mode=0o700, exist_ok=True)
            with beside.open("x", encoding="utf-8") as stream:
                json.dump(whole, stream, separators=(",", ":"))
            beside.replace(path)
        except OSError:
            beside.unlink(missing_ok=True)

    def place(self, key: str, ending: str) -> Path:
        """Return where a file of one's own may stand that goes with this salt alone."""
        path = self._path(key).with_suffix(f".{ending}")
        with suppress(OSError):
            path.parent.mkdir(mode=0o700, exist_ok=True)
        return path

    def _path(self, key: str) -> Path:
        name = hashlib.sha256(f"{len(self.salt)}:{self.salt}{key}".encode()).hexdigest()
        return self.folder / name[:2] / f"{name}.json"


def _digest(name: str, value: Json) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(f"{name}{text}".encode()).hexdigest()
