"""Harm in formats around pickle: tensors, YAML, chat templates, Keras, TensorFlow, ONNX, GGUF.

Sources: the safetensors specification; CVE-2024-34359, CVE-2024-3568, CVE-2025-1550, CVE-2025-8747,
CVE-2025-9905, CVE-2025-9906, CVE-2025-12058, CVE-2025-49655; PyYAML's tag documentation; the
TensorFlow security guide; the ONNX and GGUF specifications.
"""

from __future__ import annotations

import base64
import json
import marshal
import struct
from collections.abc import Callable

from hostile.build import (
    MEDIUM,
    NOT_CLEAN,
    Sample,
    archive,
    call,
    command,
    field,
    safetensors,
)


def _tensor(
    dtype: str = "F32", shape: tuple[int, ...] = (2,), ends: tuple[int, int] = (0, 8)
) -> dict[str, object]:
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(ends)}


def _safe(header: object, body: bytes = bytes(8)) -> Callable[[], bytes]:
    text = header if isinstance(header, str) else json.dumps(header)
    return lambda: safetensors(text, body)


_TENSORS: dict[str, Callable[[], bytes]] = {
    "header longer than the file": lambda: struct.pack("<Q", 1 << 40) + b"{}",
    "header over the cap": lambda: struct.pack("<Q", 100_000_001) + b"{}" + bytes(64),
    "header that is no JSON": lambda: safetensors('{"a": '),
    "header that is a list": _safe([1, 2, 3]),
    "header after a blank": _safe(' {"a": ' + json.dumps(_tensor()) + "}"),
    "two tensors of one name": _safe(
        '{"a": ' + json.dumps(_tensor()) + ', "a": ' + json.dumps(_tensor(ends=(0, 8))) + "}"
    ),
    "overlapping tensors": _safe({"a": _tensor(), "b": _tensor(ends=(4, 12))}, bytes(12)),
    "a hole between tensors": _safe({"a": _tensor(), "b": _tensor(ends=(40, 48))}, bytes(48)),
    "bytes behind the last tensor": _safe({"a": _tensor()}, bytes(8) + command()),
    "a pickle in the hole": _safe({"a": _tensor(ends=(25, 33))}, command() + bytes(8)),
    "offsets past the end": _safe({"a": _tensor(shape=(200,), ends=(0, 800))}),
    "offsets the wrong way": _safe({"a": _tensor(ends=(8, 0))}),
    "negative offsets": _safe({"a": _tensor(ends=(-8, 0))}),
    "shape that does not fill the bytes": _safe({"a": _tensor(shape=(3,))}),
    "shape that overflows": _safe({"a": _tensor(shape=(1 << 62, 8), ends=(0, 8))}),
    "unknown dtype": _safe({"a": _tensor(dtype="PICKLE")}),
    "metadata that is not text": _safe({"__metadata__": {"a": {"b": 1}}, "a": _tensor()}),
    "offsets that are not numbers": _safe(
        {"a": {"dtype": "F32", "shape": [2], "data_offsets": ["0", "8"]}}
    ),
    "zip behind the tensors": _safe({"a": _tensor()}, bytes(8) + archive({"data.pkl": command()})),
    "a header of ten thousand brackets": _safe("[" * 10_000),
}

_YAML: dict[str, str] = {
    "apply": "model: !!python/object/apply:os.system ['true']\n",
    "apply with keywords": "x: !!python/object/apply:subprocess.Popen\n  kwds: {args: ['true']}\n",
    "new": "x: !!python/object/new:os.system ['true']\n",
    "new with a state": (
        "x: !!python/object/new:type\n"
        "  args: ['z', !!python/tuple [], {'extend': !!python/name:exec }]\n"
        "  listitems: 'pass'\n"
    ),
    "object": "x: !!python/object:subprocess.Popen {args: ['true']}\n",
    "name": "x: !!python/name:os.system\n",
    "module": "x: !!python/module:antigravity\n",
    "verbatim tag": "x: !<tag:yaml.org,2002:python/object/apply:os.system> ['true']\n",
    "tag under a handle": (
        "%TAG !p! tag:yaml.org,2002:python/object/apply:\n---\nx: !p!os.system ['true']\n"
    ),
    "tag with percent signs": "x: !!python/object/apply:os%2Esystem ['true']\n",
    "tag on a key": "? !!python/object/apply:os.system ['true']\n: 1\n",
    "tag in a flow list": "x: [1, [2, !!python/object/apply:os.system ['true']]]\n",
    "tag behind an anchor": "x: &a !!python/object/apply:os.system ['true']\ny: *a\n",
    "tag in the second document": "a: 1\n---\nb: !!python/object/apply:os.system ['true']\n",
}

