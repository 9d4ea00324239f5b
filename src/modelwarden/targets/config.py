"""The sections of modelwarden.toml that say what is under test: project, model, limits, data.

Paths are as the user wrote them, relative to the folder of the file. Nothing here is opened.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from modelwarden.core.values import dataclass
from modelwarden.targets.spec import Access, Modality, Name, Task

if TYPE_CHECKING:
    from modelwarden.core.fields import Fields

ADAPTERS = (
    "callable",
    "sklearn",
    "onnx",
    "torch",
    "xgboost",
    "lightgbm",
    "catboost",
    "keras",
    "mlflow",
    "http",
)
PROTOCOLS = ("oip-v2", "mlflow", "tf-serving", "torchserve", "openai")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectConfig:
    """`[project]`."""

    name: str
    task: Task
    modality: Modality


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelConfig:
    """`[model]`.

    Attributes:
        path: file or folder; scanned first, always. None for `http` without files.
        adapter: one of `ADAPTERS`.
        entry: `file.py:name` of a callable, or of a torch module's factory.
        weights: of a torch module.
        files: what else its code reads: scanned, held to its digest and shown to it like `path`.
        url: of a served model. protocol: one of `PROTOCOLS`.
        name: of a served model at its server, where the url does not tell it.
        access: the most that an attacker is granted.
        threshold: on the positive score; decide: `file.py:name`, for decisions made otherwise.
        python: the interpreter of an environment that has what the model needs.
        device: graphics card of a torch module, `cuda` or `cuda:N`; None for the processor.
        card: claims to verify.
        reference: another model of the same task to compare with, given like this one.
    """

    path: str | None = None
    adapter: str
    entry: str | None = None
    weights: str | None = None
    files: tuple[str, ...] = ()
    url: str | None = None
    protocol: str | None = None
    name: str | None = None
    access: Access = Access.SCORES
    threshold: float | None = None
    decide: str | None = None
    python: str | None = None
    device: str | None = None
    card: str | None = None
    reference: ModelConfig | None = None

    @property
    def places(self) -> tuple[str, ...]:
        """All that it is made of, each once: path, weights and files, none inside another."""
        given: dict[PurePosixPath, str] = {}
        for name in (self.path, self.weights, *self.files):
            if name is not None:
                given.setdefault(PurePosixPath(posixpath.normpath(name)), name)
        return tuple(
            name
            for place, name in given.items()
            if not any(place != other and place.is_relative_to(other) for other in given)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitsConfig:
    """`[limits]` of the sandboxed model.

    Attributes:
        seconds: for one batch. memory: bytes.
        opening: seconds in which it is imported and loaded; None: five times `seconds`.
    """

    seconds: float = 60.0
    memory: int = 4 << 30
    opening: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DataConfig:
    """`[data]`.

    Attributes:
        train, test, current: files or folders; `current` is a later frame to compare with.
        label: column of the truth. positive: the positive class of a binary task.
        id: column that identifies rows and is never a feature.
        order: column that rows are ordered by in time.
        cluster: column that names whom a row stands for, where several rows stand for one.
        protected: columns of protected attributes.
        text, html, url: the column that holds the one input of such a model.
        rows: of a table that are read at most; None for as many as memory should hold.
        drop: columns that the model is not given.
    """

    train: str | None = None
    test: str | None = None
    current: str | None = None
    label: str | None = None
    positive: Name | None = None
    id: str | None = None
    order: str | None = None
    cluster: str | None = None
    protected: tuple[str, ...] = ()
    text: str | None = None
    html: str | None = None
    url: str | None = None
    drop: tuple[str, ...] = ()
    rows: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FeaturesConfig:
    """`[features]`: what values of a table are possible, in original units.

    A name may be a pattern such as `api_*`, where no column has that very name.

    Attributes:
        immutable: columns that nobody can change.
        integer: columns of whole numbers; columns that the data keep whole are so anyway.
        categorical: columns whose values are those of the training data and no others, also where
            they are numbers.
        one_hot: groups of columns of which exactly one is 1 in every row.
        monotone_up, monotone_down: columns that can only grow, or only fall.
        relations: statements that hold of every row; `docs/constraints.md` has their language.
        bounds: the least and the largest value of a column; by default the training data's.
    """

    immutable: tuple[str, ...] = ()
    integer: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    one_hot: tuple[tuple[str, ...], ...] = ()
    monotone_up: tuple[str, ...] = ()
    monotone_down: tuple[str, ...] = ()
    relations: tuple[str, ...] = ()
    bounds: Mapping[str, tuple[float, float]] = field(default_factory=dict)


def parse_project(fields: Fields) -> ProjectConfig:
    """Read `[project]`.

    Raises:
        ConfigError: a key is unknown, missing or of the wrong type.
    """
    fields.only(ProjectConfig.__dataclass_fields__)
    for key in ("task", "modality"):
        if key not in fields.table:
            raise fields.error(key, "is missing")
    task = fields.one_of("task", fields.table["task"], "task", [t.value for t in Task])
    modality = fields.one_of(
        "modality", fields.table["modality"], "modality", [m.value for m in Modality]
    )
    return ProjectConfig(
        name=fields.text("name") or "model", task=Task(task), modality=Modality(modality)
    )


_SIZES = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12} | {
    f"{prefix}iB": 1 << (10 * power) for power, prefix in enumerate("KMGT", 1)
}
_DEVICE = re.compile(r"cuda(:\d{1,2})?")
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([A-Za-z]*)")


def parse_model(fields: Fields) -> ModelConfig:
    """Read `[model]` or `[model.reference]`.

    Raises:
        ConfigError: a key is unknown, missing or of the wrong type, or two do not go together.
    """
    fields.only(ModelConfig.__dataclass_fields__)
    adapter = fields.table.get("adapter")
    if adapter is None:
        raise fields.error("adapter", f"is missing: one of {', '.join(ADAPTERS)}")
    adapter = fields.one_of("adapter", adapter, "adapter", ADAPTERS)
    access = fields.one_of(
        "access", fields.table.get("access", "scores"), "access level", [a.value for a in Access]
    )
    protocol = fields.text("protocol")
    if protocol is not None:
        protocol = fields.one_of("protocol", protocol, "protocol", PROTOCOLS)
    reference = fields.section("reference") if "reference" in fields.table else None
    model = ModelConfig(
        path=fields.text("path"),
        adapter=adapter,
        entry=_entry(fields, "entry"),
        weights=fields.text("weights"),
        files=fields.texts("files"),
        url=fields.text("url"),
        protocol=protocol,
        name=fields.text("name"),
        access=Access(access),
        threshold=fields.number("threshold"),
        decide=_entry(fields, "decide"),
        python=fields.text("python"),
        device=fields.text("device"),
        card=fields.text("card"),
        reference=None if reference is None else parse_model(reference),
    )
    _check_model(fields, model)
    return model


def _check_model(fields: Fields, model: ModelConfig) -> None:
    if model.adapter == "http":
        for key, value in (("url", model.url), ("protocol", model.protocol)):
            if value is None:
                raise fields.error(key, 'is missing: adapter = "http" needs it')
    elif model.url is not None:
        raise fields.error("url", f'goes with adapter = "http", not with {model.adapter!r}')
    elif model.path is None:
        raise fields.error("path", f"is missing: adapter = {model.adapter!r} needs it")
    if model.adapter == "callable" and model.entry is None:
        raise fields.error("entry", 'is missing: adapter = "callable" needs "file.py:name"')
    _check_device(fields, model)
    if model.threshold is not None and model.decide is not None:
        raise fields.error("decide", "stands beside threshold: only one of them can decide")
    if model.reference is not None and model.reference.reference is not None:
        raise fields.error("reference.reference", "is one model too many")


def _check_device(fields: Fields, model: ModelConfig) -> None:
    if model.device is None:
        return
    if model.adapter != "torch":
        raise fields.error("device", f'goes with adapter = "torch", not with {model.adapter!r}')
    if not _DEVICE.fullmatch(model.device):
        raise fields.error("device", f"must be 'cuda' or 'cuda:0', not {model.device!r}")


def _entry(fields: Fields, key: str) -> str | None:
    """Return `file.py:name`, checked for its form."""
    value = fields.text(key)
    if value is not None:
        file, colon, name = value.rpartition(":")
        if not colon or not file or not name.isidentifier():
            raise fields.error(key, f"must be 'file.py:name', not {value!r}")
    return value


def parse_limits(fields: Fields) -> LimitsConfig:
    """Read `[limits]`; sizes are bytes, or text such as `4GiB`.

    Raises:
        ConfigError: a key is unknown or of the wrong type.
    """
    fields.only(LimitsConfig.__dataclass_fields__)
    times = {key: fields.number(key) for key in ("seconds", "opening")}
    for key, value in times.items():
        if value is not None and value <= 0:
            raise fields.error(key, "must be above 0")
    return LimitsConfig(
        seconds=times["seconds"] or 60.0,
        memory=_size(fields, "memory", 4 << 30),
        opening=times["opening"],
    )


def _size(fields: Fields, key: str, default: int) -> int:
    value = fields.table.get(key)
    if value is None:
        return default
    if isinstance(value, str):
        found = _SIZE.fullmatch(value.strip())
        if found is None or found[2] not in _SIZES:
            raise fields.error(key, f"is no size: {value!r} (write 4GiB, or bytes)")
        size = int(float(found[1]) * _SIZES[found[2]])
    else:
        size = fields.whole(key) or 0
    if size < 1:
        raise fields.error(key, "must be above 0")
    return size


def parse_data(fields: Fields, project: ProjectConfig) -> DataConfig:
    """Read `[data]`; what it says must go with the task and the modality.

    Raises:
        ConfigError: a key is unknown or of the wrong type, or two do not go together.
    """
    fields.only(DataConfig.__dataclass_fields__)
    positive = fields.table.get("positive")
    if positive is not None and not isinstance(positive, str | int | float | bool):
        raise fields.error("positive", "must be a label: a string, a number or a boolean")
    if positive is not None and project.task is not Task.BINARY:
        raise fields.error("positive", f"goes with a binary task, not with {project.task.value}")
    data = DataConfig(
        train=fields.text("train"),
        test=fields.text("test"),
        current=fields.text("current"),
        label=fields.text("label"),
        positive=positive,
        id=fields.text("id"),
        order=fields.text("order"),
        cluster=fields.text("cluster"),
        protected=fields.texts("protected"),
        text=fields.text("text"),
        html=fields.text("html"),
        url=fields.text("url"),
        drop=fields.texts("drop"),
        rows=fields.whole("rows"),
    )
    if data.rows is not None and data.rows < 1:
        raise fields.error("rows", "must be above 0")
    for key in ("id", "order", "cluster", "text", "html", "url"):
        if data.label is not None and getattr(data, key) == data.label:
            raise fields.error(key, f"names the label {data.label!r}")
    return data


def parse_features(fields: Fields) -> FeaturesConfig:
    """Read `[features]`.

    Raises:
        ConfigError: a key is unknown or of the wrong type.
    """
    fields.only(FeaturesConfig.__dataclass_fields__)
    bounds = fields.section("bounds")
    return FeaturesConfig(
        immutable=fields.texts("immutable"),
        integer=fields.texts("integer"),
        categorical=fields.texts("categorical"),
        one_hot=_groups(fields),
        monotone_up=fields.texts("monotone_up"),
        monotone_down=fields.texts("monotone_down"),
        relations=fields.texts("relations"),
        bounds={name: _bounds(bounds, name, value) for name, value in bounds.table.items()},
    )


def _groups(fields: Fields) -> tuple[tuple[str, ...], ...]:
    groups = fields.table.get("one_hot", [])
    if not isinstance(groups, list):
        raise fields.error("one_hot", "must be an array of arrays of column names")
    read = []
    for number, group in enumerate(groups):
        names = group if isinstance(group, list) else []
        if len(names) < 2 or not all(isinstance(name, str) for name in names):
            raise fields.error(f"one_hot[{number}]", "must be an array of two column names or more")
        read.append(tuple(names))
    return tuple(read)


def _bounds(fields: Fields, name: str, value: object) -> tuple[float, float]:
    if not isinstance(value, list) or len(value) != 2:
        raise fields.error(name, "must be [low, high]")
    ends = []
    for end in value:
        if isinstance(end, bool) or not isinstance(end, int | float):
            raise fields.error(name, "must be two numbers (inf and -inf for no bound)")
        ends.append(float(end))
    low, high = ends
    if not low <= high:
        raise fields.error(name, "has a low end above its high end")
    return low, high
