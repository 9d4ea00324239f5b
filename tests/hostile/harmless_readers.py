"""Honest files of the formats of which the other sets have few: none may be above low.

What a library writes that is installed with the tests is written by it; the others hold what the
named tools write.
"""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable, Mapping
from functools import partial

import tfjsmodels
import treemodels
import wordmodels
from hostile.build import Builder, Files, Sample, archive, constant
from hostile.readers import _lz4, _metadata, _old_torch, _zstd
from networks import (
    bundle_entry,
    bundle_header,
    manifest,
    paddle_tensor,
    strings,
    table,
    weights,
)
from onnxmodels import graph as onnx_graph
from onnxmodels import model as onnx
from onnxmodels import node as onnx_node
from onnxmodels import outside
from torchfiles import checkpoint


def _made(build: Callable[[], object], pack: Callable[[bytes], bytes]) -> Builder:
    return lambda: pack(pickle.dumps(build()))


def _forest() -> object:
    from sklearn.tree import DecisionTreeClassifier

    return DecisionTreeClassifier(max_depth=2).fit([[0], [1], [2]], [0, 1, 1])


def _scaler() -> object:
    from sklearn.preprocessing import StandardScaler

    return StandardScaler().fit([[0.0], [1.0]])


def _array() -> object:
    import numpy as np

    return np.arange(12.0).reshape(3, 4)


_THINGS: dict[str, Callable[[], object]] = {
    "a tree": _forest,
    "a scaler": _scaler,
    "an array": _array,
    "settings": lambda: {"epoch": 3, "loss": [0.5]},
}


def _skops(build: Callable[[], object]) -> Builder:
    def dump() -> bytes:
        import skops.io

        data: bytes = skops.io.dumps(build())
        return data

    return dump


_JOBLIB_LZ4 = {f"lz4, {n}": ("m.pkl.lz4", _made(b, _lz4)) for n, b in _THINGS.items()}
_ZSTD = {f"zstd, {n}": ("m.pkl.zst", _made(b, _zstd)) for n, b in _THINGS.items()}
_SKOPS = {f"skops, {n}": ("m.skops", _skops(b)) for n, b in _THINGS.items()}

