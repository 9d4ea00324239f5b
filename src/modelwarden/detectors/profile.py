"""What normal requests of one model look like: one JSON file, read strictly.

Plain numbers only: a profile is looked at, compared and kept under version control like code.
"""

from __future__ import annotations

import errno
import json
import os
import re
import stat
from collections.abc import Mapping, Sequence
from dataclasses import field
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

from modelwarden.core import InputError, encode
from modelwarden.core.decode import decode
from modelwarden.core.values import dataclass
from modelwarden.protocols.json_paths import PathError, Template

SCHEMA = "modelwarden/profile/1"
_LARGEST = 256 << 20
_WRITTEN = "Name a file that `modelwarden profile --output FILE` of this version wrote, unchanged."
_ROUTE = re.compile(r"(?:/[A-Za-z0-9._~:@!$&'()*+,;=-]+)+")


class ProfileError(InputError):
    """A profile, or what one is made from, that cannot be used."""

    hint = "`modelwarden profile --help` and docs/profile.md tell what it is made from."


class Protocol(StrEnum):
    """The wire form of a model's server."""

    OIP = "oip-v2"
    MLFLOW = "mlflow"
    TF_SERVING = "tf-serving"
    TORCHSERVE = "torchserve"
    OPENAI = "openai"
    JSON = "json"


class Kind(StrEnum):
    """What the values of an input are."""

    NUMBER = "number"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    CATEGORY = "category"
    TEXT = "text"


@dataclass(frozen=True, slots=True, kw_only=True)
class TextNormal:
    """What is usual of the reference's texts; more is a sign of an attack.

    Attributes:
        rate: share of such texts that may be beyond any threshold.
        texts: of the reference.
        length: characters.
        unseen: share of characters that nobody sees.
        mixed: share of words of several alphabets.
        injection: score of patterns of prompt injection.
        blank: whether a text may have nothing that is seen.
    """

    rate: float
    texts: int
    length: float
    unseen: float
    mixed: float
    injection: float
    blank: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One tensor, or one column of a table.

    Attributes:
        name: as requests spell it; "" takes any.
        kind: of its values.
        shape: of one row; empty for a column.
        datatype: of the Open Inference Protocol, where requests must give just that; else empty.
        low: no value is less.
        high: no value is greater.
        categories: that a category has.
        unlisted: whether there are others, of which the reference has seen too few.
        longest: characters of a text.
        missing: whether a value may be missing.
        texts: what is usual of texts; None where that was not learnt.
        fractions: whether numbers of a tensor may have any, however they are written.
    """

    name: str
    kind: Kind
    shape: tuple[int, ...] = ()
    datatype: str = ""
    low: float | None = None
    high: float | None = None
    categories: tuple[str, ...] = ()
    longest: int | None = None
    missing: bool = False
    unlisted: bool = False
    texts: TextNormal | None = None
    fractions: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How large a request may be.

    Attributes:
        body: bytes.
        rows: of one request.
    """

    body: int
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Normal:
    """Where the reference lies, and how far from it is abnormal.

    A row is standardised and projected on the axes. Three distances – within the axes
    (Mahalanobis), across them (the residual) and to the nearest rows of a sample – are divided by
    their own quantiles; the largest of the ratios, also one of a distance too small, is its score.

    Attributes:
        rate: share of normal rows whose score is above `alarm`.
        alarm: threshold of the score, conformal on rows that were not fitted to.
        refuse: the same for one normal row in ten thousand at the most, from the decay of the tail.
        strange: the same for one in two thousand; what streams are counted by. 0 for `refuse`.
        step: every how manyth value is looked at; 1 unless there are very many.
        mean: (d,) of the values.
        scale: (d,) likewise.
        axes: (k, d).
        variance: (k,) along the axes.
        sample: (m, k) rows of the reference on the axes.
        within: quantile of the first distance.
        across: of the second; 0 when the axes hold everything.
        nearest: of the third.
        lows: of the lower ends of the three; 0 where too small a distance says nothing.
        near: share of the distance to the sample below which two rows are nearly the same.
        usual: zero of a measure of rows of which many values are a little off, none of them far:
            the sum of standardised values cut at one; 0 where it is not measured.
        moved: its unit.
        measured: so many of the sample the distances are to, its first; 0 for all.
    """

    rate: float
    alarm: float
    refuse: float
    step: int
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    axes: tuple[tuple[float, ...], ...]
    variance: tuple[float, ...]
    sample: tuple[tuple[float, ...], ...]
    within: float
    across: float
    nearest: float
    lows: tuple[float, ...]
    near: float
    measured: int = 0
    usual: float = 0.0
    moved: float = 1.0
    strange: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How the reference is spread over one feature: what drift is measured against.

    Attributes:
        name: of the input; with its position in brackets for a tensor.
        edges: between the bins of numbers, ascending.
        counts: one more than edges; for a category one for each.
        missing: rows without a value.
    """

    name: str
    edges: tuple[float, ...]
    counts: tuple[int, ...]
    missing: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Relations:
    """How the numbers of the reference hang together: what joint drift is measured against.

    Attributes:
        features: names as in `Counts`.
        centre, unit: (k,) by which values are standardised; then cut at three.
        correlation: (k (k − 1) / 2,) of every two, first with second, first with third, …
        noise: (k (k − 1) / 2,) variances of their products.
        rows: of the reference.
    """

    features: tuple[str, ...]
    centre: tuple[float, ...]
    unit: tuple[float, ...]
    correlation: tuple[float, ...]
    noise: tuple[float, ...]
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Two inputs of a table, of which one is never above the other."""

    lower: str
    upper: str


