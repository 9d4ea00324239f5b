"""From a file to its contents: which format it is, and where the numbers stand in it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from modelwarden.convert import exact
from modelwarden.convert.contents import Contents
from modelwarden.convert.dtypes import from_numpy
from modelwarden.convert.errors import ConvertError
from modelwarden.convert.numpy import NumpyArrays
from modelwarden.convert.tensor import WIDTHS, Tensor, column_major, row_major
from modelwarden.convert.torch import TorchTensors
from modelwarden.convert.values import Collector, UnprovenError
from modelwarden.formats.identify import identify, reader_of
from modelwarden.formats.limits import LimitExceededError
from modelwarden.formats.literal import parse
from modelwarden.formats.npy import header_of
from modelwarden.formats.source import Source
from modelwarden.formats.view import DamagedError
from modelwarden.formats.zip import open_archive

if TYPE_CHECKING:
    from modelwarden.formats.limits import Limits
    from modelwarden.formats.zip import Archive, Member

_CLOSED = {
    "gguf": "GGUF holds no code: there is nothing to gain",
    "onnx": "an ONNX file is a graph with weights: it stays ONNX",
    "torch-tar": "torch's first layout, from before 0.1.10, is not converted",
    "torch-package": "a torch.package is code with weights; save its state_dict with torch",
}
_TREES = frozenset(
    {
        "catboost",
        "catboost-json",
        "lightgbm",
        "lightgbm-json",
        "xgboost-binary",
        "xgboost-json",
        "xgboost-ubj",
    }
)
_GRAPHS = frozenset(
    {
        "coreml",
        "openvino",
        "paddle-program",
        "tensorflow-graphdef",
        "tensorflow-metagraph",
        "tensorflow-savedmodel",
        "tflite",
    }
)
_NUMBERS = frozenset(
    {
        "coreml-weights",
        "fasttext",
        "flax-msgpack",
        "mxnet-parameters",
        "openvino-weights",
        "paddle-parameters",
        "tensorflow-checkpoint",
        "tensorflow-checkpoint-data",
        "tfjs-weights",
        "word2vec",
        "word2vec-text",
    }
)


def contents_of(source: Source, limits: Limits, *, named: str | None = None) -> Contents:
    """Return what `source` holds.

    Args:
        source: a model file.
        limits: bounds for reading.
        named: the format as a scan names it, which may be narrower than what the reader is for.

    Raises:
        ConvertError: its format is not converted, or it cannot be read to its end.
    """
    try:
        return _contents(source, limits, named)
    except DamagedError as damage:
        where = "" if damage.offset is None else f" at byte {damage.offset}"
        raise ConvertError(f"{source.label} is damaged{where}: {damage.why}") from damage
    except LimitExceededError as over:
        raise ConvertError(f"{source.label}: {over}") from over


def _contents(source: Source, limits: Limits, named: str | None) -> Contents:
    formats = identify(source)
    if len(formats) != 1:
        each = ", ".join(entry.id for entry in formats) or "of no known format"
        raise ConvertError(
            f"{source.label} is {each}: it is not clear what a loader would read"
            if formats
            else f"{source.label} is {each}"
        )
    [entry] = formats
    if entry.id in _CLOSED:
        raise ConvertError(_CLOSED[entry.id])
    if entry.id == "zip":
        return _zip(source, limits)
    if entry.id == "pickle":
        return _pickle(source, limits)
    if entry.id in {"hdf5", "keras-h5"}:
        from modelwarden.convert import hdf5

        found = Contents(entry.id, "keras")
        hdf5.collect(source, limits, found)
        return found
    if entry.id == "npy":
        found = Contents("npy")
        _npy(source, "array", found)
        return found
    if entry.id == "safetensors":
        return _safetensors(source, limits)
    inner = _decompressed(source, limits, entry.id)
    if inner is not None:
        found = contents_of(inner, limits)
        found.format = f"{entry.id} of {found.format}"
        return found
    raise ConvertError(_closed(named or entry.id))


def _closed(format_id: str) -> str:
    """Return why nothing is taken from a format."""
    if format_id in _TREES:
        return f"{format_id} holds trees, not tensors, and no code: there is nothing to gain"
    if format_id in _GRAPHS:
        return f"{format_id} is a graph, not only tensors; its own tools write it as ONNX"
    if format_id in _NUMBERS:
        return f"{format_id} holds numbers and no code already, and is not read for conversion"
    return f"the format {format_id} is not converted: it is not known to hold tensors"


def _decompressed(source: Source, limits: Limits, format_id: str) -> Source | None:
    """Return what a compressed file gives, when it is one."""
    from modelwarden.formats.catalog import FORMATS
    from modelwarden.formats.compressed import CONTENT, Compressed

    [entry] = [one for one in FORMATS if one.id == format_id]
    view = reader_of(entry).read(source, limits)
    if not isinstance(view, Compressed):
        return None
    if view.gaps:
        raise ConvertError(f"{view.gaps[0].what}: {view.gaps[0].why}")
    opened = next((child for child in view.children if child.name == CONTENT), None)
    return None if opened is None else opened.open()


# --- pickles ----------------------------------------------------------------------------------


def _pickle(source: Source, limits: Limits) -> Contents:
    from modelwarden.formats.torch.legacy import begins_like

    if begins_like(source):
        return _torch_legacy(source, limits)
    found = Contents("pickle")
    ran = exact.run(source, limits)
    if ran.persistent:
        raise ConvertError("a pickle that refers to things outside of it, which only a loader has")
    Collector(ran, found, (NumpyArrays(ran, source),)).run()
    if ran.end < source.size:
        found.lose("", f"{source.size - ran.end} bytes behind the pickle")
    return found


class _Legacy:
    """Storages behind the five pickles of torch's older layout."""

    def __init__(self, source: Source, places: dict[str, tuple[int, int]], *, swapped: bool):
        self.source = source
        self.places = places
        self.swapped = swapped

    def find(self, key: str, size: int) -> Source:
        """See `Storages`."""
        place = self.places.get(key)
        if place is None or place[1] != size:
            raise UnprovenError(f"its storage {key[:40]!r} is not there in this size")
        return self.source.part(*place)


