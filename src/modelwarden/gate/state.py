"""What an interrupted check has done already, kept until the check is done.

Answers of the model are kept by tiles of rows, and the results of stages, under the digests of all
they depend on: our code, modelwarden.toml, the data, the model, the user's own Python files
beside it. A run that ends removes what it kept: this is for taking up, not a cache.
"""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from modelwarden.assess.asking import Answers, ask
from modelwarden.assess.stage import Stage, StageResult
from modelwarden.core import GapKind, InputError, Json, ModelwardenError, encode
from modelwarden.core.decode import decode
from modelwarden.core.values import dataclass
from modelwarden.engine import Checkpoint, Codec, Plan, Resume, map_units
from modelwarden.gate.resume import code_digest
from modelwarden.targets.errors import TargetError
from modelwarden.targets.frames import Column, take
from modelwarden.targets.record import Record, recorded

if TYPE_CHECKING:
    from modelwarden.gate.project import Project
    from modelwarden.targets.access import Target
    from modelwarden.targets.frames import Inputs

T = TypeVar("T", bound="Target")

TILES = 16
_MOST_FILES, _MOST_BYTES = 2_000, 64 << 20
_PASSING = {GapKind.FAILED, GapKind.BUDGET}
ROOMS = (
    "core",
    "metrics",
    "targets",
    "sandbox",
    "detectors",
    "attacks",
    "data",
    "assess",
    "gate",
    "protocols",
)


@dataclass(slots=True)
class State:
    """The folder of one check.

    Attributes:
        checkpoint: None when nothing can be kept.
        resumed: what was taken up, for a note.
    """

    checkpoint: Checkpoint | None = None
    resumed: int = 0
    records: dict[str, Record] = field(default_factory=dict)

    def journal(self, target: T, name: str) -> T:
        """Return a target whose answers are kept in the order in which they are asked."""
        if self.checkpoint is None:
            return target
        if name not in self.records:
            self.records[name] = Record(self.checkpoint.place(f"record/{name}", "record"))
        return recorded(target, self.records[name])

    def repeated_rows(self) -> int | None:
        """Return the rows that were in flight in an earlier run; None where none was taken up."""
        if not any(
            record.replayed_rows or record.repeated_rows for record in self.records.values()
        ):
            return None
        return sum(record.repeated_rows for record in self.records.values())

    def close(self) -> None:
        """Close what is written to; it stays on the disk."""
        for record in self.records.values():
            record.close()

    def clear(self) -> None:
        """Remove what was kept; the check is done."""
        self.close()
        if self.checkpoint is not None:
            shutil.rmtree(self.checkpoint.folder, ignore_errors=True)

    def asker(self) -> Callable[[Target, Inputs, str], Answers]:
        """Return a function that asks by parts and keeps each."""
        return partial(_ask_kept, self)

    def resume_stages(self) -> Resume[Stage, StageResult] | None:
        """Return how results of stages are found again."""
        if self.checkpoint is None:
            return None

        def keep(_: str, result: StageResult) -> bool:
            return result.done and not any(gap.kind in _PASSING for gap in result.gaps)

        return Resume(self.checkpoint, lambda s: f"stage/{s.name}" if s.keep else None, keep)


def stage_codec() -> Codec[StageResult]:
    """Return how the result of a stage goes to the disk."""
    return Codec(encode, partial(decode, StageResult))


def state_for(
    project: Project, folder: Path | None, digests: Mapping[str, str], seed: int, *, trust: bool
) -> State:
    """Return the state of a check in `folder`; nothing is kept without one, or of a server.

    Args:
        project: what is checked.
        folder: where; made when it is not there.
        digests: of all data and models, by name. An empty one says that it is not known.
        seed: of the run.
        trust: the model is run without a sandbox.
    """
    own = own_code(project)
    if folder is None or own is None or not all(digests.values()):
        return State()
    total = hashlib.sha256()
    for part in (code_digest(ROOMS), project.digest, own, sys.version, np.__version__):
        total.update(f"{len(part)}:{part}".encode())
    for name, digest in sorted(digests.items()):
        total.update(f"{name}={digest}\n".encode())
    checkpoint = Checkpoint(folder, f"check/{seed}/{trust:d}/{total.hexdigest()}")
    try:
        checkpoint.prepare()
    except InputError:
        return State()  # a home that may not be written to costs resuming, not the check
    return State(checkpoint)


