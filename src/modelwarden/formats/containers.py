"""Lines of the catalogue: archives, compressed files, and what PyTorch and NumPy write."""

from __future__ import annotations

from modelwarden.formats.entry import TAIL, Format, Mark, family

_SKIPPABLE = tuple(Mark(bytes([byte]) + b"*M\x18") for byte in range(0x50, 0x60))
_ZLIB = tuple(Mark(bytes([method])) for method in range(0x08, 0x79, 0x10))
_SINGLE = "modelwarden.formats.compressed"
_TARRED = "modelwarden.formats.torch.tarred"

CONTAINERS: tuple[Format, ...] = (
    Format("torch-legacy", "modelwarden.formats.torch.legacy", "PyTorch file", of="pickle"),
    Format(
        "zip",
        "modelwarden.formats.zip.reader",
        "Zip archive",
        (Mark(b"PK\x03\x04"), Mark(b"PK\x05\x06", TAIL)),
    ),
    *family("zip", "modelwarden.formats.npz", {"npz": "NumPy archive"}),
    *family(
        "zip",
        "modelwarden.formats.torch.zipped",
        {"torch-zip": "PyTorch archive", "torchscript": "TorchScript archive"},
    ),
    *family("zip", "modelwarden.formats.torch.package", {"torch-package": "torch.package"}),
    Format("npy", "modelwarden.formats.npy", "NumPy array", (Mark(b"\x93NUMPY"),)),
    Format(
        "tar", "modelwarden.formats.tar", "tar archive", (Mark(b"ustar", 257), Mark(bytes(8), 257))
    ),
    *family("tar", "modelwarden.formats.tar", {"torch-tar": "PyTorch tar"}),
    *family("tar", f"{_TARRED}:STORAGES", {"torch-tar-storages": "storages of a PyTorch tar"}),
    *family("tar", f"{_TARRED}:TENSORS", {"torch-tar-tensors": "tensors of a PyTorch tar"}),
    Format("gzip", f"{_SINGLE}:GZIP", "gzip", (Mark(b"\x1f\x8b\x08"),)),
    Format("bzip2", f"{_SINGLE}:BZIP2", "bzip2", (Mark(b"BZh"),)),
    Format("xz", f"{_SINGLE}:XZ", "xz", (Mark(b"\xfd7zXZ\0"),)),
    Format("lzma", f"{_SINGLE}:LZMA", "lzma", (Mark(bytes(3), 10), Mark(b"\xff" * 8, 5))),
    Format("zlib", f"{_SINGLE}:ZLIB", "zlib stream", _ZLIB),
    Format("lz4", f"{_SINGLE}:LZ4", "LZ4 frame", (Mark(b"\x04\x22M\x18"), *_SKIPPABLE)),
    Format("zstd", f"{_SINGLE}:ZSTD", "Zstandard", (Mark(b"\x28\xb5\x2f\xfd"), *_SKIPPABLE)),
    Format("joblib-zf", f"{_SINGLE}:JOBLIB_ZF", "joblib before 0.10", (Mark(b"ZF0x"),)),
    Format("7z", "modelwarden.formats.sevenzip.reader", "7z archive", (Mark(b"7z\xbc\xaf'\x1c"),)),
)
