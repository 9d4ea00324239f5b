"""A pickle run on values that only describe, with nothing left out.

The scanner's machine sums up what grows, because it must survive any file; a conversion must not
lose one element. This is the same machine, opcode for opcode, but for what it keeps: all items of
lists and dicts, what is put into objects, and where arrays of joblib stand. Where it cannot keep
all, it ends with an error.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from typing import TYPE_CHECKING, Final

from modelwarden.core.values import dataclass
from modelwarden.formats.limits import LimitExceededError
from modelwarden.formats.pickle import calls, operations
from modelwarden.formats.pickle.arrays import item_size, skip_array
from modelwarden.formats.pickle.machine import Machine
from modelwarden.formats.pickle.memo import Memo
from modelwarden.formats.pickle.opcodes import OPCODES
from modelwarden.formats.pickle.operations import need, pop_mark
from modelwarden.formats.pickle.values import LONG, Call, Items, is_callable, pairs
from modelwarden.formats.view import DamagedError

if TYPE_CHECKING:
    from modelwarden.formats.limits import Limits
    from modelwarden.formats.pickle.values import Persistent
    from modelwarden.formats.source import Source

OBJECTS = 4_000_000
STEPS = 10_000_000
HELD = 256 << 20
_STEP = 1024


class _Memo(Memo):
    """A memo in which every value stays what it is."""

    __slots__ = ()

    def code_of(self, value: object) -> int:
        if len(self.values) >= OBJECTS:
            raise LimitExceededError("memoised objects", OBJECTS)
        self.values.append(value)
        return ~(len(self.values) - 1)


@dataclass(slots=True)
class Ran:
    """What one stream gives.

    Attributes:
        result: what STOP returns, symbolically.
        end: offset behind it.
        items: by `id` of a `Call`: keys and values that were put into it.
        listed: by `id` of a `Call`: items that were appended to it.
        arrays: by `id` of a `Call`: where the numbers of joblib's array begin and end.
        objects: by `id` of a `Call`: what stands in joblib's array of objects.
        persistent: persistent ids.
        kept: keeps the objects alive whose ids are used.
    """

    result: object = None
    end: int = 0
    items: dict[int, list[object]] = field(default_factory=dict)
    listed: dict[int, list[object]] = field(default_factory=dict)
    arrays: dict[int, tuple[int, int]] = field(default_factory=dict)
    persistent: list[Persistent] = field(default_factory=list)
    kept: list[object] = field(default_factory=list)
    objects: dict[int, object] = field(default_factory=dict)

    def take(self, made: int, inner: Ran) -> None:
        """Take in what an array of objects holds."""
        self.objects[made] = inner.result
        self.items |= inner.items
        self.listed |= inner.listed
        self.arrays |= inner.arrays
        self.objects |= inner.objects
        self.persistent += inner.persistent
        self.kept += [inner.result, *inner.kept]


class _Exact(Machine):
    """The machine with other keeping."""

    __slots__ = ("arrays", "built", "ran")

    def __init__(
        self, source: Source, limits: Limits, start: int, end: int | None, *, arrays: bool
    ) -> None:
        super().__init__(source, limits, start=start, end=end)
        self.arrays = arrays
        self.memo = _Memo()
        self.ran = Ran()
        self.built: set[int] = set()

    def run(self) -> None:
        tape, steps, held = self.tape, 0, 0
        while not self.done:
            if tape.passes:
                tape.arrive()
            tape.window()
            steps += 1
            if steps % _STEP == 0:
                self.limits.spend(operations=_STEP)
                if steps > STEPS:
                    raise LimitExceededError("opcodes of one pickle that is converted", STEPS)
                if held > HELD:
                    raise LimitExceededError("bytes of a converted pickle besides arrays", HELD)
                if len(self.stack) > OBJECTS:
                    raise LimitExceededError("entries on the pickle machine's stack", OBJECTS)
            self.op_at = tape.at
            self.opcode = tape.byte()
            operation = _TABLE.get(self.opcode)
            if operation is None:
                raise DamagedError("not an opcode", self.op_at)
            operation(self)
            if (taken := tape.at - self.op_at) <= LONG + 16:  # what is longer stays in the file
                held += taken
        if tape.crossings:
            raise DamagedError("arguments that reach over the end of a frame", self.start)

    def put(self, where: dict[int, list[object]], target: object, items: list[object]) -> None:
        """Keep what is put into an object."""
        self.ran.kept.append(target)
        where.setdefault(id(target), []).extend(items)


def run(
    source: Source, limits: Limits, start: int = 0, end: int | None = None, *, arrays: bool = True
) -> Ran:
    """Run the stream that begins at `start`; with `arrays`, joblib's may stand in it.

    Raises:
        DamagedError: it breaks off, or CPython's machines would read it in different ways.
        LimitExceededError: it makes more objects than are kept.
    """
    machine = _Exact(source, limits, start, end, arrays=arrays)
    machine.run()
    ran = machine.ran
    ran.result, ran.end = machine.stack[-1], machine.tape.at
    if machine.persistent_count != len(machine.persistent):
        raise LimitExceededError("persistent ids", len(machine.persistent))
    ran.persistent = machine.persistent
    return ran


def _extend(m: Machine, target: object, items: list[object]) -> None:
    if isinstance(target, list):
        target += items
    elif isinstance(target, Items) and target.kind != "set":
        target.items += items
    elif is_callable(target) and isinstance(m, _Exact):
        m.put(m.ran.listed, target, items)
    elif items:
        raise DamagedError("APPEND on something that takes no values", m.op_at)


def _append(m: Machine) -> None:
    need(m, 2)
    value = m.stack.pop()
    _extend(m, m.stack[-1], [value])


def _appends(m: Machine) -> None:
    items = pop_mark(m)
    need(m, 1)
    _extend(m, m.stack[-1], items)


def _assign(m: Machine, target: object, items: list[object]) -> None:
    if len(items) % 2:
        raise DamagedError("a key without a value", m.op_at)
    if type(target) is dict:
        target.setdefault(0, []).extend(items)
    elif is_callable(target) and isinstance(m, _Exact):
        m.put(m.ran.items, target, items)
    elif items:
        raise DamagedError("SETITEM on something that takes no items", m.op_at)


def _setitem(m: Machine) -> None:
    need(m, 3)
    items = m.stack[-2:]
    del m.stack[-2:]
    _assign(m, m.stack[-1], items)


def _setitems(m: Machine) -> None:
    items = pop_mark(m)
    need(m, 1)
    _assign(m, m.stack[-1], items)


def _additems(m: Machine) -> None:
    items = pop_mark(m)
    need(m, 1)
    target = m.stack[-1]
    if isinstance(target, Items) and target.kind == "set":
        target.items += items
    elif is_callable(target) and isinstance(m, _Exact):
        m.put(m.ran.listed, target, items)
    elif items:
        raise DamagedError("ADDITEMS on something that is no set", m.op_at)


def _build(m: Machine) -> None:
    need(m, 2)
    state = m.stack.pop()
    made = m.stack[-1]
    if not isinstance(m, _Exact) or not isinstance(made, Call):
        raise DamagedError("BUILD of something that was not made here", m.op_at)
    if id(made) in m.built:
        raise DamagedError("an object that is restored twice", m.op_at)
    m.built.add(id(made))
    m.ran.kept.append(made)
    calls.build(m, made, state)
    if m.arrays:
        _place(m, made)


def _place(m: _Exact, made: Call) -> None:
    """Note where the numbers stand when `made` is joblib's wrapper of an array."""
    before = m.raw_arrays
    state = made.state

    def objects(machine: Machine, at: int) -> int:
        """Follow the pickle of an array of objects that stands in the place of its numbers."""
        inner = run(machine.tape.source, machine.limits, at, machine.tape.end, arrays=False)
        m.ran.take(id(made), inner)
        return inner.end

    skip_array(m, made, objects, {})
    made.state = state
    if m.raw_arrays == before or id(made) in m.ran.objects:
        return
    end = max([m.tape.at, *m.tape.passes.values()])
    named = {key: value for key, value in pairs(state) if isinstance(key, str)}
    shape, width = named.get("shape"), item_size(named.get("dtype"))
    size = width or 0
    for length in shape if isinstance(shape, tuple) else ():
        size *= length if isinstance(length, int) else 0
    m.ran.arrays[id(made)] = (end - size, end)


_OTHER: Final[dict[str, Callable[[Machine], None]]] = {
    "APPEND": _append,
    "APPENDS": _appends,
    "SETITEM": _setitem,
    "SETITEMS": _setitems,
    "ADDITEMS": _additems,
    "BUILD": _build,
}
_TABLE: Final = {
    code: _OTHER.get(OPCODES[code].name, operation) for code, operation in operations.TABLE.items()
}
