"""The rule `torchscript-custom-operator`."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from modelwarden.artifacts.known.torch_ops import is_foreign
from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.formats.torch.zipped import TorchArchive

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST = 100


@rule(
    "torchscript-custom-operator",
    title="TorchScript code needs operators that PyTorch does not have",
    severity=Severity.MEDIUM,
    reads=TorchArchive,
    references=("CWE-829",),
    weakness="custom_code_in_model",
)
def torchscript_custom_operator(archive: TorchArchive) -> Iterator[Hit]:
    """Flag calls of operators that neither PyTorch nor its own libraries bring.

    Why: such an operator is native code of a library that has to be loaded before the model, and
    runs with the rights of whoever calls it.

    Fix: find out which library it is, take it from its publisher, and run the model in a sandbox.

    Blind spot: what the operator does is not in the file.
    """
    named = ((script.member, call) for script in archive.scripts for call in script.custom)
    foreign = ((member, call) for member, call in named if is_foreign(f"torch.{call}"))
    for member, call in islice(foreign, _MOST):
        name = member.removeprefix(archive.root)
        yield Hit(
            f"{member} calls {call[:120]}",
            Evidence(facts={"member": member, "call": call[:200]}, identity=(name, call[:500])),
            unexamined=f"what {call[:80]} does is not in the file",
        )
