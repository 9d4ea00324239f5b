"""PaddlePaddle programs: operators in all blocks, and the files that they name.

Field numbers are those of `framework.proto` of Paddle 2.6, which Paddle 3 still reads. Loops and
branches refer to blocks by number, so every block of the program is walked anyhow.
"""

from __future__ import annotations

from itertools import islice

from modelwarden.core import GapKind
from modelwarden.formats.identified.protobuf import PADDLE
from modelwarden.formats.limits import LimitExceededError, Limits
from modelwarden.formats.network import Network, NetworkNotes, made_by
from modelwarden.formats.protobuf import text
from modelwarden.formats.protowalk import Message, Schema, messages
from modelwarden.formats.source import Source
from modelwarden.formats.view import DamagedError

_SCHEMA: Schema = {
    "Program": {1: "Block", 4: "Version", 5: ""},
    "Version": {1: ""},
    "Block": {1: "", 2: "", 3: "", 4: "Operator", 5: ""},
    "Operator": {1: "", 2: "", 3: "", 4: "Attribute", 5: ""},
    "Attribute": {1: "", 2: "", 5: "", 8: "", 12: "", 14: ""},
}
_BLOCK, _BLOCKS = 8, 10  # kinds of attribute
# Attributes of operators that read or write a file, or hand a program to a driver.
_PATHS = {"file_path", "model_file", "filename", "engine_path", "model_opt_cache_dir"}
_TRACE = "op_callstack"  # where the exporter's own code made an operator


def sniff(source: Source) -> bool:
    """Tell whether the outermost message is a program."""
    return PADDLE.sniff(source)


def read(source: Source, limits: Limits) -> Network:
    """Walk all blocks; what cannot be read is a gap, the rest is kept."""
    notes = NetworkNotes(source)
    walk = _Walk(source, notes)
    try:
        for one in messages(source, limits, _SCHEMA, "Program", notes):
            walk.look(one)
        walk.finish()
    except LimitExceededError as over:
        notes.note(str(over), GapKind.OVER_LIMIT)
    try:
        producer = PADDLE.produced(source)
    except DamagedError:  # the walk has noted it
        producer = None
    return Network(
        source=source,
        format="paddle-program",
        producer=producer,
        gaps=tuple(notes.gaps),
        inventory=made_by(source, producer),
        metadata=tuple(notes.metadata),
        faults=tuple(notes.faults),
        operators=tuple(notes.kinds.values()),
        places=tuple(notes.places),
    )


class _Walk:
    """One walk over a program: which operator the attributes belong to, and how many blocks."""

    def __init__(self, source: Source, notes: NetworkNotes) -> None:
        self.source = source
        self.notes = notes
        self.operator = ""
        self.blocks: list[Message] = []
        self.called: dict[int, int] = {}
        self.traced = False

    def look(self, one: Message) -> None:
        """Write down what one message says."""
        if one.kind == "Block":
            self.blocks.append(one)
        elif one.kind == "Operator":
            self.operator = one.text(self.source, 3)
            if not self.operator:
                self.notes.fault("operator", "", "an operator without a type", one.at)
            self.notes.operator(self.operator, f"block {len(self.blocks) - 1}", one.at)
        elif one.kind == "Attribute":
            self.attribute(one)

    def attribute(self, one: Message) -> None:
        name = one.text(self.source, 1)
        if name in _PATHS:
            for number in (5, 8):
                if path := one.text(self.source, number):
                    self.notes.place(f"{self.operator}.{name}", path, one.at)
        if name == _TRACE and not self.traced:  # of one operator: they are much the same
            self.traced = True
            lines = "\n".join(text(self.source, f, 400) for f in islice(one.all(8), 100))
            self.notes.describe(name, lines, one.at)
        kind = one.number(2)
        if kind == _BLOCK:
            self.called[one.number(12)] = one.at
        elif kind == _BLOCKS:
            self.called |= {f.value: one.at for f in one.all(14, 0)}

    def finish(self) -> None:
        """Hold the numbers of blocks against how many there are."""
        for place, block in enumerate(self.blocks):
            if block.number(1) != place:
                why = f"block {place} calls itself {block.number(1)}"
                self.notes.fault("block", "", why, block.at)
        for number, at in self.called.items():
            if number >= len(self.blocks):
                why = f"an operator runs the block {number} of {len(self.blocks)}"
                self.notes.fault("block", "", why, at)
