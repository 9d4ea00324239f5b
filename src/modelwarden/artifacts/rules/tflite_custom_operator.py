"""`tflite-custom-operator`."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.artifacts.known.tflite_ops import is_known, reaches_out
from modelwarden.core import Evidence, Hit, Json, Severity, rule
from modelwarden.formats.tflite.reader import TfliteModel


@rule(
    "tflite-custom-operator",
    title="A TensorFlow Lite model needs operators from a library of its own",
    severity=Severity.MEDIUM,
    reads=TfliteModel,
    references=("CWE-829",),
    weakness="custom_code_in_model",
)
def tflite_custom_operator(model: TfliteModel) -> Iterator[Hit]:
    """Flag operators that neither TensorFlow nor MediaPipe brings.

    Why: such an operator comes from a library that the program must link or load, native code that
    can do anything.

    Fix: find out which library it is, take it from its publisher, and run the model in a sandbox.

    Blind spot: a kernel under the name of a known one is taken for that one.
    """
    for one in model.operators:
        if not is_known(one.name) and not reaches_out(one.name):
            facts: dict[str, Json] = {"operator": one.name[:200], "count": one.count}
            yield Hit(
                f"needs the operator {one.name[:120]!r}",
                Evidence(one.at, facts, (one.name,)),
                unexamined=f"what the operator {one.name[:80]!r} does is not in the file",
            )
