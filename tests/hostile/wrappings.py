"""A harmful pickle in packings that loaders or unpackers take, and 7z archives that lie.

A fresh round of inventions: concatenated and skippable frames, extended tar records, solid and
filtered 7z folders, pickles behind text, old layouts of joblib, and opcodes in odd spellings.
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
from dataclasses import replace

import sevenzips
import torchfiles
import ziptricks
from hostile.build import MEDIUM, NOT_CLEAN, REDUCE, Sample, archive, call, command, npy, text
from hostile.roads import P2, P4, P5, SYSTEM, TRUE

BAD = command()
OLD = b"cos\nsystem\n(S'true'\ntR."
GOOD = pickle.dumps({"w": [0.5]}, 2)
Builder = Callable[[], bytes]


def tarred(*entries: tuple[tarfile.TarInfo, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as target:
        for info, data in entries:
            info.size = len(data)
            target.addfile(info, io.BytesIO(data))
    return out.getvalue()


def entry(name: str, **pax: str) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.pax_headers = pax
    return info


def block(name: bytes, data: bytes, kind: bytes = b"0", *, honest: bool = True) -> bytes:
    """A tar record by hand, with a checksum that may be wrong."""
    head = bytearray(512)
    head[:100] = name.ljust(100, b"\0")
    head[100:108], head[108:116], head[116:124] = b"0000644\0", b"0000000\0", b"0000000\0"
    head[124:136], head[136:148] = b"%011o\0" % len(data), b"00000000000\0"
    head[148:156], head[156:157], head[257:265] = b" " * 8, kind, b"ustar\x0000"
    head[148:156] = b"%06o\0 " % (sum(head) + (0 if honest else 1))
    return bytes(head) + data + bytes(-len(data) % 512)


def pax(**records: str) -> bytes:
    lines = b""
    for key, value in records.items():
        body = f" {key}={value}\n".encode()
        size = len(body) + len(str(len(body) + 2))
        lines += str(size).encode() + body
    return lines


def gzipped(data: bytes, flags: int, fields: bytes) -> bytes:
    machine = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = machine.compress(data) + machine.flush()
    tail = struct.pack("<II", zlib.crc32(data), len(data))
    return b"\x1f\x8b\x08" + bytes([flags]) + bytes(4) + b"\0\x03" + fields + body + tail


def zstandard(data: bytes) -> bytes:
    """A zstd frame of raw blocks, written by hand."""
    head = b"\x28\xb5\x2f\xfd\x00\x58"
    return head + (len(data) << 3 | 1).to_bytes(3, "little") + data


def lz4_frame(data: bytes) -> bytes:
    """An lz4 frame with one block that is stored; the header's check byte is that of its fields."""
    return (
        b"\x04\x22\x4d\x18\x60\x40\x82" + struct.pack("<I", len(data) | 1 << 31) + data + bytes(4)
    )


def seven(*data: bytes, chain: str = "lzma2", **more: bool) -> Builder:
    members = [sevenzips.Member(f"m{n}.pkl", part) for n, part in enumerate(data)]
    return lambda: sevenzips.archive(members, chain, **more)


def unknown_coder(method: bytes) -> bytes:
    """A 7z archive whose folder names a decoder that we do not have."""
    coders = [sevenzips.coder(method)]
    members = [sevenzips.Member("m.pkl", BAD)]
    header = b"\x01\x04" + sevenzips.streams([BAD], [[len(BAD)]], coders)
    return sevenzips.enclose(BAD, header + sevenzips.files(members) + b"\0")


def seven_bomb() -> bytes:
    return sevenzips.archive([sevenzips.Member("zeros", bytes(64 << 20))], "lzma2")


def seven_count(count: int) -> bytes:
    """A header that announces very many folders."""
    header = b"\x01\x04\x06\x00" + sevenzips.number(count) + b"\x09" + b"\x01" * 64 + b"\0"
    return sevenzips.enclose(BAD, header + b"\0\0")


def seven_nested() -> bytes:
    data = BAD
    for _ in range(12):
        data = sevenzips.archive([sevenzips.Member("inner.7z", data)])
    return data


