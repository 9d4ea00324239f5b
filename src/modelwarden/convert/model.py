"""A scikit-learn model as skops or ONNX: the one conversion for which a model must run.

It is scanned first and refused when anything at all is left open. It is then loaded and written by
the user's own interpreter in the sandbox, and what comes out is a stranger's file: scanned, opened
in a second, fresh sandbox, and asked the same questions as the model.
"""

from __future__ import annotations

import json
import math
import random
import struct
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from modelwarden.artifacts import examine
from modelwarden.convert.errors import ConvertError, UnequalError
from modelwarden.convert.run import check_target, opened, put, scanned_clean
from modelwarden.core import Severity, seed_for
from modelwarden.core.paths import real
from modelwarden.core.values import dataclass
from modelwarden.formats import Limits
from modelwarden.formats.archive import printable
from modelwarden.sandbox import ModelError, SandboxLimits, Tier, Worker, WorkerError

if TYPE_CHECKING:
    from collections.abc import Sequence

FORMS = {".skops": "skops", ".onnx": "onnx"}
NEEDS = {
    "skops": "scikit-learn, joblib and skops",
    "onnx": "scikit-learn, joblib, skl2onnx and onnxruntime",
}
_LARGEST = 1 << 30
_ROWS = 200
_ROOM = 16 << 20
# ONNX computes in single precision: scores may differ by rounding, and labels at ties of scores.
_TOLERANCE = {"skops": 0.0, "onnx": 1e-3}
_TIES = {"skops": 0.0, "onnx": 0.01}


@dataclass(frozen=True, slots=True, kw_only=True)
class ConvertedModel:
    """What was done.

    Attributes:
        kind: class of the model. target: format of the result. size: bytes of it.
        rows: on which predictions were compared. largest: difference between two numbers.
        given: the rows came from the user, not from a generator.
        tier: how well the sandbox confined.
        unexamined: why the result could not be examined; empty when it was, and is clean.
    """

    kind: str
    target: str
    size: int
    rows: int
    largest: float
    given: bool
    tier: Tier
    unexamined: tuple[str, ...] = ()


def convert_model(
    path: Path,
    target: Path,
    *,
    form: str,
    python: str,
    data: Sequence[Sequence[float]] | None = None,
    seed: int = 0,
    force: bool = False,
) -> ConvertedModel:
    """Write the model in `path` as `form` to `target`.

    Args:
        path: a pickle or joblib file of a scikit-learn model.
        target: where to; written beside and renamed when all of it was proved.
        form: `skops` or `onnx`.
        python: an interpreter that has what the model and the form need.
        data: rows on which predictions are compared; made up when None.
        seed: of the made up rows.
        force: overwrite `target`.

    Raises:
        ConvertError: the model is refused, or the interpreter cannot convert it.
        UnequalError: the predictions of the result are others.
        OutputError: the target cannot be written.
    """
    limits = Limits()
    check_target(path, target, force=force)
    _refuse_unsafe(path, limits)
    path = real(path)
    given = data is not None
    with tempfile.TemporaryDirectory(prefix="modelwarden-") as folder:
        place = Path(folder)
        result = place / f"result.{form}"
        try:
            with _worker(place / "1", python, path, form, role="original") as worker:
                info = _info(worker, form)
                rows = _rows(data, info.features, seed)
                before, tier = _ask(worker, rows), worker.tier
                result.write_bytes(worker.leave(result.name, _LARGEST))
                _no_attempts(worker)
            with _worker(
                place / "2", python, result, form, role=form, classes=info.classes
            ) as worker:
                after = _ask(worker, rows)
                _no_attempts(worker)
        except (ModelError, WorkerError) as error:
            raise ConvertError(
                f"{path.name} could not be converted: {printable(error.message, 400)}",
                hint=f"--python must name an interpreter with {NEEDS[form]}.",
            ) from error
        largest = _compared(before, after, form, classes=len(info.classes))
        unexamined = scanned_clean(result, target.name, limits)
        size = result.stat().st_size
        put(result, target, force=force)
    return ConvertedModel(
        kind=info.kind,
        target=form,
        size=size,
        rows=len(rows),
        largest=largest,
        given=given,
        tier=tier,
        unexamined=unexamined,
    )


def _refuse_unsafe(path: Path, limits: Limits) -> None:
    """Refuse a model in which the scan found anything, or left anything open.

    Raises:
        ConvertError: it did.
    """
    with opened(path) as source:
        seen = examine(source, limits)
    bad = [f for f in seen.findings if f.severity.rank <= Severity.MEDIUM.rank]
    if bad:
        raise ConvertError(
            f"{path} is not loaded, not even in the sandbox: {bad[0].rule}: {bad[0].message}",
            hint="Its tensors can still be had: convert it to .npz or .safetensors.",
        )
    if seen.gaps:
        raise ConvertError(
            f"{path} is not loaded, not even in the sandbox: not all of it could be examined: "
            f"{seen.gaps[0].why}",
            hint="modelwarden scan tells more.",
        )


@dataclass(frozen=True, slots=True)
class _Info:
    """What the worker says about the model: to be shown, and to lay out questions; not believed."""

    features: int
    classes: list[str]
    kind: str


