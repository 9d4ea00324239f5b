"""Lines of the catalogue: models of further frameworks, each with a reader of its own."""

from __future__ import annotations

from modelwarden.formats.entry import ANYWHERE, TAIL, Format, Mark, family
from modelwarden.formats.identified.lines import PROTOBUF

_ROOM = "modelwarden.formats"
_MSGPACK = (*(Mark(bytes([first])) for first in range(0x81, 0x90)), Mark(b"\xde"))
_LAYERS = (Mark(b"layer", ANYWHERE),)

MODELS: tuple[Format, ...] = (
    Format("coreml", f"{_ROOM}.coreml.model", "Core ML model", PROTOBUF),
    Format(
        "coreml-weights",
        f"{_ROOM}.coreml.weights",
        "weights of a Core ML package",
        (Mark(b"\xef\xbe\xad\xde", 64),),
    ),
    Format("paddle-program", f"{_ROOM}.paddle.program", "PaddlePaddle program", PROTOBUF),
    Format(
        "paddle-parameters",
        f"{_ROOM}.paddle.parameters",
        "PaddlePaddle parameters",
        (Mark(bytes(16)),),
    ),
    Format("caffe", f"{_ROOM}.caffe:BINARY", "Caffe network", PROTOBUF),
    Format("caffe-prototxt", f"{_ROOM}.caffe:TEXT", "Caffe network as text", _LAYERS),
    Format("executorch", f"{_ROOM}.executorch", "ExecuTorch program", (Mark(b"ET", 4),)),
    Format("flax-msgpack", f"{_ROOM}.flax", "Flax checkpoint", _MSGPACK),
    Format(
        "mxnet-parameters",
        f"{_ROOM}.mxnet:PARAMETERS",
        "MXNet parameters",
        (Mark(b"\x12\x01\x00\x00"),),
    ),
    Format(
        "r-data",
        f"{_ROOM}.rdata.reader",
        "R data",
        tuple(Mark(first) for first in (b"RD", b"X\n", b"A\n", b"B\n")),
    ),
    Format(
        "tensorflow-checkpoint",
        f"{_ROOM}.tensorflow.checkpoint:INDEX",
        "TensorFlow checkpoint index",
        (Mark(bytes.fromhex("57fb808b247547db"), TAIL),),
    ),
    Format(
        "tensorflow-checkpoint-state",
        f"{_ROOM}.tensorflow.checkpoint:STATE",
        "list of TensorFlow checkpoints",
        (Mark(b"model_checkpoint_path"), Mark(b"all_model_checkpoint_path")),
    ),
)

ARCHIVES: tuple[Format, ...] = (
    *family("zip", f"{_ROOM}.skops", {"skops": "skops file"}),
    *family("zip", f"{_ROOM}.torch.served", {"torchserve-mar": "TorchServe archive"}),
    *family("zip", f"{_ROOM}.torch.exported", {"torch-pt2": "program of torch.export"}),
    *family("tar", f"{_ROOM}.torch.nemo", {"nemo": "NeMo model"}),
    *family(
        "torch-pt2",
        f"{_ROOM}.torch.exported:PROGRAM",
        {"torch-pt2-program": "graph of a program of torch.export"},
    ),
    *family(
        "json", f"{_ROOM}.coreml.manifest", {"coreml-manifest": "manifest of a Core ML package"}
    ),
    *family("json", f"{_ROOM}.mxnet:SYMBOL", {"mxnet-symbol": "MXNet network"}),
)
"""Told apart by the readers of containers."""

NEIGHBOURS: tuple[Format, ...] = (
    Format(
        "tensorflow-checkpoint-data",
        f"{_ROOM}.tensorflow.checkpoint:DATA",
        "data of a TensorFlow checkpoint",
        last=True,
    ),
    Format("onnx-data", f"{_ROOM}.onnx.beside", "data of an ONNX model", last=True),
)
"""Told by the file beside them, and asked last."""
