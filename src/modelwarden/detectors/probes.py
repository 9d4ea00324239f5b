"""Golden probes: secret questions whose answers must stay the same, digit by digit.

A model that was swapped, or whose weights were moved by a little, keeps most of its labels but not
its probabilities. So answers are compared as numbers, within a tolerance that is learnt from asking
the same questions several times in batches of different sizes. Whoever knows the questions could
answer them from the old model: they are kept in a file of their own, readable for its owner only,
look like any other rows, and are asked at random times a few at once.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from modelwarden.core import InputError, encode
from modelwarden.core.decode import decode
from modelwarden.core.findings import Json
from modelwarden.core.values import dataclass
from modelwarden.detectors.profile import Input, Kind, Profile, ProfileError, Protocol, opened
from modelwarden.protocols import mlflow, oip, tf_serving
from modelwarden.protocols.documents import object_of
from modelwarden.protocols.tensors import Tensor, WireError
from modelwarden.targets.frames import Floats

SCHEMA = "modelwarden/probes/1"
MOST, FEWEST = 128, 64
UNREAD = 10
"""Answers that cannot be learnt from, one after another, that are told."""
_WIDE = 1e-3  # of an answer's size
REPEATS = 3
_VALUES = 1 << 17  # numbers of all probes together
_LARGEST = 256 << 20
_FLOOR = 1e-6  # of an answer's size: rounding of a float model in batches of another shape
_ROOM = 3.0  # times the range that repeats showed

Columns = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the model said to one probe.

    Attributes:
        numbers: flat.
        spread: largest range over repeats.
        words: where it answers words.
    """

    numbers: tuple[float, ...] = ()
    spread: float = 0.0
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Probes:
    """The secret half of a profile.

    Attributes:
        profile: `sha256:` of the profile's file that they were made with.
        columns: (n, …) by input, as nested lists.
        answers: (n,) that were learnt; empty before that.
    """

    schema: str
    name: str
    profile: str
    columns: Mapping[str, Json]
    answers: tuple[Answer, ...] = ()


