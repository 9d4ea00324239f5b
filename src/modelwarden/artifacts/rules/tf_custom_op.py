"""`tf-custom-op`."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.artifacts.known.tensorflow_ops import CORE_OPS, OPAQUE_OPS, named
from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.formats.tensorflow.reader import TensorflowModel


@rule(
    "tf-custom-op",
    title="A TensorFlow graph needs operations that TensorFlow does not have",
    severity=Severity.MEDIUM,
    reads=TensorflowModel,
    references=("CWE-829",),
    weakness="custom_code_in_model",
)
def tf_custom_op(model: TensorflowModel) -> Iterator[Hit]:
    """Flag operations from native libraries, and those that carry a program of their own.

    Why: an operation that TensorFlow lacks comes from a library that must be loaded first, native
    code that can do anything. A few of TensorFlow's own run a program kept in a text that is not
    a graph.

    Fix: find out which library it is, take it from its publisher, and run the model in a sandbox.

    Blind spot: an operation newer than the list that we know is taken for a foreign one.
    """
    for operation in model.operations:
        name = operation.name
        own = name in CORE_OPS or name in model.functions or name.startswith("_")
        if name in OPAQUE_OPS or not own:
            message, facts = named(operation)
            why = f"what the operation {name[:80]!r} does is not in the file"
            yield Hit(message, Evidence(at=operation.at, facts=facts), unexamined=why)
