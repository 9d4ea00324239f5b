"""The rule `pickle-trailing-data`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwarden.core import Evidence, Hit, Json, Severity, rule
from modelwarden.formats.pickle.reader import PickleStream, leftover

if TYPE_CHECKING:
    from collections.abc import Iterator


@rule(
    "pickle-trailing-data",
    title="Bytes stand behind the last pickle",
    severity=Severity.LOW,
    reads=PickleStream,
    references=("CWE-506",),
    weakness="unsafe_deserialization",
)
def pickle_trailing_data(stream: PickleStream) -> Iterator[Hit]:
    """Tell of bytes behind the last pickle that belong to no pickle.

    Why: a loader stops at the end of a pickle and never sees what follows. No library writes
    anything there, so it was put there for some other program, or left over.

    Fix: compare the file with the publisher's digest. Save the object again to be rid of the rest.

    Blind spot: padding is not reported. A pickle that follows is run like the first one, and
    anything else is examined as what it is.
    """
    if not stream.trailing or stream.damaged or not stream.streams:
        return
    head = leftover(stream)
    if not head:
        return
    facts: dict[str, Json] = {"size": stream.trailing, "begins": head[:16].hex()}
    yield Hit(
        f"{stream.trailing} bytes behind the last pickle belong to no pickle",
        Evidence(stream.end, facts, (head[:16].hex(), str(stream.trailing))),
    )
