"""What a request must be to reach the model: types, ranges, categories, and not too abnormal.

Pure functions of a request and a profile. `verdict` first holds every value against the profile's
inputs, then the rows as a whole against the reference.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate

import numpy as np

from modelwarden.core.values import dataclass
from modelwarden.firewall.categories import alike
from modelwarden.firewall.chat import instructing
from modelwarden.firewall.errors import Reason, RefusedError
from modelwarden.firewall.features import matrix_of
from modelwarden.firewall.normal import Judged, Scorer
from modelwarden.firewall.orders import check_orders
from modelwarden.firewall.profile import Input, Kind, Normal, Profile, Protocol
from modelwarden.firewall.requests import Arrival, Request, Requests
from modelwarden.firewall.text_signs import Sign, blank, signs_in
from modelwarden.firewall.triggers import Triggers
from modelwarden.protocols.tensors import Array
from modelwarden.targets.frames import Floats

_TOGETHER = 64  # rows: more of them are no cheaper at once


@dataclass(slots=True, eq=False)  # not frozen: made for each request, which takes a quarter as long
class Verdict:
    """What is known of a request that every model of this profile can be given.

    Attributes:
        request: as it was read.
        score: the largest of its rows; None where the profile has no reference to judge by.
        abnormal: rows whose score is above the profile's alarm.
        signs: what speaks against its texts, and triggers that it shows.
    """

    request: Request
    score: float | None
    abnormal: int
    signs: tuple[Sign, ...] = ()


@dataclass(slots=True, eq=False)  # not frozen: as above
class Measured:
    """Rows of requests that were held against the reference together.

    Attributes:
        numbers: of the requests.
        ends: of the rows of each.
        matrix: (rows, features).
        judged: of these rows.
    """

    numbers: list[int]
    ends: list[int]
    matrix: Floats
    judged: Judged


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
        ((found,), _) = self.verdicts([Arrival(body, text=text)])
        if isinstance(found, Exception):
            raise found
        return found

    def verdicts(
        self, asked: Sequence[Arrival]
    ) -> tuple[list[Verdict | Exception], list[Measured]]:
        """Judge requests; each by itself, but distances are taken of many rows at once.

        Returns:
            For each its verdict, a `RefusedError` when the model must not see it, or what went
            wrong with a check; and the rows of those that could be read, in the same order.
        """
        found: list[Verdict | Exception] = []
        for request in self._requests.read_all(asked):
            try:
                found.append(self._checked(request))
            except Exception as error:  # noqa: BLE001 - one request; whoever decides tells it
                found.append(error)
        measured: list[Measured] = []
        if self.scorer is not None:
            for numbers in _together(found):
                measured += self._measured(self.scorer, found, numbers)
        return found, measured

    def _checked(self, request: Request | Exception) -> Verdict:
        if isinstance(request, Exception):
            raise request
        if not request.checked:
            for spec in self.profile.inputs:
                check_values(spec, request.values[spec.name])
            if self.profile.orders:
                check_orders(self.profile.orders, request.values)
        signs = self._signs(request) if self._texts else ()
        if self._triggers:
            signs += tuple(self._triggers.signs(request.values, request.rows))
        return Verdict(request, None, 0, signs)

    def _measured(
        self, scorer: Scorer, found: list[Verdict | Exception], numbers: list[int]
    ) -> list[Measured]:
        """Hold the rows of some requests against the reference, and put down what that says."""
        try:
            requests = [one.request for n in numbers if isinstance(one := found[n], Verdict)]
            matrix = self._matrix(requests)
            judged = scorer.judged(matrix)
        except Exception as error:  # noqa: BLE001 - of one of them; the others are not to suffer
            if len(numbers) > 1:
                return [part for n in numbers for part in self._measured(scorer, found, [n])]
            found[numbers[0]] = error
            return []
        ends = list(accumulate([request.rows for request in requests]))
        scores, start = judged.scores.tolist(), 0
        for number, end in zip(numbers, ends, strict=True):
            found[number] = _scored(found[number], scores[start:end], scorer.normal)
            start = end
        return [Measured(numbers, ends, matrix, judged)]

    def _matrix(self, requests: Sequence[Request]) -> Floats:
        """Return the rows of requests, (rows, features)."""
        checked = [request.checked for request in requests]
        if False not in checked:  # each is one tensor of numbers
            name = self.profile.inputs[0].name
            parts = [request.values[name] for request in requests]
            whole = parts[0] if len(parts) == 1 else np.concatenate(parts)
            return whole.reshape(len(whole), -1).astype(np.float64, copy=False)
        inputs = self.profile.inputs
        return np.concatenate([matrix_of(inputs, r.values, r.rows) for r in requests])

    def _signs(self, request: Request) -> tuple[Sign, ...]:
        chat = self.profile.protocol is Protocol.OPENAI
        own = instructing(request.document) if chat else frozenset()
        return tuple(
            s for spec in self._texts for s in signs_in(spec, request.values[spec.name], own)
        )


def _together(found: Sequence[Verdict | Exception]) -> Iterator[list[int]]:
    """Yield which requests have so few rows that these are measured at once."""
    numbers: list[int] = []
    rows = 0
    for number, verdict in enumerate(found):
        if isinstance(verdict, Exception):
            continue
        if numbers and rows + verdict.request.rows > _TOGETHER:
            yield numbers
            numbers, rows = [], 0
        numbers.append(number)
        rows += verdict.request.rows
    if numbers:
        yield numbers


def _scored(
    verdict: Verdict | Exception, scores: list[float], normal: Normal
) -> Verdict | Exception:
    """Return a verdict with the scores of its rows, or the refusal that they are."""
    if isinstance(verdict, Exception):
        return verdict
    worst = verdict.score = max(scores)
    if worst <= normal.alarm:
        return verdict
    verdict.abnormal = sum([score > normal.alarm for score in scores])
    if worst <= normal.refuse:
        return verdict
    detail = f"a row scores {worst:.3g}, {normal.refuse:.3g} is the limit"
    return RefusedError(Reason.ABNORMAL, detail, verdict)


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
        _check_whole(spec, known)
    if spec.kind is Kind.BOOLEAN and not bool(np.isin(known, (0, 1)).all()):
        raise RefusedError(Reason.TYPE, f"input {spec.name!r} holds neither true nor false")
    if known.size and kind != "b":
        low, high = float(known.min()), float(known.max())
        if (spec.low is not None and low < spec.low) or (
            spec.high is not None and high > spec.high
        ):
            raise RefusedError(Reason.RANGE, f"input {spec.name!r} leaves its range")


def _check_whole(spec: Input, known: Array) -> None:
    """Refuse fractions where there are none."""
    if spec.kind is not Kind.INTEGER and spec.fractions:
        return
    if bool((known % 1 != 0).any()):
        reason = Reason.TYPE if spec.kind is Kind.INTEGER else Reason.ABNORMAL
        raise RefusedError(reason, f"input {spec.name!r} holds no whole number")


def _check_words(spec: Input, values: Array) -> None:
    if values.dtype.kind != "O":
        raise RefusedError(Reason.TYPE, f"input {spec.name!r} is no text")
    words = values.reshape(-1).tolist()
    if not spec.missing and any(word is None for word in words):
        raise RefusedError(Reason.MISSING, f"input {spec.name!r} lacks a value")
    known = [word for word in words if word is not None]
    usual = spec.texts
    if usual is not None and not (usual.blank or spec.missing) and any(map(blank, known)):
        raise RefusedError(Reason.MISSING, f"a text of input {spec.name!r} is blank")
    if spec.kind is Kind.CATEGORY:
        listed = frozenset(spec.categories)
        others = [word for word in known if word not in listed]
        if others and not (spec.unlisted and all(alike(w, spec.categories) for w in others)):
            raise RefusedError(Reason.CATEGORY, f"input {spec.name!r} has no such category")
    elif spec.longest is not None and any(len(word) > spec.longest for word in known):
        raise RefusedError(Reason.SIZE, f"a text of input {spec.name!r} is too long")
