"""The sections of modelwarden.toml that say what is under test: project, model, limits, data.

Paths are as the user wrote them, relative to the folder of the file. Nothing here is opened.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

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
        url: of a served model. protocol: one of `PROTOCOLS`.
        access: the most that an attacker is granted.
        threshold: on the positive score; decide: `file.py:name`, for decisions made otherwise.
        python: the interpreter of an environment that has what the model needs.
        card: claims to verify.
        reference: another model of the same task to compare with, given like this one.
    """

    path: str | None = None
    adapter: str
    entry: str | None = None
    weights: str | None = None
    url: str | None = None
    protocol: str | None = None
    access: Access = Access.SCORES
    threshold: float | None = None
    decide: str | None = None
    python: str | None = None
    card: str | None = None
    reference: ModelConfig | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitsConfig:
    """`[limits]` of the sandboxed model.

    Attributes:
        seconds: for one batch. memory: bytes.
    """

    seconds: float = 60.0
    memory: int = 4 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class DataConfig:
    """`[data]`.

    Attributes:
        train, test, current: files or folders; `current` is a later frame to compare with.
        label: column of the truth. positive: the positive class of a binary task.
        id: column that identifies rows and is never a feature.
        order: column that rows are ordered by in time.
        protected: columns of protected attributes.
        text, html, url: the column that holds the one input of such a model.
        drop: columns that the model is not given.
    """

    train: str | None = None
    test: str | None = None
    current: str | None = None
    label: str | None = None
    positive: Name | None = None
    id: str | None = None
    order: str | None = None
    protected: tuple[str, ...] = ()
    text: str | None = None
    html: str | None = None
    url: str | None = None
    drop: tuple[str, ...] = ()


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
