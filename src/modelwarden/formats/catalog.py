"""The formats that are known, in the order in which they are tried.

A format is two functions in a module of its own: `sniff(source) -> bool` and
`read(source, limits) -> View`. The marks below decide whether the module is worth importing at
all, so that a scan pays only for the formats that it meets.
"""

from __future__ import annotations

from dataclasses import dataclass

ANYWHERE = -1
TAIL = -2


@dataclass(frozen=True, slots=True)
class Mark:
    """Bytes that stand at `at`, or `ANYWHERE` in the head, or in the `TAIL`."""

    magic: bytes
    at: int = 0


@dataclass(frozen=True, slots=True)
class Format:
    """One entry of the catalogue.

    Attributes:
        id: as in reports.
        module: has `sniff` and `read`; `module:NAME` where a module holds several formats.
        title: for people.
        marks: one of them must be there; empty means that `sniff` is always asked.
        last: asked only when no format before it claimed the bytes.
        of: id of the family (`json`) whose reader tells this format apart by reading on; such a
            line names what that reader may answer and is not asked itself.
    """

    id: str
    module: str
    title: str
    marks: tuple[Mark, ...] = ()
    last: bool = False
    of: str | None = None


_PROTOBUF = tuple(Mark(tag) for tag in (b"\x08", b"\n", b"\x12", b"\x1a", b'"', b"(", b"2", b":"))
_PROTOBUF += (Mark(b"B"), Mark(b"r"), Mark(b"\xa2\x06"), Mark(b"\xca\x01"))
_HDF5 = tuple(Mark(b"\x89HDF\r\n\x1a\n", at) for at in (0, 512, 1024, 2048))
_DIGITS = tuple(Mark(b"%d" % digit) for digit in range(1, 10))
_MSGPACK = (*(Mark(bytes([first])) for first in range(0x81, 0x90)), Mark(b"\xde"))
_TEXT_SPACE = (Mark(b"\xef\xbb\xbf"), Mark(b" "), Mark(b"\n"), Mark(b"\t"), Mark(b"\r"))

