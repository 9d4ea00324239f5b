"""What a file holds for a conversion: tensors, what is no tensor, and what cannot be taken."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, NamedTuple

from modelwarden.convert.errors import ConvertError
from modelwarden.core.values import dataclass
from modelwarden.formats.archive import printable

if TYPE_CHECKING:
    from modelwarden.convert.tensor import Tensor

MOST = 1_000_000
_LOST = 10_000


class Refused(NamedTuple):
    """A tensor that is there and cannot be taken, and why."""

    name: str
    why: str


@dataclass(slots=True)
class Contents:
    """Everything found in one source.

    Attributes:
        format: of the source. framework: as safetensors abbreviates it.
        tensors: in the order of the file.
        refused: tensors that are not converted.
        kept: small plain values by name, to be written as metadata.
        lost: what is neither: (name, what it is).
        more_lost: how many there are beyond those.
    """

    format: str
    framework: str = "np"
    tensors: list[Tensor] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    kept: dict[str, str] = field(default_factory=dict)
    lost: list[tuple[str, str]] = field(default_factory=list)
    more_lost: int = 0

    def add(self, tensor: Tensor) -> None:
        """Take a tensor in, unless it does not lie within its storage."""
        if len(self.tensors) >= MOST:
            raise ConvertError(f"more than {MOST} tensors")
        why = tensor.problem()
        if why is None:
            self.tensors.append(tensor)
        else:
            self.refuse(tensor.name, why)

    def refuse(self, name: str, why: str) -> None:
        """Remember a tensor that cannot be taken."""
        if len(self.refused) < _LOST:
            self.refused.append(Refused(printable(name), why))

    def lose(self, name: str, what: str) -> None:
        """Remember something that is no tensor."""
        if len(self.lost) < _LOST:
            self.lost.append((printable(name), what))
        else:
            self.more_lost += 1
