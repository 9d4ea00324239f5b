"""A table of a TOML file, read strictly: every key is known, every value is of its type."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Mapping, Sequence

from modelwarden.core.errors import InputError, PolicyError, UnknownNameError
from modelwarden.core.values import dataclass


@dataclass(frozen=True, slots=True)
class Fields:
    """One table, with where it stands in the file for messages.

    Attributes:
        source: the file.
        place: dotted keys down to this table; empty at the top.
        failure: the error that this kind of file raises: `PolicyError`, `ConfigError`.
    """

    table: Mapping[str, object]
    source: str
    place: str = ""
    failure: type[InputError] = PolicyError

    def error(self, key: str, what: str) -> InputError:
        """Return the error about one key, naming the file and the key."""
        return self.failure(f"{self.source}: {self.at(key)} {what}")

    def at(self, key: str) -> str:
        """Return the full dotted name of a key of this table."""
        return f"{self.place}.{key}" if self.place else key

    def only(self, known: Iterable[str]) -> None:
        """Refuse any other key.

        Raises:
            InputError: with the nearest known key as hint.
        """
        names = tuple(known)
        for key in self.table:
            if key not in names:
                near = UnknownNameError("key", key, names)
                raise self.failure(f"{self.source}: unknown key {self.at(key)!r}", hint=near.hint)

    def one_of(self, key: str, value: object, kind: str, known: Sequence[str]) -> str:
        """Return `value` when it is one of the known names.

        Raises:
            InputError: it is not, with the nearest as hint.
        """
        if not isinstance(value, str):
            raise self.error(key, f"must be a string, not {_kind(value)}")
        if value not in known:
            near = UnknownNameError(kind, value, known)
            message = f"{self.source}: {self.at(key)} names an {near.message}"
            raise self.failure(message, hint=near.hint)
        return value

    def text(self, key: str) -> str | None:
        """Return a string that says something, or None when the key is not there."""
        value = self.table.get(key)
        if value is None:
            return None
        if not isinstance(value, str):
            raise self.error(key, f"must be a string, not {_kind(value)}")
        if not value.strip():
            raise self.error(key, "must not be empty")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """Return an array of strings; empty when the key is not there."""
        value = self.table.get(key, [])
        if not isinstance(value, list):
            raise self.error(key, f"must be an array of strings, not {_kind(value)}")
        for number, part in enumerate(value):
            if not isinstance(part, str):
                raise self.error(f"{key}[{number}]", f"must be a string, not {_kind(part)}")
        return tuple(value)

    def number(self, key: str) -> float | None:
        """Return a finite number, or None when the key is not there."""
        value = self.table.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.error(key, f"must be a number, not {_kind(value)}")
        if not math.isfinite(value):
            raise self.error(key, "must be a finite number")
        return float(value)

    def whole(self, key: str) -> int | None:
        """Return a whole number, or None when the key is not there."""
        value = self.table.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.error(key, f"must be a whole number, not {_kind(value)}")
        return value

    def flag(self, key: str, *, default: bool = False) -> bool:
        """Return true or false."""
        value = self.table.get(key, default)
        if not isinstance(value, bool):
            raise self.error(key, f"must be true or false, not {_kind(value)}")
        return value

    def section(self, key: str) -> Fields:
        """Return the table under `key`; an empty one when it is not there."""
        return self.inner(key, self.table.get(key, {}))

    def date(self, key: str) -> dt.date | None:
        """Return a day, written as a TOML date or as the string `YYYY-MM-DD`."""
        value = self.table.get(key)
        if value is None:
            return None
        if isinstance(value, dt.datetime):
            raise self.error(key, "must be a day without a time")
        if isinstance(value, dt.date):
            return value
        if isinstance(value, str):
            try:
                return dt.date.fromisoformat(value)
            except ValueError as error:
                raise self.error(key, f"is no day: {value!r} (write YYYY-MM-DD)") from error
        raise self.error(key, f"must be a day, not {_kind(value)}")

    def inner(self, key: str, value: object) -> Fields:
        """Return the table `value` that stands under `key`."""
        if not isinstance(value, Mapping):
            raise self.error(key, f"must be a table, not {_kind(value)}")
        return Fields(value, self.source, self.at(key), self.failure)

    def tables(self, key: str) -> tuple[Fields, ...]:
        """Return an array of tables; empty when the key is not there."""
        value = self.table.get(key, [])
        if not isinstance(value, list):
            raise self.error(key, f"must be an array of tables ([[…]]), not {_kind(value)}")
        return tuple(self.inner(f"{key}[{number}]", part) for number, part in enumerate(value))


_KINDS = {bool: "a boolean", str: "a string", int: "a number", float: "a number", list: "an array"}


def _kind(value: object) -> str:
    if isinstance(value, Mapping):
        return "a table"
    if isinstance(value, dt.date | dt.time):
        return "a date or time"
    return _KINDS.get(type(value), type(value).__name__)