@dataclass(frozen=True, slots=True)
class Watched:
    """A file of the model that must stay as it is."""

    path: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Signature:
    """Who vouches for a profile.

    Attributes:
        key: Ed25519 public key, raw, in base64. value: likewise; over the rest of the file.
    """

    key: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """A pattern that turns the model's answer, as an assessment recovered it.

    Attributes:
        name: for people.
        places: positions in a row of a tensor. values: what stands there.
        columns: of a table, with the value that each must have, as text.
        words: of a text, each of which is the trigger.
        tolerance: of the values.
        target: class that it forces; "" when not known.
    """

    name: str
    places: tuple[int, ...] = ()
    values: tuple[float, ...] = ()
    columns: Mapping[str, str] = field(default_factory=dict)
    words: tuple[str, ...] = ()
    tolerance: float = 0.0
    target: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """How a server of a form of its own is asked.

    Attributes:
        route: path that requests are posted to.
        inputs: JSONPath of each input, by its name.
        others: JSONPaths of plain values that may be there as well.
        reads: paths that may be read with GET.
    """

    route: str
    inputs: Mapping[str, str]
    others: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()

    def template(self, inputs: Sequence[Input]) -> Template:
        """Return what requests are read by.

        Raises:
            PathError: the paths are not understood, or are not those of the inputs.
        """
        if set(self.inputs) != {spec.name for spec in inputs}:
            raise PathError("the JSONPaths are not those of the model's inputs")
        for path in (self.route, *self.reads):
            if not _ROUTE.fullmatch(path):
                raise PathError(f"{path[:100]!r} is no path of a server", hint="Write /score")
        missing = [spec.name for spec in inputs if spec.missing]
        return Template(self.inputs, self.others, missing)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What normal requests of one model look like.

    Attributes:
        name: of the model, as the server's routes spell it.
        protocol: of the server.
        table: whether inputs are the columns of a table.
        inputs: in order.
        limits: of a request.
        normal: None where the inputs have no numbers to be judged by.
        counts: for drift.
        relations: for drift of what hangs together; None of fewer than two numbers.
        orders: inputs of which one is never above the other.
        form: of requests; None of a protocol that others share.
        model_version: that answers must name, where the protocol names one; "" takes the first.
        answer_inputs: what answers are, read like inputs; empty where no model was asked.
        answers: how they are spread.
        triggers: that an assessment recovered from the model.
        signature: of all the rest; None of a profile that nobody signed.
        watched: files.
        rows: of the reference.
        reference: `sha256:` of its file.
        version: of the program that made it.
    """

    schema: str
    name: str
    protocol: Protocol
    table: bool
    inputs: tuple[Input, ...]
    limits: Limits
    normal: Normal | None
    counts: tuple[Counts, ...]
    watched: tuple[Watched, ...]
    rows: int
    reference: str
    version: str
    relations: Relations | None = None
    orders: tuple[Order, ...] = ()
    form: Form | None = None
    model_version: str = ""
    answer_inputs: tuple[Input, ...] = ()
    answers: tuple[Counts, ...] = ()
    triggers: tuple[Trigger, ...] = ()
    signature: Signature | None = None


def dumped(profile: Profile) -> bytes:
    """Return a profile as JSON."""
    return json.dumps(encode(profile), ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def opened(path: Path) -> BinaryIO:
    """Open a file that is read again while a service runs: a pipe would hold it for ever.

    Raises:
        OSError: it cannot be opened, or is no regular file.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        reason = errno.EISDIR if stat.S_ISDIR(mode) else errno.EINVAL
        raise OSError(reason, "is a directory" if stat.S_ISDIR(mode) else "no regular file")
    return os.fdopen(descriptor, "rb")


