"""`tf-checkpoint-path`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.formats.places import escapes
from modelwarden.formats.tensorflow.checkpoint import CheckpointState


@rule(
    "tf-checkpoint-path",
    title="A checkpoint list names a checkpoint outside of its folder",
    severity=Severity.LOW,
    reads=CheckpointState,
    references=("CWE-22",),
    weakness="archive_path_escape",
)
def tf_checkpoint_path(state: CheckpointState) -> Iterator[Hit]:
    """Flag the file `checkpoint` where it leads to another folder or to an address.

    Why: restoring "the newest checkpoint" then takes weights from wherever the text says, not
    those that lie beside it and were scanned. Training scripts often leave such paths behind.

    Fix: write the plain name of the checkpoint into the text, or name the checkpoint yourself.

    Blind spot: what lies at the other place is not looked at.
    """
    found = ((place, why) for place in state.places if (why := escapes(place.path)))
    for place, why in islice(found, 20):
        facts = {"path": place.path[:200], "why": why}
        yield Hit(f"the checkpoint {place.path[:120]!r} {why}", Evidence(facts=facts))
