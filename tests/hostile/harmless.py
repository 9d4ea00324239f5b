"""Files that look odd or name dangerous things, and are harmless: none may be above low.

They are written by the standard library, or byte by byte as the named library writes them.
"""

from __future__ import annotations

import array
import base64
import collections
import datetime
import decimal
import fractions
import gzip
import io
import json
import pickle
import struct
import tarfile
import uuid
import zlib
from collections.abc import Callable

from hostile.build import Sample, archive, field, npy, safetensors, torch_zip, value

_PLAIN = {"epoch": 3, "loss": [0.5, 0.25], "name": "café", "done": True, "none": None}

_THINGS: dict[str, object] = {
    "OrderedDict": collections.OrderedDict(a=1, b=[1, 2]),
    "defaultdict of lists": collections.defaultdict(list, {"a": [1]}),
    "Counter": collections.Counter("abracadabra"),
    "deque with a length": collections.deque([1, 2], 5),
    "dates": [datetime.datetime(2024, 1, 2, 3, 4, tzinfo=datetime.UTC), datetime.date(2024, 1, 2)],
    "time difference": datetime.timedelta(seconds=5),
    "decimal and fraction": [decimal.Decimal("1.5"), fractions.Fraction(1, 3)],
    "uuid": uuid.UUID(int=5),
    "sets": [{1, 2}, frozenset({3})],
    "complex, slice and range": [1 + 2j, slice(1, 2), range(5)],
    "bytes and bytearray": [b"\x00\xff" * 20, bytearray(b"abc")],
    "array": array.array("d", [1.0, 2.0]),
    "large integers": [1 << 4000, -(1 << 70)],
    "infinite and not a number": [float("inf"), float("nan"), -0.0],
    "deep lists": [[[[[[[[1]]]]]]]],
    "a thousand keys": {f"layer.{i}.weight": i / 7 for i in range(1000)},
    "text that names os.system": "call os.system('rm -rf /') and you are lost; eval(input())",
    "keys called exec and __import__": {"exec": 1, "__import__": 2, "__reduce__": 3},
    "text about a pickle's opcodes": "the lines cos and system and (S'ls' and tR. run a command",
    "base64 of a text": base64.b64encode(b"just some words that mean nothing " * 8).decode(),
    "hexadecimal digest": "deadbeef" * 16,
    "bytes of a gzip": gzip.compress(b"plain words", mtime=0),
    "bytes that open a picture": b"\x89PNG\r\n\x1a\n" + bytes(64),
    "module names as data": ["os", "system", "subprocess", "Popen", "builtins", "eval"],
    "addresses": ["https://huggingface.co/org/model", "s3://bucket/key"],
    "tuple that holds itself by a list": (lambda x: x.append((x,)) or x)([]),
}


def _pickled(thing: object, protocol: int) -> Callable[[], bytes]:
    return lambda: pickle.dumps(thing, protocol)


def _storage(kind: str, key: str = "0", count: int = 4) -> bytes:
    return (
        b"("
        + value("storage")
        + f"ctorch\n{kind}\n".encode()
        + value(key)
        + value("cpu")
        + value(count)
        + b"tQ"
    )


def _rebuilt(kind: str = "FloatStorage") -> bytes:
    return (
        b"ctorch._utils\n_rebuild_tensor_v2\n("
        + _storage(kind)
        + value(0)
        + value((4,))
        + value((1,))
        + value(False)
        + b"ccollections\nOrderedDict\n)RtR"
    )


def _state_dict(tensor: bytes) -> bytes:
    return (
        b"\x80\x02ccollections\nOrderedDict\n)R("
        + value("fc.weight")
        + tensor
        + b"u}"
        + value("_metadata")
        + b"ccollections\nOrderedDict\n)Rsb."
    )


def _half(kind: str) -> bytes:
    return torch_zip(_state_dict(_rebuilt(kind)), storage=bytes(8))


def _parameter() -> bytes:
    body = b"ctorch._utils\n_rebuild_parameter\n" + _rebuilt() + value(True)
    return _state_dict(body + b"ccollections\nOrderedDict\n)R\x87R")


