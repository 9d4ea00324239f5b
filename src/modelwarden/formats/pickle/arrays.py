"""Raw array bytes that joblib writes into the middle of a pickle.

`joblib.load` extends Python's unpickler: after the BUILD of a `NumpyArrayWrapper` it reads the
array from the file itself, and goes on with opcodes behind it. How many bytes that are follows
from the wrapper's state: shape, dtype, and from joblib 1.3 on a byte that says how much padding
comes first. An array of objects is a whole pickle in that place.

Source: joblib, `numpy_pickle.py` (`NumpyArrayWrapper.read_array`, `NumpyUnpickler.load_build`).
"""

from __future__ import annotations

import re
from math import prod
from typing import TYPE_CHECKING, Final

from modelwarden.formats.pickle.values import Call, Global, pairs
from modelwarden.formats.view import DamagedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from modelwarden.formats.pickle.machine import Machine

_CODE: Final = re.compile(r"[<>=|]?([?biufcmMOSUVaB])([0-9]{0,9})\Z")
_SIZED: Final = "USaV"
_DIMENSIONS = 64
_HAS_OBJECT = 1
_STATE = 8


def skip_array(
    m: Machine, made: object, objects: Callable[[Machine, int], int], read: dict[int, Call]
) -> None:
    """Step over the raw array behind a BUILD that completed joblib's wrapper of one.

    Args:
        m: the machine, right behind the BUILD.
        made: the object that was built.
        objects: runs the pickle of an array of objects, given its offset; returns its end.
        read: the wrappers whose arrays were read, by their `id`; this one is added.

    Raises:
        DamagedError: the size cannot be told, or more bytes are announced than there are.
    """
    if not isinstance(made, Call) or not made.new or not _is_wrapper(made.callee):
        return
    if id(made) in read:
        raise DamagedError("a wrapper of an array that is restored again", m.tape.at)
    state = dict(_named(made.state))
    read[id(made)], made.state = made, None
    dtype = state.get("dtype")
    size = item_size(dtype)
    count = _count(state.get("shape"))
    if size is None or count is None:
        raise DamagedError("an array of joblib whose size cannot be told", m.tape.at)
    # The bytes come from the file: behind the frame when one is still open.
    start = max([m.tape.at, *m.tape.frames])
    if has_objects(dtype):
        end = objects(m, start)
    else:
        begin = start
        if state.get("numpy_array_alignment_bytes") is not None:
            padding = m.tape.source.read(start, 1)
            begin += 1 + (padding[0] if padding else 0)
        end = begin + size * count
    if end > m.tape.end:
        raise DamagedError(f"{end - start} bytes of an array announced", start)
    m.tape.pass_over(start, end)
    m.raw_arrays += 1


def _is_wrapper(cls: object) -> bool:
    # By the class alone: it can be reached through any module that imports joblib.
    return isinstance(cls, Global) and cls.name.rpartition(".")[2] == "NumpyArrayWrapper"


def _named(state: object) -> list[tuple[str, object]]:
    return [(key, value) for key, value in pairs(state) if isinstance(key, str)]


def _count(shape: object) -> int | None:
    if not isinstance(shape, tuple) or len(shape) > _DIMENSIONS:
        return None
    sizes = [size for size in shape if isinstance(size, int) and 0 <= size < 1 << 48]
    return prod(sizes) if len(sizes) == len(shape) else None


def item_size(dtype: object) -> int | None:
    """Return the bytes of one item of a `numpy.dtype` as a pickle makes it, or None.

    NumPy's `dtype.__setstate__` takes size and flags from the state, whatever the code before says:
    where they differ, no library wrote it and the size is not told.
    """
    found = _code(dtype)
    if found is None or not isinstance(dtype, Call):
        return None
    size = _size_of(*found)
    if dtype.state is None:
        return size if found[0] not in "OV" else None
    state = dtype.state
    if size is None or not isinstance(state, tuple) or len(state) < _STATE:
        return None
    flags = state[7]
    if not isinstance(flags, int) or bool(flags & _HAS_OBJECT) is not has_objects(
        dtype, flags=False
    ):
        return None
    return size if state[5] == (size if found[0] in _SIZED else -1) else None


def _size_of(letter: str, digits: str) -> int | None:
    if letter == "?" or (letter in "bB" and not digits):
        return 1
    if letter == "O":
        return int(digits or "8")
    return int(digits) * (4 if letter == "U" else 1) if digits else None


def has_objects(dtype: object, room: int = 256, *, flags: bool = True) -> bool:
    """Tell whether a dtype, or one of its fields, holds Python objects, by codes and by `flags`."""
    work = [dtype]
    while work and room > 0:
        room -= 1
        item = work.pop()
        found = _code(item)
        if found is not None and found[0] == "O":
            return True
        if isinstance(item, Call):
            state = item.state
            if isinstance(state, tuple):
                said = state[7] if len(state) > 7 else 0
                if flags and isinstance(said, int) and said & _HAS_OBJECT:
                    return True
                work += state[2:5]
        elif isinstance(item, dict):
            work += [value for _, value in pairs(item)]
        elif isinstance(item, tuple | list):
            work += item[:64]
    return False


def _code(dtype: object) -> tuple[str, str] | None:
    if not isinstance(dtype, Call) or not isinstance(dtype.callee, Global):
        return None
    name = (dtype.callee.module, dtype.callee.name)
    args = dtype.args
    if name != ("numpy", "dtype") or not isinstance(args, tuple) or not args:
        return None
    found = _CODE.match(args[0]) if isinstance(args[0], str) else None
    return None if found is None else (found[1], found[2])
