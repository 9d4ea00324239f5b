"""`onnx-shadowed-operator`."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.artifacts.known.onnx_ops import is_known
from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.formats.onnx.reader import OnnxModel


@rule(
    "onnx-shadowed-operator",
    title="An ONNX model replaces an operator of ONNX by one of its own",
    severity=Severity.MEDIUM,
    reads=OnnxModel,
    references=("CWE-1289", "MITRE-ATLAS:AML.T0018"),
    weakness="unsigned_or_altered_artifact",
)
def onnx_shadowed_operator(model: OnnxModel) -> Iterator[Hit]:
    """Flag functions in the model that have the name of a standard operator.

    Why: some runtimes take the model's function, others their own operator, so what is shown and
    tested is not what runs. Exporters put functions in a domain of their own.

    Fix: ask the publisher for a model whose functions have names of their own.

    Blind spot: a function under a name of its own can compute anything, as can any graph.
    """
    for domain, name, at in model.functions:
        if is_known(domain, name):
            named = f"{domain or 'ai.onnx'}::{name}"
            facts = {"operator": named[:200]}
            yield Hit(f"brings its own {named[:120]!r}", Evidence(at=at, facts=facts))
