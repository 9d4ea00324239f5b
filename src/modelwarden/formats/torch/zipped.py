"""Reader of torch's zip archives, with and without TorchScript in them.

A folder of any name holds `data.pkl`, the storages that it refers to as `data/KEY`, and small
records of text. TorchScript adds `code/**.py` with `.debug_pkl` beside it, and `constants.pkl`.
Layout: `torch/serialization.py` and `caffe2/serialize/inline_container.h` of torch 2.13.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from modelwarden.core import Producer
from modelwarden.core.values import dataclass
from modelwarden.formats.archive import Anomaly, ArchiveView, Oddity, printable
from modelwarden.formats.limits import LimitExceededError
from modelwarden.formats.pickle.reader import sniff, streams_of
from modelwarden.formats.source import Source
from modelwarden.formats.torch.script import Script, script_of
from modelwarden.formats.torch.storages import storages
from modelwarden.formats.view import DamagedError

if TYPE_CHECKING:
    from modelwarden.formats.zip import Archive, Member

PICKLES = (".pkl", ".debug_pkl")
_CODE = 4 << 20
_KEY = re.compile(r"[0-9]{1,20}")
_FOLDERS = {"data.pkl": "data/", "constants.pkl": "constants/", "bytecode.pkl": "constants/"}
_RECORDS = {
    "version": rb"\d{1,6}\s*",
    "byteorder": rb"little|big",
    ".format_version": rb"\d{1,6}\s*",
    ".storage_alignment": rb"\d{1,9}\s*",
    ".data/serialization_id": rb"[0-9a-fA-F]{1,64}",
    ".data/version": rb"\d{1,6}\s*",
    ".data/python_version": rb"[\d.]{1,20}\s*",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TorchArchive(ArchiveView):
    """A torch archive.

    Attributes:
        root: the folder that torch puts everything into, with a slash; empty when there is none.
        storages: members that are proven to be the numbers of tensors, skipped.
        scripts: TorchScript sources.
    """

    root: str = ""
    storages: int = 0
    scripts: tuple[Script, ...] = ()


def read_archive(archive: Archive) -> TorchArchive:
    """Return the view of a torch archive."""
    members = {member.name: member for member in archive.members}
    counts = Counter(member.name for member in archive.members)
    single = {name: member for name, member in members.items() if counts[name] == 1}
    root = root_of(list(members))
    numbers = referenced(archive, root, single)
    scripts = {n: s for n, m in single.items() if (s := _script(archive, root, m)) is not None}
    texts = scripts.keys() | records(archive, root, single)
    pickles = {name: "pickle" for name in members if name.endswith(PICKLES)}
    parts = archive.parts(data=numbers, read=texts, expect=pickles)
    return TorchArchive(
        source=archive.source,
        format="torchscript" if any(n.startswith(f"{root}code/") for n in members) else "torch-zip",
        producer=Producer(name="torch"),
        gaps=parts.gaps,
        children=parts.children,
        entries=parts.entries,
        anomalies=(*parts.anomalies, *_unreferenced(root, single, numbers)),
        root=root,
        storages=len(numbers),
        scripts=tuple(scripts.values()),
    )


def root_of(names: list[str]) -> str:
    """Return the folder that holds `data.pkl`, with a slash; empty when there is none.

    >>> root_of(["archive/data.pkl", "archive/version"])
    'archive/'
    """
    found = [name for name in names if name.rpartition("/")[2] == "data.pkl"]
    return min(found, key=len)[: -len("data.pkl")] if found else ""


def referenced(archive: Archive, root: str, members: dict[str, Member]) -> set[str]:
    """Return the members that a pickle of the archive refers to as storages of their very size.

    `data.pkl` refers to `data/KEY`, `constants.pkl` to `constants/KEY`, and so does the
    `bytecode.pkl` of files for mobile devices. Keys are decimal numbers, as torch makes them: a
    pickle that calls another pickle a storage must not hide it.
    """
    found: set[str] = set()
    for pickled, folder in _FOLDERS.items():
        if (member := members.get(root + pickled)) is None:
            continue
        for key, size in sizes_in(archive, member).items():
            place = f"{root}{folder}{key}"
            if place in members and members[place].size == size:
                found.add(place)
    return found


def sizes_in(archive: Archive, member: Member) -> dict[str, int]:
    """Return the bytes of each storage that a pickle in the archive refers to, by key."""
    try:
        streams = streams_of(archive.keep(member, "pickle"), archive.limits)
    except (DamagedError, LimitExceededError):
        return {}
    named = storages(streams[0].persistent) if streams else {}
    return {key: storage.size for key, storage in named.items() if _KEY.fullmatch(key)}


def records(archive: Archive, root: str, members: dict[str, Member]) -> set[str]:
    """Return the small records of text that hold what they have to."""
    return {
        name
        for record, pattern in _RECORDS.items()
        if (name := root + record) in members
        and members[name].size <= 100
        and re.fullmatch(pattern, _bytes_of(archive, members[name], 101))
    }


def _script(archive: Archive, root: str, member: Member) -> Script | None:
    if not member.name.startswith(f"{root}code/") or not member.name.endswith(".py"):
        return None
    if member.size > _CODE:
        return None
    data = _bytes_of(archive, member, _CODE)
    # Text can be a pickle of protocol 0: such a file is opened like any other.
    return None if sniff(Source(member.name, data)) else script_of(member.name, data)


def _bytes_of(archive: Archive, member: Member, size: int) -> bytes:
    try:
        return archive.peek(member, size)
    except (DamagedError, LimitExceededError):
        return b""


def _unreferenced(root: str, members: dict[str, Member], data: set[str]) -> list[Anomaly]:
    """Return an anomaly for each record among the storages that no pickle refers to."""
    folders = (f"{root}data/", f"{root}constants/")
    return [
        Anomaly(
            Oddity.UNREFERENCED,
            f"{printable(name, 120)} stands among the tensors, and no pickle refers to it so",
            name,
            member.data,
            {"member": name, "size": member.size},
        )
        for name, member in members.items()
        if name.startswith(folders) and name not in data and not member.folder
    ]
