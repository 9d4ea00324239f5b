"""The formats that are told by their content and not examined yet: their lines of the catalogue.

A format is promoted by moving its line to `formats.catalog`, with a reader of its own.
"""

from __future__ import annotations

from modelwarden.formats.entry import Format, Mark, Tier, identified

PROTOBUF = tuple(Mark(tag) for tag in (b"\x08", b"\n", b"\x12", b"\x1a", b'"', b"(", b"2", b":"))
PROTOBUF += (Mark(b"B"), Mark(b"r"), Mark(b"\xa2\x06"), Mark(b"\xca\x01"))
DIGITS = tuple(Mark(b"%d" % digit) for digit in range(10))


def _in(module: str, name: str) -> str:
    return f"modelwarden.formats.identified.{module}:{name}"


IDENTIFIED: tuple[Format, ...] = identified(
    Format(
        "tensorflow-fingerprint",
        _in("protobuf", "FINGERPRINT"),
        "fingerprint of a SavedModel",
        PROTOBUF,
    ),
    Format("cntk", _in("protobuf", "CNTK"), "CNTK model", PROTOBUF),
    Format(
        "ggml",
        _in("magic", "GGML"),
        "GGML model",
        (
            Mark(b"lmgg"),
            Mark(b"fmgg"),
            Mark(b"tjgg"),
            Mark(b"algg"),
        ),
    ),
    Format("onnxruntime-ort", _in("magic", "ORT"), "ONNX Runtime model", (Mark(b"ORTM", 4),)),
    Format("faiss", _in("magic", "FAISS"), "Faiss index", (Mark(b"I"),)),
    Format(
        "torch7",
        _in("magic", "TORCH7"),
        "Torch7 file",
        (
            Mark(b"\x04\x00\x00\x00"),
            Mark(b"4\n"),
        ),
    ),
    Format("ocdbt", _in("magic", "OCDBT"), "OCDBT store", (Mark(b"\x0c\xdb"),)),
    Format(
        "tvm-parameters",
        _in("magic", "TVM_PARAMS"),
        "TVM parameters",
        (Mark(b"\xb7\x9c\x04\x05"),),
    ),
    Format("cntk-v1", _in("magic", "CNTK_V1"), "CNTK v1 model", (Mark(b"B\x00C\x00N\x00"),)),
    Format("crfsuite", _in("magic", "CRFSUITE"), "CRFsuite model", (Mark(b"lCRF"),)),
    Format("kenlm", _in("magic", "KENLM"), "KenLM model", (Mark(b"mmap lm "),)),
    Format(
        "java-serialized",
        _in("objects", "JAVA"),
        "serialised Java object",
        (Mark(b"\xac\xed\x00\x05"),),
    ),
    Format(
        "dotnet-serialized",
        _in("objects", "DOTNET"),
        "serialised .NET object",
        (Mark(b"\x00\x01\x00\x00\x00\xff"),),
    ),
    Format(
        "ruby-marshal",
        _in("objects", "RUBY"),
        "object marshalled by Ruby",
        (Mark(b"\x04\x08"),),
    ),
    Format(
        "php-serialized",
        _in("objects", "PHP"),
        "object serialised by PHP",
        (Mark(b"O:"), Mark(b"C:"), Mark(b"a:")),
    ),
    Format("libsvm", _in("text", "LIBSVM"), "LIBSVM model", (Mark(b"svm_type"),)),
    Format("liblinear", _in("text", "LIBLINEAR"), "LIBLINEAR model", (Mark(b"solver_type"),)),
    Format("ncnn", _in("text", "NCNN"), "ncnn network", (Mark(b"7767517"),)),
)
COMPANIONS: tuple[Format, ...] = (
    Format(
        "tfjs-weights",
        _in("companions", "TFJS_WEIGHTS"),
        "weights of TensorFlow.js",
        last=True,
        tier=Tier.DATA,
    ),
    Format(
        "openvino-weights",
        _in("companions", "OPENVINO_WEIGHTS"),
        "weights of an OpenVINO model",
        last=True,
        tier=Tier.DATA,
    ),
)
