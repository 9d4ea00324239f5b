"""`onnx-custom-operator`."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.artifacts.known.onnx_ops import is_known, listed, runs_python
from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.formats.onnx.reader import OnnxModel


@rule(
    "onnx-custom-operator",
    title="An ONNX model needs operators that ONNX does not have",
    severity=Severity.MEDIUM,
    reads=OnnxModel,
    references=("CWE-829",),
    weakness="custom_code_in_model",
)
def onnx_custom_operator(model: OnnxModel) -> Iterator[Hit]:
    """Flag operators from native libraries, and those that carry a compiled program.

    Why: an operator that neither ONNX nor ONNX Runtime has comes from a library that must be
    registered first, native code that can do anything. A few of ONNX Runtime's own hand a
    compiled blob, or a path to one, to a driver.

    Fix: find out which library it is, take it from its publisher, and run the model in a sandbox.

    Blind spot: an operator of ONNX that is newer than the list we know is taken for a foreign one.
    """
    brought = {(domain, name) for domain, name, _ in model.functions}
    for operator in model.operators:
        key = (operator.domain, operator.name)
        if key in brought or is_known(*key) or runs_python(*key):
            continue
        named, facts = listed(operator)
        yield Hit(
            f"needs the operator {named[:120]!r}",
            Evidence(at=operator.at, facts=facts, identity=(named,)),
            unexamined=f"what the operator {named[:80]!r} does is not in the file",
        )
