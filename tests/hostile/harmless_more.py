"""Honest files of the formats around pickle and of what lies beside models: none may be above low.

They hold what the named tools write, or what people write for them.
"""

from __future__ import annotations

import bz2
import io
import json
import lzma
import pickle
import tarfile
import zlib
from collections.abc import Callable
from functools import partial

from ggufmodels import V3, sound
from hostile.build import Builder, Sample, archive, constant, npy
from onnxmodels import graph as onnx_graph
from onnxmodels import model as onnx
from onnxmodels import node as onnx_node
from servedfiles import exported, mar, nemo
from servedfiles import node as exported_node
from sevenzips import CHAINS
from sevenzips import Member as SevenMember
from sevenzips import archive as seven
from skopsfiles import ESTIMATOR, instance, plain
from skopsfiles import archive as skops
from smallnets import caffe, caffe_layer, mx_node, mx_symbol, prototxt
from tfgraphs import function, graph, meta_graph, saved_model
from tfgraphs import node as tf_node
from tfjsmodels import graph as tfjs_graph
from tfjsmodels import group, layers
from tfjsmodels import model as tfjs
from tflitemodels import custom
from tflitemodels import model as tflite
from torchfiles import checkpoint, legacy, package

_PLAIN = {"epoch": 3, "loss": [0.5, 0.25], "words": ["os", "system"]}
_NUMBERS = npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", bytes(8))
_DENSE = {"class_name": "Dense", "config": {"name": "d", "units": 2, "activation": "relu"}}
_OPERATIONS = ("Placeholder", "MatMul", "Relu", "VarHandleOp", "ReadVariableOp", "SaveV2")
_SAVING = ("ShardedFilename", "MergeV2Checkpoints", "RestoreV2", "StringJoin", "Identity")
_LOOKING = ("HashTableV2", "LookupTableFindV2", "ParseExampleV2", "DecodeJpeg", "AsString")


def _h5(fill: Callable[[object], object]) -> Builder:
    def build() -> bytes:
        import h5py

        out = io.BytesIO()
        with h5py.File(out, "w") as file:
            fill(file)
        return out.getvalue()

    return build


def _soft(file: object) -> None:
    import h5py

    file["a"] = [1.0, 2.0]
    file["b"] = h5py.SoftLink("/a")


def _told(file: object) -> None:
    import h5py
    import numpy as np

    file.attrs["note"] = np.bytes_(b"created by us.")
    file.attrs["unit"] = "Größe – in cm."
    file.create_dataset("lists", (2,), dtype=h5py.vlen_dtype(np.int32))


def _packed(file: object) -> None:
    file.create_dataset("a", data=[[1, 2]] * 40, compression="gzip", chunks=True, shuffle=True)


def _keras(*wrapped: object) -> Builder:
    config = json.dumps({"class_name": "Sequential", "config": {"layers": list(wrapped)}})

    def fill(file: object) -> None:
        file.attrs["keras_version"] = "2.13.1"
        file.attrs["model_config"] = config
        file.create_group("model_weights")

    return _h5(fill)


def _nemo(config: str) -> bytes:
    return nemo(config, (("./weights.ckpt", _PICKLED["tree"]),))