def default_folder(project: Project) -> Path:
    """Return where the state of a check is kept when no output folder is named."""
    home = os.environ.get("XDG_CACHE_HOME")
    base = Path(home) if home else Path.home() / ".cache"
    name = hashlib.sha256(os.path.realpath(project.file).encode(errors="surrogateescape"))
    return base / "modelwarden" / "check" / name.hexdigest()[:32]


def own_code(project: Project) -> str | None:
    """Return a digest of the user's Python files that may take part; None if they are too many.

    A callable may import what lies beside it, so all Python files below its folder count.
    """
    model = project.model
    if model.adapter == "http":
        return None
    entries = [m.entry for m in (model, model.reference) if m is not None]
    entries += [m.decide for m in (model, model.reference) if m is not None]
    total = hashlib.sha256()
    size = 0
    for number, path in enumerate(sorted(_sources(project, [e for e in entries if e]))):
        try:
            data = path.read_bytes()
        except OSError:
            return None
        size += len(data)
        if number > _MOST_FILES or size > _MOST_BYTES:
            return None
        total.update(f"{path}:{len(data)}:".encode(errors="surrogateescape") + data)
    return total.hexdigest()


def _sources(project: Project, entries: list[str]) -> Iterator[Path]:
    folders: set[Path] = set()
    for entry in entries:
        folders.add(project.at(entry.rpartition(":")[0]).parent)
    for folder in folders:
        for number, path in enumerate(folder.rglob("*.py")):
            if number > _MOST_FILES:
                break
            if path.is_file():
                yield path


def _ask_kept(state: State, target: Target, inputs: Inputs, name: str) -> Answers:
    """Ask by parts of some tiles; each part is kept and found again."""
    n, size = len(inputs), TILES * target.spec.tile
    starts = range(0, n, size)
    failure: list[ModelwardenError] = []

    def work(start: int) -> Answers:
        if failure:
            raise failure[0]
        try:
            part = take(inputs, np.arange(start, min(start + size, n)))
            return ask(target, part)
        except ModelwardenError as error:
            failure.append(error)
            raise

    resume: Resume[int, Answers] | None = None
    if state.checkpoint is not None:
        resume = Resume(
            state.checkpoint, lambda start: f"answers/{name}/{start}+{size}", lambda _, __: True
        )
    settled = map_units(starts, work, Plan(codec=_ANSWERS, resume=resume))
    if failure:
        raise failure[0]
    for end in settled:
        if end.value is None:
            raise TargetError(f"the model was not asked: {end.error}", kind=GapKind.FAILED)
    state.resumed += sum(end.resumed for end in settled)
    parts = [end.value for end in settled if end.value is not None]
    return Answers.joined(parts) if parts else ask(target, inputs)


def _encoded(answers: Answers) -> Json:
    """Return the arrays of answers as JSON."""
    return {
        name: None if array is None else {"shape": list(array.shape), "data": _text(array)}
        for name, array in (
            ("labels", answers.labels),
            ("scores", answers.scores),
            ("values", answers.values),
        )
    }


def _text(array: Column) -> str:
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode("ascii")


def _decoded(value: Json) -> Answers:
    """Return what `_encoded` made.

    Raises:
        ValueError: it is something else.
    """
    if not isinstance(value, Mapping):
        raise ValueError("answers are an object")  # noqa: TRY004 -- what a codec raises
    labels, scores, values = (value.get(name) for name in ("labels", "scores", "values"))
    return Answers(
        None if labels is None else _array(labels).view(np.int64),
        None if scores is None else _array(scores).view(np.float64),
        None if values is None else _array(values).view(np.float64),
    )


def _array(part: Json) -> Column:
    if not isinstance(part, Mapping) or not isinstance(part.get("shape"), list):
        raise ValueError("an array has a shape")  # noqa: TRY004 -- what a codec raises
    shape = [int(str(size)) for size in part["shape"]]  # type: ignore[union-attr]
    data = base64.b64decode(str(part.get("data")), validate=True)
    return np.frombuffer(data, np.uint64).reshape(shape).copy()


_ANSWERS: Codec[Answers] = Codec(_encoded, _decoded)
