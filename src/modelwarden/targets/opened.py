"""A model opened behind an access level: in a sandboxed worker, or at the address of its server.

    with open_model(project, model, limits, root, sample=test, …) as opened:
        opened.target.labels(test.inputs)

The gate has scanned the model's files before; here they are only held against the digest that was
examined, before and after they are loaded, so that nothing else is opened.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from modelwarden.core import Finding, Gap, GapKind, InputError, ModelwardenError
from modelwarden.core.values import dataclass
from modelwarden.protocols.tensors import Tensor, WireError
from modelwarden.sandbox import SandboxLimits, Tier, Worker, WorkerError, cards
from modelwarden.targets.answers import Form, Reading, labels_in, same, settle
from modelwarden.targets.attempts import findings_of
from modelwarden.targets.beside import check_tensor_files
from modelwarden.targets.confined import Confined
from modelwarden.targets.errors import TargetError
from modelwarden.targets.flavours import flavours_of
from modelwarden.targets.frames import Floats, Frame, Inputs, Labels, take
from modelwarden.targets.http.connection import Connection, parse_address
from modelwarden.targets.http.wires import wire_for
from modelwarden.targets.snapshot import digest_of_places, with_copies
from modelwarden.targets.spec import Modality, Name, TargetSpec, Task
from modelwarden.targets.tiled import AnyTarget, Asked, TiledScores, padded, target_for

if TYPE_CHECKING:
    from modelwarden.targets.config import LimitsConfig, ModelConfig, ProjectConfig
    from modelwarden.targets.data import DataSet

TILE = 256
_SAMPLE = 256  # rows on which the reading of answers is settled
_TOKEN = "MODELWARDEN_TARGET_TOKEN"  # noqa: S105 -- the name of a variable
_INIT = "__init__.py"
_ONE_BY_ONE = ("torchserve", "openai")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a model has cost.

    Attributes:
        rows: that were asked, without padding. calls: that were made.
        seconds: of each call.
        memory: bytes at the peak of the worker; None for a served model.
    """

    rows: int
    calls: int
    seconds: tuple[float, ...]
    memory: int | None


@dataclass(slots=True, kw_only=True)
class OpenedModel:
    """A model that answers.

    Attributes:
        target: it, behind its access level.
        isolation: `full`, `partial` or `none`; None for a served model, which we do not run.
        environment: versions of Python and libraries in the worker.
        notes: what was assumed about its answers, and how it is asked.
    """

    target: AnyTarget
    isolation: str | None
    environment: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    _worker: Worker | None = None
    _path: str | None = None
    _folders: tuple[str, ...] = ()

    def findings(self) -> tuple[Finding, ...]:
        """Return what the sandbox saw the model try."""
        if self._worker is None:
            return ()
        return findings_of(self._worker.attempts, self._path, looked_at=self._folders)

    def gaps(self) -> tuple[Gap, ...]:
        """Return what this machine could not confine."""
        if self._worker is None or not self._worker.lacking:
            return ()
        given = {
            "the model speaks to the driver of the graphics card, as [model] device lets it"
            if name == "cards"
            else f"this machine cannot give the sandbox: {name}"
            for name in self._worker.lacking
        }
        what, kind = self._path or "model", GapKind.PARTIAL_ISOLATION
        return tuple(Gap(what=what, why=w, kind=kind, stage="performance") for w in sorted(given))

    def cost(self) -> Cost:
        """Return what it has cost so far."""
        account = self.target.account
        return Cost(
            rows=account.rows,
            calls=self.target.calls,
            seconds=tuple(account.seconds),
            memory=None if self._worker is None else self._worker.peak,
        )