def _tar(**members: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as file:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            file.addfile(info, io.BytesIO(data))
    return out.getvalue()


def _graphs(
    title: str, file: str, wrap: Callable[[bytes], bytes]
) -> dict[str, tuple[str, Builder]]:
    return {
        f"{title}, {kind}": (file, constant(wrap(graph(*(tf_node(op) for op in operations)))))
        for kind, operations in (
            ("layers", _OPERATIONS),
            ("saving", _SAVING),
            ("looking up", _LOOKING),
        )
    }


_SCRIPT = "def forward(self, x: Tensor) -> Tensor:\n  return torch.{}(x)\n"
_PICKLED = {
    "numbers": pickle.dumps([0.5] * 50),
    "text": pickle.dumps("call os.system('x')", 2),
    "tree": pickle.dumps(_PLAIN, 0),
}
_CODECS: dict[str, Callable[[bytes], bytes]] = {
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "lzma": partial(lzma.compress, format=lzma.FORMAT_ALONE),
    "zlib": zlib.compress,
    "joblib before 0.10": lambda data: (
        b"ZF" + hex(len(data)).ljust(19).encode() + zlib.compress(data)
    ),
}
_MODELS: dict[str, tuple[str, Builder]] = {
    "hdf5 with a soft link": ("d.h5", _h5(_soft)),
    "hdf5 with notes": ("d.h5", _h5(_told)),
    "hdf5, packed": ("d.h5", _h5(_packed)),
    "keras in hdf5": ("m.h5", _keras(_DENSE)),
    "keras in hdf5, wrapped": (
        "m.h5",
        _keras({"class_name": "TimeDistributed", "config": {"layer": _DENSE}}),
    ),
    "keras in hdf5, an operation": (
        "m.h5",
        _keras({"class_name": "Relu", "config": {"name": "relu"}}, _DENSE),
    ),
    "onnx": ("m.onnx", partial(onnx, onnx_graph(onnx_node()))),
    "onnx, two nodes": ("m.onnx", partial(onnx, onnx_graph(onnx_node(), onnx_node("Relu")))),
    "onnx of the runtime": (
        "m.onnx",
        partial(onnx, onnx_graph(onnx_node("FusedMatMul", "com.microsoft"))),
    ),
    **{
        f"gguf, {title}": ("m.gguf", partial(sound, V3, template))
        for title, template in {
            "roles": "{% for m in messages %}<|{{ m.role }}|>{{ m['content'] | trim }}{% endfor %}",
            "tools": "{% if tools %}{{ tools | tojson(indent=2) }}{% endif %}{{ bos_token }}",
            "turns": "{% if messages|length % 2 %}{{ raise_exception('odd') }}{% endif %}",
        }.items()
    },
    "tflite": ("m.tflite", tflite),
    "tflite, detection": (
        "m.tflite",
        partial(tflite, codes=[custom("TFLite_Detection_PostProcess")]),
    ),
    "tflite, flex that computes": ("m.tflite", partial(tflite, codes=[custom("FlexErf")])),
    **_graphs("tensorflow graph", "g.pb", bytes),
    **_graphs("tensorflow meta graph", "m.meta", meta_graph),
    **_graphs("tensorflow saved model", "saved_model.pb", saved_model),
    "tensorflow function": (
        "g.pb",
        constant(graph(tf_node("PartitionedCall"), functions=(function("f", tf_node("Relu")),))),
    ),
    **{
        f"tensorflow text, {op}": (
            "graph.pbtxt",
            constant(f'node {{ name: "a" op: "{op}" }}\n'.encode()),
        )
        for op in _OPERATIONS[:3]
    },
    "torch before zip": ("m.bin", legacy),
    "torch before zip, one tensor": ("m.bin", partial(legacy, {"w": ("5", 9)})),
    "torch before zip, protocol 4": ("m.bin", partial(legacy, protocol=4)),
    "torch package without code": ("p.pt", partial(package, {})),
    "torch package with a text": ("p.pt", partial(package, {"notes.txt": b"words\n"})),
    "torch package with a table": ("p.pt", partial(package, {"a.csv": b"a,b\n1,2\n"})),
    **{
        f"npz of {count}": (
            "a.npz",
            constant(archive({f"{n}.npy": _NUMBERS for n in range(count)})),
        )
        for count in (1, 2, 5)
    },
    "tar of texts": ("a.tar", constant(_tar(a=b"words\n", b=b"a,b\n1,2\n"))),
    "tar of an array": ("a.tar", constant(_tar(**{"w.npy": _NUMBERS}))),
    "tar of a pickle": ("a.tar", constant(_tar(**{"m.pkl": _PICKLED["tree"]}))),
    "skops": ("m.skops", partial(skops, ESTIMATOR)),
    "skops of a number": ("m.skops", partial(skops, plain(1.5))),
    "skops of a scaler": (
        "m.skops",
        partial(skops, instance("sklearn.preprocessing._data", "StandardScaler", copy=plain(True))),
    ),
    "nemo": ("m.nemo", partial(_nemo, "target: nemo.collections.asr.models.EncDecCTCModel\n")),
    "nemo of parts": (
        "m.nemo",
        partial(_nemo, "e:\n  _target_: nemo.collections.asr.modules.Encoder\n"),
    ),
    "nemo of torch": ("m.nemo", partial(_nemo, "o:\n  _target_: torch.optim.AdamW\n  lr: 0.1\n")),
    **{
        f"{codec} of {title}": ("m.joblib", constant(pack(data)))
        for codec, pack in _CODECS.items()
        for title, data in _PICKLED.items()
    },
    "tfjs layers": ("model.json", constant(json.dumps(tfjs(layers(), group("w.bin"))).encode())),
    "tfjs graph": (
        "model.json",
        constant(json.dumps(tfjs(tfjs_graph("Relu"), group("w.bin"))).encode()),
    ),
    **{
        f"torchscript, {name}": (
            "m.pt",
            partial(checkpoint, **{"code/__torch__/m.py": _SCRIPT.format(name).encode()}),
        )
        for name in ("relu", "sigmoid", "tanh")
    },
    **{
        f"caffe, {kind}": ("m.caffemodel", partial(caffe, caffe_layer(kind)))
        for kind in ("Convolution", "ReLU", "Softmax")
    },
    **{
        f"caffe as text, {kind}": ("m.prototxt", partial(prototxt, f'layer {{ type: "{kind}" }}'))
        for kind in ("Convolution", "ReLU", "Softmax")
    },
    **{
        f"mxnet, {op}": ("m-symbol.json", partial(mx_symbol, mx_node(op, 0)))
        for op in ("Activation", "FullyConnected", "SoftmaxOutput")
    },
    **{
        f"zip of {count} texts": (
            "a.zip",
            constant(archive({f"{n}.txt": b"words\n" for n in range(count)})),
        )
        for count in (1, 2, 5)
    },
    **{
        f"torchserve with {handler}": (
            "m.mar",
            partial(mar, {"m.pt": _NUMBERS}, handler=handler, serializedFile="m.pt"),
        )
        for handler in ("image_classifier", "text_classifier", "object_detector")
    },
    **{
        f"export of {op}": (
            "m.pt2",
            partial(exported, exported_node(f"torch.ops.aten.{op}.default")),
        )
        for op in ("relu", "linear", "mul")
    },
    **{
        f"7z by {chain}": ("a.7z", partial(seven, [SevenMember("a.txt", b"words\n")], chain))
        for chain in list(CHAINS)[:3]
    },
    **{
        f"keras, {kind}": (
            "m.keras",
            constant(
                archive(
                    {
                        "metadata.json": b'{"keras_version": "3.5.0"}',
                        "config.json": json.dumps(
                            {
                                "module": "keras",
                                "class_name": "Sequential",
                                "config": {
                                    "layers": [{"module": "keras.layers", "class_name": kind}]
                                },
                            }
                        ).encode(),
                    }
                )
            ),
        )
        for kind in ("Dense", "LSTM", "Conv2D")
    },
}

HARMLESS_MORE: tuple[Sample, ...] = tuple(
    Sample(f"honest: {title}", file, build, "") for title, (file, build) in _MODELS.items()
)
