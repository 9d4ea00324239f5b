"""Reader of tar archives: POSIX ustar and pax, GNU's long names, and the headers before them.

The standard library's `tarfile` stops at the first thing that it cannot read and follows what a
header says into memory; here every block is walked within bounds. Where headers give a member two
sizes (pax and ustar), the pax one counts, as in all common tools.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from modelwarden.core import GapKind
from modelwarden.core.values import dataclass
from modelwarden.formats.archive import (
    Anomaly,
    ArchiveView,
    Entry,
    Oddity,
    bounded,
    escape,
    link_escape,
    printable,
)
from modelwarden.formats.limits import LimitExceededError
from modelwarden.formats.view import Child, DamagedError, gap

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelwarden.core import Gap, Json
    from modelwarden.formats.limits import Limits
    from modelwarden.formats.source import Source

BLOCK = 512
_KINDS = {b"1": "hardlink", b"2": "symlink", b"3": "device", b"4": "device", b"5": "folder"}
_KINDS |= {b"6": "device"}
_TORCH = {"sys_info", "pickle", "storages", "tensors"}
_PAX = re.compile(rb"(\d{1,20}) ([^=\n]{1,1000})=")
_PIECE = 1 << 18


@dataclass(frozen=True, slots=True)
class _Header:
    """One header block.

    Attributes:
        kind: the type flag as it is written.
        size: of the data that follows, padded to blocks.
    """

    at: int
    name: str
    kind: bytes
    size: int
    target: str


def sniff(source: Source) -> bool:
    """Tell whether the first block is a tar header: its checksum fits."""
    return _checked(source.head[:BLOCK]) and bool(source.head[0])


def read(source: Source, limits: Limits) -> ArchiveView:
    """Walk the blocks; what cannot be read is a gap, and what follows the end is told."""
    walk = _Walk(source, limits)
    walk.run()
    names = {entry.name.removeprefix("./") for entry in walk.entries}
    legacy = names >= _TORCH
    view = ArchiveView(
        source=source,
        format="torch-tar" if legacy else "tar",
        gaps=tuple(walk.gaps),
        children=tuple(_torch(walk.children) if legacy else walk.children),
        entries=tuple(walk.entries),
        anomalies=bounded(walk.anomalies),
    )
    if "model_config.yaml" in names:
        from modelwarden.formats.torch import nemo

        if nemo.is_nemo(names):
            return nemo.view_of(view, walk.children, limits)
    return view


class _Walk:
    """One pass over the blocks of an archive."""

    def __init__(self, source: Source, limits: Limits) -> None:
        self.source = source
        self.limits = limits
        self.entries: list[Entry] = []
        self.children: list[Child] = []
        self.gaps: list[Gap] = []
        self.anomalies: list[Anomaly] = []
        self.names: dict[str, int] = {}
        self.at = 0

    def run(self) -> None:
        """Walk to the end marker, to damage, or to a limit."""
        pending: dict[str, str] = {}
        try:
            while (header := self._next()) is not None:
                if header.kind in b"LKxgXSMV" and header.kind:
                    self._special(header, pending)
                    continue
                self._member(_applied(header, pending))
                pending = {key: value for key, value in pending.items() if key[0] == "g"}
        except DamagedError as damage:
            self.gaps.append(gap(self.source, damage.why, at=damage.offset))
            self._rest(self.at)
        except LimitExceededError as over:
            self.gaps.append(gap(self.source, str(over), GapKind.OVER_LIMIT, self.at))

    def _next(self) -> _Header | None:
        """Return the next header; None at the end of the archive."""
        block = self.source.read(self.at, BLOCK)
        if not block:
            return None
        if block == bytes(BLOCK):
            self._rest(self.at)
            return None
        if not _checked(block):
            raise DamagedError("no tar header where one has to be", self.at)
        self.limits.spend(members=1)
        header = _header(block, self.at)
        self.at += BLOCK
        return header

    def _skip(self, header: _Header) -> int:
        """Step over the data of a member and return where it begins."""
        at = self.at
        if header.size > self.source.size - at:
            left = max(0, self.source.size - at)
            raise DamagedError(
                f"{printable(header.name, 100)}: {header.size} bytes announced, {left} left", at
            )
        self.at = at + -(-header.size // BLOCK) * BLOCK
        return at

    def _special(self, header: _Header, pending: dict[str, str]) -> None:
        """Take in a header that speaks about the next one."""
        if header.kind in b"SMV":
            why = "sparse members and volumes of tar are not read"
            self.gaps.append(self._gap(header, why))
            self._skip(header)
            return
        if header.size > self.limits.string:
            raise LimitExceededError("bytes of a tar header", self.limits.string)
        data = self.source.read(self._skip(header), header.size)
        if header.kind == b"L":
            pending["path"] = _text(data)
        elif header.kind == b"K":
            pending["linkpath"] = _text(data)
        else:
            prefix = "g:" if header.kind == b"g" else ""
            pending |= {prefix + key: value for key, value in _records(data)}

    def _member(self, header: _Header) -> None:
        begin = self.at
        kind = _KINDS.get(header.kind, "file")
        has_data = kind == "file" or header.size > 0
        try:
            begin = self._skip(header)
        except DamagedError:
            self._add(header, kind, begin, self.source.size - begin)
            raise
        self._add(header, kind, begin, header.size if has_data else 0)
        if header.name.startswith("GNUSparseFile.") or "GNU.sparse" in header.target:
            self.gaps.append(self._gap(header, "a sparse member: its holes are not put in"))

    def _add(self, header: _Header, kind: str, at: int, size: int) -> None:
        name = printable(header.name, 4096)
        target = printable(header.target) if kind in {"hardlink", "symlink"} else None
        self.entries.append(Entry(name, size, size, at, kind, target=target))
        self.anomalies += self._odd(name, kind, header)
        if kind == "file" or size:
            self.children.append(Child(name, partial(self.source.part, at, size, name)))

    def _odd(self, name: str, kind: str, header: _Header) -> Iterator[Anomaly]:
        shown = printable(name, 120)
        facts: dict[str, Json] = {"member": name}
        if reason := escape(header.name):
            yield Anomaly(Oddity.ESCAPE, f"{shown} {reason}", name, header.at, facts)
        if kind in {"hardlink", "symlink"}:
            target = header.target
            reason = link_escape(name, target) if kind == "symlink" else escape(target)
            if reason:
                text = f"the {kind} {shown} points to a path that {reason}"
                facts = {**facts, "target": printable(target)}
                yield Anomaly(Oddity.ESCAPE, text, name, header.at, facts)
        elif kind == "device":
            yield Anomaly(Oddity.ESCAPE, f"{shown} is a device", name, header.at, facts)
        elif kind == "file":
            before = self.names.setdefault(name.removeprefix("./"), header.at)
            if before != header.at:
                text = f"{shown} is in the archive more than once"
                yield Anomaly(Oddity.DUPLICATE, text, name, header.at, facts)

    def _rest(self, at: int) -> None:
        """Look at what follows the end of the archive: only zeros may."""
        for offset in range(at, self.source.size, _PIECE):
            piece = self.source.read(offset, _PIECE)
            if piece.strip(b"\0"):
                begin = offset + len(piece) - len(piece.lstrip(b"\0"))
                break
            self.limits.check_time()
        else:
            return
        begin -= begin % BLOCK
        size = self.source.size - begin
        name = f"(bytes from {begin})"
        self.children.append(Child(name, partial(self.source.part, begin, size, name)))
        if not self.gaps:
            facts: dict[str, Json] = {"size": size, "begins": self.source.read(begin, 16).hex()}
            text = f"{size} bytes stand behind the end of the archive"
            self.anomalies.append(Anomaly(Oddity.APPENDED, text, at=begin, facts=facts))

    def _gap(self, header: _Header, why: str) -> Gap:
        return replace(
            gap(self.source, why, GapKind.UNSUPPORTED, header.at),
            what=f"{self.source.name}!{self.source.inside(printable(header.name))}",
        )


def _torch(children: list[Child]) -> Iterator[Child]:
    """Let the records of torch's first layout be read as what they are."""
    expects = {"pickle": "pickle", "storages": "torch-tar-storages", "tensors": "torch-tar-tensors"}
    for child in children:
        expect = expects.get(child.name.removeprefix("./"))
        yield child if expect is None else replace(child, open=partial(_as, child, expect))


