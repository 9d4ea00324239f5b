"""Raw tensors, which have no marks of their own: told by the file beside them that describes them.

The name only leads to the neighbour; what the neighbour says decides. These are asked last, so
bytes that are anything else are that.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from modelwarden.core.values import dataclass
from modelwarden.formats.identified.kind import Kind, producer
from modelwarden.formats.identified.magic import CHECKPOINT
from modelwarden.formats.view import View

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelwarden.formats.limits import Limits
    from modelwarden.formats.source import Source

_SHARD = re.compile(r"(.+)\.data-\d{5}-of-\d{5}")
_PART = re.compile(r"-shard\d+(?:of\d+)?")
_MANIFEST = 1 << 22
_DTYPES = {
    "float32": 4,
    "int32": 4,
    "complex64": 8,
    "float16": 2,
    "uint16": 2,
    "uint8": 1,
    "bool": 1,
}


def _file(source: Source) -> str:
    return source.name.rpartition("/")[2]


def _is_checkpoint_data(source: Source) -> bool:
    found = _SHARD.fullmatch(_file(source))
    index = source.beside(f"{found[1]}.index") if found else None
    if index is None:
        return False
    with index:
        return CHECKPOINT.sniff(index)


def _is_openvino_weights(source: Source) -> bool:
    from modelwarden.formats import xmltext

    stem, dot, ending = _file(source).rpartition(".")
    network = source.beside(f"{stem}.xml") if dot and ending == "bin" else None
    if network is None:
        return False
    with network:
        return xmltext.is_openvino(network)


def _is_tfjs_weights(source: Source) -> bool:
    name = _file(source)
    stem = _PART.sub("", name.removesuffix(".bin"))
    for manifest in (f"{stem}-weights_manifest.json", "weights_manifest.json", "model.json"):
        neighbour = source.beside(manifest)
        if neighbour is None:
            continue
        with neighbour:
            if _describes(neighbour, name, source):
                return True
    return False


def _describes(manifest: Source, name: str, source: Source) -> bool:
    """Tell whether a group of the manifest has this file, and its files have the size it says."""
    for paths, size in _groups(manifest):
        if name not in paths:
            continue
        others = 0
        for path in paths:
            if path != name and (part := source.beside(path)):
                with part:
                    others += part.size
        return source.size + others == size
    return False


def _groups(manifest: Source) -> Iterator[tuple[list[str], int]]:
    """Yield the files of each group of weights with the bytes that its weights take."""
    if manifest.size > _MANIFEST:
        return
    try:
        content = json.loads(manifest.read(0, _MANIFEST))
        groups = content["weightsManifest"] if isinstance(content, dict) else content
        for group in groups[:1000]:
            paths = [path for path in group["paths"][:1000] if isinstance(path, str)]
            yield paths, sum(_bytes(weight) for weight in group["weights"])
    except (ValueError, KeyError, TypeError, RecursionError, OverflowError):
        return


def _bytes(weight: object) -> int:
    if not isinstance(weight, dict):
        raise TypeError("a weight")
    quantised, shape = weight.get("quantization"), weight["shape"]
    dtype = quantised["dtype"] if isinstance(quantised, dict) else weight["dtype"]
    if not isinstance(shape, list) or len(shape) > 64:
        raise TypeError("a shape")
    return math.prod(int(n) for n in shape) * _DTYPES[str(dtype)]


CHECKPOINT_DATA = Kind(
    "tensorflow-checkpoint-data",
    "the data of a TensorFlow checkpoint",
    _is_checkpoint_data,
    lambda _: producer("tensorflow"),
)


@dataclass(frozen=True, slots=True)
class Numbers:
    """Raw numbers, every one of which the file beside them describes: there is nothing to read.

    Attributes:
        id: as in the catalogue. claims: tells whether bytes are these. by: who writes them.
    """

    id: str
    claims: Callable[[Source], bool]
    by: str

    def sniff(self, source: Source) -> bool:
        """Tell whether the neighbour describes these bytes."""
        return self.claims(source)

    def read(self, source: Source, limits: Limits) -> View:
        """Name them."""
        limits.check_time()
        return View(source=source, format=self.id, producer=producer(self.by))


TFJS_WEIGHTS = Numbers("tfjs-weights", _is_tfjs_weights, "tensorflowjs")
OPENVINO_WEIGHTS = Numbers("openvino-weights", _is_openvino_weights, "openvino")