def _worker(
    folder: Path,
    python: str,
    model: Path,
    form: str,
    *,
    role: str,
    classes: list[str] | None = None,
) -> Worker:
    folder.mkdir()
    program = Path(__file__).with_name("inside.py").read_text(encoding="utf-8")
    (folder / "inside.py").write_text(program, encoding="utf-8")
    order = {
        "role": role,
        "model": str(model),
        "form": form,
        "result": f"result.{form}",
        "classes": classes or [],
    }
    (folder / "order.json").write_text(json.dumps(order), encoding="utf-8")
    limits = SandboxLimits(seconds=600.0, disk=_LARGEST)
    worker = Worker(python, readable=[folder, model], limits=limits)
    try:
        if worker.tier is Tier.NONE:
            raise ConvertError(
                "this machine cannot confine a process, so that no model is loaded",
                hint="Convert it on a Linux system with seccomp or Landlock.",
            )
        worker.ask(
            {
                "operation": "load",
                "folder": str(folder),
                "file": str(folder / "inside.py"),
                "name": "predict",
            }
        )
    except BaseException:
        worker.close()
        raise
    return worker


def _info(worker: Worker, form: str) -> _Info:
    try:
        said = json.loads(worker.leave("info.json", 1 << 20))
        features, classes, kind = said["features"], said["classes"], said["kind"]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise ConvertError("the sandboxed process left no description of the model") from error
    if type(features) is not int or not isinstance(classes, list) or not isinstance(kind, str):
        raise ConvertError("the sandboxed process left no description of the model")
    if not 0 < features <= 1 << 20:
        raise ConvertError(
            f"{printable(kind, 80)} does not take rows of numbers, so nothing could be compared",
            hint=f"Only models of numeric features are converted to {form}.",
        )
    return _Info(features, [str(one) for one in classes], printable(kind, 80))


def _rows(
    data: Sequence[Sequence[float]] | None, features: int, seed: int
) -> list[tuple[float, ...]]:
    """Return rows of float32 values, so that no format rounds the questions."""
    if data is not None:
        if not data or any(len(row) != features for row in data):
            raise ConvertError(f"--data must hold rows of {features} numbers, as the model takes")
        return [tuple(map(_single, row)) for row in data]
    rng = random.Random(seed_for(seed, "convert", "rows"))  # noqa: S311 -- no secret
    rows: list[tuple[float, ...]] = []
    for _ in range(_ROWS):
        # From near zero, where scores differ, to far out, where they saturate; some are sparse.
        scale, share = 10.0 ** rng.uniform(-3, 1.5), rng.choice((1.0, 1.0, 0.1))
        values = (rng.gauss(0.0, scale) if rng.random() < share else 0.0 for _ in range(features))
        rows.append(tuple(map(_single, values)))
    return rows


def _single(value: float) -> float:
    return float(struct.unpack("<f", struct.pack("<f", value))[0])


def _ask(worker: Worker, rows: list[tuple[float, ...]]) -> list[tuple[float, ...]]:
    flat = [value for row in rows for value in row]
    data = struct.pack(f"<{len(flat)}d", *flat)
    raw, high, wide = worker.batch(data, len(rows), len(rows[0]), room=_ROOM)
    if high != len(rows) or not wide:
        raise ConvertError(f"{high} answers to {len(rows)} rows")
    values = struct.unpack(f"<{high * wide}d", raw)
    return [values[i * wide : (i + 1) * wide] for i in range(high)]


def _no_attempts(worker: Worker) -> None:
    if worker.attempts:
        tried = worker.attempts[0]
        raise ConvertError(
            f"the sandboxed process tried what it may not: {tried.what} {printable(tried.detail)}"
        )


def _compared(
    before: list[tuple[float, ...]], after: list[tuple[float, ...]], form: str, *, classes: int
) -> float:
    """Return the largest difference between two predictions.

    Raises:
        UnequalError: they differ by more than the form accounts for.
    """
    if classes == 2 and (len(before[0]), len(after[0])) == (2, 3):
        # One score of two classes in scikit-learn, one for each of them in ONNX, in either order.
        sides: list[list[tuple[float, ...]]] = [
            [(row[place], row[2]) for row in after] for place in (0, 1)
        ]
        after = min(sides, key=lambda side: _distance(before, side, labelled=True)[0])
    if len(before[0]) != len(after[0]):
        raise UnequalError(f"the model gives {len(before[0])} numbers a row, not {len(after[0])}")
    largest, others = _distance(before, after, labelled=classes > 0)
    if largest > _TOLERANCE[form] or others > _TIES[form] * len(before):
        raise UnequalError(
            f"the converted model answers differently: {others} of {len(before)} rows have "
            f"another label, and scores differ by up to {largest:.3g}",
            hint="Give rows like the model's own data with --data, or keep the other format.",
        )
    return largest


def _distance(
    before: Sequence[tuple[float, ...]], after: Sequence[tuple[float, ...]], *, labelled: bool
) -> tuple[float, int]:
    """Return the largest relative difference of scores, and how many labels differ."""
    largest, others = 0.0, 0
    for old, new in zip(before, after, strict=True):
        end = len(old) - labelled
        for one, other in zip(old[:end], new[:end], strict=True):
            if math.isnan(one) and math.isnan(other):
                continue
            difference = 0.0 if one == other else abs(one - other) / max(1.0, abs(one))
            largest = max(largest, math.inf if math.isnan(difference) else difference)
        others += labelled and old[-1] != new[-1]
    return largest, others
