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

    def tensor_of(self, name: str, made: Call | Persistent) -> Tensor | None:
        """See `Takes`."""
        if not isinstance(made, Call) or not isinstance(made.callee, Global):
            return None
        callee, args = made.callee, made.args
        if not isinstance(args, tuple):
            return None
        if callee.module in _MAKERS and callee.name == "_reconstruct":
            return self._reconstructed(name, args, made.state)
        if callee.module in _BUFFERS and callee.name == "_frombuffer" and len(args) == 4:
            return self._array(name, args[1], args[2], args[3] == "F", args[0])
        if callee.name == "NumpyArrayWrapper" and made.new:
            return None if id(made) in self.ran.objects else self._wrapped(name, made)
        if callee.name in {"NDArrayWrapper", "ZNDArrayWrapper"} and "joblib" in callee.module:
            raise UnprovenError("its numbers stand in another file, as joblib before 0.10 wrote it")
        return None

    def _reconstructed(self, name: str, args: tuple[object, ...], state: object) -> Tensor | None:
        _plain_class(args[0] if args else None)
        if not isinstance(state, tuple) or len(state) not in {4, 5}:
            raise UnprovenError("an array without its state")
        shape, dtype, fortran, data = state[-4:]
        if isinstance(data, list) and has_objects(dtype):
            return None  # objects, which are followed like those of any list
        return self._array(name, dtype, shape, bool(fortran), data)

    def _wrapped(self, name: str, made: Call) -> Tensor:
        place = self.ran.arrays.get(id(made))
        named = {key: value for key, value in pairs(made.state) if isinstance(key, str)}
        _plain_class(named.get("subclass"))
        dtype, swapped = _dtype(named.get("dtype"))
        shape = _shape(named.get("shape"))
        if place is None:
            raise UnprovenError("joblib's array was not found behind it")
        fortran = named.get("order") == "F"
        return _placed(name, dtype, shape, self.source, place[0], swapped, fortran=fortran)

    def _array(
        self, name: str, dtype: object, shape: object, fortran: bool, data: object
    ) -> Tensor:
        kind, swapped = _dtype(dtype)
        sizes = _shape(shape)
        source, offset, size = self._bytes(data)
        if size != prod(sizes) * WIDTHS[kind][0]:
            raise UnprovenError(f"{size} bytes are there for an array of {sizes}")
        return _placed(name, kind, sizes, source, offset, swapped, fortran=fortran)

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
    dtype: str,
    shape: tuple[int, ...],
    source: Source,
    offset: int,
    swapped: bool,
    *,
    fortran: bool,
) -> Tensor:
    strides = (column_major if fortran else row_major)(shape, WIDTHS[dtype][0])
    return Tensor(
        name=name,
        dtype=dtype,
        shape=shape,
        source=source,
        offset=offset,
        strides=strides,
        swapped=swapped,
    )


def _plain_class(value: object) -> None:
    if isinstance(value, Global) and (value.module, value.name) == ("numpy", "ndarray"):
        return
    shown = f"{value.module}.{value.name}" if isinstance(value, Global) else "a computed class"
    raise UnprovenError(f"it is a {shown}, a subclass of arrays with code of its own")


def _dtype(value: object) -> tuple[str, bool]:
    """Return the type of a pickled `numpy.dtype`, and whether its bytes are swapped."""
    code = value.args[0] if isinstance(value, Call) and isinstance(value.args, tuple) else None
    if not isinstance(value, Call) or not isinstance(code, str) or item_size(value) is None:
        raise UnprovenError("its type of elements cannot be told")
    state = value.state
    order = state[1] if isinstance(state, tuple) else "<"
    if isinstance(state, tuple) and any(part is not None for part in state[2:5]):
        raise NoNumbersError("array of records")
    found = from_numpy(code, order if isinstance(order, str) else None)
    if found is None:
        raise NoNumbersError(f"array of {code[:20]}")
    return found


def _shape(value: object) -> tuple[int, ...]:
    sizes = (value,) if type(value) is int else value
    if not isinstance(sizes, tuple) or not all(type(n) is int and 0 <= n < 1 << 48 for n in sizes):
        raise UnprovenError("its shape is not made of sizes")
    return sizes
