"""`mlflow-code`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.formats.config.reader import ConfigFile
from modelwarden.formats.config.scalars import Scalar

_LOADER = re.compile(r"flavors\.[\w-]+\.loader_module")
_CODE = re.compile(
    r"flavors\.[\w-]+\.(?:code|model_code_path|python_model|code_paths?(?:\[\d+\])?)"
)
_ENTRY = re.compile(
    r"flavors\.[\w-]+\.(?:entry_point|entrypoints?\.\w+\.command)|entry_points\.\w+\.command"
)
# Modules that a flavour imports by the name that stands there, and those that are usual.
_MODULE = re.compile(r"flavors\.[\w-]+\.(?:keras_module|pickle_module_name)")
_MODULES = frozenset("keras tensorflow tf_keras mlflow pickle cloudpickle dill torch".split())


@rule(
    "mlflow-code",
    title="An MLflow model is loaded by code of its own",
    severity=Severity.MEDIUM,
    reads=ConfigFile,
    references=("CWE-829", "CWE-470", "MITRE-ATLAS:AML.T0011"),
    weakness="custom_code_in_model",
)
def mlflow_code(config: ConfigFile) -> Iterator[Hit]:
    """Flag loader modules outside of MLflow, code folders, and models that are pickled classes.

    Why: `mlflow.pyfunc.load_model` puts the code folder of the model on Python's path, imports the
    loader module that is named, and unpickles the `python_model`: all of them run the code of
    whoever made the model.

    Fix: read that code; ask for a model in a flavour of MLflow's own, which needs none.

    Blind spot: the pickle itself and the code are examined as the files that they are.
    """
    if config.format != "mlflow-mlmodel":
        return
    for scalar in config.scalars:
        message = _message(scalar)
        if message is not None:
            facts = {"path": scalar.path[:200], "value": scalar.value[:200]}
            yield Hit(message, Evidence(facts=facts, line=scalar.line))


def _message(scalar: Scalar) -> str | None:
    value = scalar.value
    if not value or value in {"null", "~"}:
        return None
    if _LOADER.fullmatch(scalar.path):
        own = value.partition(".")[0] == "mlflow" and value != "mlflow.pyfunc.model"
        if own or value == "mlflow.pyfunc.model":
            return None
        return f"is loaded by the module {value[:80]!r}, which is not of MLflow"
    if _CODE.fullmatch(scalar.path):
        return f"brings code of its own: {scalar.key[:40]} is {value[:80]!r}"
    if _MODULE.fullmatch(scalar.path) and value.partition(".")[0] not in _MODULES:
        return f"imports {value[:80]!r} to load the model: it is the {scalar.key[:40]}"
    if _ENTRY.fullmatch(scalar.path):
        return f"runs {value[:80]!r}"
    return None