@contextmanager
def open_model(
    project: ProjectConfig,
    model: ModelConfig,
    limits: LimitsConfig,
    root: Path,
    *,
    sample: DataSet,
    train: DataSet | None = None,
    classes_hint: Sequence[Name] = (),
    positive: Name | None = None,
    trust: bool = False,
    expected_digest: str | None = None,
    hidden: Sequence[Path] = (),
    tile: int | None = None,
) -> Iterator[OpenedModel]:
    """Open one model; close it, and end its process, on the way out.

    Args:
        project: task and modality.
        model: what to open.
        limits: of the worker.
        root: the folder of modelwarden.toml.
        sample: rows on which the reading of its answers is settled.
        train: whose labels are classes that the model was taught.
        classes_hint: classes of the data; those of both sets where it is empty.
        positive: the positive class of a binary task, where it is stated.
        trust: run the model also where nothing can confine it.
        expected_digest: `sha256:` of what was scanned; None where nothing was.
        hidden: files and folders of rows to measure on, whose answers the model must not read.
        tile: rows in every call.

    Raises:
        InputError: the interpreter, a file or the address cannot be used.
        TargetError: the model cannot be opened, or what it answers cannot be read.
    """
    classes = tuple(classes_hint) or _classes_of(train, sample)
    taught = _classes_of(train)
    if model.adapter == "http":
        with closing(_connection(model, limits)) as connection:
            yield _served(project, model, connection, sample, classes, taught, positive, tile)
        return
    place = root / (model.path or "")
    check = partial(_check_digest, root, model, expected_digest)
    check()
    check_tensor_files(root, model, place, hidden)
    worker = _started(model, limits, root, place, hidden)
    confined: Confined | None = None
    try:
        if worker.tier is Tier.NONE and not trust:
            raise TargetError(
                "this machine cannot confine the model at all",
                kind=GapKind.PARTIAL_ISOLATION,
                hint="Run on a kernel with Landlock or seccomp, or pass --trust-model.",
            )
        confined = Confined(worker, check)
        with _told():
            opened = _opened(
                worker,
                confined,
                project,
                model,
                root,
                place,
                sample,
                classes,
                taught,
                positive,
                tile or TILE,
            )
            check()
        yield opened
    except TargetError as error:
        error.findings = findings_of(worker.attempts, model.path, looked_at=_folders(root, place))
        raise
    finally:
        worker.close()
        if confined is not None:
            confined.close()


@contextmanager
def _told() -> Iterator[None]:
    """Turn an error of ours into one of the target: what the sandbox saw goes with it.

    Raises:
        TargetError: something else went wrong than what is ours to tell.
    """
    try:
        yield
    except ModelwardenError:
        raise
    except Exception as error:
        words = " ".join(str(error).split())[:200]
        raise TargetError(
            f"opening the model failed in Modelwarden: {type(error).__name__}: {words}",
            kind=GapKind.FAILED,
            hint="This is an error of ours: please report it, with the report.",
        ) from error


def _classes_of(*sets: DataSet | None) -> tuple[Name, ...]:
    found: dict[str, Name] = {}
    for data in sets:
        if data is None or data.y is None:
            continue
        for value in set(data.y.tolist()):
            if value is not None and value == value:
                name = int(value) if isinstance(value, float) and value.is_integer() else value
                found.setdefault(same(name), name)
    return tuple(sorted(found.values(), key=lambda v: (isinstance(v, str), v)))


def _check_digest(root: Path, model: ModelConfig, expected: str | None) -> None:
    if expected is None:
        return
    if digest_of_places(root, model.places) != expected:
        raise TargetError(
            f"{', '.join(model.places)} is not what was scanned: it changed since",
            kind=GapKind.NOT_ASSESSABLE,
            hint="Let nothing write to the model while it is checked, and run again.",
        )


def _started(
    model: ModelConfig, limits: LimitsConfig, root: Path, place: Path, hidden: Sequence[Path]
) -> Worker:
    if not place.is_file() and not place.is_dir():
        why = "is neither a file nor a folder" if place.exists() else "does not exist"
        raise InputError(f"[model] path = {model.path!r} {why}")
    # The user's own modules only; beside them may lie data, keys and other projects.
    own = (Path(file) for file in _modules(model, root, place).values())
    parts = [root / name for name in model.places]
    readable = [*parts, *(file.parent if file.name == _INIT else file for file in own)]
    opening = 5 * limits.seconds if limits.opening is None else limits.opening
    given = SandboxLimits(memory=limits.memory, seconds=limits.seconds, opening=opening)
    devices = () if model.device is None else _cards(model.device)
    try:
        return Worker(
            model.python or sys.executable,
            readable=readable,
            hidden=with_copies(hidden, parts, besides=place),
            limits=given,
            devices=devices,
        )
    except WorkerError as error:
        raise TargetError(error.message, hint=error.hint) from error


