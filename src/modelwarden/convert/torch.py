"""How torch's pickles make tensors: windows on storages, named by persistent ids.

Layout: `torch/_utils.py`, `torch/_tensor.py` and `torch/serialization.py` of torch 2.13. Only the
functions below are known to make plain data; anything else that is given a storage is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from modelwarden.convert.dtypes import TORCH_STORAGES, TORCH_TYPES
from modelwarden.convert.tensor import WIDTHS, Tensor
from modelwarden.convert.values import UnprovenError
from modelwarden.formats.pickle.values import Call, Global, Persistent, pairs
from modelwarden.formats.torch.storages import WIDTHS as STORAGE_WIDTHS

if TYPE_CHECKING:
    from modelwarden.convert.exact import Ran
    from modelwarden.formats.source import Source

_STORAGE_MODULES = {"torch", "torch.storage", "torch.cuda"}
_PLAIN_TYPES = {
    ("torch.nn.parameter", "Parameter"),
    ("torch.nn.parameter", "Buffer"),
    ("torch._tensor", "Tensor"),
    ("torch", "Tensor"),
}
_REBUILD = {
    ("torch._utils", "_rebuild_tensor"),
    ("torch._utils", "_rebuild_tensor_v2"),
    ("torch._utils", "_rebuild_tensor_v3"),
    ("torch._utils", "_rebuild_parameter"),
    ("torch._utils", "_rebuild_parameter_with_state"),
    ("torch._tensor", "_rebuild_from_type_v2"),
    ("torch._tensor", "_rebuild_from_type"),
}
_OTHER_REBUILD = {
    "_rebuild_qtensor": "it is quantised, which the target formats do not know",
    "_rebuild_sparse_tensor": "it is sparse",
    "_rebuild_sparse_csr_tensor": "it is sparse",
    "_rebuild_nested_tensor": "it is nested",
    "_rebuild_meta_tensor_no_storage": "it is a meta tensor, which has no values",
    "_rebuild_device_tensor_from_numpy": "it comes from another device",
    "_rebuild_device_tensor_from_cpu_tensor": "it comes from another device",
    "_rebuild_wrapper_subclass": "it is a subclass of tensors with code of its own",
}


class Storages(Protocol):
    """Where the bytes of storages are."""

    swapped: bool

    def find(self, key: str, size: int) -> Source:
        """Return the bytes of a storage.

        Raises:
            UnprovenError: it is not there, or of another size.
        """


class TorchTensors:
    """Tensors of torch in one pickle."""

    def __init__(self, ran: Ran, storages: Storages) -> None:
        """Take storages from `storages`."""
        self.ran = ran
        self.storages = storages

    def tensors_of(self, name: str, made: Call | Persistent) -> list[Tensor]:
        """See `Takes`."""
        tensor = self._tensor(name, made)
        return [] if tensor is None else [tensor]

    def _tensor(self, name: str, made: Call | Persistent) -> Tensor | None:
        if isinstance(made, Persistent):
            if _is_storage(made.pid):
                raise UnprovenError("it is a bare storage, not a tensor")
            return None
        callee = made.callee
        if not isinstance(callee, Global):
            return None
        known = (callee.module, callee.name)
        if callee.module == "torch._utils" and callee.name in _OTHER_REBUILD:
            raise UnprovenError(_OTHER_REBUILD[callee.name])
        if known not in _REBUILD or made.new or not isinstance(made.args, tuple):
            if isinstance(made.args, tuple) and any(_is_stored(item) for item in made.args):
                raise UnprovenError(
                    f"it is made by {callee.module}.{callee.name}, which is unknown"
                )
            return None
        return self._rebuilt(name, callee.name, made, made.args)

    def _rebuilt(self, name: str, function: str, made: Call, args: tuple[object, ...]) -> Tensor:
        if made.state is not None or id(made) in self.ran.items:
            raise UnprovenError("it is changed after it was made")
        if function.startswith("_rebuild_from_type"):
            return self._typed(name, args)
        if function.startswith("_rebuild_parameter"):
            return self._inner(name, args[0] if args else None)
        return self._window(name, function, args)

    def _inner(self, name: str, value: object) -> Tensor:
        tensor = self._tensor(name, value) if isinstance(value, Call) else None
        if tensor is None:
            raise UnprovenError("it holds no tensor where one must be")
        return tensor

    def _typed(self, name: str, args: tuple[object, ...]) -> Tensor:
        """Read `_rebuild_from_type_v2(function, type, arguments, state)`."""
        if len(args) < 3 or not isinstance(args[0], Global) or not isinstance(args[2], tuple):
            raise UnprovenError("it is made in an unknown way")
        kind = args[1]
        if not isinstance(kind, Global) or (kind.module, kind.name) not in _PLAIN_TYPES:
            shown = f"{kind.module}.{kind.name}" if isinstance(kind, Global) else "a computed class"
            raise UnprovenError(f"it is a {shown}, a subclass with code of its own")
        return self._inner(name, Call(args[0], args[2], 0))

    def _window(self, name: str, function: str, args: tuple[object, ...]) -> Tensor:
        least = {"_rebuild_tensor": 4, "_rebuild_tensor_v2": 6, "_rebuild_tensor_v3": 7}[function]
        if len(args) < least:
            raise UnprovenError("it is made with too few arguments")
        storage, offset, shape, strides = args[:4]
        dtype, key, count = _storage(storage)
        width = WIDTHS[dtype][0]
        metadata = args[6:7] if function == "_rebuild_tensor_v2" else args[7:8]
        if function == "_rebuild_tensor_v3":
            dtype = _torch_type(args[6])
        _no_views(metadata[0] if metadata else None)
        numbers = _numbers(offset, shape, strides)
        if numbers is None:
            raise UnprovenError("its offset, shape or strides are no numbers")
        step = WIDTHS[dtype][0]
        return Tensor(
            name=name,
            dtype=dtype,
            shape=numbers[1],
            source=self.storages.find(key, count * width),
            offset=numbers[0] * step,
            strides=tuple(stride * step for stride in numbers[2]),
            swapped=self.storages.swapped and step > 1,
        )


def _storage(value: object) -> tuple[str, str, int]:
    """Return type, key and number of elements of a storage."""
    if not isinstance(value, Persistent) or not _is_storage(value.pid):
        raise UnprovenError("it is made of something that is no storage")
    pid = value.pid
    if not isinstance(pid, tuple) or len(pid) < 5 or (len(pid) > 5 and pid[5] is not None):
        raise UnprovenError("its storage is a view of another one, as torch before 0.4 wrote it")
    kind, key, count = pid[1], pid[2], pid[4]
    if not isinstance(kind, Global) or kind.module not in _STORAGE_MODULES:
        raise UnprovenError("its storage is of an unknown class")
    if kind.name in STORAGE_WIDTHS and kind.name not in TORCH_STORAGES:
        raise UnprovenError(f"it is quantised ({kind.name}), which the target formats do not know")
    if kind.name not in TORCH_STORAGES:
        raise UnprovenError(f"its storage is a {kind.name}, which is unknown")
    if isinstance(key, int) and not isinstance(key, bool):
        key = str(key)
    if not isinstance(key, str) or type(count) is not int or count < 0:
        raise UnprovenError("its storage has no key or no size")
    return TORCH_STORAGES[kind.name], key, count


def _is_storage(pid: object) -> bool:
    return isinstance(pid, tuple) and len(pid) > 1 and pid[0] in ("storage", b"storage")


def _is_stored(value: object) -> bool:
    return isinstance(value, Persistent) and _is_storage(value.pid)


def _torch_type(value: object) -> str:
    if isinstance(value, Global) and value.module == "torch" and value.name in TORCH_TYPES:
        return TORCH_TYPES[value.name]
    shown = f"{value.module}.{value.name}" if isinstance(value, Global) else "computed"
    raise UnprovenError(f"its type is {shown}, which is not known")


def _no_views(metadata: object) -> None:
    """Refuse tensors whose bytes are read as their conjugate or negative."""
    if metadata is None:
        return
    if type(metadata) is not dict:
        raise UnprovenError("it has metadata of an unknown kind")
    for key, value in pairs(metadata):
        if key not in ("conj", "neg") or value is not False:
            raise UnprovenError(f"its values are changed when it is loaded ({key!r:.40})")


def _numbers(
    offset: object, shape: object, strides: object
) -> tuple[int, tuple[int, ...], tuple[int, ...]] | None:
    sizes, steps = _sizes(shape), _sizes(strides)
    if type(offset) is not int or sizes is None or steps is None:
        return None
    return offset, sizes, steps


def _sizes(value: object) -> tuple[int, ...] | None:
    """Return a tuple of numbers, plain or as `torch.Size`."""
    if isinstance(value, Call) and isinstance(value.callee, Global):
        if (value.callee.module, value.callee.name) != ("torch", "Size"):
            return None
        value = value.args[0] if isinstance(value.args, tuple) and value.args else None
    if not isinstance(value, tuple | list):
        return None
    numbers = tuple(item for item in value if type(item) is int and abs(item) < 1 << 62)
    return numbers if len(numbers) == len(value) else None
