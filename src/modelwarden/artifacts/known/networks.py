"""What the operators of a network do: they compute, or they leave the network.

Each format has its own table; what a table does not know comes from a library or from the
application, and nobody has looked at it.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING

from modelwarden.core import Evidence, Hit
from modelwarden.formats.network import Operator

if TYPE_CHECKING:
    from modelwarden.core.findings import Json

HITS = 100


class Does(Enum):
    """What an operator does.

    `COMPUTES`: nothing else. `PYTHON`: runs Python code of the process. `FILES`: reads or writes
    files that the network names. `FOREIGN`: comes from a library or from the application.
    """

    COMPUTES = "computes"
    PYTHON = "python"
    FILES = "files"
    FOREIGN = "foreign"


def does(form: str, operator: Operator) -> Does:
    """Tell what an operator of a network of the format `form` does."""
    if operator.foreign:
        return Does.FOREIGN
    judge = _JUDGES.get(form)
    return Does.COMPUTES if judge is None else judge(operator.name)


def hit(operator: Operator, message: str, unexamined: str | None = None) -> Hit:
    """Return the hit about one kind of operator."""
    facts: dict[str, Json] = {
        "operator": operator.name,
        "in": operator.where,
        "count": operator.count,
    }
    return Hit(
        message,
        Evidence(at=operator.at, facts=facts, identity=(operator.name,)),
        unexamined=unexamined,
    )


def _paddle(name: str) -> Does:
    from modelwarden.artifacts.known import paddle_ops as ops

    if ops.forward(name) in ops.PYTHON:
        return Does.PYTHON
    if name in ops.FILES:
        return Does.FILES
    return Does.COMPUTES if ops.is_known(name) else Does.FOREIGN


def _exported(name: str) -> Does:
    from modelwarden.artifacts.known import torch_ops as ops

    if ops.is_file(name):
        return Does.FILES
    foreign = ops.is_foreign(name)
    if foreign is None:
        return Does.PYTHON
    return Does.FOREIGN if foreign else Does.COMPUTES


def _mxnet(name: str) -> Does:
    from modelwarden.artifacts.known import mxnet_ops as ops

    if name in ops.PYTHON:
        return Does.PYTHON
    if name in ops.FILES:
        return Does.FILES
    return Does.COMPUTES if name == "null" or name in ops.KNOWN else Does.FOREIGN


def _executorch(name: str) -> Does:
    from modelwarden.artifacts.known import torch_ops as ops

    kind, _, backend = name.partition(":")
    if kind == "delegate":
        return Does.COMPUTES if backend in ops.BACKENDS else Does.FOREIGN
    library = name.partition("::")[0]
    return Does.FOREIGN if ops.is_foreign(f"torch.ops.{library}.x") else Does.COMPUTES


def _caffe(name: str) -> Does:
    from modelwarden.artifacts.known import caffe_layers as layers

    if name in layers.PYTHON:
        return Does.PYTHON
    if name in layers.FILES:
        return Does.FILES
    return Does.COMPUTES if name in layers.KNOWN else Does.FOREIGN


_JUDGES: dict[str, Callable[[str], Does]] = {
    "paddle-program": _paddle,
    "torch-pt2-program": _exported,
    "mxnet-symbol": _mxnet,
    "executorch": _executorch,
    "caffe": _caffe,
    "caffe-prototxt": _caffe,
}
