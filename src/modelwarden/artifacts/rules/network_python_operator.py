"""`network-python-operator`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from modelwarden.artifacts.known.networks import HITS, Does, does, hit
from modelwarden.core import Hit, Severity, rule
from modelwarden.formats.network import Network


@rule(
    "network-python-operator",
    title="A network has operators that run Python code",
    severity=Severity.HIGH,
    reads=Network,
    references=("CWE-94", "MITRE-ATLAS:AML.T0011"),
    weakness="custom_code_in_model",
)
def network_python_operator(network: Network) -> Iterator[Hit]:
    """Flag operators that leave the network for the Python interpreter.

    Why: PaddlePaddle's `py_func`, MXNet's `Custom` and Caffe's `Python` layer call a function or
    class by a name or number of the file's choosing; Caffe imports the module for it. With code
    that comes beside the model, running the network runs that code.

    Fix: ask for a network of the framework's own operators, or read the code that it names first.

    Blind spot: what the Python code does is not looked at here.
    """
    found = (one for one in network.operators if does(network.format, one) is Does.PYTHON)
    for one in islice(found, HITS):
        yield hit(
            one,
            f"the operator {one.name[:120]!r} runs Python code",
            f"the Python code behind {one.name[:80]!r} is not in the file",
        )
