"""One function for each opcode: what CPython does, on symbolic values.

Where the machines of CPython differ, the one that goes on is followed: nothing that any of them
would import or call may be missed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from modelwarden.formats.pickle import calls, constants
from modelwarden.formats.pickle.memo import HOLE
from modelwarden.formats.pickle.names import global_of
from modelwarden.formats.pickle.opcodes import LATEST_PROTOCOL, OPCODES
from modelwarden.formats.pickle.squeeze import keep_telling
from modelwarden.formats.pickle.values import (
    ANY_DICT,
    ANY_LIST,
    ANY_SET,
    BUFFER,
    DROPPED,
    Global,
    Items,
    Persistent,
    Span,
    is_callable,
)
from modelwarden.formats.view import DamagedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from modelwarden.formats.pickle.machine import Machine

PIECES = 4
ITEMS = 1024
PERSISTENT = 100_000


def need(m: Machine, count: int) -> None:
    """Raise `DamagedError` when fewer values stand above the newest mark."""
    if len(m.stack) - m.fence < count:
        raise DamagedError("the stack is empty here", m.op_at)


def pop_mark(m: Machine) -> list[object]:
    """Remove the newest mark and return what stood above it."""
    if not m.marks:
        raise DamagedError("there is no MARK here", m.op_at)
    mark = m.marks.pop()
    m.fence = m.marks[-1] if m.marks else 0
    items = m.stack[mark:]
    del m.stack[mark:]
    return items


def _mark(m: Machine) -> None:
    m.fence = len(m.stack)
    m.marks.append(m.fence)


def _stop(m: Machine) -> None:
    need(m, 1)
    m.done = True


def _pop(m: Machine) -> None:
    if m.marks and m.marks[-1] == len(m.stack):
        pop_mark(m)
    else:
        need(m, 1)
        m.stack.pop()


def _pop_mark(m: Machine) -> None:
    pop_mark(m)


def _dup(m: Machine) -> None:
    need(m, 1)
    m.stack.append(m.stack[-1])


def _proto(m: Machine) -> None:
    proto = m.tape.byte()
    if proto > LATEST_PROTOCOL:
        raise DamagedError(f"protocol {proto} does not exist", m.op_at)
    m.proto = proto
    m.protocol = max(m.protocol, proto)


def _frame(m: Machine) -> None:
    size = int.from_bytes(m.tape.take(8), "little")
    if size > 0x7FFF_FFFF_FFFF_FFFF:
        raise DamagedError("a frame of more bytes than there can be", m.op_at)
    m.tape.frame(size)
    m.protocol = max(m.protocol, 4)


def _get_at(m: Machine, index: int) -> None:
    code = m.memo.get(index)
    if code == HOLE:
        raise DamagedError(f"nothing was stored in the memo at {index}", m.op_at)
    if code < 0:
        m.stack.append(m.memo.values[~code])
    else:
        value = constants.read_again(m, code)
        m.stack.append(value)
        m.fresh = (value, code)


def _put_at(m: Machine, index: int) -> None:
    need(m, 1)
    value, at = m.fresh
    top = m.stack[-1]
    m.memo.put(index, at if at >= 0 and top is value else m.memo.code_of(top))


def _get(m: Machine) -> None:
    _get_at(m, constants.decimal(m))


def _binget(m: Machine) -> None:
    _get_at(m, m.tape.byte())


def _long_binget(m: Machine) -> None:
    _get_at(m, int.from_bytes(m.tape.take(4), "little"))


def _put(m: Machine) -> None:
    index = constants.decimal(m)
    if index < 0:
        raise DamagedError("a negative place in the memo", m.op_at)
    _put_at(m, index)


def _binput(m: Machine) -> None:
    _put_at(m, m.tape.byte())


def _long_binput(m: Machine) -> None:
    _put_at(m, int.from_bytes(m.tape.take(4), "little"))


def _memoize(m: Machine) -> None:
    m.memoized = True
    _put_at(m, m.memo.count)


def _tuple(m: Machine) -> None:
    m.stack.append(tuple(pop_mark(m)))


def _tuple_of(count: int) -> Callable[[Machine], None]:
    def operation(m: Machine) -> None:
        need(m, count)
        items = tuple(m.stack[len(m.stack) - count :])
        del m.stack[len(m.stack) - count :]
        m.stack.append(items)

    return operation


def _list(m: Machine) -> None:
    m.stack.append(pop_mark(m))


def _dict(m: Machine) -> None:
    items = pop_mark(m)
    if len(items) % 2:
        raise DamagedError("a key without a value", m.op_at)
    m.stack.append({0: items} if items else {})


def _frozenset(m: Machine) -> None:
    m.stack.append(Items("frozenset", pop_mark(m)))


def _empty(make: Callable[[], object]) -> Callable[[Machine], None]:
    def operation(m: Machine) -> None:
        m.stack.append(make())

    return operation


def _append(m: Machine) -> None:
    need(m, 2)
    value = m.stack.pop()
    _extend(m, m.stack[-1], [value], single=True)


def _appends(m: Machine) -> None:
    items = pop_mark(m)
    need(m, 1)
    _extend(m, m.stack[-1], items, single=False)


def _extend(m: Machine, target: object, items: list[object], *, single: bool) -> None:
    if type(target) is list:
        if len(target) < ITEMS:
            target += items
        elif target[-1] is not DROPPED:
            target.append(DROPPED)
    elif is_callable(target):
        # Python's machine appends a single value, the C machine extends by it; without an
        # `extend` both append.
        if single:
            calls.method(m, target, "append", (items[0],))
            calls.method(m, target, "extend", (items,))
        else:
            calls.method(m, target, "extend", (items,))
            calls.each(m, target, "append", [(item,) for item in items])
    elif items and not (target is ANY_LIST or _is_bytearray(target)):
        raise DamagedError("APPEND on something that takes no values", m.op_at)


def _setitem(m: Machine) -> None:
    need(m, 3)
    items = m.stack[-2:]
    del m.stack[-2:]
    _assign(m, m.stack[-1], items)


def _setitems(m: Machine) -> None:
    items = pop_mark(m)
    need(m, 1)
    _assign(m, m.stack[-1], items)


def _assign(m: Machine, target: object, items: list[object]) -> None:
    if is_callable(target):
        calls.assign(m, target, items)
    elif items and type(target) is dict:
        if len(target) < PIECES:
            target[len(target)] = items
        else:
            keep_telling(target, items)
    elif items and not _takes_items(target):
        raise DamagedError("SETITEM on something that takes no items", m.op_at)
    if len(items) % 2:
        raise DamagedError("a key without a value", m.op_at)


def _is_bytearray(value: object) -> bool:
    return isinstance(value, Items | Span) and value.kind == "bytearray"


def _takes_items(value: object) -> bool:
    return value is ANY_DICT or value is ANY_LIST or type(value) is list or _is_bytearray(value)


def _additems(m: Machine) -> None:
    items = pop_mark(m)
    need(m, 1)
    target = m.stack[-1]
    if isinstance(target, Items) and target.kind == "set":
        if len(target.items) < ITEMS:
            target.items += items
    elif is_callable(target):
        calls.each(m, target, "add", [(item,) for item in items])
    elif target is not ANY_SET and items:
        raise DamagedError("ADDITEMS on something that is no set", m.op_at)


def _global(m: Machine) -> None:
    module = constants.name(m)
    name = constants.name(m)
    m.stack.append(_resolve(m, module, name, "GLOBAL"))


def _resolve(m: Machine, module: str, name: str, via: str) -> Global:
    if not module:
        raise DamagedError("a name without a module", m.op_at)
    return m.uses.resolve(global_of(module, name, m.op_at, m.proto), via)


def _stack_global(m: Machine) -> None:
    need(m, 2)
    name = m.stack.pop()
    module = m.stack.pop()
    m.stack.append(calls.computed_global(m, module, name))


def _inst(m: Machine) -> None:
    # Python's machine imports before it looks for the MARK; the C machine the other way round.
    module = constants.name(m)
    name = constants.name(m)
    found = _resolve(m, module, name, "INST")
    args = tuple(pop_mark(m))
    m.stack.append(calls.call(m, found, args, via="INST"))


def _obj(m: Machine) -> None:
    items = pop_mark(m)
    if not items:
        raise DamagedError("OBJ without a class", m.op_at)
    m.stack.append(calls.call(m, items[0], tuple(items[1:]), via="OBJ"))


def _reduce(m: Machine) -> None:
    stack = m.stack
    if len(stack) - m.fence < 2:
        need(m, 2)
    args = stack.pop()
    stack[-1] = calls.call(m, stack[-1], args, via="REDUCE")


def _newobj(m: Machine) -> None:
    need(m, 2)
    args = m.stack.pop()
    cls = m.stack.pop()
    m.stack.append(calls.new(m, cls, args, None, via="NEWOBJ"))


def _newobj_ex(m: Machine) -> None:
    need(m, 3)
    kwargs = m.stack.pop()
    args = m.stack.pop()
    cls = m.stack.pop()
    m.stack.append(calls.new(m, cls, args, kwargs, via="NEWOBJ_EX"))


def _build(m: Machine) -> None:
    need(m, 2)
    state = m.stack.pop()
    calls.build(m, m.stack[-1], state)
    if m.hook is not None:
        m.hook(m, m.stack[-1])


def _persid(m: Machine) -> None:
    at, size = m.tape.line()
    _persistent(m, constants.text(m, at, size, "ascii"))


def _binpersid(m: Machine) -> None:
    need(m, 1)
    _persistent(m, m.stack.pop())


def _persistent(m: Machine, pid: object) -> None:
    m.persistent_count += 1
    if len(m.persistent) < PERSISTENT:
        m.persistent.append(Persistent(pid, m.op_at))
    elif m.persistent_count == PERSISTENT + 1:
        m.persistent.append(Persistent(DROPPED, m.op_at))  # stands for all that follow
    m.stack.append(m.persistent[-1])


def _ext(size: int) -> Callable[[Machine], None]:
    def operation(m: Machine) -> None:
        code = int.from_bytes(m.tape.take(size), "little", signed=size == 4)
        if code <= 0:
            raise DamagedError("an extension code of 0 or less", m.op_at)
        via = f"EXT{size}"
        known = m.extensions.get(code)
        if known is None:
            name = f"<extension {code} of copyreg>"
            known = Global("", name, m.op_at, resolved=False)
        m.stack.append(m.uses.resolve(known, via))

    return operation


def _readonly_buffer(m: Machine) -> None:
    need(m, 1)


_BY_NAME: Final[dict[str, Callable[[Machine], None]]] = {
    **constants.OPERATIONS,
    "MARK": _mark,
    "STOP": _stop,
    "POP": _pop,
    "POP_MARK": _pop_mark,
    "DUP": _dup,
    "PROTO": _proto,
    "FRAME": _frame,
    "GET": _get,
    "BINGET": _binget,
    "LONG_BINGET": _long_binget,
    "PUT": _put,
    "BINPUT": _binput,
    "LONG_BINPUT": _long_binput,
    "MEMOIZE": _memoize,
    "TUPLE": _tuple,
    "EMPTY_TUPLE": _tuple_of(0),
    "TUPLE1": _tuple_of(1),
    "TUPLE2": _tuple_of(2),
    "TUPLE3": _tuple_of(3),
    "LIST": _list,
    "EMPTY_LIST": _empty(list),
    "DICT": _dict,
    "EMPTY_DICT": _empty(dict),
    "EMPTY_SET": _empty(lambda: Items("set", [])),
    "FROZENSET": _frozenset,
    "APPEND": _append,
    "APPENDS": _appends,
    "SETITEM": _setitem,
    "SETITEMS": _setitems,
    "ADDITEMS": _additems,
    "GLOBAL": _global,
    "STACK_GLOBAL": _stack_global,
    "INST": _inst,
    "OBJ": _obj,
    "REDUCE": _reduce,
    "NEWOBJ": _newobj,
    "NEWOBJ_EX": _newobj_ex,
    "BUILD": _build,
    "PERSID": _persid,
    "BINPERSID": _binpersid,
    "EXT1": _ext(1),
    "EXT2": _ext(2),
    "EXT4": _ext(4),
    "NEXT_BUFFER": _empty(lambda: BUFFER),
    "READONLY_BUFFER": _readonly_buffer,
}
TABLE: Final = {code: _BY_NAME[opcode.name] for code, opcode in OPCODES.items()}