def _legacy_torch() -> bytes:
    magic = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."
    parts = [pickle.dumps(1001, 2), pickle.dumps({"little_endian": True}, 2)]
    stored = _storage("FloatStorage").replace(b"tQ", b"NtQ")
    tensor = _rebuilt().replace(_storage("FloatStorage"), stored)
    keys = pickle.dumps(["0"], 2)
    return magic + b"".join(parts) + _state_dict(tensor) + keys + struct.pack("<q4f", 4, 1, 2, 3, 4)


def _numpy_array(module: str = "numpy.core.multiarray") -> bytes:
    kind = b"cnumpy\ndtype\n" + value(("f8", False, True)) + b"R"
    kind += value((3, "<", None, None, None, -1, -1, 0)) + b"b"
    data = b"C\x10" + struct.pack("<2d", 1, 2)
    return (
        b"\x80\x02c" + module.encode() + b"\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R("
        b"K\x01K\x02\x85" + kind + b"\x89" + data + b"tb."
    )


def _numpy_scalar() -> bytes:
    kind = b"cnumpy\ndtype\n" + value(("f8", False, True)) + b"R"
    return b"\x80\x03cnumpy.core.multiarray\nscalar\n" + kind + b"C\x08" + bytes(8) + b"\x86R."


def _joblib_array() -> bytes:
    wrapper = (
        b"cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81}(U\x08subclasscnumpy\nndarray\n"
        b"U\x05shapeK\x02\x85U\x05orderU\x01CU\x05dtypecnumpy\ndtype\n(U\x02f8I00\nI01\ntR"
        b"(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tbU\x0aallow_mmap\x89ub"
    )
    return b"\x80\x02}(U\x01a" + wrapper + struct.pack("<2d", 1, 2) + b"U\x01bK\x05u."


def _tar() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as target:
        for name, data in {"README.md": b"# m\n", "w.bin.txt": b"1 2 3\n"}.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            target.addfile(info, io.BytesIO(data))
    return out.getvalue()


_F8 = "{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }"
_FIELDS = "{'descr': [('a', '<f8'), ('b', '<i4', (2,))], 'fortran_order': False, 'shape': (1,), }"

_FILES: dict[str, tuple[str, Callable[[], bytes]]] = {
    "two harmless streams": ("m.pkl", lambda: pickle.dumps(1) + pickle.dumps([2])),
    "plain torch: state dict": ("m.pt", lambda: torch_zip(_state_dict(_rebuilt()))),
    "plain torch: half": (
        "m.pt",
        lambda: _half("HalfStorage"),
    ),
    "plain torch: bfloat16": (
        "m.bin",
        lambda: _half("BFloat16Storage"),
    ),
    "plain torch: parameter": ("m.pth", lambda: torch_zip(_parameter())),
    "plain torch: before zip": ("m.pth", _legacy_torch),
    "numpy: array in a pickle": ("m.pkl", _numpy_array),
    "numpy 2: array in a pickle": ("m.pkl", lambda: _numpy_array("numpy._core.multiarray")),
    "numpy: scalar": ("m.pkl", _numpy_scalar),
    "joblib: raw array": ("m.joblib", _joblib_array),
    "joblib: zlib": ("m.joblib", lambda: zlib.compress(_joblib_array())),
    "joblib: gzip": ("m.joblib.gz", lambda: gzip.compress(_joblib_array(), mtime=0)),
    "npy": ("x.npy", lambda: npy(_F8, bytes(16))),
    "npy 2.0": ("x.npy", lambda: npy(_F8, bytes(16), 2)),
    "npy with fields": ("x.npy", lambda: npy(_FIELDS, bytes(16))),
    "npy of nothing": ("x.npy", lambda: npy(_F8.replace("(2,)", "(0,)"), b"")),
    "npy of text": ("x.npy", lambda: npy(_F8.replace("<f8", "<U2"), bytes(16))),
    "npz": ("x.npz", lambda: archive({"a.npy": npy(_F8, bytes(16))})),
    "npz, packed": ("x.npz", lambda: archive({"a.npy": npy(_F8, bytes(16))}, packed=True)),
    "safetensors": (
        "m.safetensors",
        lambda: safetensors(
            '{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}',
            bytes(8),
        ),
    ),
    "safetensors with padding": (
        "m.safetensors",
        lambda: safetensors('{"a":{"dtype":"I8","shape":[],"data_offsets":[0,1]}}    ', b"\1"),
    ),
    "safetensors with an empty tensor": (
        "m.safetensors",
        lambda: safetensors('{"a":{"dtype":"BF16","shape":[0,3],"data_offsets":[0,0]}}'),
    ),
    "zip of texts": ("m.zip", lambda: archive({"README.md": b"# m\n", "config.json": b"{}"})),
    "zip in a zip": ("m.zip", lambda: archive({"a.zip": archive({"a.txt": b"words\n"})})),
    "tar.gz of texts": ("m.tar.gz", _tar),
    "gzip of a text": ("vocab.txt.gz", lambda: gzip.compress(b"the\nof\nand\n", mtime=0)),
    "csv": ("x.csv", lambda: b"a,b\n1,2\n3,4\n"),
    "text about attacks": (
        "README.md",
        lambda: b"# Security\n\nNever call `pickle.load` or `os.system('rm -rf /')` on this.\n",
    ),
    "json with a command as data": (
        "config.json",
        lambda: b'{"command": "python train.py", "eval": true}',
    ),
    "json of a tokenizer": (
        "tokenizer.json",
        lambda: json.dumps({"model": {"vocab": {"exec": 5}}}).encode(),
    ),
    "yaml with anchors": (
        "c.yaml",
        lambda: b"a: &x {lr: !!float 1, d: 2024-01-02}\nb: {<<: *x, n: !!str 5}\n",
    ),
    "yaml with a tag of its own": ("c.yaml", lambda: b"stages: !sequence [1, 2]\n"),
    "savedmodel with plain operations": (
        "saved_model.pb",
        lambda: (
            field(1, 1)
            + field(
                2,
                field(1, field(4, "serve") + field(5, "2.15.0"))
                + field(
                    2,
                    b"".join(
                        field(1, field(1, o) + field(2, o)) for o in ("Const", "MatMul", "Relu")
                    ),
                ),
            )
        ),
    ),
    "keras: dense": (
        "m.keras",
        lambda: archive(
            {
                "metadata.json": b'{"keras_version": "3.8.0", "date_saved": "2025-01-01"}',
                "config.json": json.dumps(
                    {
                        "module": "keras",
                        "class_name": "Sequential",
                        "config": {
                            "name": "s",
                            "layers": [
                                {
                                    "module": "keras.layers",
                                    "class_name": "Dense",
                                    "config": {"name": "d", "units": 1, "activation": "relu"},
                                }
                            ],
                        },
                    }
                ).encode(),
            }
        ),
    ),
}

