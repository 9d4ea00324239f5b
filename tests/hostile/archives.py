"""Archives, checkpoints and packed files that carry a harmful pickle, or lie about their bytes.

Sources: the descriptions of CVE-2025-1944, 1945, 10155, 10156 and 10157, the nullifAI report, the
zip, tar, 7z, npy and joblib formats.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import pickle
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable

from hostile.build import NOT_CLEAN, Sample, archive, call, command, npy, torch_zip

BAD = command()
GOOD = pickle.dumps({"weight": [0.5, 0.25]}, 2)
_TORCH_LEGACY = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03."
_SYSTEM_INFO = pickle.dumps({"protocol_version": 1001, "little_endian": True}, 2)


def _slip(*names: str) -> Callable[[], bytes]:
    return lambda: archive(dict.fromkeys(names, b"x"))


def _link() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as target:
        info = zipfile.ZipInfo("link")
        info.create_system = 3
        info.external_attr = 0o120777 << 16
        target.writestr(info, "/etc/passwd")
    return out.getvalue()


def _bomb() -> bytes:
    return archive({"zeros": bytes(64 << 20)}, packed=True)


CENTRAL, END = b"PK\x01\x02", b"PK\x05\x06"


def _overlapping() -> bytes:
    """Many directory entries over one packed member."""
    data = archive({"zeros": bytes(1 << 20)}, packed=True)
    start, end = data.find(CENTRAL), data.find(END)
    entry = data[start:end]
    count = 2000
    tail = struct.pack("<HHIIH", count, count, len(entry) * count, start, 0)
    return data[:start] + entry * count + END + bytes(4) + tail


def _deep_zip() -> bytes:
    data = archive({"data.pkl": BAD})
    for _ in range(12):
        data = archive({"inner.zip": data})
    return data


def _tar(mode: str = "w", *, name: str = "data.pkl", data: bytes = BAD) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as target:
        info = tarfile.TarInfo(name)
        info.size = len(data)
        target.addfile(info, io.BytesIO(data))
    return out.getvalue()


def _tar_link(kind: bytes, target_name: str) -> Callable[[], bytes]:
    def build() -> bytes:
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w") as target:
            info = tarfile.TarInfo("weights.bin")
            info.type = kind
            info.linkname = target_name
            target.addfile(info)
        return out.getvalue()

    return build


def _legacy_torch() -> bytes:
    return _TORCH_LEGACY + _SYSTEM_INFO + BAD + pickle.dumps([], 2)


def _legacy_torch_decoy() -> bytes:
    """The magic number is computed by an evaluation."""
    return (
        call("builtins", "eval", "0x1950A86A20F9469CFC6C")
        + pickle.dumps(1001, 2)
        + _SYSTEM_INFO
        + GOOD
    )


def _tar_torch() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as target:
        for name, data in {
            "sys_info": _SYSTEM_INFO,
            "pickle": BAD,
            "storages": b"",
            "tensors": b"",
        }.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            target.addfile(info, io.BytesIO(data))
    return out.getvalue()


def _torchscript() -> bytes:
    code = (
        b"class Net(Module):\n  __parameters__ = []\n"
        b"  def forward(self: __torch__.Net, x: Tensor) -> Tensor:\n"
        b'    y = torch.from_file("/etc/passwd", False, 10)\n    return torch.add(x, y)\n'
    )
    return torch_zip(GOOD, {"archive/code/__torch__.py": code, "archive/constants.pkl": GOOD})


def _torchscript_constants() -> bytes:
    return torch_zip(GOOD, {"archive/code/__torch__.py": b"", "archive/constants.pkl": BAD})


def _torch_package() -> bytes:
    return archive(
        {
            "p/.data/extern_modules": b"os\n",
            "p/.data/version": b"6\n",
            "p/net/__init__.py": b"import os\nos.system('true')\n",
            "p/model/model.pkl": GOOD,
        }
    )


def _joblib_array() -> bytes:
    """Joblib's wrapper, raw bytes of an array in the stream, then the call."""
    wrapper = (
        b"cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81}(U\x08subclasscnumpy\nndarray\n"
        b"U\x05shapeK\x02\x85U\x05orderU\x01CU\x05dtypecnumpy\ndtype\n(U\x02f8I00\nI01\ntR"
        b"(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tbU\x0aallow_mmap\x89ub"
    )
    return b"\x80\x02](" + wrapper + struct.pack("<2d", 1, 2) + BAD[2:-1] + b"e."


