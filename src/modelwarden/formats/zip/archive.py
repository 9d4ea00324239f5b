"""A zip file with everything that any reader could find in it, to be opened member by member."""

from __future__ import annotations

import re
import zlib
from dataclasses import field, replace
from functools import partial
from typing import TYPE_CHECKING

from modelwarden.core import GapKind
from modelwarden.core.findings import Gap
from modelwarden.core.values import dataclass
from modelwarden.formats.archive import (
    Anomaly,
    Entry,
    Oddity,
    bounded,
    printable,
)
from modelwarden.formats.codecs import MissingCodecError
from modelwarden.formats.limits import LimitExceededError
from modelwarden.formats.view import Child, DamagedError, gap
from modelwarden.formats.zip.compare import differences, doubts
from modelwarden.formats.zip.directory import END_SIZE, Directory, directories
from modelwarden.formats.zip.layout import leftovers
from modelwarden.formats.zip.members import (
    METHODS,
    STORED,
    Member,
    UnsupportedMethodError,
    as_walked,
    listed,
    opened,
    pieces,
)
from modelwarden.formats.zip.names import LINK, TYPE, odd_names
from modelwarden.formats.zip.records import ENCRYPTED, Central, local_at

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from modelwarden.core.findings import Json
    from modelwarden.formats.limits import Limits
    from modelwarden.formats.source import Source

CHECKED = 16 << 20  # members up to this size are always checked against their CRC
_CODE = (".pkl", ".pickle", ".py", ".pyc", ".so", ".joblib", ".dill", ".sh", ".class")
_LAUNCHER = re.compile(rb"#!/[\w./-]*(env )?[\w./-]*python[\w.]*\n\Z")