def seven_short(name: str) -> Builder:
    """An archive whose member, a link or a path that climbs, leads outside."""
    kind = 0o120777 << 16 | 0x8000
    if name == "link":
        member = sevenzips.Member("link", b"../../etc/passwd", kind)
    else:
        member = sevenzips.Member(name, b"x")
    return lambda: sevenzips.archive([member, sevenzips.Member("m.pkl", GOOD)])


def seven_flipped(at: int) -> Builder:
    def build() -> bytes:
        data = bytearray(seven(BAD)())
        data[at] ^= 0xFF
        return bytes(data)

    return build


def joblib_z(data: bytes) -> bytes:
    """What joblib wrote before 0.10: `ZF`, the length in hexadecimal digits, zlib."""
    return b"ZF" + hex(len(data)).encode().ljust(19) + zlib.compress(data)


def wrapper(dtype: bytes, shape: bytes, array: bytes) -> bytes:
    """One of joblib's arrays in a pickle, with bytes of the file's choosing behind it."""
    made = b"cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81}(U\x08subclasscnumpy\nndarray\n"
    made += b"U\x05shape" + shape + b"U\x05orderU\x01CU\x05dtype" + dtype
    return P2 + made + b"U\x0aallow_mmap\x88ub" + array


FLOATS = (
    b"cnumpy\ndtype\nU\x02f8\x89\x88\x87R(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
)
OBJECTS = (
    b"cnumpy\ndtype\nU\x02O8\x89\x88\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x3ftb"
)


def codec(name: str) -> bytes:
    """The name `system`, decoded while loading by one of Python's codecs."""
    spelled = {"rot13": b"flfgrz", "hex": b"73797374656d", "base64": b"c3lzdGVt"}[name]
    decode = b"c_codecs\ndecode\n" + text(spelled.decode()) + text(name) + b"\x86R"
    return P4 + text("os") + decode + b"\x93" + TRUE + b"R."


def torch_with(**records: bytes) -> bytes:
    return torchfiles.checkpoint(**records)


