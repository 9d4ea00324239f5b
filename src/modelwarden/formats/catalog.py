"""The formats that are known, in the order in which they are tried.

A format is two functions in a module of its own: `sniff(source) -> bool` and
`read(source, limits) -> View`. The marks below decide whether the module is worth importing at
all, so that a scan pays only for the formats that it meets.
"""

from __future__ import annotations

from modelwarden.formats.containers import CONTAINERS
from modelwarden.formats.entry import ANYWHERE, TAIL, Format, Mark, Tier, family
from modelwarden.formats.identified.lines import COMPANIONS, DIGITS, IDENTIFIED, PROTOBUF
from modelwarden.formats.models import ARCHIVES, MODELS, NEIGHBOURS

__all__ = ["ANYWHERE", "FORMATS", "TAIL", "Format", "Mark"]

_TEXT_SPACE = (Mark(b"\xef\xbb\xbf"), Mark(b" "), Mark(b"\n"), Mark(b"\t"), Mark(b"\r"))

_UTF_16 = (Mark(b"\xff\xfe"), Mark(b"\xfe\xff"), Mark(b"\x00{"))
_HDF5 = tuple(Mark(b"\x89HDF\r\n\x1a\n", at) for at in (0, 512, 1024, 2048))

FORMATS: tuple[Format, ...] = (
    Format("pickle", "modelwarden.formats.pickle.reader", "Python pickle"),
    Format(
        "safetensors",
        "modelwarden.formats.safetensors",
        "safetensors",
        tuple(Mark(first, 8) for first in (b"{", b" ", b"\t", b"\n", b"\r")),
    ),
    Format("keras-h5", "modelwarden.formats.hdf5.reader:KERAS_H5", "Keras HDF5", _HDF5),
    Format("hdf5", "modelwarden.formats.hdf5.reader:HDF5", "HDF5", _HDF5),
    Format("onnx", "modelwarden.formats.onnx.reader", "ONNX model", PROTOBUF),
    Format("gguf", "modelwarden.formats.gguf.reader", "GGUF model", (Mark(b"GGUF"),)),
    Format(
        "tflite",
        "modelwarden.formats.tflite.reader",
        "TensorFlow Lite model",
        (Mark(b"TFL3", 4),),
    ),
    Format(
        "xgboost-binary",
        "modelwarden.formats.xgboost",
        "XGBoost legacy binary model",
        (Mark(b"gbtree", ANYWHERE), Mark(b"gblinear", ANYWHERE), Mark(b"dart", ANYWHERE)),
    ),
    Format(
        "xgboost-ubj",
        "modelwarden.formats.trees.xgboost:UBJSON",
        "XGBoost UBJSON model",
        (Mark(b"{L"), Mark(b"{i"), Mark(b"{U"), Mark(b"{I"), Mark(b"{l"), Mark(b"{#"), Mark(b"{$")),
    ),
    Format(
        "fasttext",
        "modelwarden.formats.vectors.fasttext",
        "fastText model",
        (Mark(b"\xba\x16\x4f\x2f"),),
    ),
    Format("word2vec", "modelwarden.formats.vectors.word2vec:BINARY", "word2vec vectors", DIGITS),
    Format(
        "word2vec-text",
        "modelwarden.formats.vectors.word2vec:TEXT",
        "word2vec vectors as text",
        DIGITS,
    ),
    Format(
        "sentencepiece",
        "modelwarden.formats.vocabulary.sentencepiece",
        "SentencePiece model",
        PROTOBUF,
    ),
    Format("catboost", "modelwarden.formats.trees.catboost", "CatBoost model", (Mark(b"CBM1"),)),
    Format(
        "lightgbm",
        "modelwarden.formats.trees.lightgbm",
        "LightGBM text model",
        (Mark(b"tree"), Mark(b"max_feature_idx=", ANYWHERE), Mark(b"tree_sizes=", ANYWHERE)),
    ),
    Format(
        "tensorflow-savedmodel",
        "modelwarden.formats.tensorflow.reader:SAVED_MODEL",
        "TensorFlow SavedModel",
        PROTOBUF,
    ),
    Format(
        "tensorflow-metagraph",
        "modelwarden.formats.tensorflow.reader:META_GRAPH",
        "TensorFlow MetaGraph",
        PROTOBUF,
    ),
    Format(
        "tensorflow-graphdef",
        "modelwarden.formats.tensorflow.reader:GRAPH_DEF",
        "TensorFlow GraphDef",
        PROTOBUF,
    ),
    Format(
        "keras-metadata",
        "modelwarden.formats.tensorflow.reader:KERAS_METADATA",
        "Keras metadata of a SavedModel",
        PROTOBUF,
    ),
    Format("tensorflow-text", "modelwarden.formats.tensorflow.text", "TensorFlow graph as text"),
    Format(
        "mlflow-mlmodel",
        "modelwarden.formats.config.mlmodel",
        "MLflow model description",
        (Mark(b"flavors", ANYWHERE),),
    ),
    *MODELS,
    *IDENTIFIED,
    *CONTAINERS,
    *ARCHIVES,
    *family(
        "zip",
        "modelwarden.formats.identified.archives",
        {
            "keras-v3": "Keras v3 archive",
            "office-document": "office document",
            "android-package": "Android package",
            "wheel": "Python wheel",
            "jar": "Java archive",
        },
        Tier.EXAMINED,
    ),
    *family(
        "zip",
        "modelwarden.formats.identified.archives",
        {
            "h2o-mojo": "H2O MOJO",
        },
        Tier.IDENTIFIED,
    ),
    Format(
        "notebook",
        "modelwarden.formats.notebook",
        "notebook",
        (Mark(b"{"), *_TEXT_SPACE),
    ),
    Format(
        "keras-config",
        "modelwarden.formats.keras.config",
        "Keras configuration",
        (Mark(b"{"), Mark(b"["), *_TEXT_SPACE, *_UTF_16),
    ),
    Format(
        "keras-layer",
        "modelwarden.formats.keras.config",
        "Keras layer of a SavedModel",
        of="keras-config",
    ),
    Format(
        "json",
        "modelwarden.formats.jsondata",
        "JSON",
        (Mark(b"{"), Mark(b"["), *_TEXT_SPACE),
        tier=Tier.DATA,
    ),
    *family(
        "json",
        "modelwarden.formats.jsondata",
        {
            "hf-tokenizer-config": "Hugging Face tokenizer configuration",
            "diffusers-config": "Diffusers configuration",
            "peft-config": "PEFT adapter configuration",
            "hf-processor-config": "Hugging Face processor configuration",
            "hf-config": "Hugging Face configuration",
            "sentence-transformers-modules": "modules of a Sentence Transformers model",
            "sentence-transformers-config": "versions of a Sentence Transformers model",
            "hydra-config": "configuration that names what it instantiates",
            "spacy-meta": "description of a spaCy pipeline",
        },
        Tier.EXAMINED,
    ),
    *family(
        "json",
        "modelwarden.formats.vocabulary.tokenizer",
        {"hf-tokenizer": "Hugging Face tokenizer"},
    ),
    *family(
        "json", "modelwarden.formats.shards", {"safetensors-index": "index of a model in shards"}
    ),
    *family("json", "modelwarden.formats.tfjs", {"tfjs-model": "TensorFlow.js model"}),
    *family(
        "json",
        "modelwarden.formats.tfjs:MANIFEST",
        {"tfjs-weights-manifest": "TensorFlow.js weights manifest"},
    ),
    *family("tfjs-model", "modelwarden.formats.tfjs:GRAPH", {"tfjs-graph": "TensorFlow.js graph"}),
    *family("json", "modelwarden.formats.trees.xgboost", {"xgboost-json": "XGBoost JSON model"}),
    *family("json", "modelwarden.formats.trees.catboost:JSON", {"catboost-json": "CatBoost JSON"}),
    *family("json", "modelwarden.formats.trees.lightgbm:DUMP", {"lightgbm-json": "LightGBM dump"}),
    *family(
        "json",
        "modelwarden.formats.jsondata",
        {
            "torchserve-manifest": "TorchServe manifest",
            "paddle-pir": "PaddlePaddle 3 program",
        },
        Tier.IDENTIFIED,
    ),
    *family(
        "json",
        "modelwarden.formats.jsondata",
        {"jsonl": "JSON lines"},
        Tier.DATA,
    ),
    Format(
        "xml",
        "modelwarden.formats.xmltext",
        "XML",
        (Mark(b"<"), Mark(b"\xff\xfe"), Mark(b"\xfe\xff"), *_TEXT_SPACE),
        tier=Tier.DATA,
    ),
    *family(
        "xml",
        "modelwarden.formats.xmltext",
        {
            "pmml": "PMML model",
            "opencv-xml": "OpenCV storage",
            "openvino": "OpenVINO model",
        },
    ),
    *family(
        "xml",
        "modelwarden.formats.xmltext",
        {
            "html": "HTML page",
        },
        Tier.DATA,
    ),
    Format(
        "image",
        "modelwarden.formats.images",
        "image",
        (
            Mark(b"\x89PNG"),
            Mark(b"\xff\xd8\xff"),
            Mark(b"GIF8"),
            Mark(b"II*"),
            Mark(b"MM\x00*"),
            Mark(b"RIFF"),
            Mark(b"BM"),
        ),
        tier=Tier.DATA,
    ),
    *family(
        "image",
        "modelwarden.formats.images",
        {
            "jpeg": "JPEG image",
            "gif": "GIF image",
            "bmp": "BMP image",
            "webp": "WebP image",
            "tiff": "TIFF image",
            "png": "PNG image",
        },
        Tier.DATA,
    ),
    Format(
        "native",
        "modelwarden.formats.native",
        "program or library",
        (
            *(Mark(magic) for magic in (b"\x7fELF", b"MZ", b"\x00asm", b"BC\xc0\xde", b"dex\n0")),
            *(
                Mark(magic)
                for magic in (b"!<arch>\n", b"\x50\xed\x55\xba", b"\x03\x02\x23\x07", b"\x1bL")
            ),
            *(
                Mark(magic)
                for magic in (
                    b"\xfe\xed\xfa",
                    b"\xce\xfa\xed\xfe",
                    b"\xcf\xfa\xed\xfe",
                    b"\xca\xfe\xba\xbe",
                )
            ),
            *(Mark(magic) for magic in (b"\xbe\xba\xfe\xca", b"\xbf\xba\xfe\xca")),
            *(Mark(magic) for magic in (b"\xca\xfe\xba\xbf", b"dey\n0", b"jartsr='", b"APEDBG='")),
            *(Mark(magic) for magic in (b"ftrt", b"ptrt", b"\x01HEF", b"RKNN", b"DWN1")),
            Mark(b"\r\n", 2),
            *(Mark(bytes((first,)) + bytes(8)) for first in b"c\xe3"),
            Mark(b"L\x00\x00\x00\x01\x14\x02\x00"),
            Mark(b"\x01\x00", 2),
            Mark(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
        ),
        tier=Tier.IDENTIFIED,
    ),
    *family(
        "native",
        "modelwarden.formats.native",
        {
            "elf": "ELF program",
            "pe": "Windows program",
            "macho": "Mach-O program",
            "llamafile": "llamafile or other APE program",
            "wasm": "WebAssembly module",
            "java-class": "Java class",
            "python-bytecode": "compiled Python",
            "lua-bytecode": "Lua byte code",
            "llvm-bitcode": "LLVM bit code",
            "dex": "Android byte code",
            "static-library": "static library",
            "cuda-fatbin": "CUDA device code",
            "spirv": "SPIR-V module",
            "tensorrt": "TensorRT engine",
            "hailo": "Hailo program",
            "rknn": "RKNN model",
            "tflite-edgetpu": "Edge TPU program",
            "windows-shortcut": "shortcut of Windows",
            "windows-task": "task of the scheduler of Windows",
            "windows-installer": "installer of Windows",
        },
        Tier.IDENTIFIED,
    ),
    Format(
        "data",
        "modelwarden.formats.knowndata",
        "document, sound, video, font or table",
        (
            Mark(b"%PDF-"),
            Mark(b"ID3"),
            Mark(b"fLaC"),
            Mark(b"OggS\x00"),
            Mark(b"WAVE", 8),
            Mark(b"AVI ", 8),
            Mark(b"ftyp", 4),
            Mark(b"\x1aE\xdf\xa3"),
            Mark(b"\x00\x01\x00\x00\x00"),
            Mark(b"OTTO"),
            Mark(b"ttcf"),
            Mark(b"wOFF"),
            Mark(b"wOF2"),
            Mark(b"PAR1"),
            Mark(b"ARROW1"),
            Mark(b"FEA1"),
            Mark(b"SQLite format 3\x00"),
            Mark(b"ORC"),
            Mark(b"Obj\x01"),
            Mark(b"\xde\xc0\xef\xbe", 16),
            Mark(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
        ),
        tier=Tier.DATA,
    ),
    *family(
        "data",
        "modelwarden.formats.knowndata",
        {
            "pdf": "PDF document",
            "mp3": "MP3 sound",
            "flac": "FLAC sound",
            "ogg": "Ogg sound",
            "wav": "WAV sound",
            "avi": "AVI video",
            "mp4": "MP4 video",
            "matroska": "Matroska video",
            "truetype": "TrueType font",
            "opentype": "OpenType font",
            "font-collection": "font collection",
            "woff": "WOFF font",
            "woff2": "WOFF2 font",
            "parquet": "Parquet table",
            "arrow": "Arrow table",
            "feather": "Feather table",
            "sqlite": "SQLite database",
            "orc": "ORC table",
            "avro": "Avro table",
            "lmdb": "LMDB database",
            "compound-document": "old office document",
        },
        Tier.DATA,
    ),
    Format("empty", "modelwarden.formats.empty", "empty file", last=True, tier=Tier.DATA),
    *NEIGHBOURS,
    *COMPANIONS,
    Format("text", "modelwarden.formats.plaintext", "text", last=True, tier=Tier.DATA),
    *family(
        "text",
        "modelwarden.formats.plaintext",
        {
            "python": "Python source",
            "pth": "start-up file of Python",
            "notebook-code": "code of a notebook",
            "script": "shell script",
            "instructions": "commands in orders to an assistant",
            "dockerfile": "Dockerfile",
            "makefile": "makefile",
            "git-settings": "settings of git",
            "naming-settings": "Modelfile, Gin or Jsonnet",
        },
        Tier.EXAMINED,
    ),
    *family(
        "text",
        "modelwarden.formats.plaintext",
        {"source-code": "source code"},
        Tier.IDENTIFIED,
    ),
    *family(
        "text",
        "modelwarden.formats.plaintext",
        {
            "csv": "comma-separated table",
            "tsv": "tab-separated table",
            "yaml": "YAML text",
            "ini": "INI or TOML text",
            "markdown": "Markdown",
            "model-card": "model card",
            "template": "template",
        },
        Tier.DATA,
    ),
    # What these read is text as well: they come behind it, so that code stays code.
    Format("config", "modelwarden.formats.config.reader", "JSON or YAML configuration"),
    Format("settings", "modelwarden.formats.config.settings", "TOML or INI settings"),
    Format("jinja", "modelwarden.formats.template.reader", "Jinja template"),
    Format("page", "modelwarden.formats.pages", "script in a page, a drawing or a text"),
)
