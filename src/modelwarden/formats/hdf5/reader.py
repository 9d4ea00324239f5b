"""HDF5 files, those that Keras writes among them.

Every group, link, attribute and dataset is met; raw data is numbers and not looked at, except
where it begins like something that a program loads. The configuration that Keras keeps in an
attribute is handed on as a nested source.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from modelwarden.core import Gap, GapKind, InventoryItem, ItemKind, Producer
from modelwarden.core.values import dataclass
from modelwarden.formats.hdf5.datasets import Dataset
from modelwarden.formats.hdf5.groups import Link
from modelwarden.formats.hdf5.layout import SIGNATURE, open_file
from modelwarden.formats.hdf5.values import Attribute
from modelwarden.formats.hdf5.walk import Walk
from modelwarden.formats.identified import hdf5 as told
from modelwarden.formats.identified.kind import Kind, producer
from modelwarden.formats.limits import Limits
from modelwarden.formats.payloads import CODED
from modelwarden.formats.source import Source
from modelwarden.formats.view import Child, DamagedError, View, gap

if TYPE_CHECKING:
    from collections.abc import Iterator

_CONFIGURATIONS = frozenset(("model_config", "training_config"))
_PICKLES = tuple(bytes((0x80, protocol)) for protocol in range(6))
# The name of a global in lines; on the stack, or by a number, no text has the opcode of it.
_PICKLE_TEXT = re.compile(rb"[ci]\S{1,200}\r?\n\S{1,200}\r?\n")
_TEXT = 8 << 20
_PICKLE_STACK = re.compile(rb"[\x82-\x84\x93]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hdf5File(View):
    """One HDF5 file.

    Attributes:
        links, attributes, datasets: all of them, in the order in which they were met.
        user_block: bytes before the superblock.
    """

    links: tuple[Link, ...] = ()
    attributes: tuple[Attribute, ...] = ()
    datasets: tuple[Dataset, ...] = ()
    user_block: int = 0


@dataclass(frozen=True, slots=True)
class Hdf5Format:
    """One of the two formats that are read alike."""

    kind: Kind

    def sniff(self, source: Source) -> bool:
        """Tell whether it is HDF5 and, by its attributes, whether Keras wrote it."""
        return self.kind.sniff(source)

    def read(self, source: Source, limits: Limits) -> Hdf5File:
        """Walk the whole file; what cannot be read is a gap, the rest is kept."""
        base = told.superblock(source)
        why = "no HDF5 signature" if base is None else ""
        try:
            if base is None:
                raise DamagedError(why)
            walk = Walk(open_file(source, limits, base))
        except DamagedError as damage:
            gaps = (gap(source, damage.why, at=damage.offset),)
            return Hdf5File(source=source, format=self.kind.id, gaps=gaps)
        walk.run()
        return self._view(source, walk)

    def _view(self, source: Source, walk: Walk) -> Hdf5File:
        file = walk.file
        made = _producer(walk.attributes) if self.kind.id == "keras-h5" else None
        view = Hdf5File(
            source=source,
            format=self.kind.id,
            producer=made,
            gaps=tuple(_more_gaps(walk)),
            children=tuple(_children(source, walk)),
            links=tuple(walk.links),
            attributes=tuple(walk.attributes),
            datasets=tuple(walk.datasets),
            user_block=file.base,
        )
        if made is None:
            return view
        item = InventoryItem(
            kind=ItemKind.PRODUCER,
            name=made.name,
            version=made.version,
            path=source.name,
            member=source.member,
        )
        return replace(view, inventory=(item,))


def _more_gaps(walk: Walk) -> Iterator[Gap]:
    source = walk.file.source
    yield from walk.gaps
    if walk.file.driver:
        yield gap(source, "written in several files by another driver", GapKind.UNSUPPORTED)
    if walk.file.base + walk.file.end > source.size:
        yield gap(source, "the file is shorter than it says", at=source.size)
    for dataset in walk.datasets:
        if dataset.objects:
            why = f"{dataset.path[:200]} holds byte strings of any length that were not looked into"
            yield gap(source, why, GapKind.UNSUPPORTED)


def _producer(attributes: list[Attribute]) -> Producer | None:
    for attribute in attributes:
        if attribute.name == "keras_version" and attribute.values:
            return producer("keras", attribute.values[0].decode(errors="replace"))
    return producer("keras")


def _children(source: Source, walk: Walk) -> Iterator[Child]:
    if walk.file.base:
        yield Child("user block", lambda: source.part(0, walk.file.base, "user block"))
    end = walk.file.base + walk.file.end
    if end < source.size and source.read(end, 65_536).strip(b"\x00"):
        size = source.size - end
        yield Child("appended data", lambda: source.part(end, size, "appended data"))
    for attribute in walk.attributes:
        expect = _expected(attribute)
        if expect is not None:
            yield _nested(source, attribute, expect)
        elif attribute.values and CODED.match(attribute.values[0][:32]):
            yield from _coded(source, _name(attribute), attribute.values[0])
    for dataset in walk.datasets:
        if dataset.region is not None:
            yield _region(source, dataset.path, *dataset.region)
        elif dataset.content:
            yield _content(source, dataset)
        for number, text in enumerate(dataset.texts):
            yield from _coded(source, f"{dataset.path.strip('/')}[{number}]", text)


def _expected(attribute: Attribute) -> str | None:
    """Return the format as which a loader would read the value of an attribute."""
    if not attribute.values:
        return None
    if attribute.name in _CONFIGURATIONS:
        return "keras-config"
    value = attribute.values[0]
    if value.startswith(_PICKLES):
        return "pickle"
    # PyTables unpickles every text that ends in a dot; what is none, it takes for text.
    return "pickle" if value.endswith(b".") and _names_global(value) else None


def _names_global(value: bytes) -> bool:
    """Tell whether a pickle in these bytes could name a global."""
    if _PICKLE_TEXT.search(value):
        return True
    if not _PICKLE_STACK.search(value):
        return False
    try:
        return any("\x80" <= letter < "\xa0" for letter in value.decode())
    except UnicodeDecodeError:
        return True


def _nested(source: Source, attribute: Attribute, expect: str) -> Child:
    name = _name(attribute)
    data = b"".join(attribute.values)
    return Child(name, lambda: source.nested(data, name, expect=expect))


def _name(attribute: Attribute) -> str:
    owner = attribute.owner.strip("/")
    return f"{owner}@{attribute.name}" if owner else attribute.name


def _coded(source: Source, name: str, text: bytes) -> Iterator[Child]:
    """Yield the pickle that a text is in Base64, which some program takes out of it again."""
    from modelwarden.formats.pickle.children import coded

    data = coded(source, text)
    if data is not None:
        yield Child(name, lambda: source.nested(data, name, expect="pickle"))


def _region(source: Source, path: str, begin: int, size: int) -> Child:
    name = path.strip("/")
    if size <= _TEXT and CODED.match(source.read(begin, 32)):
        found = tuple(_coded(source, name, source.read(begin, size).rstrip(b"\0")))
        if found:
            return found[0]
    return Child(name, lambda: source.part(begin, size, name))


def _content(source: Source, dataset: Dataset) -> Child:
    name, data = dataset.path.strip("/"), dataset.content
    if CODED.match(data[:32]):
        found = tuple(_coded(source, name, data.rstrip(b"\0")))
        if found:
            return found[0]
    return Child(name, partial(source.nested, data, name))


KERAS_H5 = Hdf5Format(told.KERAS_H5)
HDF5 = Hdf5Format(told.HDF5)

__all__ = ["HDF5", "KERAS_H5", "SIGNATURE", "Hdf5File", "Hdf5Format"]