_TEMPLATES: dict[str, str] = {
    "subclasses": "{{ ().__class__.__base__.__subclasses__() }}",
    "globals of lipsum": "{{ lipsum.__globals__['os'].popen('true').read() }}",
    "globals of cycler": "{{ cycler.__init__.__globals__.os.system('true') }}",
    "globals of namespace": "{% set n = namespace() %}{{ n.__init__.__globals__ }}",
    "attr filter": "{{ ''|attr('__class__')|attr('__mro__') }}",
    "name in pieces": "{{ ''['__cla' ~ 'ss__'] }}",
    "name in hexadecimal": "{{ ''['\\x5f\\x5fclass\\x5f\\x5f'] }}",
    "name by join": "{{ ''|attr(['__', 'class', '__']|join) }}",
    "name by format": "{{ ''|attr('%s%s%s'|format('__', 'class', '__')) }}",
    "name by reverse": "{{ ''|attr('__ssalc__'|reverse) }}",
    "name in a variable": "{% set a = '__globals__' %}{{ lipsum[a] }}",
    "map with an attribute": "{{ messages|map(attribute='__class__.__mro__')|list }}",
    "self": "{{ self._TemplateReference__context }}",
    "import": "{{ __import__('os').system('true') }}",
    "include of a file": "{% include '/etc/passwd' %}",
    "in a macro that is called": "{% macro m() %}{{ lipsum.__globals__ }}{% endmacro %}{{ m() }}",
    "behind a condition": (
        "{% if messages|length > 40 %}{{ joiner.__init__.__globals__ }}{% endif %}"
    ),
    "in a loop over subclasses": (
        "{% for c in ''.__class__.__base__.__subclasses__() %}{% if c.__name__ == 'Popen' %}"
        "{{ c('true') }}{% endif %}{% endfor %}"
    ),
    "in a line that looks like a comment": "{#- note -#}{{- cycler['__init__']['__globals__'] -}}",
}


def _keras(config: object, extra: dict[str, bytes] | None = None) -> Callable[[], bytes]:
    members = {
        "metadata.json": json.dumps(
            {"keras_version": "3.8.0", "date_saved": "2025-01-01"}
        ).encode(),
        "config.json": json.dumps(config).encode(),
        "model.weights.h5": b"\x89HDF\r\n\x1a\n" + bytes(88),
    }
    return lambda: archive(members | (extra or {}))


def _sequential(layer: dict[str, object]) -> dict[str, object]:
    return {
        "module": "keras",
        "class_name": "Sequential",
        "config": {"name": "model", "layers": [layer]},
        "registered_name": None,
    }


def _lambda_layer(module: str = "keras.layers") -> dict[str, object]:
    code = base64.b64encode(marshal.dumps(compile("0", "<lambda>", "eval"))).decode()
    function = {"class_name": "__lambda__", "config": {"code": code, "defaults": None}}
    return {"module": module, "class_name": "Lambda", "config": {"name": "l", "function": function}}