# title -> name of the file, builder
_PACKED: dict[str, tuple[str, Builder]] = {
    "gzip with a name, a comment and an extra field": (
        "m.pkl.gz",
        lambda: gzipped(BAD, 0x1C, b"\x04\0abcd" + b"name\0" + b"comment\0"),
    ),
    "gzip with a checksum of its header": ("m.gz", lambda: gzipped(BAD, 2, b"\0\0")),
    "gzip whose second member holds it": (
        "m.gz",
        lambda: gzip.compress(b"", mtime=0) + gzip.compress(BAD, mtime=0),
    ),
    "gzip behind zeros behind a gzip": (
        "m.gz",
        lambda: gzip.compress(b"hello", mtime=0) + bytes(64) + gzip.compress(BAD, mtime=0),
    ),
    "gzip with a pickle behind its end": ("m.gz", lambda: gzip.compress(GOOD, mtime=0) + BAD),
    "bz2 whose second stream holds it": ("m.bz2", lambda: bz2.compress(b"") + bz2.compress(BAD)),
    "xz whose second stream holds it": ("m.xz", lambda: lzma.compress(b"") + lzma.compress(BAD)),
    "xz with padding and then another": (
        "m.xz",
        lambda: lzma.compress(b"") + bytes(8) + lzma.compress(BAD),
    ),
    "xz with a delta filter": (
        "m.xz",
        lambda: lzma.compress(
            BAD,
            filters=[{"id": lzma.FILTER_DELTA, "dist": 1}, {"id": lzma.FILTER_LZMA2}],
        ),
    ),
    "lzma with an unknown size": ("m.lzma", lambda: lzma.compress(BAD, lzma.FORMAT_ALONE)),
    "zstd of raw blocks": ("m.zst", lambda: zstandard(BAD)),
    "zstd behind a frame that readers skip": (
        "m.zst",
        lambda: b"\x50\x2a\x4d\x18\x04\0\0\0abcd" + zstandard(BAD),
    ),
    "zstd whose second frame holds it": ("m.zst", lambda: zstandard(b"x") + zstandard(BAD)),
    "lz4 of a stored block": ("m.lz4", lambda: lz4_frame(BAD)),
    "lz4 behind a frame that readers skip": (
        "m.lz4",
        lambda: b"\x51\x2a\x4d\x18\x04\0\0\0abcd" + lz4_frame(BAD),
    ),
    "five packings in each other": (
        "m.bin",
        lambda: zlib.compress(lzma.compress(bz2.compress(gzip.compress(zlib.compress(BAD))))),
    ),
    "ten gzips in each other": ("m.bin", lambda: _often(gzip.compress, 10)),
    "zlib with a preset dictionary": ("m.joblib", lambda: _preset()),
    "joblib before 0.10": ("m.pkl.z", lambda: joblib_z(BAD)),
    "tar whose pax record gives another name": (
        "m.tar",
        lambda: tarred((entry("readme.txt", path="data.pkl"), BAD)),
    ),
    "tar with a global pax record": (
        "m.tar",
        lambda: block(b"g", pax(comment="x"), b"g") + block(b"data.pkl", BAD) + bytes(1024),
    ),
    "tar whose pax record gives another size": (
        "m.tar",
        lambda: block(b"x", pax(size=str(len(BAD))), b"x") + block(b"a.pkl", BAD) + bytes(1024),
    ),
    "tar with a GNU long name": (
        "m.tar",
        lambda: tarred((entry("a/" * 90 + "data.pkl"), BAD), form=tarfile.GNU_FORMAT),
    ),
    "tar with a wrong checksum in its second record": (
        "m.tar",
        lambda: block(b"a.txt", b"x") + block(b"a.pkl", BAD, honest=False) + bytes(1024),
    ),
    "tar with another tar behind its end": (
        "m.tar",
        lambda: block(b"a.txt", b"x") + bytes(1024) + block(b"a.pkl", BAD) + bytes(1024),
    ),
    "tar with a contiguous file": ("m.tar", lambda: block(b"a.pkl", BAD, b"7") + bytes(1024)),
    "tar with a member of an unknown kind": (
        "m.tar",
        lambda: block(b"a.pkl", BAD, b"Q") + bytes(1024),
    ),
    "tar with a volume label of bytes": ("m.tar", lambda: block(b"a.pkl", BAD, b"V") + bytes(1024)),
    "tar with a sparse member of GNU's": (
        "m.tar",
        lambda: block(b"a.pkl", BAD, b"S") + bytes(1024),
    ),
    "tar of format 7": ("m.tar", lambda: tarred((entry("a.pkl"), BAD), form=tarfile.USTAR_FORMAT)),
    "tar in a 7z in a zip": (
        "m.zip",
        lambda: archive({"a.7z": seven(tarred((entry("a.pkl"), BAD)))()}),
    ),
    "7z, solid, second of three": ("m.7z", seven(b"x" * 50, BAD, b"y" * 50, solid=True)),
    "7z, two folders": ("m.7z", seven(GOOD, BAD)),
    "7z with a packed header": ("m.7z", seven(BAD, encoded=True)),
    "7z, LZMA": ("m.7z", seven(BAD, chain="lzma")),
    "7z, BZip2": ("m.7z", seven(BAD, chain="bzip2")),
    "7z, Deflate": ("m.7z", seven(BAD, chain="deflate")),
    "7z, BCJ and LZMA2": ("m.7z", seven(BAD, chain="bcj and lzma2")),
    "7z, BCJ and LZMA": ("m.7z", seven(BAD, chain="bcj and lzma")),
    "7z, delta and LZMA2": ("m.7z", seven(BAD, chain="delta and lzma2")),
    "7z, stored, called pt": ("m.pt", seven(BAD, chain="copy")),
    "7z with a pickle behind its end": ("m.7z", lambda: seven(GOOD)() + BAD),
    "7z behind a stub": ("m.exe", lambda: b"MZ" + bytes(300) + seven(BAD)()),
    "7z in gzip": ("m.7z.gz", lambda: gzip.compress(seven(BAD)(), mtime=0)),
    "7z with a link out": ("m.7z", seven_short("link")),
    "7z that climbs": ("m.7z", seven_short("../../x")),
    "7z with an absolute name": ("m.7z", seven_short("/etc/x")),
    "7z with a torch file": ("m.7z", lambda: seven(torchfiles.archive({}, pickled=BAD))()),
    "zip64 in every field": (
        "m.zip",
        lambda: ziptricks.Zip([replace(ziptricks.HONEST)], zip64=True).build(),
    ),
    "zip of LZMA": ("m.zip", lambda: _zip(zipfile.ZIP_LZMA)),
    "zip of BZip2": ("m.zip", lambda: _zip(zipfile.ZIP_BZIP2)),
    "zip with two names for it": (
        "m.pt",
        lambda: ziptricks.Zip([replace(ziptricks.HONEST, local_name=b"a.txt")]).build(),
    ),
    "npy of version 2": ("a.npy", lambda: _npy(2)),
    "npy of version 3": ("a.npy", lambda: _npy(3)),
    "npy whose header is called": (
        "a.npy",
        lambda: npy("{'descr': __import__('os').system('true'), 'shape': (1,)}", b""),
    ),
    "npy with a pickle behind its numbers": (
        "a.npy",
        lambda: npy("{'descr': '<f8', 'fortran_order': False, 'shape': (1,)}", bytes(8) + BAD),
    ),
    "npz in npz": ("a.npz", lambda: archive({"a.npz": archive({"b.npy": _npy(1)})})),
    "joblib array of objects": ("m.joblib", lambda: wrapper(OBJECTS, b"K\x01\x85", BAD) + b"."),
    "a call behind a joblib array": (
        "m.joblib",
        lambda: wrapper(FLOATS, b"K\x02\x85", bytes(16)) + b"0" + SYSTEM + TRUE + b"R.",
    ),
    "a call in the bytes of a joblib array": (
        "m.joblib",
        lambda: (
            wrapper(FLOATS, b"K\x64\x85", (b"0" + SYSTEM + TRUE + b"R.").ljust(800, b"N")) + b"."
        ),
    ),
    "torch constants": ("m.pt", lambda: torch_with(**{"constants.pkl": BAD})),
    "torch bytecode": ("m.pt", lambda: torch_with(**{"bytecode.pkl": BAD})),
    "torch debug records": ("m.pt", lambda: torch_with(**{"code/a.py.debug_pkl": BAD})),
    "torch extra files": ("m.pt", lambda: torch_with(**{"extra/producer": BAD})),
    "torch storage that is a pickle": (
        "m.pt",
        lambda: torchfiles.archive({"data/0": BAD}, pickled=GOOD),
    ),
    "torch, old, system's facts": ("m.pt", lambda: _legacy(sys=BAD)),
    "torch, old, keys": ("m.pt", lambda: _legacy(keys=BAD)),
    "torch, old, the object": ("m.pt", lambda: torchfiles.legacy(body=BAD)),
    "torch, old, the number changed": (
        "m.pt",
        lambda: torchfiles.legacy(body=BAD).replace(b"\x8a\x0al\xfc", b"\x8a\x0am\xfc"),
    ),
    "text in front of a pickle": ("m.pkl", lambda: b"this is a model\n" + BAD),
    "an HTTP header in front of a pickle": ("m.pkl", lambda: b"HTTP/1.1 200 OK\r\n\r\n" + BAD),
    "64 KiB of zeros in front of a pickle": ("m.pkl", lambda: bytes(1 << 16) + BAD),
    "64 KiB of zeros behind a harmless pickle": ("m.pkl", lambda: GOOD + bytes(70_000) + BAD),
    "a thousand harmless pickles in front": ("m.pkl", lambda: GOOD * 1000 + BAD),
}
_OPCODES: dict[str, bytes] = {
    "an argument in base 16": P2 + SYSTEM + b"(I0x10\ntR.",
    "an argument in base 8": P2 + SYSTEM + b"(I010\ntR.",
    "an argument that is not a number": P2 + SYSTEM + b"(Fnan\ntR.",
    "an argument with a sign and blanks": P2 + SYSTEM + b"(I +7\ntR.",
    "a long with its letter": P2 + SYSTEM + b"(L5L\ntR.",
    "a long of no bytes": P2 + SYSTEM + b"(\x8a\0tR.",
    "a name from a string with escapes": P4 + b"S'\\x6fs'\nS'sys\\164em'\n\x93" + TRUE + b"R.",
    "a name from a text with escapes": P4 + b"V\\u006fs\nVsystem\n\x93" + TRUE + b"R.",
    "a name from a long binary string": P4 + b"T\2\0\0\0osU\x06system\x93" + TRUE + b"R.",
    "a name of eight bytes' length": (
        P4 + b"\x8d\2" + bytes(7) + b"os" + text("system") + b"\x93" + TRUE + b"R."
    ),
    "a name decoded from rot13": codec("rot13"),
    "a name decoded from hexadecimal digits": codec("hex"),
    "a name decoded from Base64": codec("base64"),
    "a name among dropped marks": P4 + b"(((K\1" + b"110" + SYSTEM + TRUE + b"R.",
    "a name from Python 2": P2 + b"c__builtin__\neval\n(S'1'\ntR.",
    "a name from Python 2's commands": P2 + b"ccommands\ngetoutput\n(S'true'\ntR.",
    "an extension set in copyreg's table": (
        P2 + b"ccopyreg\n_inverted_registry\nK\x05(U\x02osU\x06systemts0\x82\x05" + TRUE + b"R."
    ),
    "an extension put in copyreg's cache": (
        P2 + b"ccopyreg\n_extension_cache\nK\x05" + SYSTEM + b"s0\x82\x05" + TRUE + b"R."
    ),
    "a reducer put in copyreg's table": (
        P2 + b"ccopyreg\ndispatch_table\ncbuiltins\nint\n" + SYSTEM + b"s."
    ),
    "a buffer from outside is called": P5 + b"\x97" + TRUE + b"R.",
    "a buffer from outside is restored": P5 + b"\x97}b.",
    "a persistent object is called": P2 + b"P1\n" + TRUE + b"R.",
    "torch's module id": (P2 + b"(U\x06module" + SYSTEM + b"U\x01fU\x01stQ" + TRUE + b"R."),
    "a storage of a class that is a command": (
        P2 + b"(U\x07storage" + SYSTEM + b"U\x010U\x03cpuK\x01tQ."
    ),
    "a call and then nonsense": P2 + SYSTEM + TRUE + b"R\xff\xff\xff",
    "a call and then the end": P2 + SYSTEM + TRUE + b"R",
    "a call and then a stop without a value": P2 + SYSTEM + TRUE + b"R0.",
    "frames in frames": P4
    + b"\x95\x30"
    + bytes(7)
    + b"\x95\x05"
    + bytes(7)
    + SYSTEM
    + TRUE
    + b"R.",
    "a frame that ends in a name": P4 + b"\x95\x04" + bytes(7) + SYSTEM + TRUE + b"R.",
    "a frame longer than the file": P4 + b"\x95\xff\xff" + bytes(6) + SYSTEM + TRUE + b"R.",
    "protocol given five times": b"\x80\2\x80\3\x80\4\x80\5\x80\2" + SYSTEM + TRUE + b"R.",
    "protocol given in the middle": b"\x80\x02cjson\nx\n0\x80\x04cos\npath.os.system\n"
    + TRUE
    + b"R.",
    "a call among the items of a set": P4 + b"\x8f(" + SYSTEM + TRUE + b"R\x90.",
    "a call among the keys of a dict": P2 + b"}" + SYSTEM + TRUE + b"RNs.",
    "a call among the items of a frozen set": P4 + b"(" + SYSTEM + TRUE + b"R\x91.",
    "a call in the state of an object": (
        P2 + b"csklearn.base\nX\n)\x81}U\x01a" + SYSTEM + TRUE + b"Rsb."
    ),
    "a call in the arguments of an object": (
        P2 + b"csklearn.base\nX\n" + SYSTEM + TRUE + b"R\x85\x81."
    ),
    "a call in the keywords of an object": (
        P4 + b"csklearn.base\nX\n)}U\x01a" + SYSTEM + TRUE + b"Rs\x92."
    ),
    "a call in an identifier of torch's": P2 + SYSTEM + TRUE + b"RQ.",
    "a map that a tuple runs": (
        P2
        + b"cbuiltins\ntuple\ncbuiltins\nmap\n"
        + SYSTEM
        + b"(U\x04truel\x86R\x85"
        + REDUCE
        + b"."
    ),
    "a pickle in a pickle in a pickle": call("pickle", "loads", call("pickle", "loads", BAD)),
    "a torch file in the bytes of a pickle": call(
        "torch.storage", "_load_from_bytes", torchfiles.legacy(body=BAD)
    ),
}
# What can only be said to be unknown: nobody has a decoder, or nothing says where the pickle is.
_UNKNOWN: dict[str, tuple[str, Builder]] = {
    "7z, PPMd": ("m.7z", lambda: unknown_coder(b"\3\4\1")),
    "7z, encrypted": ("m.7z", lambda: unknown_coder(b"\6\xf1\7\1")),
    "7z, a coder of nobody's": ("m.7z", lambda: unknown_coder(b"\x7f\x7f")),
    "7z of zeros": ("m.7z", seven_bomb),
    "7z with very many streams": ("m.7z", lambda: seven_count(1 << 40)),
    "twelve 7z in each other": ("m.7z", seven_nested),
    "7z cut off": ("m.7z", lambda: seven(BAD)()[:-5]),
    "7z with a flipped header": ("m.7z", seven_flipped(-3)),
    "7z with a flipped start": ("m.7z", seven_flipped(14)),
    "deflate without a header": ("m.bin", lambda: zlib.compress(BAD, 9, -15)),
    "a pickle with every bit flipped": ("m.pkl", lambda: bytes(b ^ 0xFF for b in BAD)),
}
_UNCERTAIN = {
    "gzip with a checksum of its header",
    "tar with a wrong checksum in its second record",
    "tar with a volume label of bytes",
    "7z behind a stub",
    "text in front of a pickle",
    "an HTTP header in front of a pickle",
    "64 KiB of zeros in front of a pickle",
    "7z with a link out",
    "lz4 of a stored block",
    "lz4 behind a frame that readers skip",
    "zstd of raw blocks",
    "zstd behind a frame that readers skip",
    "zstd whose second frame holds it",
    "ten gzips in each other",
    "zlib with a preset dictionary",
    "npy whose header is called",
    "tar with a sparse member of GNU's",
    "an extension set in copyreg's table",
}


