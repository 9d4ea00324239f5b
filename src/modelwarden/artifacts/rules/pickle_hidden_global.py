"""The rule `pickle-hidden-global`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwarden.artifacts.known import Judgement
from modelwarden.artifacts.rules._pickles import hits, shown, uses_of
from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.formats.pickle.reader import PickleStream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelwarden.artifacts.known import Judged


@rule(
    "pickle-hidden-global",
    title="A pickle hides what it imports or calls",
    severity=Severity.HIGH,
    reads=PickleStream,
    references=("CWE-502", "CWE-506", "MITRE-ATLAS:AML.T0011"),
    weakness="unsafe_deserialization",
)
def pickle_hidden_global(stream: PickleStream) -> Iterator[Hit]:
    """Flag names that are only known while loading, calls of results, and changed libraries.

    Why: libraries write the names of what they need into the file as they are. A pickle that
    computes a name, calls what another call returned, takes a name from the extension registry,
    changes attributes of an imported module or class, or lies about the length of its frames so
    that two loaders read two different files, does so to get past somebody who reads it.

    Fix: do not load the file. Ask its publisher for weights in safetensors, ONNX or skops.

    Blind spot: what is called in the end is not known; a file that does this may be harmless.
    """
    chosen = (one for one in uses_of(stream) if one.ruling.judgement is Judgement.HIDDEN)
    yield from hits(chosen, message=_message, unexamined=_unexamined)
    if stream.lying_frames:
        facts = {"frames": stream.lying_frames}
        yield Hit(
            "lies about the length of its frames: loaders read it differently",
            Evidence(None, facts, ("frames",)),
        )


def _message(one: Judged) -> str:
    return f"{shown(one)}: {one.ruling.reason}"


def _unexamined(one: Judged) -> str:
    return f"{one.ruling.reason}, so it was not examined"
