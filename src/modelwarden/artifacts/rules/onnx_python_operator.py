"""`onnx-python-operator`."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.artifacts.known.onnx_ops import listed, runs_python
from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.formats.onnx.reader import OnnxModel


@rule(
    "onnx-python-operator",
    title="An ONNX model calls Python or any operator of PyTorch",
    severity=Severity.HIGH,
    reads=OnnxModel,
    references=("CWE-829", "MITRE-ATLAS:AML.T0011"),
    weakness="custom_code_in_model",
)
def onnx_python_operator(model: OnnxModel) -> Iterator[Hit]:
    """Flag operators that leave the graph for Python: `PyOp`, `PythonOp`, `ATen`, extensions.

    Why: such an operator names a Python module and function, or an operator of PyTorch by its
    name, and running the model calls it with arguments of the file's choosing.

    Fix: ask for a model of ONNX's own operators; run this one only in a sandbox.

    Blind spot: what the named function does is not in the file.
    """
    for operator in model.operators:
        if runs_python(operator.domain, operator.name):
            named, facts = listed(operator)
            yield Hit(
                f"runs the operator {named[:120]!r}",
                Evidence(at=operator.at, facts=facts, identity=(named,)),
                unexamined=f"what {named[:80]!r} calls is not in the file",
            )
