"""What happens when an opcode calls something: it is noted, and a value stands for the result."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from modelwarden.core import UseKind
from modelwarden.formats.limits import LimitExceededError
from modelwarden.formats.pickle import constants
from modelwarden.formats.pickle.names import FOLDING, fold, global_of
from modelwarden.formats.pickle.nested import may_hold_pickle
from modelwarden.formats.pickle.opcodes import OPCODES
from modelwarden.formats.pickle.render import render
from modelwarden.formats.pickle.squeeze import COMMON_SHADOWS, HOOKS, KEPT_SPECIAL, SHADOWS
from modelwarden.formats.pickle.uses import ANY_ARGUMENTS
from modelwarden.formats.pickle.values import (
    BUFFER,
    Call,
    Global,
    Persistent,
    Span,
    Summary,
    is_callable,
    pairs,
)
from modelwarden.formats.view import DamagedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelwarden.formats.pickle.machine import Machine

# Functions of `copyreg` that only make an instance of their first argument.
_MAKERS: Final = frozenset({"_reconstructor", "__newobj__", "__newobj_ex__"})
_EXTENSIONS: Final = 4096
# Modules with a function that `_known` follows.
_FOLLOWED: Final = FOLDING | {"copyreg", "_codecs", "codecs"}
# Modules whose objects store a function with its arguments.
_STORING: Final = frozenset({"functools", "operator", "_functools", "_operator"})
_COLLECTIONS: Final = frozenset({"builtins", "collections"})
_SPECIAL: Final = re.compile(r"__\w+__")
_LATIN: Final = ("latin1", "latin-1", "latin_1", "iso-8859-1", "iso8859-1")
_HOOKED: Final = 64
_EACH: Final = 32
# The bytes under this key of their state skorch's nets load as a pickle of their own.
_LOADED: Final = "__cuda_dependent_attributes__"


def call(m: Machine, callee: object, args: object, *, via: str) -> object:
    """Call `callee` with the values of `args`, a tuple if the file is honest.

    Raises:
        DamagedError: CPython could not call it.
    """
    if not is_callable(callee) and not isinstance(callee, Summary):
        raise DamagedError(f"{via} of something that cannot be called", m.op_at)
    identity = m.uses.call(callee, args, kind=UseKind.CALLED, at=m.op_at, via=via)
    if type(args) is tuple and dict in map(type, args):
        _note_filled(m, callee, args)
    if type(callee) is Global and callee.module in _FOLLOWED:
        known = _known(m, callee, args, via)
        if known is not None:
            return known
    return Call(callee, args, m.op_at, identity=identity)


def _known(m: Machine, callee: Global, args: object, via: str) -> object | None:
    """Return the result of the few functions that are followed."""
    if callee.module == "copyreg" and isinstance(args, tuple):
        if callee.name in _MAKERS and args and is_callable(args[0]):
            rest = args[1:]
            identity = m.uses.call(args[0], rest, kind=UseKind.CONSTRUCTED, at=m.op_at, via=via)
            return Call(args[0], rest, m.op_at, new=True, identity=identity)
        if callee.name == "add_extension":
            _register(m, args)
    if (span := _latin(callee, args)) is not None:
        head = m.tape.source.read(span.at, 64).decode("utf-8", "replace")
        if may_hold_pickle(head.encode("latin-1", "replace")):
            constants.suspect(m, span)
        return span
    made = fold(callee, args)
    if made is not None and may_hold_pickle(
        made[:64] if isinstance(made, bytes) else made[:64].encode("utf-8", "surrogatepass")
    ):
        constants.suspect(m, made)
    return made


def _latin(callee: Global, args: object) -> Span | None:
    """Return the bytes that a long text stands for, when it is turned into bytes as Latin-1."""
    if callee.module not in {"_codecs", "codecs"} or callee.name != "encode":
        return None
    if not isinstance(args, tuple) or len(args) != 2 or args[1] not in _LATIN:
        return None
    text = args[0]
    if isinstance(text, Span) and text.kind == "str":
        return Span("bytes", text.at, text.size, escaped=text.escaped, latin=True)
    return None


def _register(m: Machine, args: tuple[object, ...]) -> None:
    if len(args) == 3 and len(m.extensions) < _EXTENSIONS:
        module, name, code = args
        if isinstance(module, str) and isinstance(name, str) and isinstance(code, int):
            m.extensions[code] = global_of(module, name, m.op_at, m.proto)


def new(m: Machine, cls: object, args: object, kwargs: object, *, via: str) -> object:
    """Make an instance without running `__init__`."""
    if not is_callable(cls) and not isinstance(cls, Summary):
        raise DamagedError(f"{via} of something that is no class", m.op_at)
    identity = m.uses.call(cls, args, kwargs=kwargs, kind=UseKind.CONSTRUCTED, at=m.op_at, via=via)
    if kwargs is not None:
        _note_filled(m, cls, (kwargs,))
    return Call(cls, args, m.op_at, new=True, kwargs=kwargs, identity=identity)


def each(m: Machine, target: object, name: str, calls: Sequence[tuple[object, ...]]) -> None:
    """Call a method once for each of many items; only the first are noted one by one."""
    for args in calls[:_EACH]:
        method(m, target, name, args)
    if len(calls) > _EACH:
        method(m, target, name, ANY_ARGUMENTS, times=len(calls) - _EACH)


def method(m: Machine, target: object, name: str, args: object, *, times: int = 1) -> None:
    """Look a method up on an object and call it."""
    for hook in m.hooks.get(name, ()):
        # The file itself has set this attribute, here or on a class: that value may be called.
        m.uses.call(hook, args, kind=UseKind.CALLED, at=m.op_at, via=_via(m))
    restoring = isinstance(target, Call) and target.new
    kind = UseKind.CONSTRUCTED if restoring else UseKind.CALLED
    again = isinstance(target, Call) and target.built
    via = _via(m)
    m.uses.call(target, args, kind=kind, at=m.op_at, via=via, method=name, times=times, again=again)


def build(m: Machine, inst: object, state: object) -> None:
    """Restore an object's state: through `__setstate__`, its `__dict__` or its slots."""
    if not is_callable(inst):
        return
    method(m, inst, "__setstate__", (state,))
    if isinstance(inst, Call):
        inst.state, inst.built = state, True
    parts = state if isinstance(state, tuple) and len(state) == 2 else (state,)
    for part in parts:
        _note_hooks(m, part)


