"""Programs of `torch.export`: a zip with the graph as JSON, and the weights beside it.

The graph names what it calls; loading looks the name up (`torch.ops.…`, `_operator.…`, `math.…`, or
anything else below `torch`). Source: `torch/export/pt2_archive/` and `torch/_export/serde/` of
torch 2.13; before 2.7 the members had other names.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from modelwarden.core import GapKind
from modelwarden.core.values import dataclass
from modelwarden.formats.archive import ArchiveView
from modelwarden.formats.identified.kind import producer
from modelwarden.formats.jsontree import tree
from modelwarden.formats.limits import LimitExceededError
from modelwarden.formats.network import Network, NetworkNotes
from modelwarden.formats.view import DamagedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelwarden.formats.limits import Limits
    from modelwarden.formats.source import Source
    from modelwarden.formats.zip import Archive, Member

PROGRAM_FORMAT = "torch-pt2-program"
_PROGRAM = re.compile(r"(?:.*/)?models/[^/]+\.json|(?:.*/)?serialized_exported_program\.json")
_RECORDS = re.compile(
    rb"pt2|\d{1,6}(?:\.\d{1,6})?\s*|little|big|[0-9a-fA-F]{1,64}|None|model(?:,\s*\w+)*"
)
_WIDTHS = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 2, 7: 4, 8: 8, 9: 4, 10: 8, 11: 16, 12: 1, 13: 2}
_WIDTHS |= {28: 2, 29: 1, 30: 1, 31: 1, 32: 1}
_SMALL = 128
_NODES = 2_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedArchive(ArchiveView):
    """The archive of a program.

    Attributes:
        programs: members that hold graphs. storages: members proved to be numbers.
    """

    programs: tuple[str, ...] = ()
    storages: int = 0


def read_archive(archive: Archive) -> ExportedArchive:
    """Hand on the graphs as such, and step over the numbers that a list of weights proves."""
    names = {member.name: member for member in archive.members}
    programs = tuple(name for name in names if _PROGRAM.fullmatch(name))
    numbers = _numbers(archive, names)
    texts = {name for name, member in names.items() if _is_record(archive, member)}
    parts = archive.parts(data=numbers, read=texts, expect=dict.fromkeys(programs, PROGRAM_FORMAT))
    return ExportedArchive(
        source=archive.source,
        format="torch-pt2",
        producer=producer("torch"),
        gaps=parts.gaps,
        children=parts.children,
        entries=parts.entries,
        anomalies=parts.anomalies,
        programs=programs,
        storages=len(numbers),
    )


def _is_record(archive: Archive, member: Member) -> bool:
    """Tell whether a member is a small record of one word."""
    if not 0 < member.size <= _SMALL or member.name.endswith((".py", ".pt", ".pkl", ".json")):
        return False
    try:
        return _RECORDS.fullmatch(archive.peek(member, _SMALL + 1)) is not None
    except (DamagedError, LimitExceededError):
        return False


def _numbers(archive: Archive, names: dict[str, Member]) -> set[str]:
    """Return the members whose size is that of the tensor which a list of weights names."""
    found: set[str] = set()
    for name, member in names.items():
        if not name.endswith(
            ("_weights_config.json", "_constants_config.json", "weights_config.json")
        ):
            continue
        folder = name.rpartition("/")[0]
        try:
            with archive.open(member) as source:
                config = tree(source, archive.limits, "a list of weights")
        except (DamagedError, LimitExceededError):
            continue  # whoever opens the member says so
        for path, size in _sizes(config):
            place = f"{folder}/{path}" if folder else path
            if place in names and names[place].size == size:
                found.add(place)
    return found


def _sizes(config: object) -> Iterator[tuple[str, int]]:
    entries = config.get("config") if isinstance(config, dict) else None
    for entry in entries.values() if isinstance(entries, dict) else ():
        meta = entry.get("tensor_meta") if isinstance(entry, dict) else None
        if not isinstance(meta, dict) or entry.get("use_pickle") or "path_name" not in entry:
            continue
        kind, sizes = meta.get("dtype"), meta.get("sizes")
        width = _WIDTHS.get(kind) if isinstance(kind, int) else None
        if width is None or not isinstance(sizes, list):
            continue
        dims = [size.get("as_int") if isinstance(size, dict) else None for size in sizes]
        if all(isinstance(dim, int) and 0 <= dim < 1 << 48 for dim in dims):
            yield str(entry["path_name"]), width * math.prod(dim for dim in dims if dim is not None)


@dataclass(frozen=True, slots=True)
class _ProgramReader:
    """Reader of a graph."""

    def sniff(self, source: Source) -> bool:
        """Never by content: only the archive around it knows."""
        return source.expect == PROGRAM_FORMAT

    def read(self, source: Source, limits: Limits) -> Network:
        """Collect what the nodes call, in every graph that is nested in another."""
        notes = NetworkNotes(source)
        version = None
        try:
            program = tree(source, limits, "a program of torch.export")
            if isinstance(program, dict) and isinstance(program.get("torch_version"), str):
                version = str(program["torch_version"])
            _walk(program, limits, notes)
        except DamagedError as damage:
            notes.note(damage.why, at=damage.offset)
        except LimitExceededError as over:
            notes.note(str(over), GapKind.OVER_LIMIT)
        return Network(
            source=source,
            format=PROGRAM_FORMAT,
            producer=producer("torch", version),
            gaps=tuple(notes.gaps),
            metadata=tuple(notes.metadata),
            faults=tuple(notes.faults),
            operators=tuple(notes.kinds.values()),
        )


def _walk(program: object, limits: Limits, notes: NetworkNotes) -> None:
    """Look at every node, wherever its graph stands."""
    pending: list[object] = [program]
    while pending:
        value = pending.pop()
        limits.spend(operations=1)
        if isinstance(value, list):
            pending += [part for part in value if isinstance(part, dict | list)]
        elif isinstance(value, dict):
            target = value.get("target")
            if isinstance(target, str) and "inputs" in value:
                notes.operator(target, "node", None)
            if isinstance(value.get("class_fqn"), str):
                notes.operator(str(value["class_fqn"]), "object", None, foreign=True)
            pending += [part for part in value.values() if isinstance(part, dict | list)]


PROGRAM = _ProgramReader()
