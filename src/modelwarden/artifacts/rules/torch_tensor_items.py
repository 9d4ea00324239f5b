"""The rule `torch-tensor-items`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwarden.artifacts.rules._pickles import evidence, uses_of
from modelwarden.core import Hit, Severity, rule
from modelwarden.formats.pickle.reader import PickleStream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelwarden.artifacts.known import Judged

_MOST = 20
_OPCODES = frozenset(("SETITEM", "SETITEMS", "APPEND", "APPENDS", "ADDITEMS"))
_HOMES = ("torch._utils", "torch._tensor", "torch.storage", "torch.nn.parameter", "torch._C")


@rule(
    "torch-tensor-items",
    title="A pickle changes a tensor after it is made",
    severity=Severity.HIGH,
    reads=PickleStream,
    references=("CWE-502", "CWE-787", "CVE-2026-24747"),
    weakness="unsafe_deserialization",
)
def torch_tensor_items(stream: PickleStream) -> Iterator[Hit]:
    """Flag items that a pickle sets in a tensor, or adds to one, as if it were a dictionary.

    Why: torch never writes this. Loaders that only allow weights take the opcode for one that
    fills dictionaries; given a tensor, those before PyTorch 2.10 write where they must not
    (CVE-2026-24747). Others change weights behind the storage that somebody has compared.

    Fix: do not load the file; ask its publisher for weights in safetensors.

    Blind spot: tensors that a function of another library returns are not known to be tensors.
    """
    found = [one for one in uses_of(stream) if _changes(one)]
    for one in found[:_MOST]:
        more = f" (and {len(found) - _MOST} more)" if len(found) > _MOST and one is found[0] else ""
        yield Hit(f"changes what {one.target} made by {one.use.via}{more}", evidence(one))


def _changes(one: Judged) -> bool:
    use = one.use
    if use.via not in _OPCODES or use.method is None:
        return False
    return use.module in _HOMES and use.name.startswith(
        ("_rebuild", "Tensor", "Parameter", "_load")
    )