def _torch_legacy(source: Source, limits: Limits) -> Contents:
    from modelwarden.formats.torch.legacy import PICKLES
    from modelwarden.formats.torch.storages import storages

    at, streams = 0, []
    for _ in range(PICKLES):
        streams.append(exact.run(source, limits, at))
        at = streams[-1].end
    system, made, keys = streams[2].result, streams[3], streams[4].result
    known = storages(made.persistent)
    places: dict[str, tuple[int, int]] = {}
    for key in keys if isinstance(keys, list) else ():
        storage = known.get(key) if isinstance(key, str) else None
        if storage is None:
            raise ConvertError("a storage is listed to which no tensor of a known type refers")
        count = int.from_bytes(source.read(at, 8), "little")
        if count != storage.count or at + 8 + storage.size > source.size or key in places:
            raise ConvertError(f"the storage {key[:40]!r} is not as its tensors say")
        places[storage.key] = (at + 8, storage.size)
        at += 8 + storage.size
    found = Contents("torch-legacy", "pt")
    finder = _Legacy(source, places, swapped=_big(system))
    families = (TorchTensors(made, finder), NumpyArrays(made, source))
    Collector(made, found, families).run()
    if at < source.size:
        found.lose("", f"{source.size - at} bytes behind the storages")
    return found


def _big(system: object) -> bool:
    """Tell whether the system that wrote the file was big-endian."""
    from modelwarden.formats.pickle.values import pairs

    return ("little_endian", False) in pairs(system)


# --- zip archives -----------------------------------------------------------------------------


def _zip(source: Source, limits: Limits) -> Contents:
    from modelwarden.formats.torch.zipped import root_of
    from modelwarden.formats.zip.kinds import kind_of

    archive = open_archive(source, limits)
    names = [member.name for member in archive.members]
    twice = [name for name, count in Counter(names).items() if count > 1]
    if archive.gaps or archive.anomalies or twice:
        told = [gap.why for gap in archive.gaps] + [odd.message for odd in archive.anomalies]
        told += [f"{name} stands twice in it" for name in twice]
        raise ConvertError(
            f"readers of zip files would see different things in it: {told[0]}",
            hint="Scan it; a sound archive has one reading.",
        )
    kind = kind_of(names) or ""
    if kind.endswith("torch.package"):
        raise ConvertError(_CLOSED["torch-package"])
    if kind.endswith("torch.zipped"):
        return _torch_zip(archive, root_of(names), limits)
    if kind.endswith("npz"):
        found = Contents("npz")
        for member in archive.members:
            if member.name.endswith(".npy"):
                _npy(_whole(archive, member), member.name.removesuffix(".npy"), found)
            else:
                found.lose(member.name, "no array")
        return found
    weights = [n for n in names if n == "model.weights.h5"]
    if weights and "config.json" in names:
        from modelwarden.convert import hdf5

        found = Contents("keras", "keras")
        hdf5.collect(_whole(archive, _member(archive, weights[0])), limits, found)
        for name in names:
            if name != weights[0]:
                found.lose(name, "the model's own description, without which it has no layers")
        return found
    raise ConvertError(f"{source.label} is a zip file without tensors of a known kind")


