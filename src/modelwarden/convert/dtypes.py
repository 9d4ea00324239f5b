"""Types of elements by the names that files use, as safetensors names them."""

from __future__ import annotations

import re

_NUMPY = {
    "b1": "BOOL",
    "i1": "I8",
    "u1": "U8",
    "i2": "I16",
    "u2": "U16",
    "i4": "I32",
    "u4": "U32",
    "i8": "I64",
    "u8": "U64",
    "f2": "F16",
    "f4": "F32",
    "f8": "F64",
    "c8": "C64",
    "c16": "C128",
}
_LETTERS = {"?": "b1", "b": "i1", "B": "u1"}
_CODE = re.compile(r"([<>=|]?)([?bBiufc])([0-9]{0,2})\Z")
NUMPY = {name: code for code, name in _NUMPY.items()}
TORCH_STORAGES = {
    "DoubleStorage": "F64",
    "FloatStorage": "F32",
    "HalfStorage": "F16",
    "BFloat16Storage": "BF16",
    "LongStorage": "I64",
    "IntStorage": "I32",
    "ShortStorage": "I16",
    "CharStorage": "I8",
    "ByteStorage": "U8",
    "BoolStorage": "BOOL",
    "ComplexDoubleStorage": "C128",
    "ComplexFloatStorage": "C64",
    "UntypedStorage": "U8",
}
TORCH_TYPES = {
    "float64": "F64",
    "float32": "F32",
    "float16": "F16",
    "bfloat16": "BF16",
    "int64": "I64",
    "int32": "I32",
    "int16": "I16",
    "int8": "I8",
    "uint64": "U64",
    "uint32": "U32",
    "uint16": "U16",
    "uint8": "U8",
    "bool": "BOOL",
    "complex128": "C128",
    "complex64": "C64",
    "float8_e4m3fn": "F8_E4M3",
    "float8_e5m2": "F8_E5M2",
    "float8_e8m0fnu": "F8_E8M0",
    "float8_e4m3fnuz": "F8_E4M3FNUZ",
    "float8_e5m2fnuz": "F8_E5M2FNUZ",
}


def from_numpy(code: str, order: str | None = None) -> tuple[str, bool] | None:
    """Return the type and whether its bytes are swapped, for a code of numpy's such as `<f4`.

    Args:
        code: as numpy writes it.
        order: the byte order when it stands elsewhere, as in a pickled type.

    >>> from_numpy(">f4"), from_numpy("f8", "<"), from_numpy("<U3")
    (('F32', True), ('F64', False), None)
    """
    found = _CODE.match(code)
    if found is None:
        return None
    name = _LETTERS.get(found[2] + found[3], found[2] + found[3])
    dtype = _NUMPY.get(name)
    return None if dtype is None else (dtype, (found[1] or order) == ">")