FORMATS: tuple[Format, ...] = (
    Format("pickle", "modelwarden.formats.pickle.reader", "Python pickle"),
    Format("torch-legacy", "modelwarden.formats.torch.legacy", "PyTorch file", of="pickle"),
    Format(
        "zip",
        "modelwarden.formats.zip.reader",
        "Zip archive",
        (Mark(b"PK\x03\x04"), Mark(b"PK\x05\x06", TAIL)),
    ),
    Format("npz", "modelwarden.formats.npz", "NumPy archive", of="zip"),
    Format("torch-zip", "modelwarden.formats.torch.zipped", "PyTorch archive", of="zip"),
    Format("torchscript", "modelwarden.formats.torch.zipped", "TorchScript archive", of="zip"),
    Format("torch-package", "modelwarden.formats.torch.package", "torch.package", of="zip"),
    Format("npy", "modelwarden.formats.npy", "NumPy array", (Mark(b"\x93NUMPY"),)),
    Format("onnx", "modelwarden.formats.identified.protobuf:ONNX", "ONNX model", _PROTOBUF),
    Format(
        "tensorflow-savedmodel",
        "modelwarden.formats.identified.protobuf:SAVED_MODEL",
        "TensorFlow SavedModel",
        _PROTOBUF,
    ),
    Format(
        "tensorflow-metagraph",
        "modelwarden.formats.identified.protobuf:META_GRAPH",
        "TensorFlow MetaGraph",
        _PROTOBUF,
    ),
    Format(
        "tensorflow-graphdef",
        "modelwarden.formats.identified.protobuf:GRAPH_DEF",
        "TensorFlow GraphDef",
        _PROTOBUF,
    ),
    Format(
        "keras-metadata",
        "modelwarden.formats.identified.protobuf:KERAS_METADATA",
        "Keras metadata of a SavedModel",
        _PROTOBUF,
    ),
    Format(
        "tensorflow-fingerprint",
        "modelwarden.formats.identified.protobuf:FINGERPRINT",
        "fingerprint of a SavedModel",
        _PROTOBUF,
    ),
    Format("coreml", "modelwarden.formats.identified.protobuf:COREML", "Core ML model", _PROTOBUF),
    Format(
        "paddle-program",
        "modelwarden.formats.identified.protobuf:PADDLE",
        "PaddlePaddle program",
        _PROTOBUF,
    ),
    Format(
        "sentencepiece",
        "modelwarden.formats.identified.protobuf:SENTENCEPIECE",
        "SentencePiece model",
        _PROTOBUF,
    ),
    Format("caffe", "modelwarden.formats.identified.protobuf:CAFFE", "Caffe network", _PROTOBUF),
    Format("cntk", "modelwarden.formats.identified.protobuf:CNTK", "CNTK model", _PROTOBUF),
    Format("keras-h5", "modelwarden.formats.identified.hdf5:KERAS_H5", "Keras HDF5", _HDF5),
    Format("hdf5", "modelwarden.formats.identified.hdf5:HDF5", "HDF5", _HDF5),
    Format("gguf", "modelwarden.formats.identified.magic:GGUF", "GGUF model", (Mark(b"GGUF"),)),
    Format(
        "ggml",
        "modelwarden.formats.identified.magic:GGML",
        "GGML model",
        (
            Mark(b"lmgg"),
            Mark(b"fmgg"),
            Mark(b"tjgg"),
            Mark(b"algg"),
        ),
    ),
    Format(
        "tflite",
        "modelwarden.formats.identified.magic:TFLITE",
        "TensorFlow Lite model",
        (Mark(b"TFL3", 4),),
    ),
    Format(
        "executorch",
        "modelwarden.formats.identified.magic:EXECUTORCH",
        "ExecuTorch program",
        (Mark(b"ET", 4),),
    ),
    Format(
        "onnxruntime-ort",
        "modelwarden.formats.identified.magic:ORT",
        "ONNX Runtime model",
        (Mark(b"ORTM", 4),),
    ),
    Format(
        "catboost",
        "modelwarden.formats.identified.magic:CATBOOST",
        "CatBoost model",
        (Mark(b"CBM1"),),
    ),
    Format(
        "fasttext",
        "modelwarden.formats.identified.magic:FASTTEXT",
        "fastText model",
        (Mark(b"\xba\x16\x4f\x2f"),),
    ),
    Format(
        "xgboost-binary",
        "modelwarden.formats.identified.magic:XGBOOST",
        "XGBoost legacy binary model",
        (Mark(b"gbtree", ANYWHERE), Mark(b"gblinear", ANYWHERE), Mark(b"dart", ANYWHERE)),
    ),
    Format(
        "xgboost-ubj",
        "modelwarden.formats.identified.magic:XGBOOST_UBJ",
        "XGBoost UBJSON model",
        (
            Mark(b"{L"),
            Mark(b"{i"),
            Mark(b"{U"),
        ),
    ),
    Format(
        "tensorflow-checkpoint",
        "modelwarden.formats.identified.magic:CHECKPOINT",
        "TensorFlow checkpoint index",
        (Mark(bytes.fromhex("57fb808b247547db"), TAIL),),
    ),
    Format(
        "coreml-weights",
        "modelwarden.formats.identified.magic:MLPACKAGE_WEIGHTS",
        "weights of a Core ML package",
        (Mark(b"\xef\xbe\xad\xde", 64),),
    ),
    Format(
        "paddle-parameters",
        "modelwarden.formats.identified.magic:PADDLE_PARAMS",
        "PaddlePaddle parameters",
        (Mark(bytes(16)),),
    ),
    Format(
        "mxnet-parameters",
        "modelwarden.formats.identified.magic:MXNET_PARAMS",
        "MXNet parameters",
        (Mark(b"\x12\x01\x00\x00"),),
    ),
    Format(
        "word2vec", "modelwarden.formats.identified.magic:WORD2VEC", "word2vec vectors", _DIGITS
    ),
    Format("faiss", "modelwarden.formats.identified.magic:FAISS", "Faiss index", (Mark(b"I"),)),
    Format(
        "flax-msgpack", "modelwarden.formats.identified.magic:FLAX", "Flax checkpoint", _MSGPACK
    ),
    Format(
        "r-data",
        "modelwarden.formats.identified.magic:R_DATA",
        "R serialised data",
        (
            Mark(b"RD"),
            Mark(b"X\n"),
            Mark(b"A\n"),
            Mark(b"B\n"),
        ),
    ),
    Format(
        "torch7",
        "modelwarden.formats.identified.magic:TORCH7",
        "Torch7 file",
        (
            Mark(b"\x04\x00\x00\x00"),
            Mark(b"4\n"),
        ),
    ),
    Format(
        "tensorrt",
        "modelwarden.formats.identified.magic:TENSORRT",
        "TensorRT engine",
        (Mark(b"ftrt"),),
    ),
    Format("rknn", "modelwarden.formats.identified.magic:RKNN", "RKNN model", (Mark(b"RKNN"),)),
    Format(
        "cntk-v1",
        "modelwarden.formats.identified.magic:CNTK_V1",
        "CNTK v1 model",
        (Mark(b"B\x00C\x00N\x00"),),
    ),
    Format(
        "crfsuite",
        "modelwarden.formats.identified.magic:CRFSUITE",
        "CRFsuite model",
        (Mark(b"lCRF"),),
    ),
    Format(
        "kenlm", "modelwarden.formats.identified.magic:KENLM", "KenLM model", (Mark(b"mmap lm "),)
    ),
    Format(
        "java-serialized",
        "modelwarden.formats.identified.magic:JAVA_OBJECT",
        "serialised Java object",
        (Mark(b"\xac\xed\x00\x05"),),
    ),
    Format(
        "lightgbm",
        "modelwarden.formats.identified.text:LIGHTGBM",
        "LightGBM text model",
        (Mark(b"tree"),),
    ),
    Format(
        "libsvm", "modelwarden.formats.identified.text:LIBSVM", "LIBSVM model", (Mark(b"svm_type"),)
    ),
    Format(
        "liblinear",
        "modelwarden.formats.identified.text:LIBLINEAR",
        "LIBLINEAR model",
        (Mark(b"solver_type"),),
    ),
    Format("ncnn", "modelwarden.formats.identified.text:NCNN", "ncnn network", (Mark(b"7767517"),)),
    Format(
        "word2vec-text",
        "modelwarden.formats.identified.text:VECTORS",
        "word2vec vectors as text",
        _DIGITS,
    ),
    Format(
        "mlflow-mlmodel",
        "modelwarden.formats.identified.text:MLMODEL",
        "MLflow model description",
        (Mark(b"flavors:", ANYWHERE),),
    ),
    Format(
        "caffe-prototxt",
        "modelwarden.formats.identified.text:PROTOTXT",
        "Caffe network as text",
        (Mark(b"layer", ANYWHERE),),
    ),
    Format("json", "modelwarden.formats.jsondata", "JSON", (Mark(b"{"), Mark(b"["), *_TEXT_SPACE)),
    Format("jsonl", "modelwarden.formats.jsondata", "JSON lines", of="json"),
    Format("xgboost-json", "modelwarden.formats.jsondata", "XGBoost model", of="json"),
    Format("catboost-json", "modelwarden.formats.jsondata", "CatBoost model", of="json"),
    Format("lightgbm-json", "modelwarden.formats.jsondata", "LightGBM model", of="json"),
    Format("hf-tokenizer", "modelwarden.formats.jsondata", "Hugging Face tokenizer", of="json"),
    Format("tfjs-model", "modelwarden.formats.jsondata", "TensorFlow.js model", of="json"),
    Format(
        "tfjs-weights-manifest",
        "modelwarden.formats.jsondata",
        "TensorFlow.js weights manifest",
        of="json",
    ),
    Format(
        "coreml-manifest",
        "modelwarden.formats.jsondata",
        "manifest of a Core ML package",
        of="json",
    ),
    Format("mxnet-symbol", "modelwarden.formats.jsondata", "MXNet network", of="json"),
    Format("keras-config", "modelwarden.formats.jsondata", "Keras configuration", of="json"),
    Format("notebook", "modelwarden.formats.jsondata", "notebook", of="json"),
    Format(
        "safetensors-index",
        "modelwarden.formats.jsondata",
        "index of safetensors shards",
        of="json",
    ),
    Format(
        "hf-tokenizer-config",
        "modelwarden.formats.jsondata",
        "Hugging Face tokenizer configuration",
        of="json",
    ),
    Format(
        "diffusers-config", "modelwarden.formats.jsondata", "Diffusers configuration", of="json"
    ),
    Format("peft-config", "modelwarden.formats.jsondata", "PEFT adapter configuration", of="json"),
    Format(
        "hf-processor-config",
        "modelwarden.formats.jsondata",
        "Hugging Face processor configuration",
        of="json",
    ),
    Format("hf-config", "modelwarden.formats.jsondata", "Hugging Face configuration", of="json"),
    Format(
        "sentence-transformers-modules",
        "modelwarden.formats.jsondata",
        "modules of a Sentence Transformers model",
        of="json",
    ),
    Format(
        "spacy-meta", "modelwarden.formats.jsondata", "description of a spaCy pipeline", of="json"
    ),
    Format("torchserve-manifest", "modelwarden.formats.jsondata", "TorchServe manifest", of="json"),
    Format(
        "hydra-config",
        "modelwarden.formats.jsondata",
        "configuration that names what it instantiates",
        of="json",
    ),
    Format(
        "xml",
        "modelwarden.formats.xmltext",
        "XML",
        (Mark(b"<"), Mark(b"\xff\xfe"), Mark(b"\xfe\xff"), *_TEXT_SPACE),
    ),
    Format("pmml", "modelwarden.formats.xmltext", "PMML model", of="xml"),
    Format("opencv-xml", "modelwarden.formats.xmltext", "OpenCV storage", of="xml"),
    Format("openvino", "modelwarden.formats.xmltext", "OpenVINO model", of="xml"),
    Format("html", "modelwarden.formats.xmltext", "HTML page", of="xml"),
    Format("config", "modelwarden.formats.config.reader", "JSON or YAML configuration"),
    Format("jinja", "modelwarden.formats.template.reader", "Jinja template"),
    Format(
        "tensorflow-checkpoint-data",
        "modelwarden.formats.identified.companions:CHECKPOINT_DATA",
        "data of a TensorFlow checkpoint",
        last=True,
    ),
    Format(
        "tfjs-weights",
        "modelwarden.formats.identified.companions:TFJS_WEIGHTS",
        "weights of TensorFlow.js",
        last=True,
    ),
    Format(
        "openvino-weights",
        "modelwarden.formats.identified.companions:OPENVINO_WEIGHTS",
        "weights of an OpenVINO model",
        last=True,
    ),
)
