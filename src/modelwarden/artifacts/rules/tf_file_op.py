"""`tf-file-op`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from modelwarden.artifacts.known.attacks import SECRET_FILE
from modelwarden.artifacts.known.tensorflow_ops import FILE_OPS, SAVING_OPS, named
from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.formats.places import escapes
from modelwarden.formats.tensorflow.graph import Operation
from modelwarden.formats.tensorflow.reader import TensorflowModel

_SYSTEM = re.compile(r"(?:file://)?/(?:etc|proc|dev|sys|boot)/|https?://")


@rule(
    "tf-file-op",
    title="A TensorFlow graph reads or writes files, or connects to other machines",
    severity=Severity.HIGH,
    reads=TensorflowModel,
    references=("CWE-73", "MITRE-ATLAS:AML.T0011"),
    weakness="custom_code_in_model",
)
def tf_file_op(model: TensorflowModel) -> Iterator[Hit]:
    """Flag operations that open files or connections by a name that the graph holds.

    Why: running the graph, or one function of it when the model is loaded, reads a key, writes a
    start-up file, or sends data away, with the rights of whoever serves the model.

    Fix: ask for a model that takes its data as input; run this one only in a sandbox.

    Blind spot: saving and restoring variables and reading a vocabulary are in every honest model.
    They are reported when a constant names a file outside of the model to be written, or one that
    holds secrets or settings of the system to be read; a name that comes as the argument of a
    function is not followed, nor is one in a graph as text.
    """
    for operation in model.operations:
        file = operation.stream or _file(operation)
        if operation.name in FILE_OPS or file:
            message, facts = named(operation)
            if file:
                facts["file"] = file[:200]
            yield Hit(message, Evidence(at=operation.at, facts=facts))


def _file(operation: Operation) -> str:
    """Return the first file that no honest saver names; empty for none."""
    judge = _written if operation.name in SAVING_OPS else _read
    return next((path for path in operation.paths if judge(path)), "")


def _written(path: str) -> bool:
    return bool(path) and escapes(path) not in ("", "is no file")


def _read(path: str) -> bool:
    return SECRET_FILE.search(path) is not None or _SYSTEM.match(path) is not None
