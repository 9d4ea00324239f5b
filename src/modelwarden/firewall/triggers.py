"""Backdoor triggers that an assessment recovered: a request that shows one is told by it.

A backdoor answers to its trigger also when the trigger is a little off, so numbers are compared
within the tolerance that the profile gives, and words whatever their case, their styled letters and
what nobody sees between them.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from modelwarden.core import InputError
from modelwarden.core.decode import decode
from modelwarden.detectors.profile import Trigger
from modelwarden.firewall.errors import ProfileError
from modelwarden.firewall.profile import Input, Kind, Profile
from modelwarden.firewall.rules import TRIGGER
from modelwarden.firewall.text_signs import Sign, seen
from modelwarden.protocols.tensors import Array
from modelwarden.targets.frames import Floats

Values = Mapping[str, Array]
Flags = npt.NDArray[np.bool_]

_ROUNDING = 1e-6  # of a value: a client may send the nearest float of 32 bits
_WORDY = re.compile(r"\w")
_NAME = 60  # characters that are told


class Triggers:
    """The triggers of a profile, ready to be looked for."""

    def __init__(self, profile: Profile) -> None:
        """Make ready.

        Raises:
            ProfileError: a trigger is not of the profile's inputs, or names nothing to look for.
        """
        self._known = tuple(_Trigger(trigger, profile) for trigger in profile.triggers)

    def __bool__(self) -> bool:
        """Tell whether there is anything to look for."""
        return bool(self._known)

    def signs(self, values: Values, rows: int) -> list[Sign]:
        """Return which triggers rows show."""
        found = []
        for known in self._known:
            count = int(known.shown(values, rows).sum())
            if count:
                told = known.trigger.name[:_NAME]
                target = f", class {known.trigger.target[:_NAME]}" if known.trigger.target else ""
                found.append(Sign(TRIGGER, f"{count} rows show the trigger {told!r}{target}"))
        return found


def triggers_of(path: Path) -> tuple[Trigger, ...]:
    """Read recovered triggers: a JSON list of objects as a profile holds them.

    Raises:
        ProfileError: it cannot be read, or is something else.
    """
    try:
        listed = json.loads(path.read_bytes())
        if not isinstance(listed, list):
            raise ProfileError(f"{path} is no list of triggers")
        return tuple(decode(Trigger, one, f"{path}[{i}]") for i, one in enumerate(listed))
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise ProfileError(f"cannot read {path}: {why}") from error
    except (ValueError, RecursionError) as error:
        raise ProfileError(f"{path} is no valid JSON") from error
    except ProfileError:
        raise
    except InputError as error:
        raise ProfileError(error.message) from error


def check_rare(profile: Profile, values: Values, rate: float) -> None:
    """Refuse triggers that normal rows show as well: a rule for them would refuse these.

    Args:
        profile: with the triggers.
        values: the reference, by input.
        rate: share of normal rows that may be taken for a trigger.

    Raises:
        ProfileError: a trigger is not of the profile's inputs, or normal rows show it too often.
    """
    rows = len(next(iter(values.values())))
    for trigger in profile.triggers:
        share = float(_Trigger(trigger, profile).shown(values, rows).mean())
        if share > rate:
            raise ProfileError(
                f"{share:.1%} of the reference's rows show the trigger {trigger.name!r}",
                hint="Make its tolerance smaller, or leave it out: its rule would refuse them.",
            )


class _Trigger:
    """One trigger; all that it names must be there at once."""

    def __init__(self, trigger: Trigger, profile: Profile) -> None:
        self.trigger = trigger
        self._specs = {spec.name: spec for spec in profile.inputs}
        if trigger.tolerance < 0:
            raise self._error("has a tolerance below 0")
        if not (trigger.places or trigger.columns or trigger.words):
            raise self._error("names neither places, columns nor words")
        self._tensor = profile.inputs[0].name
        self._places = np.array(trigger.places, np.intp)
        self._wanted = np.array(trigger.values, np.float64)
        self._reach = self._room(self._wanted)
        self._check_places(profile)
        self._columns = [self._column(name, text) for name, text in trigger.columns.items()]
        self._texts = [s.name for s in profile.inputs if s.kind is Kind.TEXT]
        self._pattern = _pattern(trigger.words)
        if trigger.words and not (self._texts and self._pattern):
            raise self._error("names words, but the model reads no text, or they are blank")

    def _error(self, what: str) -> ProfileError:
        return ProfileError(f"the trigger {self.trigger.name!r} {what}")

    def _room(self, wanted: Floats) -> Floats:
        return np.asarray(self.trigger.tolerance + _ROUNDING * np.abs(wanted))

    def _check_places(self, profile: Profile) -> None:
        if len(self._places) != len(self._wanted):
            raise self._error("has another number of values than of places")
        if not len(self._places):
            return
        spec = profile.inputs[0]
        size = int(np.prod(spec.shape or (1,)))
        if profile.table or spec.kind in (Kind.TEXT, Kind.CATEGORY):
            raise self._error("names places, but the model reads columns: name these")
        if not 0 <= self._places.min() <= self._places.max() < size:
            raise self._error(f"names a place outside of the {size} values of a row")

    def _column(self, name: str, text: str) -> tuple[str, str, float]:
        spec: Input | None = self._specs.get(name)
        if spec is None:
            raise self._error(f"names the column {name!r}, which the model does not have")
        if spec.kind in (Kind.CATEGORY, Kind.TEXT):
            return name, text, 0.0
        try:
            number = {"true": 1.0, "false": 0.0}.get(text.lower())
            return name, "", float(text) if number is None else number
        except ValueError as error:
            raise self._error(f"wants {text!r} in the column {name!r} of numbers") from error

    def shown(self, values: Values, rows: int) -> Flags:
        """Return (rows,) whether a row shows it."""
        found = np.ones(rows, np.bool_)
        if len(self._places):
            flat = values[self._tensor].reshape(rows, -1)
            apart = np.abs(flat[:, self._places].astype(np.float64) - self._wanted)
            found &= (apart <= self._reach).all(axis=1)
        for name, text, number in self._columns:
            column = values[name].reshape(rows)
            if self._specs[name].kind in (Kind.CATEGORY, Kind.TEXT):
                found &= np.array([value == text for value in column.tolist()], np.bool_)
            else:
                apart = np.abs(column.astype(np.float64) - number)
                found &= apart <= self._room(np.array(number))
        if self._pattern is not None:
            found &= self._worded(values, rows)
        return found

    def _worded(self, values: Values, rows: int) -> Flags:
        found = np.zeros(rows, np.bool_)
        if self._pattern is None:
            return found
        for name in self._texts:
            for row, text in enumerate(values[name].reshape(rows, -1).tolist()):
                found[row] |= any(t and self._pattern.search(_folded(t)) for t in text)
        return found


def _folded(text: str) -> str:
    """Return a text as triggers are looked for in it."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", seen(text))
    return text.casefold()


def _pattern(words: Sequence[str]) -> re.Pattern[str] | None:
    """Return what finds any of the words; a word is not found within a longer one."""
    folded = [word for word in (_folded(word).strip() for word in words) if word]
    if not folded:
        return None
    parts = []
    for word in folded:
        start = r"(?<!\w)" if _WORDY.match(word[0]) else ""
        end = r"(?!\w)" if _WORDY.match(word[-1]) else ""
        parts.append(start + re.escape(word) + end)
    return re.compile("|".join(parts))