@dataclass(slots=True)
class Archive:
    """What was found in a zip file.

    Attributes:
        members: of the directory that `zipfile` takes first, in its order, then the others.
        strays: (offset, size) of bytes that belong to no record.
        comments: (offset, size) of what end records say of the whole archive.
        spent: a bound was used up, so that no further member is checked.
        kept: sources that `open` gives out again, each with the member that it is.
    """

    source: Source
    limits: Limits
    members: tuple[Member, ...] = ()
    strays: tuple[tuple[int, int], ...] = ()
    comments: tuple[tuple[int, int], ...] = ()
    anomalies: list[Anomaly] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    spent: bool = False
    kept: dict[str, tuple[Member, Source]] = field(default_factory=dict)

    def named(self, name: str) -> Member | None:
        """Return the member that loaders take for `name`: the last one so called."""
        return next((m for m in reversed(self.members) if m.name == name), None)

    def open(self, member: Member, expect: str | None = None) -> Source:
        """Return the bytes of a member, decompressed on demand.

        Raises:
            DamagedError: it cannot be decompressed here.
            LimitExceededError: it claims to expand beyond the limits.
        """
        kept = self.kept.get(member.name)
        if kept is not None and kept[0] == member:
            return kept[1]
        return opened(self.source, member, self.limits, expect)

    def keep(self, member: Member, expect: str | None = None) -> Source:
        """Open a member that will be opened again: what is found out about it stays with it."""
        source = opened(self.source, member, self.limits, expect)
        self.kept[member.name] = (member, source)
        return source

    def peek(self, member: Member, size: int) -> bytes:
        """Return the first `size` bytes of a member, whatever it claims to expand to.

        Raises:
            DamagedError: it cannot be decompressed here.
            LimitExceededError: a bound was used up on the way.
        """
        found = b""
        for piece in pieces(self.source, member, self.limits):
            found += piece
            if len(found) >= size:
                break
        return found[:size]

    def parts(
        self,
        *,
        data: Collection[str] = (),
        read: Collection[str] = (),
        expect: Mapping[str, str] | None = None,
    ) -> Parts:
        """Return children, gaps, anomalies and entries for a view.

        Args:
            data: names of members that are proven to be numbers: neither opened nor checked.
            read: names of members that the caller has read itself: checked, and not opened.
            expect: format as which a loader will read a member, by name.
        """
        expected = expect or {}
        children: list[Child] = []
        anomalies, gaps = list(self.anomalies), list(self.gaps)
        seen: set[tuple[int | bool | str | None, ...]] = set()
        for member in self.members:
            # Thousands of entries may share one stretch of bytes: it is examined once.
            stretch = (member.data, member.packed, member.size, member.method, member.flagged)
            key = (*stretch, member.local is None, expected.get(member.name))
            if member.name in data:
                children.append(Child(member.name, partial(self.open, member), data=True))
                if key not in seen:
                    anomalies += self._numbers_checked(member, gaps)
                seen.add(key)
                continue
            if key in seen or (member.folder and not member.packed):
                continue
            seen.add(key)
            more, size = self._checked(member, gaps)
            anomalies += more
            if self._readable(member, gaps):
                whole = replace(member, size=max(size, member.size))
                opener = partial(self.open, whole, expected.get(member.name))
                children.append(Child(member.name, opener, data=member.name in read))
        children += self._stray_children()
        return Parts(
            tuple(children), tuple(gaps), bounded(anomalies), tuple(map(_entry, self.members))
        )

    def _readable(self, member: Member, gaps: list[Gap]) -> bool:
        """Tell whether the bytes of a member can be had; if not, say so in `gaps`."""
        if member.central is not None and member.local is None:
            gaps.append(self._gap(member, "its local header is missing", GapKind.UNREADABLE))
            return False
        if member.flagged and not self._plain(member):
            gaps.append(self._gap(member, "it is encrypted", GapKind.UNREADABLE))
            return False
        return True

    def _plain(self, member: Member) -> bool:
        """Tell whether a member is plain although marked as encrypted, which costs 12 bytes."""
        if member.method == STORED:
            return member.packed == member.size
        try:
            return self._sum(member)[0] == member.crc
        except (DamagedError, LimitExceededError):
            return False

    def _checked(self, member: Member, gaps: list[Gap]) -> tuple[list[Anomaly], int]:
        """Compare a member that may hold code with its checksum; return its true size as well."""
        found: list[Anomaly] = []
        large = member.size > CHECKED and not self._may_be_code(member)
        large = large and not (self.limits.checksums and member.method == STORED)
        if self.spent or large or member.local is None:
            return found, 0
        if member.flagged:
            if not self._plain(member):
                return found, 0
            found.append(self._headers(member, "is marked as encrypted, and is not"))
        size = 0
        try:
            self.limits.check_ratio(member.packed, member.size)
            crc, size = self._sum(member)
        except (UnsupportedMethodError, MissingCodecError) as error:
            gaps.append(self._gap(member, error.why, GapKind.UNSUPPORTED))
        except DamagedError as damage:
            gaps.append(self._gap(member, damage.why, GapKind.UNREADABLE))
        except LimitExceededError as over:
            if over.what == "expansion ratio":
                found.append(_bomb(member))
            else:
                gaps.append(self._gap(member, f"not checked: {over}", GapKind.OVER_LIMIT))
                self.spent = True
        else:
            found += self._judged(member, crc, size)
        return found, size

    def _numbers_checked(self, member: Member, gaps: list[Gap]) -> list[Anomaly]:
        """Compare a member that is proved to be numbers with its checksum, when that was asked."""
        if not self.limits.checksums or self.spent or member.local is None:
            return []
        try:
            return list(self._judged(member, *self._sum(member)))
        except DamagedError as damage:
            gaps.append(self._gap(member, damage.why, GapKind.UNREADABLE))
        except LimitExceededError:
            pass  # numbers are not looked into: leaving their checksum open hides nothing
        return []

    def _judged(self, member: Member, crc: int, size: int) -> Iterator[Anomaly]:
        if member.method != STORED and size != member.size:
            yield self._headers(member, f"expands to {size} bytes, its header says {member.size}")
        if crc != member.crc and member.central is not None:
            facts = {"member": member.name, "told": f"{member.crc:08x}", "found": f"{crc:08x}"}
            text = f"{printable(member.name, 120)} does not match its checksum"
            yield Anomaly(Oddity.CHECKSUM, text, member.name, member.data, facts)

    def _headers(self, member: Member, words: str) -> Anomaly:
        text = f"{printable(member.name, 120)} {words}"
        facts = {"member": member.name}
        return Anomaly(Oddity.HEADERS, text, member.name, member.data, facts)

    def _sum(self, member: Member) -> tuple[int, int]:
        """Return CRC and size of what a member really decompresses to."""
        crc = size = 0
        for piece in pieces(self.source, member, self.limits):
            self.limits.check_time()
            crc = zlib.crc32(piece, crc)
            size += len(piece)
        return crc, size

    def _may_be_code(self, member: Member) -> bool:
        if member.name.endswith(_CODE):
            return True
        return member.method == STORED and self.source.read(member.data, 1) == b"\x80"

    def _gap(self, member: Member, why: str, kind: GapKind) -> Gap:
        return Gap(what=f"{self.source.name}!{self.source.inside(member.name)}", why=why, kind=kind)

    def _stray_children(self) -> Iterator[Child]:
        for offset, size in self.strays[:100]:
            name = f"(bytes {offset}-{offset + size})"
            yield Child(name, partial(self.source.part, offset, size, name))
        for offset, size in self.comments[:100]:
            name = f"(comment at {offset})"
            yield Child(name, partial(self.source.part, offset, size, name))