def _npy_object(data: bytes = BAD) -> bytes:
    return npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", data)


def _npy_numbers() -> bytes:
    return npy("{'descr': '<f8', 'fortran_order': False, 'shape': (1,), }", bytes(8))


def _npy_hidden_object() -> bytes:
    return npy(
        "{'descr': [('a', '<f8'), ('b', '|O')], 'fortran_order': False, 'shape': (1,), }", BAD
    )


def _seven_zip(data: bytes, *, packed: bool = False) -> bytes:
    """A 7z archive with one member, stored or as LZMA2."""
    stream, coder = data, b"\x01\x00"
    if packed:
        filters = [{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 16}]
        stream = lzma.compress(data, lzma.FORMAT_RAW, filters=filters)
        coder = b"\x21\x21\x01\x08"  # one byte id, with one byte of properties: 64 KiB
    size, crc = len(data), struct.pack("<I", zlib.crc32(data))
    name = "data.pkl".encode("utf-16-le") + b"\0\0"
    header = (
        b"\x01\x04\x06\x00\x01\x09" + _number(len(stream)) + b"\x00"
        b"\x07\x0b\x01\x00\x01"
        + coder
        + b"\x0c"
        + _number(size)
        + b"\x00\x08\x0a\x01"
        + crc
        + b"\x00\x00"
        b"\x05\x01\x11" + _number(len(name) + 1) + b"\x00" + name + b"\x00\x00"
    )
    start = struct.pack("<QQI", len(stream), len(header), zlib.crc32(header))
    magic = b"7z\xbc\xaf\x27\x1c\x00\x04"
    return magic + struct.pack("<I", zlib.crc32(start)) + start + stream + header


def _number(size: int) -> bytes:
    """A 7z number below 16,384."""
    return bytes([size]) if size < 0x80 else bytes([0x80 | size >> 8, size & 0xFF])


def _pickle_that_is_a_zip() -> bytes:
    return BAD + archive({"a.txt": b"x"})


def _zip_in_picture() -> bytes:
    return b"\x89PNG\r\n\x1a\n" + bytes(100) + archive({"data.pkl": BAD})


_RUNS = "a loader that unpickles the member runs the call"
_WRITES = "unpacking writes outside the folder"

_TORCH: dict[str, Callable[[], bytes]] = {
    "zip": lambda: torch_zip(BAD),
    "zip, deflated": lambda: archive(
        {"archive/data.pkl": BAD, "archive/version": b"3"}, packed=True
    ),
    "zip with another root": lambda: archive({"x/y/data.pkl": BAD, "x/y/version": b"3"}),
    "zip with a second pickle": lambda: torch_zip(GOOD, {"archive/extra/hook.pkl": BAD}),
    "zip whose storage is a pickle": lambda: archive(
        {"archive/data.pkl": GOOD, "archive/data/0": BAD, "archive/version": b"3"}
    ),
    "before zip": _legacy_torch,
    "before zip, magic number by eval": _legacy_torch_decoy,
    "tar": _tar_torch,
    "script with file access": _torchscript,
    "script with harmful constants": _torchscript_constants,
    "package with code": _torch_package,
}

