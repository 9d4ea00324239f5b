"""`MLmodel`: how MLflow is to load a model, and what with."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from modelwarden.formats.config import reader
from modelwarden.formats.described import Place
from modelwarden.formats.identified.kind import producer

if TYPE_CHECKING:
    from modelwarden.formats.config.reader import ConfigFile
    from modelwarden.formats.limits import Limits
    from modelwarden.formats.source import Source


# Paths that MLflow joins with the folder of the model.
_PLACE = re.compile(
    r"flavors\.[\w-]+\.(?:artifacts\.[^.]+\.path|model_path|model_data|data|pickled_model|model_file"
    r"|saved_model_dir|lgb_model|xgb_model|python_model|model_code_path|code|onnx\.data)"
)


def sniff(source: Source) -> bool:
    """Tell whether this is YAML with flavours."""
    head = source.head
    return reader.FLAVOURS.search(head) is not None and b"\x00" not in head


def read(source: Source, limits: Limits) -> ConfigFile:
    """Read the description as a configuration."""
    view = reader.read(source, limits)
    version = next((s.value for s in view.scalars if s.path == "mlflow_version"), None)
    return replace(
        view,
        format="mlflow-mlmodel",
        producer=producer("mlflow", version),
        places=tuple(
            Place(s.path[:200], s.value) for s in view.scalars if _PLACE.fullmatch(s.path)
        ),
    )
