"""What can go wrong, as types.

    ModelwardenError            facts as attributes, `hint` = the user's next step
    ├── InputError              a path, option or file of the user's cannot be used (exit 2)
    │   ├── HollowFileError     a sparse file, most of which is stored nowhere
    │   ├── UnknownNameError    a name that does not exist; says the nearest known one
    │   ├── ConfigError         a modelwarden.toml that cannot be used
    │   └── PolicyError         a policy or waiver file that cannot be used
    ├── MissingExtraError       an optional part of Modelwarden is not installed (exit 2)
    └── OutputError             a result could not be written (exit 2)

Rooms raise; only `cli` and `hub` print, log to users or exit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_SHOWN = 30  # of known names, where none is near


class ModelwardenError(Exception):
    """Root of everything that Modelwarden raises on purpose."""

    hint = "Run the command again with --help to see what it accepts."

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        """Say what happened in `message` (one line, naming the value) and what to do in `hint`."""
        super().__init__(message)
        self.message = message
        if hint is not None:
            self.hint = hint


class InputError(ModelwardenError):
    """Something the user gave us cannot be used."""


class HollowFileError(InputError):
    """A file that announces far more bytes than are stored of it."""

    hint = "Remove it; if it is what it should be, store it in full (cp --sparse=never)."

    def __init__(self, name: str) -> None:
        """Name the file."""
        super().__init__(f"{name} is a sparse file with more than 1 GiB of holes: not hashed")


class UnknownNameError(InputError):
    """A name that is not among the known ones."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        """Remember `name` of this `kind` and find the nearest of the `known` ones."""
        from difflib import get_close_matches

        names = sorted(known)
        folded = [known for known in names if known.casefold() == name.casefold()]
        near = folded or get_close_matches(name, names, n=1, cutoff=0.6)
        self.name = name
        self.nearest = near[0] if near else None
        more = f", … ({len(names)} in all)" if len(names) > _SHOWN else ""
        shown = f"Known: {', '.join(names[:_SHOWN])}{more}."
        hint = f"Did you mean {near[0]!r}?" if near else shown
        super().__init__(f"unknown {kind} {name!r}", hint=hint)


class ConfigError(InputError):
    """A modelwarden.toml that cannot be used as it stands."""

    hint = "Mend modelwarden.toml; `docs/check.md` shows every key."


class PolicyError(InputError):
    """A policy or waiver that cannot be used as it stands."""

    hint = "Mend the policy file; `docs/policy.md` shows every key."


class MissingExtraError(ModelwardenError):
    """An optional part that this step needs is not installed."""

    def __init__(self, what: str, extra: str) -> None:
        """Name what is missing and the extra of this package that brings it."""
        self.extra = extra
        super().__init__(
            f"{what} is not installed", hint=f"Install it: pip install 'modelwarden[{extra}]'"
        )


class OutputError(ModelwardenError):
    """A result could not be written where it was asked for."""

    hint = "Choose another place, or make its folder writable."