_PACKED: dict[str, tuple[str, Callable[[], bytes]]] = {
    "tar": ("model.tar", _tar),
    "tar.gz": ("model.tar.gz", lambda: _tar("w:gz")),
    "tar.bz2": ("model.tar.bz2", lambda: _tar("w:bz2")),
    "tar.xz": ("model.tar.xz", lambda: _tar("w:xz")),
    "gzip": ("model.pkl.gz", lambda: gzip.compress(BAD, mtime=0)),
    "bz2": ("model.pkl.bz2", lambda: bz2.compress(BAD)),
    "xz": ("model.pkl.xz", lambda: lzma.compress(BAD)),
    "lzma": ("model.pkl.lzma", lambda: lzma.compress(BAD, lzma.FORMAT_ALONE)),
    "zlib, as joblib writes it": ("model.joblib", lambda: zlib.compress(BAD)),
    "zlib, fastest": ("model.joblib", lambda: zlib.compress(BAD, 1)),
    "gzip in gzip": ("model.pkl", lambda: gzip.compress(gzip.compress(BAD, mtime=0), mtime=0)),
    "two gzip members": (
        "model.pkl.gz",
        lambda: gzip.compress(GOOD, mtime=0) + gzip.compress(BAD, mtime=0),
    ),
    "gzip cut off at the end": ("model.pkl.gz", lambda: gzip.compress(BAD, mtime=0)[:-6]),
    "joblib array before the call": ("model.joblib", _joblib_array),
    "npy of objects": ("x.npy", _npy_object),
    "npy with one field of objects": ("x.npy", _npy_hidden_object),
    "npy that is a pickle": ("x.npy", lambda: BAD),
    "npz with an array of objects": ("x.npz", lambda: archive({"a.npy": _npy_object()})),
    "npz whose member is a pickle": ("x.npz", lambda: archive({"a.npy": BAD})),
    "7z, stored": ("model.7z", lambda: _seven_zip(BAD)),
    "7z, LZMA2": ("model.bin", lambda: _seven_zip(BAD, packed=True)),
    "pickle in front of a zip": ("model.bin", _pickle_that_is_a_zip),
    "zip behind a picture": ("logo.png", _zip_in_picture),
    "pickle called json": ("config.json", lambda: BAD),
    "pickle called safetensors": ("model.safetensors", lambda: BAD),
    "pickle called png": ("logo.png", lambda: BAD),
    "pickle called txt": ("README.txt", lambda: b"cos\nsystem\n(S'true'\ntR."),
    "pickle called py": ("setup.py", lambda: b"cos\nsystem\n(S'true'\ntR."),
    "pickle called onnx": ("model.onnx", lambda: BAD),
    "zip called pth": ("model.pth", lambda: archive({"data.pkl": BAD})),
    "pickle inside npz beside arrays": (
        "x.npz",
        lambda: archive({"w.npy": _npy_numbers(), "x": BAD}),
    ),
}

_OUTSIDE: dict[str, tuple[str, Callable[[], bytes]]] = {
    "zip climbs with dots": ("m.zip", _slip("../../etc/cron.d/x")),
    "zip with an absolute name": ("m.zip", _slip("/etc/cron.d/x")),
    "zip climbs with backslashes": ("m.zip", _slip("..\\..\\x")),
    "zip with a drive": ("m.zip", _slip("C:\\Windows\\x")),
    "zip with a link out": ("m.zip", _link),
    "tar climbs with dots": ("m.tar", lambda: _tar(name="../../x", data=b"x")),
    "tar with an absolute name": ("m.tar", lambda: _tar(name="/etc/cron.d/x", data=b"x")),
    "tar with a symbolic link out": ("m.tar", _tar_link(tarfile.SYMTYPE, "/etc/passwd")),
    "tar with a hard link out": ("m.tar", _tar_link(tarfile.LNKTYPE, "../../etc/passwd")),
    "tar with a device": ("m.tar", _tar_link(tarfile.BLKTYPE, "")),
}

_BOMBS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "zip of zeros": ("m.zip", _bomb),
    "gzip of zeros": ("m.gz", lambda: gzip.compress(bytes(64 << 20), 6, mtime=0)),
    "bz2 of zeros": ("m.bz2", lambda: bz2.compress(bytes(64 << 20))),
    "zip with overlapping members": ("m.zip", _overlapping),
    "twelve zips in each other": ("m.zip", _deep_zip),
}

ARCHIVES: tuple[Sample, ...] = (
    *(Sample(f"torch: {t}", "model.pt", b, _RUNS) for t, b in _TORCH.items()),
    *(Sample(f"packed: {t}", f, b, _RUNS) for t, (f, b) in _PACKED.items()),
    *(Sample(f"outside: {t}", f, b, _WRITES) for t, (f, b) in _OUTSIDE.items()),
    *(
        Sample(f"bomb: {t}", f, b, "fills disk or memory", NOT_CLEAN)
        for t, (f, b) in _BOMBS.items()
    ),
)