_KERAS: dict[str, Callable[[], bytes]] = {
    "Lambda": _keras(_sequential(_lambda_layer())),
    "Lambda under another module path": _keras(
        _sequential(_lambda_layer("keras.src.layers.core.lambda_layer"))
    ),
    "Lambda inside a wrapper": _keras(
        _sequential(
            {
                "module": "keras.layers",
                "class_name": "TimeDistributed",
                "config": {"name": "t", "layer": _lambda_layer()},
            }
        )
    ),
    "function named in the configuration (CVE-2025-1550)": _keras(
        _sequential(
            {
                "module": "os",
                "class_name": "function",
                "config": "system",
                "registered_name": "system",
            }
        )
    ),
    "class of any module": _keras(
        _sequential({"module": "subprocess", "class_name": "Popen", "config": {"args": ["true"]}})
    ),
    "gadget inside keras (CVE-2025-8747)": _keras(
        _sequential(
            {
                "module": "keras.src.utils.file_utils",
                "class_name": "function",
                "config": "get_file",
                "registered_name": "get_file",
            }
        )
    ),
    "switches safe mode off first (CVE-2025-9906)": _keras(
        _sequential(
            {
                "module": "keras.config",
                "class_name": "function",
                "config": "enable_unsafe_deserialization",
                "registered_name": "enable_unsafe_deserialization",
            }
        )
    ),
    "torch module wrapper (CVE-2025-49655)": _keras(
        _sequential(
            {
                "module": "keras.layers",
                "class_name": "TorchModuleWrapper",
                "config": {"name": "t", "module": base64.b64encode(command()).decode()},
            }
        )
    ),
    "vocabulary from a path (CVE-2025-12058)": _keras(
        _sequential(
            {
                "module": "keras.layers",
                "class_name": "StringLookup",
                "config": {"name": "s", "vocabulary": "/etc/passwd"},
            }
        )
    ),
    "a pickle beside the weights": _keras(
        _sequential({"class_name": "Dense", "config": {}}), {"extra.pkl": command()}
    ),
    "climbs out of its folder": _keras(
        _sequential({"class_name": "Dense", "config": {}}), {"../../x": b"x"}
    ),
}


def _node(operation: str, name: str = "n") -> bytes:
    node = field(1, name) + field(2, operation)
    if operation == "PrintV2":
        stream = field(2, "file:///tmp/printed")
        node += field(5, field(1, "output_stream") + field(2, stream))
    return node


def _saved_model(*operations: str, library: tuple[str, ...] = ()) -> bytes:
    graph = b"".join(field(1, _node(op, f"n{i}")) for i, op in enumerate(operations))
    if library:
        body = field(1, field(1, "helper")) + b"".join(field(3, _node(op)) for op in library)
        graph += field(2, field(1, body))
    meta = field(1, field(4, "serve") + field(5, "2.15.0")) + field(2, graph)
    return field(1, 1) + field(2, meta)


_TF: dict[str, Callable[[], bytes]] = {
    "reads a file": lambda: _saved_model("Const", "ReadFile"),
    "writes a file": lambda: _saved_model("Const", "WriteFile"),
    "lists files": lambda: _saved_model("MatchingFiles"),
    "calls Python": lambda: _saved_model("PyFunc"),
    "calls Python, stateless": lambda: _saved_model("PyFuncStateless"),
    "calls Python, eager": lambda: _saved_model("EagerPyFunc"),
    "reads a file inside a library function": lambda: _saved_model(
        "PartitionedCall", library=("ReadFile",)
    ),
    "prints to a file": lambda: _saved_model("PrintV2"),
    "an operation that nobody knows": lambda: _saved_model("AcmeRun"),
}


# What it does is not in the file; a victim would have to install it first.
_TF_EXPECT = {"an operation that nobody knows": NOT_CLEAN}


def _onnx(location: str = "", domain: str = "", operation: str = "Add") -> bytes:
    node = (
        field(1, "x") + field(2, "y") + field(4, operation) + (field(7, domain) if domain else b"")
    )
    graph = field(1, node) + field(2, "g")
    if location:
        entry = field(1, "location") + field(2, location)
        graph += field(
            5, field(1, 4) + field(2, 1) + field(8, "w") + field(13, entry) + field(14, 1)
        )
    return field(1, 8) + field(2, "exporter") + field(7, graph) + field(8, field(2, 17))


def _gguf(
    template: str = "", *, counts: tuple[int, int] = (0, 1), length: int | None = None
) -> bytes:
    def text(word: str, size: int | None = None) -> bytes:
        data = word.encode()
        return struct.pack("<Q", len(data) if size is None else size) + data

    pair = text("tokenizer.chat_template") + struct.pack("<I", 8) + text(template, length)
    return b"GGUF" + struct.pack("<IQQ", 3, *counts) + pair