def _cards(device: str) -> tuple[str, ...]:
    found = cards()
    if not found:
        raise TargetError(
            f"[model] device = {device!r}: this machine shows no graphics card of NVIDIA in /dev",
            hint="Leave device out to use the processor.",
        )
    return found


def _folders(root: Path, place: Path) -> tuple[str, ...]:
    """Return the folders that Python itself lists when it imports the user's own modules."""
    return (str(root.resolve()), str(place.resolve().parent))


def _modules(model: ModelConfig, root: Path, place: Path) -> dict[str, str]:
    """Return the user's own modules and packages: those that `[model] files` names.

    Where an entry stands beside modelwarden.toml, all that stand there too.
    """
    given = [(root / name).resolve() for name in model.files]
    if not any(_beside(entry, root, place) for entry in (model.entry, model.decide)):
        return _importable(given)
    folder = root.resolve()
    return _importable(
        [*given, *(i.parent for i in folder.glob(f"*/{_INIT}")), *folder.glob("*.py")]
    )


def _importable(places: Sequence[Path]) -> dict[str, str]:
    """Return the file of each module and package among these, by the name to import it by."""
    found = {p.name: str(p / _INIT) for p in places if (p / _INIT).is_file()}
    return found | {p.stem: str(p) for p in places if p.suffix == ".py" and p.is_file()}


def _beside(entry: str | None, root: Path, place: Path) -> bool:
    """Tell whether `entry` stands beside modelwarden.toml, not in the model's own folder."""
    return entry is not None and _entry_folder(entry, root, place) == str(root.resolve())


def _opened(
    worker: Worker,
    confined: Confined,
    project: ProjectConfig,
    model: ModelConfig,
    root: Path,
    place: Path,
    sample: DataSet,
    classes: tuple[Name, ...],
    taught: tuple[Name, ...],
    positive: Name | None,
    tile: int,
) -> OpenedModel:
    folder = _entry_folder(model.entry, root, place)
    said = confined.open(
        {
            "adapter": model.adapter,
            "path": str(place.resolve()),
            "root": str(root.resolve()),
            "folder": folder,
            "modules": _modules(model, root, place),
            "entry": model.entry,
            "weights": model.weights,
            "device": model.device,
            "task": project.task.value,
            "scores": True,
            "flavours": flavours_of(place) if model.adapter == "mlflow" else {},
        }
    )
    listed = said.get("classes")
    names = (
        tuple(c for c in listed if isinstance(c, str | int | float))
        if isinstance(listed, list)
        else ()
    )
    margins = said.get("margins") is True
    reading = _settled(
        confined, project.task, sample, classes, taught, positive, names, tile, margins=margins
    )
    spec = _spec(project, model, sample.inputs, reading, tile)
    decide = _rule(confined, model, root, place, reading)
    target = target_for(
        confined, spec, reading, gradients=said.get("gradients") is True, decide=decide
    )
    versions = said.get("versions")
    environment = (
        {str(k): str(v) for k, v in versions.items()} if isinstance(versions, dict) else {}
    )
    return OpenedModel(
        target=target,
        isolation=worker.tier.value,
        environment=environment,
        notes=_notes(reading),
        _worker=worker,
        _path=model.path,
        _folders=_folders(root, place),
    )


def _entry_folder(entry: str | None, root: Path, place: Path) -> str:
    """Return the folder that `entry` is relative to: the model's own, else that of the toml."""
    if entry is not None and place.is_dir() and (place / entry.rpartition(":")[0]).is_file():
        return str(place.resolve())
    return str(root.resolve())


def _settled(
    asked: Asked,
    task: Task,
    sample: DataSet,
    classes: tuple[Name, ...],
    taught: tuple[Name, ...],
    positive: Name | None,
    listed: Sequence[Name],
    tile: int,
    *,
    margins: bool = False,
) -> Reading:
    rows = min(len(sample), tile, _SAMPLE)
    if not rows:
        raise TargetError("there is no row to try the model on")
    answer = _whole(asked.ask(padded(sample.inputs, 0, rows, tile)), tile)
    return settle(
        answer,
        task=task,
        classes=classes,
        positive=positive,
        listed=listed,
        taught=taught,
        margins=margins,
    )


