"""Reader of `torch.package` archives: pickles together with the Python code that they need.

Layout: `torch/package/package_exporter.py` of torch 2.13. Storages stand in `.data/KEY.storage`.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from modelwarden.core import InventoryItem, ItemKind, Producer, UseKind
from modelwarden.core.values import dataclass
from modelwarden.formats.archive import ArchiveView, printable
from modelwarden.formats.limits import LimitExceededError
from modelwarden.formats.torch.zipped import PICKLES, records, sizes_in
from modelwarden.formats.view import DamagedError

if TYPE_CHECKING:
    from modelwarden.formats.zip import Archive, Member

_MARKS = (".data/extern_modules", ".data/python_version")
_EXTERNS = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class TorchPackage(ArchiveView):
    """A package.

    Attributes:
        modules: Python files in it that importing the package's contents runs.
        externs: modules that it imports from where it is loaded.
        storages: members that are proven to be the numbers of tensors, skipped.
    """

    modules: tuple[str, ...] = ()
    externs: tuple[str, ...] = ()
    storages: int = 0


def read_archive(archive: Archive) -> TorchPackage:
    """Return the view of a package."""
    members = {member.name: member for member in archive.members}
    counts = Counter(member.name for member in archive.members)
    single = {name: member for name, member in members.items() if counts[name] == 1}
    root = next(n for n in members if n.endswith(_MARKS)).rpartition(".data/")[0]
    numbers = _storages(archive, root, single)
    externs = _externs(archive, members.get(f"{root}.data/extern_modules"))
    modules = tuple(name for name in members if name.endswith(".py"))
    text = {f"{root}.data/extern_modules"} if externs is not None else set()
    texts = records(archive, root, single) | text
    pickles = {name: "pickle" for name in members if name.endswith(PICKLES)}
    parts = archive.parts(data=numbers, read=texts, expect=pickles)
    return TorchPackage(
        source=archive.source,
        format="torch-package",
        producer=Producer(name="torch"),
        gaps=parts.gaps,
        children=parts.children,
        entries=parts.entries,
        anomalies=parts.anomalies,
        inventory=tuple(_inventory(archive, externs or ())),
        modules=modules,
        externs=externs or (),
        storages=len(numbers),
    )


def _storages(archive: Archive, root: str, members: dict[str, Member]) -> set[str]:
    sizes: dict[str, int] = {}
    for name, member in members.items():
        if name.endswith(".pkl"):
            sizes |= sizes_in(archive, member)
    places = {f"{root}.data/{key}.storage": size for key, size in sizes.items()}
    return {n for n, size in places.items() if n in members and members[n].size == size}


def _externs(archive: Archive, member: Member | None) -> tuple[str, ...] | None:
    """Return the modules named in `extern_modules`; None when it is no list of names."""
    if member is None or member.size > _EXTERNS:
        return None
    try:
        with archive.open(member) as source:
            lines = source.read(0, _EXTERNS).decode("ascii").split()
    except (DamagedError, LimitExceededError, UnicodeDecodeError):
        return None
    if not all(line.replace(".", "_").isidentifier() for line in lines):
        return None
    return tuple(lines)


def _inventory(archive: Archive, externs: tuple[str, ...]) -> list[InventoryItem]:
    source = archive.source
    return [
        InventoryItem(
            kind=ItemKind.IMPORT,
            name=printable(name),
            path=source.name,
            member=source.member,
            use=UseKind.REFERENCED,
        )
        for name in externs
    ]