_CHATS: dict[str, str] = {
    "chatml": (
        "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m.content }}<|im_end|>\n"
        "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
    ),
    "alternating roles": (
        "{% for m in messages %}{% if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}"
        "{{ raise_exception('roles must alternate') }}{% endif %}{{ m['content']|trim }}"
        "{% endfor %}"
    ),
    "tools": (
        "{%- set ns = namespace(tool=false) %}{%- for t in tools %}{{ t.function.name }}: "
        "{{ t | tojson(indent=2) }}{% set ns.tool = true %}{%- endfor %}"
    ),
    "macro and date": (
        "{%- macro line(r, c) %}{{ r ~ ': ' ~ c }}{%- endmacro %}{{ strftime_now('%d %b %Y') }}"
        "{% for m in messages %}{{ line(m.role, m.content) }}{% endfor %}"
    ),
    "class as a key": "{% for m in messages %}{{ m.class }} {{ m['import'] }}{% endfor %}",
    "filters": (
        "{{ messages | selectattr('role', 'equalto', 'user') | map(attribute='content') | join }}"
    ),
    "methods of text": (
        "{{ messages[0].content.split('</think>')[-1].lstrip('\\n').startswith('a') }}"
    ),
    "items": "{% for k, v in tools[0].items() %}{{ k }}={{ v|string|upper }}{% endfor %}",
}


def _tokenizer(template: str) -> Callable[[], bytes]:
    return lambda: json.dumps({"chat_template": template}).encode()


HARMLESS: tuple[Sample, ...] = (
    *(Sample(f"plain data, protocol {p}", "m.pkl", _pickled(_PLAIN, p), "") for p in range(6)),
    *(Sample(f"pickle: {t}", "m.pkl", _pickled(x, 4), "") for t, x in _THINGS.items()),
    *(Sample(t, f, b, "") for t, (f, b) in _FILES.items()),
    *(
        Sample(f"chat template: {t}", "tokenizer_config.json", _tokenizer(w), "")
        for t, w in _CHATS.items()
    ),
)