_OTHERS: dict[str, tuple[str, Callable[[], bytes], str]] = {
    "onnx: weights outside the folder": ("m.onnx", lambda: _onnx("../../etc/passwd"), NOT_CLEAN),
    "onnx: weights at an absolute path": ("m.onnx", lambda: _onnx("/etc/passwd"), NOT_CLEAN),
    "onnx: operator of a foreign domain": (
        "m.onnx",
        lambda: _onnx(domain="com.acme", operation="Run"),
        NOT_CLEAN,
    ),
    "onnx: operator that calls Python": (
        "m.onnx",
        lambda: _onnx(domain="ai.onnx.contrib", operation="PyOp"),
        NOT_CLEAN,
    ),
    "gguf: harmful chat template": (
        "m.gguf",
        lambda: _gguf(_TEMPLATES["globals of lipsum"]),
        NOT_CLEAN,
    ),
    "gguf: more entries than bytes": ("m.gguf", lambda: _gguf("x", counts=(0, 1 << 60)), NOT_CLEAN),
    "gguf: text longer than the file": ("m.gguf", lambda: _gguf("x", length=1 << 62), NOT_CLEAN),
    "gguf: more tensors than bytes": ("m.gguf", lambda: _gguf("x", counts=(1 << 61, 1)), NOT_CLEAN),
    "pmml: reads a file by an entity": (
        "m.pmml",
        lambda: (
            b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
            b'<PMML version="4.4" xmlns="http://www.dmg.org/PMML-4_4"><Header>&e;</Header></PMML>'
        ),
        NOT_CLEAN,
    ),
    "json: configuration with a key of a cloud": (
        "config.json",
        lambda: json.dumps(
            {"aws_access_key_id": "AKIA" + "Q3EGRWNH5TZXK7MB", "model": "m"}
        ).encode(),
        MEDIUM,
    ),
    "pickle whose text is a private key": (
        "model.pkl",
        lambda: call(
            "builtins",
            "eval",
            "-----BEGIN RSA PRIVATE KEY-----",
        ),
        MEDIUM,
    ),
}


def _tokenizer(template: object) -> Callable[[], bytes]:
    return lambda: json.dumps({"tokenizer_class": "T", "chat_template": template}).encode()


def _text(words: str) -> Callable[[], bytes]:
    return words.encode


_LIST = [{"name": "default", "template": "{{ messages }}"}]

FORMATS: tuple[Sample, ...] = (
    *(
        Sample(
            f"safetensors: {t}",
            "model.safetensors",
            b,
            "reads out of bounds or hides bytes",
            NOT_CLEAN,
        )
        for t, b in _TENSORS.items()
    ),
    *(
        Sample(f"yaml: {t}", "config.yaml", _text(w), "an unsafe YAML loader makes the object")
        for t, w in _YAML.items()
    ),
    *(
        Sample(f"template: {t}", "tokenizer_config.json", _tokenizer(w), "rendering escapes")
        for t, w in _TEMPLATES.items()
    ),
    Sample(
        "template: one of several",
        "tokenizer_config.json",
        _tokenizer([*_LIST, {"name": "tool", "template": _TEMPLATES["subclasses"]}]),
        "rendering escapes",
    ),
    Sample(
        "template: a file of its own",
        "chat_template.jinja",
        _text(_TEMPLATES["globals of cycler"]),
        "rendering escapes",
    ),
    Sample(
        "template: in chat_template.json",
        "chat_template.json",
        _text(json.dumps({"chat_template": _TEMPLATES["attr filter"]})),
        "rendering escapes",
    ),
    *(Sample(f"keras: {t}", "model.keras", b, "loading runs it") for t, b in _KERAS.items()),
    *(
        Sample(
            f"tensorflow: {t}", "saved_model.pb", b, "running does it", _TF_EXPECT.get(t, MEDIUM)
        )
        for t, b in _TF.items()
    ),
    *(Sample(t, f, b, "loading or running does it", e) for t, (f, b, e) in _OTHERS.items()),
)
