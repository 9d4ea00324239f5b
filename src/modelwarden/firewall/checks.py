"""What a request must be to reach the model: types, ranges, categories, and not too abnormal.

Pure functions of a request and a profile. `verdict` first holds every value against the profile's
inputs, then the rows as a whole against the reference.
"""

from __future__ import annotations

import functools

import numpy as np

from modelwarden.core.values import dataclass
from modelwarden.firewall.chat import instructing
from modelwarden.firewall.errors import Reason, RefusedError
from modelwarden.firewall.features import matrix_of
from modelwarden.firewall.normal import Flags, Judged, Scorer
from modelwarden.firewall.profile import Input, Kind, Profile, Protocol
from modelwarden.firewall.requests import Request, Requests
from modelwarden.firewall.text_signs import Sign, signs_in
from modelwarden.firewall.triggers import Triggers
from modelwarden.protocols.tensors import Array
from modelwarden.targets.frames import Floats


@dataclass(slots=True, eq=False)  # not frozen: made for each request, which takes a quarter as long
class Verdict:
    """What is known of a request that every model of this profile can be given.

    Attributes:
        request: as it was read.
        matrix: (rows, features).
        judged: None where the profile has no reference to judge by.
        abnormal: (rows,) whose score is above the profile's alarm.
        signs: what speaks against its texts, and triggers that it shows.
    """

    request: Request
    matrix: Floats
    judged: Judged | None
    abnormal: Flags
    signs: tuple[Sign, ...] = ()


class Checks:
    """A profile ready to judge requests."""

    def __init__(self, profile: Profile) -> None:
        """Make ready.

        Raises:
            ProfileError: a trigger is not of the profile's inputs.
        """
        self.profile = profile
        self._triggers = Triggers(profile)
        self._requests = Requests(profile)
        self._texts = tuple(spec for spec in profile.inputs if spec.texts is not None)
        self.scorer = None if profile.normal is None else Scorer(profile.normal)

    def verdict(self, body: bytes | bytearray, *, text: bool = False) -> Verdict:
        """Judge the body of a request; with `text` it is one text, not JSON.

        Raises:
            RefusedError: the model must not see it.
        """
        request = self._requests.read(body, text=text)
        if not request.checked:
            for spec in self.profile.inputs:
                check_values(spec, request.values[spec.name])
        signs = self._signs(request) if self._texts else ()
        if self._triggers:
            signs += tuple(self._triggers.signs(request.values, request.rows))
        matrix = self._matrix(request)
        if self.scorer is None:
            return Verdict(request, matrix, None, np.zeros(request.rows, np.bool_), signs)
        judged = self.scorer.judged(matrix)
        normal = self.scorer.normal
        if judged.worst > normal.refuse:
            raise RefusedError(
                Reason.ABNORMAL,
                f"a row scores {judged.worst:.3g}, {normal.refuse:.3g} is the limit",
                Verdict(request, matrix, judged, judged.scores > normal.alarm, signs),
            )
        if judged.worst <= normal.alarm:
            return Verdict(request, matrix, judged, _none(request.rows), signs)
        return Verdict(request, matrix, judged, judged.scores > normal.alarm, signs)

    def _signs(self, request: Request) -> tuple[Sign, ...]:
        chat = self.profile.protocol is Protocol.OPENAI
        own = instructing(request.document) if chat else frozenset()
        return tuple(
            s for spec in self._texts for s in signs_in(spec, request.values[spec.name], own)
        )

    def _matrix(self, request: Request) -> Floats:
        if request.checked:  # one tensor of numbers
            values = request.values[self.profile.inputs[0].name]
            return values.reshape(request.rows, -1).astype(np.float64, copy=False)
        return matrix_of(self.profile.inputs, request.values, request.rows)


@functools.cache
def _none(rows: int) -> Flags:
    flags = np.zeros(rows, np.bool_)
    flags.flags.writeable = False
    return flags


def check_values(spec: Input, values: Array) -> None:
    """Hold the values of one input against what it may be.

    Raises:
        RefusedError: it is something else.
    """
    if spec.kind in (Kind.CATEGORY, Kind.TEXT):
        _check_words(spec, values)
        return
    kind = values.dtype.kind
    if kind not in ("bif" if spec.kind is Kind.BOOLEAN else "if"):
        raise RefusedError(Reason.TYPE, f"input {spec.name!r} is of another type")
    known = values
    if kind == "f":
        absent = np.isnan(values)
        if bool(absent.any()) and not spec.missing:
            raise RefusedError(Reason.MISSING, f"input {spec.name!r} lacks a value")
        known = values[~absent]
        if not bool(np.isfinite(known).all()):
            raise RefusedError(Reason.FINITE, f"input {spec.name!r} holds no finite number")
        if spec.kind is Kind.INTEGER and bool((known % 1 != 0).any()):
            raise RefusedError(Reason.TYPE, f"input {spec.name!r} holds no whole number")
    if spec.kind is Kind.BOOLEAN and not bool(np.isin(known, (0, 1)).all()):
        raise RefusedError(Reason.TYPE, f"input {spec.name!r} holds neither true nor false")
    if known.size and kind != "b":
        low, high = float(known.min()), float(known.max())
        if (spec.low is not None and low < spec.low) or (
            spec.high is not None and high > spec.high
        ):
            raise RefusedError(Reason.RANGE, f"input {spec.name!r} leaves its range")


def _check_words(spec: Input, values: Array) -> None:
    if values.dtype.kind != "O":
        raise RefusedError(Reason.TYPE, f"input {spec.name!r} is no text")
    words = values.reshape(-1).tolist()
    if not spec.missing and any(word is None for word in words):
        raise RefusedError(Reason.MISSING, f"input {spec.name!r} lacks a value")
    known = [word for word in words if word is not None]
    if spec.kind is Kind.CATEGORY:
        categories = frozenset(spec.categories)
        if any(word not in categories for word in known):
            raise RefusedError(Reason.CATEGORY, f"input {spec.name!r} has no such category")
    elif spec.longest is not None and any(len(word) > spec.longest for word in known):
        raise RefusedError(Reason.SIZE, f"a text of input {spec.name!r} is too long")