def _notes(reading: Reading) -> tuple[str, ...]:
    """Return what was assumed about a model's answers."""
    margins = ("its scores are margins, not probabilities",) if reading.margins else ()
    return (*reading.notes, *margins)


def _whole(answer: Sequence[Tensor], rows: int) -> Sequence[Tensor]:
    """Return the answer, one of whose arrays must have as many rows as were asked."""
    if answer and not any(t.values.ndim and len(t) == rows for t in answer):
        shapes = ", ".join(str(t.values.shape) for t in answer[:4])
        apart = all(t.values.ndim > 1 and t.values.shape[1] == rows for t in answer)
        raise TargetError(
            f"the model answered {shapes}, not to all {rows} rows",
            hint=_SEVERAL if apart else _EVERY,
        )
    return answer


_EVERY = "Let it give one answer for each row that it is given, in their order."
_SEVERAL = (
    "It seems to answer several questions at once: have a function of your own give one of them "
    "(adapter = 'callable')."
)


def _spec(
    project: ProjectConfig, model: ModelConfig, inputs: Inputs, reading: Reading, tile: int
) -> TargetSpec:
    table = isinstance(inputs, Frame)
    return TargetSpec(
        task=project.task,
        modality=project.modality,
        classes=reading.classes,
        positive=reading.positive,
        threshold=model.threshold,
        columns=inputs.names if isinstance(inputs, Frame) else (),
        shape=() if table or project.modality in (Modality.TEXT, Modality.HTML) else _shape(inputs),
        access=model.access,
        tile=tile,
    )


def _shape(inputs: Inputs) -> tuple[int, ...]:
    return () if isinstance(inputs, Frame) else tuple(int(n) for n in inputs.shape[1:])


def _rule(confined: Confined, model: ModelConfig, root: Path, place: Path, reading: Reading) -> Any:
    """Return the user's own decision rule, run in the same confined process."""
    if model.decide is None:
        return None
    entry = model.decide
    folder = _entry_folder(entry, root, place)
    labels = Reading(Form.LABELS, 0, reading.classes, positive=reading.positive)

    def decide(scores: Floats) -> Labels:
        found = confined.decide(scores, folder, entry)
        return labels_in((Tensor("decision", found),), labels, len(scores))

    return decide


def _connection(model: ModelConfig, limits: LimitsConfig) -> Connection:
    if model.url is None or model.protocol is None:
        raise InputError("[model] url and protocol are needed for adapter 'http'")
    token = os.environ.get(_TOKEN)
    return Connection(parse_address(model.url), seconds=limits.seconds, token=token)


def _served(
    project: ProjectConfig,
    model: ModelConfig,
    connection: Connection,
    sample: DataSet,
    classes: tuple[Name, ...],
    taught: tuple[Name, ...],
    positive: Name | None,
    tile: int | None,
) -> OpenedModel:
    try:
        wire = wire_for(model.protocol or "", connection, model=model.name, classes=classes)
    except WireError as error:
        raise InputError(f"[model] {error.message}", hint=error.hint) from error
    rows = tile or (1 if model.protocol in _ONE_BY_ONE else TILE)
    reading = _settled_at(wire, project.task, sample, classes, taught, positive, rows)
    spec = _spec(project, model, sample.inputs, reading, rows)
    target = target_for(wire, spec, reading)
    return OpenedModel(target=target, isolation=None, notes=(wire.told, *_notes(reading)))


def _settled_at(
    wire: Asked,
    task: Task,
    sample: DataSet,
    classes: tuple[Name, ...],
    taught: tuple[Name, ...],
    positive: Name | None,
    tile: int,
) -> Reading:
    """Settle on more than one answer where a call has one row only."""
    if tile > 1:
        return _settled(wire, task, sample, classes, taught, positive, (), tile)
    rows = min(len(sample), 8)
    if not rows:
        raise TargetError("there is no row to try the model on")
    answer = _whole(wire.ask(take(sample.inputs, np.arange(rows))), rows)
    return settle(answer, task=task, classes=classes, positive=positive, taught=taught)


__all__ = ["Cost", "OpenedModel", "TiledScores", "open_model"]