def assign(m: Machine, target: object, items: list[object]) -> None:
    """Set items in an object; a class may hand them out as its attributes."""
    each(m, target, "__setitem__", list(zip(items[::2], items[1::2], strict=False)))
    if not _is_collection(target):
        _note_hooks(m, {0: items})


def _note_filled(m: Machine, callee: object, args: object) -> None:
    """Note what an object gets as attributes from dicts among the arguments that make it."""
    if isinstance(args, tuple) and not _is_collection(callee):
        for value in args:
            if type(value) is dict:
                _note_hooks(m, value)


def _is_collection(value: object) -> bool:
    """Tell whether something is a container, whose items are never its attributes."""
    root = value if isinstance(value, Global) else getattr(value, "root", None)
    return isinstance(root, Global) and root.module in _COLLECTIONS


def _note_hooks(m: Machine, state: object) -> None:
    for key, value in pairs(state):
        if key == _LOADED and not is_callable(value):
            constants.suspect(m, value)
        if is_callable(value) and _shadows(key, value):
            m.uses.call(value, ANY_ARGUMENTS, kind=UseKind.CALLED, at=m.op_at, via=_via(m))
        if isinstance(key, str) and key in HOOKS and is_callable(value):
            known = m.hooks.setdefault(key, [])
            if not any(value is one for one in known):
                known.append(value)
                if len(known) > _HOOKED:
                    raise LimitExceededError(f"objects set as {key}", _HOOKED)


def _shadows(key: object, value: object) -> bool:
    """Tell whether a callable takes the place of a method that a library calls."""
    if not isinstance(key, str):
        return isinstance(key, Call) and _is_function(value)  # a name that is made while loading
    if key in SHADOWS:
        return True
    common = key in COMMON_SHADOWS or (_SPECIAL.fullmatch(key) and key not in KEPT_SPECIAL)
    return bool(common) and _is_function(value)


def _is_function(value: object) -> bool:
    """Tell whether something is imported, stores a call, or is a method of an object."""
    if isinstance(value, Call):
        root = value.root
        if not isinstance(root, Global) or value.new:
            return False
        return root.module in _STORING or (_is_getattr(root) and _of_object(value.args))
    return isinstance(value, Global)


def _is_getattr(root: Global) -> bool:
    return root.name == "getattr" and root.module == "builtins"


def _of_object(args: object) -> bool:
    return isinstance(args, tuple) and bool(args) and is_callable(args[0])


def computed_global(m: Machine, module: object, name: object) -> Global:
    """Return what STACK_GLOBAL imports.

    Raises:
        DamagedError: CPython refuses names that are not strings.
    """
    module, name = _string(m, module), _string(m, name)
    if isinstance(module, str) and isinstance(name, str):
        if not module:
            raise DamagedError("a name without a module", m.op_at)
        found = global_of(module, name, m.op_at, m.proto)
    elif _may_be_string(module) and _may_be_string(name):
        shown = f"{_show(module)}.{_show(name)}"
        known = module if isinstance(module, str) else ""
        found = Global(known, name if isinstance(name, str) else shown, m.op_at, resolved=False)
    else:
        raise DamagedError("STACK_GLOBAL of something that is no string", m.op_at)
    return m.uses.resolve(found, "STACK_GLOBAL")


def _string(m: Machine, value: object) -> object:
    """Return a string that was left in the file, when it is not absurdly long for a name."""
    if isinstance(value, Span) and value.kind == "str" and value.size <= m.limits.string:
        data = m.tape.source.read(value.at, value.size)
        if value.escaped:
            return value
        try:
            return data.decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            return data.decode("latin-1")
    return value


def _may_be_string(value: object) -> bool:
    if isinstance(value, Span):
        return value.kind == "str"
    return isinstance(value, str | Call | Persistent | Global) or value is BUFFER


def _show(value: object) -> str:
    return value if isinstance(value, str) else f"<{render(value, 120)}>"


def _via(m: Machine) -> str:
    return OPCODES[m.opcode].name