@dataclass(frozen=True, slots=True)
class Parts:
    """What an archive gives to a view."""

    children: tuple[Child, ...]
    gaps: tuple[Gap, ...]
    anomalies: tuple[Anomaly, ...]
    entries: tuple[Entry, ...]


def open_archive(source: Source, limits: Limits) -> Archive:
    """Read the records of a zip file in every way in which some loader would.

    Raises:
        LimitExceededError: it has more members than the limits allow.
    """
    found = directories(source, limits)
    archive = Archive(source, limits)
    members: list[Member] = []
    for number, directory in enumerate(found):
        more = [_member(source, directory, entry) for entry in directory.entries]
        if number and _inside(directory, members):
            continue
        if number:
            known = {(m.data, m.name) for m in members}
            more = [m for m in more if (m.data, m.name) not in known]
            archive.anomalies += _second(directory, more)
        archive.anomalies += directory.anomalies
        members += more
    for member in members:
        archive.anomalies += differences(source, member)
        archive.anomalies += doubts(member)
    taken = [d for d in found if not _inside(d, members)]
    _complete(archive, members, taken)
    archive.anomalies += odd_names(archive.source, archive.members)
    return archive


def _member(source: Source, directory: Directory, entry: Central) -> Member:
    return listed(source, entry, local_at(source, entry.header + directory.shift))


def _inside(directory: Directory, members: Sequence[Member]) -> bool:
    """Tell whether an end record is part of a member, as that of a zip stored in a zip is."""
    return any(m.data <= directory.record < m.end for m in members)


def _second(directory: Directory, more: Sequence[Member]) -> Iterator[Anomaly]:
    if more:
        names: list[Json] = [m.name for m in more[:10]]
        text = f"a second central directory lists {len(more)} other members"
        yield Anomaly(Oddity.HEADERS, text, at=directory.start, facts={"members": names})