def _as(child: Child, expect: str) -> Source:
    source = child.open()
    source.expect = expect
    return source


def _checked(block: bytes) -> bool:
    """Tell whether the checksum of a header fits, summed as unsigned or as signed bytes."""
    if len(block) < BLOCK:
        return False
    told = _number(block[148:156])
    rest = block[:148] + b" " * 8 + block[156:]
    unsigned = sum(rest)
    return told in {unsigned, unsigned - 256 * sum(byte > 127 for byte in rest)} and told > 256


def _header(block: bytes, at: int) -> _Header:
    name = _text(block[:100])
    if block[257:263] == b"ustar\0" and (prefix := _text(block[345:500])):
        name = f"{prefix}/{name}"
    kind = block[156:157]
    size = _number(block[124:136])
    if size < 0:
        raise DamagedError("a size that is no number", at)
    if kind in b"123456":
        size = 0 if kind in b"12" else size
    return _Header(at, name, kind.strip(b"\0"), size, _text(block[157:257]))


def _applied(header: _Header, pending: dict[str, str]) -> _Header:
    """Put in what pax and GNU headers said about this member."""
    told = {key.removeprefix("g:"): value for key, value in sorted(pending.items(), reverse=True)}
    told |= {key: value for key, value in pending.items() if not key.startswith("g:")}
    size = told.get("size", "")
    name = told.get("GNU.sparse.name", told.get("path", header.name))
    sparse = any(key.startswith("GNU.sparse") for key in told)
    return replace(
        header,
        name=f"GNUSparseFile.{name}" if sparse else name,
        target=told.get("linkpath", header.target),
        size=int(size) if size.isascii() and size.isdigit() and len(size) < 20 else header.size,
    )


def _number(field: bytes) -> int:
    """Return an octal number, or a binary one as GNU writes large ones; -1 when it is neither."""
    if field[:1] == b"\x80":
        return int.from_bytes(field[1:], "big")
    text = field.partition(b"\0")[0].strip()
    if not text:
        return 0
    return int(text, 8) if re.fullmatch(rb"[0-7]+", text) else -1


def _text(field: bytes) -> str:
    return field.partition(b"\0")[0].decode("utf-8", "backslashreplace")


def _records(data: bytes) -> Iterator[tuple[str, str]]:
    """Yield the `length key=value` records of a pax header."""
    at = 0
    while (match := _PAX.match(data, at)) is not None:
        end = at + int(match[1])
        if not match.end() <= end <= len(data):
            return
        yield match[2].decode("utf-8", "backslashreplace"), _text(data[match.end() : end - 1])
        at = end
