"""Files without bytes: nothing to examine, but where a model should be, that is a gap."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwarden.formats.view import View, gap

if TYPE_CHECKING:
    from modelwarden.formats.limits import Limits
    from modelwarden.formats.source import Source

_MODELS = frozenset(
    "pkl pickle pt pth bin ckpt joblib dill h5 hdf5 keras onnx safetensors pb pbtxt tflite npy npz"
    " gguf ggml model mlmodel cbm bst ubj ftz msgpack params pdmodel pdiparams pmml skops mar nemo"
    " ptl pte rds rda rdata t7 engine plan zip tar gz bz2 xz 7z whl jar json xml".split()
)


def sniff(source: Source) -> bool:
    """Tell whether there are no bytes."""
    return source.size == 0


def read(source: Source, limits: Limits) -> View:
    """Say that a file named like a model is empty; others (`__init__.py`) may be."""
    limits.check_time()
    ending = source.label.rpartition(".")[2].lower()
    gaps = (gap(source, "the file is empty: no model is in it"),) if ending in _MODELS else ()
    return View(source=source, format="empty", gaps=gaps)