def _complete(archive: Archive, members: list[Member], taken: Sequence[Directory]) -> None:
    """Add what the directories leave out: hidden members, other views of known ones, strays."""
    source, limits = archive.source, archive.limits
    records = [(d.start, d.end) for d in taken] + [
        (_record_start(source, d), d.tail) for d in taken
    ]
    found = leftovers(source, members, records, limits)
    archive.anomalies += found.anomalies
    others = [other for m in members if (other := as_walked(m, limits, source)) is not None]
    others += [replace(m, method=STORED, size=m.packed) for m in members if _unknown(m)]
    if taken:
        archive.anomalies += map(_hidden, found.hidden)
    else:
        why = "it has no central directory: cut off or damaged; its members were found by a walk"
        archive.gaps.append(gap(source, why))
    archive.members = (*members, *others, *found.hidden)
    archive.strays = tuple(_told(archive, found.strays))
    ends = ((d.record + END_SIZE, d.tail) for d in taken)
    archive.comments = tuple((at, tail - at) for at, tail in ends if tail > at)


def _unknown(member: Member) -> bool:
    """Tell whether nobody knows the method, while the sizes say that nothing is compressed."""
    return member.method not in METHODS and member.packed == member.size > 0


def _record_start(source: Source, directory: Directory) -> int:
    """Return where the end records begin: 76 bytes earlier when there are zip64 ones."""
    at = directory.record
    return at - 76 if source.read(at - 20, 4) == b"PK\x06\x07" else at


def _bomb(member: Member) -> Anomaly:
    text = f"{printable(member.name, 120)}: {member.packed} bytes expand to {member.size}"
    facts: dict[str, Json] = {
        "member": member.name,
        "packed": member.packed,
        "size": member.size,
    }
    return Anomaly(Oddity.BOMB, text, member.name, member.data, facts)


def _hidden(member: Member) -> Anomaly:
    text = f"{printable(member.name, 120)} is not in the central directory"
    facts: dict[str, Json] = {"member": member.name, "size": member.size}
    at = member.local.at if member.local is not None else member.data
    return Anomaly(Oddity.HIDDEN, text, member.name, at, facts)


def _told(archive: Archive, strays: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield the strays that nobody else reads, having put them among the anomalies."""
    source = archive.source
    embedded = len(strays) > 1 and not strays[0][0] and _in_a_pickle(source)
    for offset, size in strays:
        if offset == 0 and (_is_launcher(source, size) or _is_tflite(source)):
            continue
        if embedded and (offset == 0 or offset + size == source.size):
            continue  # a zip inside a pickle: the pickle reader has all of these bytes
        if archive.gaps:
            yield offset, size
            continue
        where = "before" if not offset else "behind" if offset + size == source.size else "between"
        text = f"{size} bytes stand {where} the records of the archive"
        facts: dict[str, Json] = {"size": size, "begins": source.read(offset, 16).hex()}
        archive.anomalies.append(Anomaly(Oddity.APPENDED, text, at=offset, facts=facts))
        yield offset, size


def _is_tflite(source: Source) -> bool:
    """Tell whether the prefix is a TensorFlow Lite model, whose metadata are a zip behind it.

    The whole file is read as such a model as well, so the prefix is not left out.
    """
    return source.head.startswith(b"TFL3", 4)


def _in_a_pickle(source: Source) -> bool:
    from modelwarden.formats.pickle.reader import sniff

    return source.head[:1] == b"\x80" and sniff(source)


def _is_launcher(source: Source, size: int) -> bool:
    """Tell whether the prefix is the one line that makes a Python zip application executable."""
    return _LAUNCHER.match(source.head[:size]) is not None and size <= 256


def _entry(member: Member) -> Entry:
    entry = member.central
    link = entry is not None and entry.mode & TYPE == LINK
    kind = "folder" if member.folder else "symlink" if link else "file"
    encrypted = member.flagged and bool(entry and entry.flags & ENCRYPTED)
    return Entry(
        name=member.name,
        size=member.size,
        packed=member.packed,
        at=member.data if member.local is not None else None,
        kind=kind,
        method="encrypted" if encrypted else METHODS.get(member.method, str(member.method)),
    )
