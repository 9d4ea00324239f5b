"""Bounds on what examining one file may cost; hitting one is a gap, never silence."""

from __future__ import annotations

import time
from dataclasses import field

from modelwarden.core.values import dataclass

MIB = 1 << 20
_TOGETHER = 256  # operations between two looks at the bounds


class LimitExceededError(Exception):
    """A bound of `Limits` was reached; readers turn it into a gap of kind `over-limit`."""

    def __init__(self, what: str, limit: float) -> None:
        """Remember which bound (`what`) and its value."""
        super().__init__(f"{what} is over the limit of {limit:g}")
        self.what = what
        self.limit = limit


@dataclass(slots=True)
class _Account:
    """What one file has spent so far, over all its nested members.

    Attributes:
        due: operations at which the bounds are looked at again, the time among them.
    """

    expanded: int = 0
    members: int = 0
    operations: int = 0
    due: int = 0
    started: float = field(default_factory=time.monotonic)


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds for one file with everything nested in it.

    Readers call `spend` before they pay. One `Limits` value is one account: `fresh()` opens a
    new one for the next file.

    Attributes:
        expanded: bytes that all decompression together may produce.
        ratio: bytes out per byte in of one compressed stream, looked at above `ratio_floor`.
        members: entries of all archives together.
        depth: containers in containers.
        operations: pickle opcodes and the like.
        string: bytes of one name, header or metadata string that is kept.
        memory: bytes that one reader may hold at once.
        seconds: wall-clock for one file.
        checksums: also compare the checksums of members that hold only numbers, which means
            reading all of them; worth it when the file is read whole anyway, for its digest.
    """

    expanded: int = 8192 * MIB
    ratio: float = 300.0
    ratio_floor: int = 16 * MIB
    members: int = 100_000
    depth: int = 8
    operations: int = 200_000_000
    string: int = 1 * MIB
    memory: int = 64 * MIB
    seconds: float = 300.0
    checksums: bool = False
    _account: _Account = field(default_factory=_Account, compare=False, repr=False)

    def fresh(self) -> Limits:
        """Return the same bounds with nothing spent."""
        return Limits(  # spelled out: `replace` takes three times as long, and each file asks
            self.expanded,
            self.ratio,
            self.ratio_floor,
            self.members,
            self.depth,
            self.operations,
            self.string,
            self.memory,
            self.seconds,
            self.checksums,
            _Account(),
        )

    def spend(self, *, expanded: int = 0, members: int = 0, operations: int = 0) -> None:
        """Add to the account.

        Raises:
            LimitExceededError: a bound, or the time, is used up.
        """
        account = self._account
        account.operations += operations
        if expanded or members:
            account.expanded += expanded
            account.members += members
        elif account.operations < account.due:
            return  # most calls pay for one operation: what follows is for many together
        account.due = min(account.operations + _TOGETHER, self.operations)
        if account.expanded > self.expanded:
            raise LimitExceededError("decompressed bytes", self.expanded)
        if account.members > self.members:
            raise LimitExceededError("archive members", self.members)
        if account.operations > self.operations:
            raise LimitExceededError("operations", self.operations)
        if time.monotonic() - account.started > self.seconds:  # as `check_time`, without its call
            raise LimitExceededError("seconds for one file", self.seconds)

    def check_time(self) -> None:
        """Raise `LimitExceededError` when the file has had its time."""
        if time.monotonic() - self._account.started > self.seconds:
            raise LimitExceededError("seconds for one file", self.seconds)

    def check_ratio(self, packed: int, expanded: int) -> None:
        """Raise `LimitExceededError` when `expanded` bytes came out of too few `packed` ones."""
        if expanded > self.ratio_floor and expanded > self.ratio * max(packed, 1):
            raise LimitExceededError("expansion ratio", self.ratio)
