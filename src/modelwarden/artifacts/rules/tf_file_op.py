"""`tf-file-op`."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.artifacts.known.tensorflow_ops import FILE_OPS, named
from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.formats.tensorflow.reader import TensorflowModel


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

    Blind spot: saving and restoring variables and reading a vocabulary are in every honest model,
    and are not reported whatever path they name.
    """
    for operation in model.operations:
        if operation.name in FILE_OPS or operation.stream:
            message, facts = named(operation)
            if operation.stream:
                facts["file"] = operation.stream[:200]
            yield Hit(message, Evidence(at=operation.at, facts=facts))
