"""`tf-python-op`."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.artifacts.known.tensorflow_ops import PYTHON_OPS, named
from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.formats.tensorflow.reader import TensorflowModel


@rule(
    "tf-python-op",
    title="A TensorFlow graph calls Python functions",
    severity=Severity.HIGH,
    reads=TensorflowModel,
    references=("CWE-94", "MITRE-ATLAS:AML.T0011"),
    weakness="custom_code_in_model",
)
def tf_python_op(model: TensorflowModel) -> Iterator[Hit]:
    """Flag operations that leave the graph for the Python interpreter.

    Why: such an operation calls a Python function of the process by its number; with code that
    comes beside the model, running the graph runs that code. No model that can be served needs it.

    Fix: ask for a model whose graph holds only TensorFlow's own operations.

    Blind spot: none known: the function library is looked through as well.
    """
    for operation in model.operations:
        if operation.name in PYTHON_OPS:
            message, facts = named(operation)
            yield Hit(message, Evidence(at=operation.at, facts=facts))
