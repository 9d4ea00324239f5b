"""What was met: files, and the software that they name."""

from __future__ import annotations

from enum import StrEnum

from modelwarden.core.findings import Confidence
from modelwarden.core.values import dataclass


class Status(StrEnum):
    """How far a file was examined."""

    EXAMINED = "examined"
    PARTIAL = "partial"
    UNSUPPORTED = "unsupported"
    FAILED = "failed"


class UseKind(StrEnum):
    """What a pickle does with a name that it imports.

    `CALLED`: the callable is run with arguments of the file's choosing (REDUCE, OBJ or INST with
    arguments, a method looked up by APPEND/SETITEM/BUILD). `CONSTRUCTED`: an instance is made by
    `cls.__new__` without running `__init__`. `REFERENCED`: imported and stored, not called.
    """

    CALLED = "called"
    CONSTRUCTED = "constructed"
    REFERENCED = "referenced"


class ItemKind(StrEnum):
    """What an inventory item is."""

    IMPORT = "import"
    PACKAGE = "package"
    PRODUCER = "producer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Producer:
    """The library that wrote a file, as far as the file itself tells."""

    name: str
    version: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InventoryItem:
    """A piece of software that a file names.

    Attributes:
        name: dotted for an import (`torch._utils._rebuild_tensor_v2`), else as published.
        version: as the file states it, or None when it does not.
        use: for imports, what the file does with it.
        purl: address of a package (https://github.com/package-url/purl-spec).
        license: as the package itself states it.
    """

    kind: ItemKind
    name: str
    version: str | None = None
    path: str | None = None
    member: str | None = None
    use: UseKind | None = None
    confidence: Confidence = Confidence.HIGH
    purl: str | None = None
    license: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """One file that was met, and how far it was examined.

    Attributes:
        path: relative to the scanned root, with `/` between parts.
        format: id of the format that its content shows, or None when unknown.
        size: bytes, or None when it could not be told.
        sha256: hex digest of the whole file; None when hashing was off or the file unreadable.
    """

    path: str
    format: str | None
    producer: Producer | None = None
    status: Status
    size: int | None = None
    sha256: str | None = None
