"""`tflite-unsafe-operator`."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.artifacts.known.tflite_ops import reaches_out
from modelwarden.core import Evidence, Hit, Json, Severity, rule
from modelwarden.formats.tflite.reader import TfliteModel


@rule(
    "tflite-unsafe-operator",
    title="A TensorFlow Lite model runs Python, or opens files",
    severity=Severity.HIGH,
    reads=TfliteModel,
    references=("CWE-73", "MITRE-ATLAS:AML.T0011"),
    weakness="custom_code_in_model",
)
def tflite_unsafe_operator(model: TfliteModel) -> Iterator[Hit]:
    """Flag operators of TensorFlow proper that run Python, use files or connect to other machines.

    Why: the flex delegate runs them as TensorFlow would: a key is read, a start-up file written, or
    data sent away, with the rights of whoever runs the model.

    Fix: ask for a model of built-in operators; run this one only in a sandbox.

    Blind spot: what the operators of other libraries do is `tflite-custom-operator`'s matter.
    """
    for one in model.operators:
        if reaches_out(one.name):
            facts: dict[str, Json] = {"operator": one.name[:200], "count": one.count}
            yield Hit(f"runs {one.name[:120]!r}", Evidence(one.at, facts, (one.name,)))