_MEMBERS: dict[str, tuple[str, Files, dict[str, Files]]] = {
    "a wheel": (
        "x-1.0-py3-none-any.whl",
        {"x-1.0.dist-info/WHEEL": b"Wheel-Version: 1.0\nGenerator: hatchling\n"},
        {
            "code": {"x/__init__.py": b'"""A package."""\n\nVERSION = "1.0"\n'},
            "metadata": {"x-1.0.dist-info/METADATA": b"Metadata-Version: 2.1\nName: x\n"},
            "data": {"x/data.json": b'{"a": 1}', "x/py.typed": b""},
        },
    ),
    "a Java archive": (
        "x.jar",
        {"META-INF/MANIFEST.MF": b"Manifest-Version: 1.0\nCreated-By: 21 (Eclipse Adoptium)\n"},
        {
            "texts": {"messages.properties": b"hello=Hello\n"},
            "a model": {"model/m.json": b'{"a": 1}'},
            "a licence": {"META-INF/LICENSE": b"Apache License\n"},
        },
    ),
    "an Android package": (
        "x.apk",
        {"AndroidManifest.xml": b"<manifest package='a.b'/>"},
        {
            "labels": {"assets/labels.txt": b"cat\ndog\n"},
            "settings": {"assets/m.json": b'{"a": 1}'},
            "a page": {"assets/help.html": b"<!DOCTYPE html><html><body>x</body></html>"},
        },
    ),
    "an office document": (
        "x.docx",
        {"[Content_Types].xml": b"<Types/>"},
        {
            "text": {"word/document.xml": b"<document><p>words</p></document>"},
            "styles": {"word/styles.xml": b"<styles/>", "docProps/app.xml": b"<Properties/>"},
            "a sheet": {"xl/workbook.xml": b"<workbook/>", "xl/sharedStrings.xml": b"<sst/>"},
        },
    ),
}
_ARCHIVES = {
    f"{family}, {title}": (file, constant(archive({**mark, **more})))
    for family, (file, mark, kinds) in _MEMBERS.items()
    for title, more in kinds.items()
}
_LAYERS = ("Dense", "LSTM", "Conv2D")
_KERAS = {
    f"Keras in a SavedModel, {kind}": (
        "keras_metadata.pb",
        constant(_metadata({"class_name": kind, "config": {"name": "l", "units": 2}})),
    )
    for kind in _LAYERS
}
_TORCH = {
    f"torch's first layout, {title}": ("m.pt", _old_torch(body=body))
    for title, body in {
        "a number": pickle.dumps(3, 2),
        "settings": pickle.dumps({"epoch": 3}, 2),
        "nothing": pickle.dumps(None, 2),
    }.items()
}
_PARTS: dict[str, tuple[str, Builder]] = {
    **{
        f"word2vec as text, {n} words": ("v.vec", partial(wordmodels.word2vec_text, n))
        for n in (1, 3, 5)
    },
    **{
        f"weights of Core ML, {n}": ("weight.bin", constant(weights(*(bytes(64),) * n)))
        for n in (1, 2, 3)
    },
    **{
        f"a package of Core ML, {n}": ("Manifest.json", constant(manifest(*paths)))
        for n, paths in {
            "a model": ("com.apple.CoreML/model.mlmodel",),
            "with weights": ("com.apple.CoreML/model.mlmodel", "com.apple.CoreML/weights"),
            "another folder": ("a/b.mlmodel", "a/weights"),
        }.items()
    },
    **{
        f"parameters of Paddle, {n}": ("m.pdiparams", constant(paddle_tensor() * n))
        for n in (1, 2, 3)
    },
    **{
        f"a list of checkpoints, {name}": (
            "checkpoint",
            constant(f'model_checkpoint_path: "{name}"\n'.encode()),
        )
        for name in ("ckpt-1", "model.ckpt-100", "run/ckpt-2")
    },
    **{
        f"a manifest of TensorFlow.js, {name}": (
            "weights_manifest.json",
            constant(json.dumps([tfjsmodels.group(name)]).encode()),
        )
        for name in ("a.bin", "group1-shard1of1.bin", "w/b.bin")
    },
    **{
        f"TorchScript, {op}": (
            "m.pt",
            partial(
                checkpoint,
                **{"code/__torch__/net.py": f"def forward(self, x):\n  return {op}\n".encode()},
            ),
        )
        for op in ("torch.relu(x)", "torch.add(x, 1)", "torch.mul(x, x)")
    },
    **{
        f"CatBoost JSON, {n}": ("m.json", constant(json.dumps(made).encode()))
        for n, made in {
            "a tree": treemodels.catboost_json(),
            "a tree of leaves": treemodels.catboost_leafwise(),
            "two outputs": treemodels.catboost_json(leaves=4),
        }.items()
    },
    **{
        f"a dump of LightGBM, {name}": (
            "m.json",
            constant(json.dumps({**treemodels.dump(), "objective": name}).encode()),
        )
        for name in ("binary", "regression", "lambdarank")
    },
    **{
        f"orders to an assistant, {order}": (
            "AGENTS.md",
            constant(f"# Agent\n\nRun:\n\n```sh\n{order}\n```\n".encode()),
        )
        for order in ("make test", "pip install -e .", "pytest -q")
    },
}
_CONFIGURED = {
    f"{family}, {n}": (file, constant(json.dumps({**base, "extra": n}).encode()))
    for family, file, base in (
        ("an adapter of PEFT", "adapter_config.json", {"peft_type": "LORA", "r": 8}),
        (
            "versions of Sentence Transformers",
            "config_sentence_transformers.json",
            {"__version__": {"sentence_transformers": "3.0.0"}},
        ),
        ("a configuration of hydra", "hydra.json", {"_target_": "torch.nn.Linear"}),
        (
            "a description of spaCy",
            "meta.json",
            {"lang": "en", "name": "x", "spacy_version": ">=3.7", "pipeline": []},
        ),
    )
    for n in range(3)
}


def _beside() -> dict[str, tuple[str, bytes, Mapping[str, bytes]]]:
    header = {"": bundle_header()}
    texts = strings(b"a", b"bc")
    made: dict[str, tuple[Mapping[str, bytes], bytes]] = {
        "a tensor": ({"a": bundle_entry()}, bytes(8)),
        "two tensors": ({"a": bundle_entry(), "b": bundle_entry(at=8)}, bytes(16)),
        "texts": ({"b": bundle_entry(7, (2,), size=len(texts))}, texts),
    }
    found: dict[str, tuple[str, bytes, Mapping[str, bytes]]] = {}
    shard = "v.data-00000-of-00001"
    for title, (entries, data) in made.items():
        index = table(header | entries)
        found[f"an index of a checkpoint, {title}"] = ("v.index", index, {shard: data})
        found[f"data of a checkpoint, {title}"] = (shard, data, {"v.index": index})
    for count in (1, 2, 3):
        places = tuple(
            outside("m.data", ("offset", str(8 * n)), ("length", "8")) for n in range(count)
        )
        model = onnx(onnx_graph(onnx_node(), tensors=places))
        found[f"data of an ONNX model, {count}"] = (
            "m.data",
            b"\x07" * 8 * count,
            {"m.onnx": model},
        )
    return found


_ALONE = (
    _JOBLIB_LZ4 | _ZSTD | _SKOPS | _ARCHIVES | _KERAS | _TORCH | _PARTS | _CONFIGURED
)  # fmt: skip
HARMLESS_READERS: tuple[Sample, ...] = (
    *(Sample(f"honest: {title}", file, build, "") for title, (file, build) in _ALONE.items()),
    *(
        Sample(f"honest: {title}", file, constant(data), "", beside=beside)
        for title, (file, data, beside) in _beside().items()
    ),
)
