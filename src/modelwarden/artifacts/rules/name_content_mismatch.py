"""`name-content-mismatch`."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.formats.view import View

# Endings that promise one format, and the formats that may stand behind them.
_PROMISES: dict[str, frozenset[str]] = {
    ending: frozenset(formats.split())
    for endings, formats in (
        ("safetensors", "safetensors"),
        ("onnx", "onnx"),
        ("gguf", "gguf"),
        ("h5 hdf5", "hdf5 keras-h5"),
        ("tflite", "tflite zip"),
        ("npy", "npy pickle"),
        ("npz", "npz zip npy"),
        ("json jsonl ndjson ipynb", ""),
        ("txt md rst csv tsv yaml yml toml ini cfg xml html", ""),
        ("jpg jpeg png gif bmp webp tif tiff ico svg", ""),
        ("wav mp3 flac ogg mp4 avi mkv pdf ttf otf woff woff2 parquet arrow feather sqlite", ""),
        ("pt pth bin ckpt pkl pickle joblib model dat weights keras pb msgpack", "*"),
    )
    for ending in endings.split()
}
# What runs, or holds what runs, when it is opened by a program that goes by content.
_OPENED = frozenset(
    "pickle torch-zip torchscript torch-package torch-legacy torch-tar zip tar 7z jar wheel "
    "android-package keras-v3 skops torchserve-mar hdf5 keras-h5".split()
)
_RUN = frozenset(
    "elf pe macho llamafile wasm java-class python-bytecode lua-bytecode dex native script".split()
)
_SOURCES = frozenset(("python", "source-code"))


@rule(
    "name-content-mismatch",
    title="A file is not what its name says",
    severity=Severity.MEDIUM,
    reads=View,
    references=("CWE-434", "CWE-646"),
    weakness="custom_code_in_model",
)
def name_content_mismatch(view: View) -> Iterator[Hit]:
    """Flag pickles, archives and programs under the name of something harmless.

    Why: a `.safetensors` that is a pickle gets past everybody who goes by names, and runs code in
    the first loader that goes by content. A script or program under the name of weights waits to
    be started.

    Fix: do not use the file; ask its publisher what it is.

    Blind spot: names without an ending promise nothing, and archives under another archive's name
    are not told apart.
    """
    name = view.source.label.rpartition("/")[2].rpartition("!")[2]
    ending = name.rpartition(".")[2].lower() if "." in name.strip(".") else ""
    promised = _PROMISES.get(ending)
    if promised is None or view.format in promised or view.source.expect is not None:
        return
    weights = "*" in promised
    odd = view.format in _RUN or (view.format in _OPENED and not weights)
    if weights and view.format in _SOURCES and ending != "pth":
        odd = True
    if odd:
        facts = {"name": name[:100], "format": view.format}
        yield Hit(f"named .{ending}, and is {view.format}", Evidence(at=0, facts=facts))