def _member(archive: Archive, name: str) -> Member:
    found = archive.named(name)
    if found is None:
        raise ConvertError(f"{name} is not in {archive.source.label}")
    return found


def _whole(archive: Archive, member: Member) -> Source:
    """Return the bytes of a member, all of which must be there."""
    if member.flagged:
        raise ConvertError(f"{member.name} is encrypted")
    return archive.open(member)


class _Zipped:
    """Storages as members of torch's archive."""

    def __init__(self, archive: Archive, root: str, *, swapped: bool):
        self.archive = archive
        self.root = root
        self.swapped = swapped
        self.opened: dict[str, Source] = {}
        self.members = {member.name: member for member in archive.members}

    def find(self, key: str, size: int) -> Source:
        """See `Storages`."""
        member = self.members.get(f"{self.root}data/{key}")
        if member is None or member.size != size:
            raise UnprovenError(f"its storage {key[:40]!r} is not there in this size")
        if key not in self.opened:
            self.opened[key] = _whole(self.archive, member)
        return self.opened[key]


def _torch_zip(archive: Archive, root: str, limits: Limits) -> Contents:
    order = archive.named(f"{root}byteorder")
    swapped = order is not None and archive.peek(order, 10) == b"big"
    pickled = _whole(archive, _member(archive, f"{root}data.pkl"))
    ran = exact.run(pickled, limits)
    code = any(member.name.startswith(f"{root}code/") for member in archive.members)
    found = Contents("torchscript" if code else "torch-zip", "pt")
    finder = _Zipped(archive, root, swapped=swapped)
    Collector(ran, found, (TorchTensors(ran, finder), NumpyArrays(ran, pickled))).run()
    if ran.end < pickled.size:
        found.lose("data.pkl", f"{pickled.size - ran.end} bytes behind the pickle")
    for member in archive.members:
        if member.name.startswith((f"{root}code/", f"{root}constants")) and not member.folder:
            found.lose(member.name.removeprefix(root), "code of the model, or a constant of it")
    return found


# --- arrays and tensors on their own ----------------------------------------------------------


def _npy(source: Source, name: str, found: Contents) -> None:
    """Add the array of one `.npy`."""
    header = header_of(source)
    text = source.read(0, header.data)
    begin = 12 if text[6] != 1 else 10
    fields = parse(text[begin:].decode("latin-1"))
    fortran = isinstance(fields, dict) and fields.get("fortran_order") is True
    descr = fields.get("descr") if isinstance(fields, dict) else None
    if header.objects:
        found.refuse(name, "it holds objects: a pickle, not numbers")
        return
    kind = from_numpy(descr) if isinstance(descr, str) else None
    if kind is None:
        found.refuse(name, f"its elements are of type {header.dtype[:40]}, which is no number")
        return
    if header.size is None or header.data + header.size > source.size:
        raise ConvertError(f"{name} is cut short")
    if header.data + header.size < source.size:
        found.lose(name, f"{source.size - header.data - header.size} bytes behind the array")
    strides = (column_major if fortran else row_major)(header.shape, WIDTHS[kind[0]][0])
    found.add(
        Tensor(
            name=name,
            dtype=kind[0],
            shape=header.shape,
            source=source,
            offset=header.data,
            strides=strides,
            swapped=kind[1],
        )
    )


def _safetensors(source: Source, limits: Limits) -> Contents:
    from modelwarden.formats.safetensors import read

    view = read(source, limits)
    if view.faults or view.gaps:
        why = view.faults[0].why if view.faults else view.gaps[0].why
        raise ConvertError(f"{source.label} is no valid safetensors file: {why}")
    told = {one.key: one.value for one in view.metadata}
    found = Contents("safetensors", told.get("format", "np"))
    start = 8 + int.from_bytes(source.head[:8], "little")
    for tensor in view.tensors:
        if tensor.dtype not in WIDTHS:
            found.refuse(tensor.name, f"its type {tensor.dtype} is not converted")
            continue
        found.add(
            Tensor(
                name=tensor.name,
                dtype=tensor.dtype,
                shape=tensor.shape,
                source=source,
                offset=start + tensor.begin,
                strides=row_major(tensor.shape, WIDTHS[tensor.dtype][0]),
            )
        )
    found.kept.update({k: v for k, v in told.items() if k != "format"})
    return found