def load(path: Path, key: Path | None = None) -> Profile:
    """Read a profile.

    Args:
        path: of the file.
        key: public key in PEM that must have signed it; None asks for no signature, but one that
            is there must hold.

    Raises:
        ProfileError: it cannot be read, is none of a version that is read here, or was changed
            after it was signed.
    """
    try:
        with opened(path) as stream:
            data = stream.read(_LARGEST + 1)
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise ProfileError(f"cannot read the profile {path}: {why}", hint=_WRITTEN) from error
    if len(data) > _LARGEST:
        raise ProfileError(f"{path} is too large for a profile", hint=_WRITTEN)
    try:
        document = json.loads(data, parse_int=_whole, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise ProfileError(f"{path} is no profile: no valid JSON", hint=_WRITTEN) from error
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise ProfileError(f"{path} is no profile of the schema {SCHEMA}", hint=_WRITTEN)
    if key is not None or document.get("signature") is not None:
        from modelwarden.detectors.signed import check

        check(document, path, key)
    try:
        profile = decode(Profile, document, str(path))
    except InputError as error:
        raise ProfileError(error.message, hint=_WRITTEN) from error
    _check(profile, path)
    return profile


def _whole(text: str) -> int:
    value = int(text)
    if abs(value) >= 1 << 64:
        raise ValueError("a number beyond all that a profile holds")
    return value


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no number of JSON")


def _check(profile: Profile, path: Path) -> None:
    """Refuse a profile whose parts do not fit each other."""
    normal = profile.normal
    if not profile.inputs:
        raise ProfileError(f"{path} names no input", hint=_WRITTEN)
    if not profile.table and len(profile.inputs) != 1:
        raise ProfileError(f"{path} has {len(profile.inputs)} tensors; one is supported")
    _check_relations(profile, path)
    numeric = {s.name for s in profile.inputs if s.kind in (Kind.NUMBER, Kind.INTEGER)}
    if any({order.lower, order.upper} - numeric for order in profile.orders):
        raise ProfileError(f"{path} orders inputs that are no numbers", hint=_WRITTEN)
    _check_form(profile, path)
    if normal is None:
        return
    width, axes = len(normal.mean), len(normal.axes)
    if (
        normal.step < 1
        or len(normal.scale) != width
        or any(len(axis) != width for axis in normal.axes)
        or len(normal.variance) != axes
        or len(normal.lows) != len(("within", "across", "nearest"))
        or not normal.sample
        or any(len(row) != axes for row in normal.sample)
        or any(scale <= 0 for scale in normal.scale)
        or any(part <= 0 for part in normal.variance)
    ):
        raise ProfileError(
            f"{path} does not fit together: its statistics differ in size", hint=_WRITTEN
        )


def _check_form(profile: Profile, path: Path) -> None:
    if (profile.protocol is Protocol.JSON) is not (profile.form is not None):
        raise ProfileError(f"{path}: a form goes with the protocol 'json', and only with it")
    if profile.form is not None:
        try:
            profile.form.template(profile.inputs)
        except PathError as error:
            raise ProfileError(f"{path}: {error.message}", hint=error.hint) from error


def _check_relations(profile: Profile, path: Path) -> None:
    related = profile.relations
    if related is None:
        return
    count = len(related.features)
    names = {counts.name for counts in profile.counts}
    if (
        not names.issuperset(related.features)
        or {len(related.centre), len(related.unit)} != {count}
        or any(unit <= 0 for unit in related.unit)
        or {len(related.correlation), len(related.noise)} != {count * (count - 1) // 2}
    ):
        raise ProfileError(
            f"{path} does not fit together: its relations differ in size", hint=_WRITTEN
        )