def _often(pack: Callable[[bytes], bytes], times: int) -> bytes:
    data = BAD
    for _ in range(times):
        data = pack(data)
    return data


def _preset() -> bytes:
    machine = zlib.compressobj(zdict=b"os\nsystem\n")
    return machine.compress(BAD) + machine.flush()


def _zip(method: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as target:
        target.writestr("data.pkl", BAD)
    return out.getvalue()


def _npy(version: int) -> bytes:
    return npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}", BAD, version)


def _legacy(**parts: bytes) -> bytes:
    magic, protocol = (pickle.dumps(n, 2) for n in (torchfiles.MAGIC, 1001))
    facts = parts.get("sys", pickle.dumps({"little_endian": True}, 2))
    return magic + protocol + facts + GOOD + parts.get("keys", pickle.dumps([], 2))


WRAPPINGS: tuple[Sample, ...] = (
    *(
        Sample(
            title,
            file,
            build,
            "unpacks and unpickles it",
            NOT_CLEAN if title in _UNCERTAIN else MEDIUM,
        )
        for title, (file, build) in _PACKED.items()
    ),
    *(
        Sample(
            title,
            "m.pkl",
            lambda data=data: data,
            "unpickles it",
            NOT_CLEAN if title in _UNCERTAIN else MEDIUM,
        )
        for title, data in _OPCODES.items()
    ),
    *(
        Sample(title, file, build, "cannot be told", NOT_CLEAN)
        for title, (file, build) in _UNKNOWN.items()
    ),
)