def probes_of(profile: Profile, values: Columns, digest: str) -> Probes | None:
    """Draw secret questions that look like the reference; None where none can be asked.

    They are not rows of the reference, which others may know: numbers lie between two of its rows,
    where borders of classes are more likely too, words are those of one of them.

    Args:
        profile: says what inputs are.
        values: the reference, by input.
        digest: `sha256:` of the profile's file.
    """
    if profile.protocol not in _ASKABLE or any(not spec.name for spec in profile.inputs):
        return None
    rng = np.random.default_rng(secrets.randbits(128))
    size = sum(int(np.prod(spec.shape or (1,))) for spec in profile.inputs)
    count = max(8, min(MOST, _VALUES // max(1, size)))
    rows = _complete(profile, values)
    if not len(rows):
        return None
    first = rng.integers(len(rows), size=count)
    # Another row than the first, where there is one: between a row and itself lies that row.
    apart = rng.integers(1, len(rows), count) if len(rows) > 1 else 0
    one, two = rows[first], rows[(first + apart) % len(rows)]
    share = rng.uniform(0.0, 0.5, count)
    columns = {
        spec.name: _between(spec, values[spec.name], one, two, share).tolist()
        for spec in profile.inputs
    }
    return Probes(schema=SCHEMA, name=profile.name, profile=digest, columns=columns)


def _complete(profile: Profile, values: Columns) -> npt.NDArray[np.int64]:
    """Return the rows that miss nothing: not every protocol has a word for what is missing."""
    whole: npt.NDArray[np.bool_] | None = None
    for spec in profile.inputs:
        column = values[spec.name]
        known = (
            np.array([v is not None for v in column.reshape(-1).tolist()], np.bool_)
            if column.dtype.kind == "O"
            else np.isfinite(column.reshape(len(column), -1).astype(np.float64)).all(axis=1)
        )
        both = known if whole is None else np.logical_and(whole, known)
        whole = np.asarray(both, np.bool_)
    return np.flatnonzero(whole) if whole is not None else np.empty(0, np.int64)


def _between(
    spec: Input,
    column: npt.NDArray[Any],
    one: npt.NDArray[np.int64],
    two: npt.NDArray[np.int64],
    share: Floats,
) -> npt.NDArray[Any]:
    if spec.kind is not Kind.NUMBER or column.dtype.kind not in "f":
        if column.dtype.kind in "iu" and spec.kind in (Kind.NUMBER, Kind.INTEGER) and spec.shape:
            mixed = _mixed(column, one, two, share)
            return np.asarray(np.rint(mixed).astype(np.int64))
        return column[one]
    mixed = _mixed(column, one, two, share)
    known = column[one].astype(np.float64)
    if bool((known % 1 == 0).all()):
        return np.asarray(np.rint(mixed))
    return np.asarray(np.float32(mixed) if column.dtype == np.float32 else mixed)


def _mixed(
    column: npt.NDArray[Any],
    one: npt.NDArray[np.int64],
    two: npt.NDArray[np.int64],
    share: Floats,
) -> Floats:
    weight = share.reshape(-1, *([1] * (column.ndim - 1)))
    a, b = column[one].astype(np.float64), column[two].astype(np.float64)
    return np.asarray(a * (1 - weight) + b * weight, np.float64)


_ASKABLE = frozenset((Protocol.OIP, Protocol.MLFLOW, Protocol.TF_SERVING))


def dumped(probes: Probes) -> bytes:
    """Return probes as JSON."""
    return json.dumps(encode(probes), separators=(",", ":")).encode() + b"\n"


def place_of(profile: Path) -> Path:
    """Return where the probes of a profile are kept."""
    return profile.with_name(f"{profile.stem}.probes{profile.suffix}")


def write(path: Path, probes: Probes) -> None:
    """Write probes so that only their owner can read them, beside the path and renamed.

    Raises:
        OSError: they cannot be written.
    """
    beside = path.with_name(f".{path.name}-{os.getpid()}.tmp")
    beside.unlink(missing_ok=True)
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(dumped(probes))
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def load(path: Path, name: str) -> Probes | None:
    """Read the probes of the profile of a model; None when there are none.

    Raises:
        ProfileError: others can read them, they are of another profile, or they are damaged.
    """
    try:
        with opened(path) as stream:
            if os.fstat(stream.fileno()).st_mode & 0o077:
                raise ProfileError(
                    f"{path} can be read by others, so its probes are no secret",
                    hint=f"Run `chmod 600 {path}`, or make the profile again.",
                )
            data = stream.read(_LARGEST + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise ProfileError(f"cannot read the probes {path}: {why}") from error
    try:
        document = json.loads(data)
        if not isinstance(document, dict) or document.get("schema") != SCHEMA:
            raise ProfileError(f"{path} holds no probes of the schema {SCHEMA}")
        probes = decode(Probes, document, str(path))
    except (ValueError, RecursionError) as error:
        raise ProfileError(f"{path} holds no probes: no valid JSON") from error
    except ProfileError:
        raise
    except InputError as error:
        raise ProfileError(error.message) from error
    if probes.name != name:
        raise ProfileError(f"{path} holds the probes of {probes.name!r}, not of {name!r}")
    return probes


class Golden:
    """Probes on their way: what is asked next, what was answered, whether that is as before.

    Attributes:
        probes: with the answers that are known.
        learnt: whether all answers are known.
    """

    def __init__(self, profile: Profile, probes: Probes) -> None:
        self.probes = probes
        self.learnt = bool(probes.answers)
        self._profile = profile
        self._values = {
            spec.name: _array(spec, probes.columns.get(spec.name)) for spec in profile.inputs
        }
        self.count = len(next(iter(self._values.values())))
        if any(len(values) != self.count for values in self._values.values()):
            raise ProfileError("the probes are not as many of each input")
        if probes.answers and len(probes.answers) != self.count:
            raise ProfileError("the probes and their answers are not as many")
        self._rng = np.random.default_rng(secrets.randbits(128))
        self._heard: list[list[tuple[Floats, tuple[str, ...]]]] = [[] for _ in range(self.count)]
        self._left: list[int] = []
        self._suspects: list[int] = []
        self._doubted: set[int] = set()

    @property
    def caveat(self) -> str:
        """What is to be said of answers that were learnt; empty where they are steady."""
        wide = sum(a.spread > _WIDE * _size(a) for a in self.probes.answers)
        if not wide:
            return ""
        return f"; {wide} have another answer each time, within which no change is seen"

    @property
    def path(self) -> str:
        """Where the model is asked."""
        name = self._profile.name
        if self._profile.protocol is Protocol.MLFLOW:
            return mlflow.route("", name)
        route = oip.route if self._profile.protocol is Protocol.OIP else tf_serving.route
        return route("", name)

    def next(self) -> list[int]:
        """Return which probes to ask now: those in doubt, else some whose turn it is."""
        if self._suspects:
            asked, self._suspects = self._suspects, []
            return asked
        if not self._left:
            self._left = self._rng.permutation(self.count).tolist()
        size = int(self._rng.integers(1, max(2, self.count // 6) + 1))
        if not self.learnt:
            size = int(self._rng.integers(max(1, self.count // 4), self.count + 1))
        asked, self._left = self._left[:size], self._left[size:]
        return asked

    def body(self, asked: Sequence[int]) -> bytes:
        """Return the request that asks them."""
        batch = [
            Tensor(spec.name, self._values[spec.name][list(asked)]) for spec in self._profile.inputs
        ]
        if self._profile.protocol is Protocol.OIP:
            fields = [
                oip.Field(name=s.name, datatype=s.datatype, shape=s.shape)
                for s in self._profile.inputs
                if s.datatype
            ]
            return oip.encode(batch, fields)
        if self._profile.protocol is Protocol.MLFLOW:
            return mlflow.encode(batch, table=self._profile.table)
        return tf_serving.encode(batch, table=self._profile.table)

    def heard(self, asked: Sequence[int], body: bytes) -> str:
        """Take an answer; return what is wrong with it, empty when nothing (yet) is.

        A probe that is answered otherwise is asked once more before anything is said.

        Raises:
            WireError: it is no answer.
        """
        said = answers_in(self._profile.protocol, body, len(asked))
        if not self.learnt:
            self._learn(asked, said)
            return ""
        wrong = [
            i for i, one in zip(asked, said, strict=True) if not _same(self.probes.answers[i], one)
        ]
        if not wrong:
            return ""
        if not set(wrong) <= self._doubted:
            self._doubted = set(wrong)
            self._suspects = wrong
            return ""
        self._doubted = set()
        first = self.probes.answers[wrong[0]]
        gap = _gap(first, said[list(asked).index(wrong[0])])
        return f"{len(wrong)} of {len(asked)} golden probes are answered otherwise ({gap})"

    def _learn(self, asked: Sequence[int], said: Sequence[tuple[Floats, tuple[str, ...]]]) -> None:
        for i, one in zip(asked, said, strict=True):
            if any(len(one[0]) != len(before[0]) for before in self._heard[i]):
                self._heard = [[] for _ in range(self.count)]
                raise WireError("the same question has answers of another size each time")
            self._heard[i].append(one)
        if any(len(times) < REPEATS for times in self._heard):
            return
        answers = tuple(_answer(times) for times in self._heard)
        self.probes = replace(self.probes, answers=answers)
        self.learnt = True
        self._heard = []


def _array(spec: Input, listed: object) -> npt.NDArray[Any]:
    if not isinstance(listed, list) or not listed:
        raise ProfileError(f"the probes lack the input {spec.name!r}")
    if spec.kind in (Kind.CATEGORY, Kind.TEXT):
        if not all(isinstance(word, str) for word in listed):
            raise ProfileError(f"the probes of the input {spec.name!r} are no words")
        words = np.empty(len(listed), np.object_)
        words[:] = listed
        return words
    try:
        found = np.array(listed)
    except ValueError as error:
        raise ProfileError(f"the probes of the input {spec.name!r} are ragged") from error
    if found.dtype.kind not in "biuf" or found.shape[1:] != spec.shape:
        raise ProfileError(f"the probes of the input {spec.name!r} are of another shape")
    if not np.isfinite(found).all():
        raise ProfileError(f"the probes of the input {spec.name!r} are no numbers")
    return found


def answers_in(
    protocol: Protocol, body: bytes, rows: int | None
) -> list[tuple[Floats, tuple[str, ...]]]:
    """Return numbers and words of each row of an answer; None takes as many rows as there are.

    Raises:
        WireError: it is no answer to so many rows.
    """
    rows = _count(protocol, body) if rows is None else rows
    if not rows:
        return []
    decoder = {Protocol.OIP: oip.decode, Protocol.MLFLOW: mlflow.decode}.get(
        protocol, tf_serving.decode
    )
    tensors = decoder(body, rows)
    numbers = [
        t.values.reshape(rows, -1).astype(np.float64) for t in tensors if t.values.dtype.kind != "O"
    ]
    words = [t.values.reshape(rows, -1) for t in tensors if t.values.dtype.kind == "O"]
    flat = np.concatenate(numbers, axis=1) if numbers else np.empty((rows, 0))
    return [
        (flat[i], tuple(str(w) for part in words for w in part[i].tolist())) for i in range(rows)
    ]


def _count(protocol: Protocol, body: bytes) -> int:
    """Return how many rows an answer has."""
    document = object_of(body)
    if protocol is Protocol.OIP:
        outputs = document.get("outputs")
        first = outputs[0] if isinstance(outputs, list) and outputs else None
        shape = first.get("shape") if isinstance(first, dict) else None
        if not isinstance(shape, list) or not shape or type(shape[0]) is not int:
            raise WireError("the answer has no outputs")
        return shape[0]
    part = document.get("predictions", document.get("outputs"))
    if isinstance(part, dict) and part:
        part = next(iter(part.values()))
    if not isinstance(part, list):
        raise WireError("the answer has no predictions")
    return len(part)


def _answer(times: Sequence[tuple[Floats, tuple[str, ...]]]) -> Answer:
    numbers = np.stack([one for one, _ in times])
    middle = np.median(numbers, axis=0)
    spread = float((numbers.max(axis=0) - numbers.min(axis=0)).max()) if numbers.size else 0.0
    steady = times[0][1] if len({words for _, words in times}) == 1 else ()
    return Answer(numbers=tuple(middle.tolist()), spread=spread, words=steady)


def _size(known: Answer) -> float:
    return max((abs(v) for v in known.numbers), default=0.0)


def _tolerance(known: Answer) -> float:
    return _ROOM * known.spread + _FLOOR * max(_size(known), 1e-3)


def _same(known: Answer, said: tuple[Floats, tuple[str, ...]]) -> bool:
    numbers, words = said
    if len(numbers) != len(known.numbers) or (known.words and words != known.words):
        return False
    before = np.array(known.numbers)
    both = np.isnan(before) & np.isnan(numbers)
    with np.errstate(invalid="ignore"):
        near = np.abs(before - numbers) <= _tolerance(known)
    return bool((near | both | (before == numbers)).all())


def _gap(known: Answer, said: tuple[Floats, tuple[str, ...]]) -> str:
    numbers, words = said
    if len(numbers) != len(known.numbers):
        return "of another shape"
    if known.words and words != known.words:
        return "another word"
    gap = float(np.max(np.abs(np.array(known.numbers) - numbers), initial=0.0))
    return f"by {gap:.2g}, {_tolerance(known):.1g} is the tolerance"
