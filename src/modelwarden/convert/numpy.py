"""How numpy's arrays stand in pickles: as `_reconstruct`, as buffers, and in joblib's wrapper.

Layout: `numpy/_core/src/multiarray/methods.c` (`array_reduce`, `array_setstate`),
`numpy/_core/numeric.py` (`_frombuffer`) of numpy 2.4, `joblib/numpy_pickle.py` of joblib 1.6.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from modelwarden.convert.dtypes import from_numpy
from modelwarden.convert.tensor import WIDTHS, Tensor, column_major, row_major
from modelwarden.convert.values import NoNumbersError, UnprovenError
from modelwarden.formats.pickle.arrays import has_objects, item_size
from modelwarden.formats.pickle.values import Call, Global, Items, Persistent, Span, pairs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelwarden.convert.exact import Ran
    from modelwarden.formats.source import Source

_MAKERS = {f"{package}.multiarray" for package in ("numpy.core", "numpy._core")}
_BUFFERS = {f"{package}.numeric" for package in ("numpy.core", "numpy._core")}
_DECODED = 256 << 20


class NumpyArrays:
    """Arrays of numpy in one pickle that stands in `source`."""

    def __init__(self, ran: Ran, source: Source) -> None:
        """Take the numbers from `source`."""
        self.ran = ran
        self.source = source

    def tensors_of(self, name: str, made: Call | Persistent) -> list[Tensor]:
        """See `Takes`."""
        if not isinstance(made, Call) or not isinstance(made.callee, Global):
            return []
        callee, args = made.callee, made.args
        if not isinstance(args, tuple) or id(made) in self.ran.objects:
            return []
        if callee.module in _MAKERS and callee.name == "_reconstruct":
            return self._reconstructed(name, args, made.state)
        if callee.module in _MAKERS and callee.name == "scalar" and len(args) == 2:
            return self._array(name, args[0], (), False, args[1])
        if callee.module in _BUFFERS and callee.name == "_frombuffer" and len(args) == 4:
            return self._array(name, args[1], args[2], args[3] == "F", args[0])
        if callee.name == "NumpyArrayWrapper" and made.new:
            return self._wrapped(name, made)
        if callee.name in {"NDArrayWrapper", "ZNDArrayWrapper"} and "joblib" in callee.module:
            raise UnprovenError("its numbers stand in another file, as joblib before 0.10 wrote it")
        return []

    def _reconstructed(self, name: str, args: tuple[object, ...], state: object) -> list[Tensor]:
        _plain_class(args[0] if args else None)
        if not isinstance(state, tuple) or len(state) not in {4, 5}:
            raise UnprovenError("an array without its state")
        shape, dtype, fortran, data = state[-4:]
        if isinstance(data, list) and has_objects(dtype):
            return []  # objects, which are followed like those of any list
        return self._array(name, dtype, shape, bool(fortran), data)

    def _wrapped(self, name: str, made: Call) -> list[Tensor]:
        place = self.ran.arrays.get(id(made))
        named = dict(_named(made.state))
        _plain_class(named.get("subclass"))
        if place is None:
            raise UnprovenError("joblib's array was not found behind it")
        whole = self.source, place[0], place[1] - place[0]
        fortran = named.get("order") == "F"
        return _placed(name, named.get("dtype"), _shape(named.get("shape")), fortran, whole)

    def _array(
        self, name: str, dtype: object, shape: object, fortran: bool, data: object
    ) -> list[Tensor]:
        return _placed(name, dtype, _shape(shape), fortran, self._bytes(data))

    def _bytes(self, data: object) -> tuple[Source, int, int]:
        """Return where the numbers stand: source, offset, size."""
        if isinstance(data, Items) and data.kind == "bytearray":
            data = b"".join(part for part in data.items if isinstance(part, bytes))
        if isinstance(data, bytes):
            return self.source.nested(data, "array"), 0, len(data)
        if not isinstance(data, Span) or data.kind not in {"bytes", "bytearray"}:
            if isinstance(data, Span | str):
                raise UnprovenError("its bytes are written as text of Python 2")
            raise UnprovenError("it holds objects, not numbers")
        if not data.latin:
            return self.source, data.at, data.size
        if data.escaped or data.size > _DECODED:
            raise UnprovenError("its bytes are written as text that is too long to be turned back")
        try:
            raw = self.source.read(data.at, data.size).decode("utf-8").encode("latin-1")
        except UnicodeError as error:
            raise UnprovenError("its bytes are written as text that is damaged") from error
        return self.source.nested(raw, "array"), 0, len(raw)


def _placed(
    name: str,
    dtype: object,
    shape: tuple[int, ...],
    fortran: bool,
    data: tuple[Source, int, int],
) -> list[Tensor]:
    """Return the array whose numbers are `data` (source, offset, size): one tensor a field."""
    width = item_size(dtype)
    source, offset, size = data
    if width is None:
        raise UnprovenError("its type of elements cannot be told")
    if size != prod(shape) * width:
        raise UnprovenError(f"{size} bytes are there for an array of {shape}")
    strides = (column_major if fortran else row_major)(shape, width)
    return [
        Tensor(
            name=f"{name}.{field}" if field else name,
            dtype=kind,
            shape=shape,
            source=source,
            offset=offset + place,
            strides=strides,
            swapped=swapped,
        )
        for field, kind, swapped, place in _fields(dtype, width)
    ]


def _fields(dtype: object, width: int) -> Iterator[tuple[str, str, bool, int]]:
    """Yield name, type, byte order and offset of each field; one without a name if there is one."""
    state = dtype.state if isinstance(dtype, Call) else None
    parts = state[2:5] if isinstance(state, tuple) else (None, None, None)
    if parts == (None, None, None):
        kind, swapped = _number(dtype)
        yield "", kind, swapped, 0
        return
    names, fields = parts[1], dict(_named(parts[2]))
    if parts[0] is not None or not isinstance(names, tuple) or not names:
        raise UnprovenError("its elements are arrays themselves")
    for name in names:
        field = fields.get(name) if isinstance(name, str) else None
        if not isinstance(field, tuple) or len(field) < 2 or type(field[1]) is not int:
            raise UnprovenError("its records have fields that cannot be told")
        kind, swapped = _number(field[0])
        if not 0 <= field[1] <= width - WIDTHS[kind][0]:
            raise UnprovenError("a field that leaves its record")
        yield str(name), kind, swapped, field[1]


def _named(value: object) -> list[tuple[str, object]]:
    return [(key, item) for key, item in pairs(value) if isinstance(key, str)]


def _plain_class(value: object) -> None:
    if isinstance(value, Global) and (value.module, value.name) == ("numpy", "ndarray"):
        return
    shown = f"{value.module}.{value.name}" if isinstance(value, Global) else "a computed class"
    raise UnprovenError(f"it is a {shown}, a subclass of arrays with code of its own")


def _number(value: object) -> tuple[str, bool]:
    """Return the type of a pickled `numpy.dtype`, and whether its bytes are swapped."""
    code = value.args[0] if isinstance(value, Call) and isinstance(value.args, tuple) else None
    if not isinstance(value, Call) or not isinstance(code, str) or item_size(value) is None:
        raise UnprovenError("its type of elements cannot be told")
    state = value.state
    order = state[1] if isinstance(state, tuple) else "<"
    if isinstance(state, tuple) and any(part is not None for part in state[2:5]):
        raise UnprovenError("its records hold records")
    found = from_numpy(code, order if isinstance(order, str) else None)
    if found is None:
        raise NoNumbersError(f"array of {code[:20]}")
    return found


def _shape(value: object) -> tuple[int, ...]:
    sizes = (value,) if type(value) is int else value
    if not isinstance(sizes, tuple) or not all(type(n) is int and 0 <= n < 1 << 48 for n in sizes):
        raise UnprovenError("its shape is not made of sizes")
    return sizes
