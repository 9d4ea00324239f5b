"""`dataclass`, made in a third of the time.

The standard library compiles up to seven functions for every frozen class, one by one. A scan of a
small file defines some seventy such classes, and that was the largest part of its start. Here only
`__init__` is compiled; the other functions need no text of their own, so they are the same for all
classes. What a class can do is the same: fields, `replace`, `asdict`, matching, pickling and
copying see a dataclass.

Only the import differs, so that readers and type checkers see what they know:

    from modelwarden.core.values import dataclass
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    import dataclasses
    import inspect  # which dataclasses has imported
    from operator import attrgetter
    from reprlib import recursive_repr

    _QUICK = {"frozen", "slots", "kw_only", "eq"}
    _MADE_ELSEWHERE = ("ClassVar", "InitVar")
    _MISSING = dataclasses.MISSING
    _set = object.__setattr__

    def dataclass(cls=None, /, **options):
        """Make a class as `dataclasses.dataclass` does, with the same options.

        What is not `slots=True` or has class variables is made by the standard library itself.
        """
        if cls is None:
            return lambda cls: dataclass(cls, **options)
        quick = options.get("slots") and options.keys() <= _QUICK
        if not quick or _has_class_variables(cls):
            return dataclasses.dataclass(cls, **options)
        return _made(cls, **options)

    def _has_class_variables(cls):
        noted = inspect.get_annotations(cls).values()
        return any(isinstance(a, str) and a.startswith(_MADE_ELSEWHERE) for a in noted)

    def _made(cls, *, slots, frozen=False, kw_only=False, eq=True):
        own = set(cls.__dict__)
        # Only the standard library knows whether a class may derive from another: it refuses a
        # mix of frozen and not, and makes the two functions of a frozen heir.
        heir = any(hasattr(base, "__dataclass_fields__") for base in cls.__mro__[1:])
        # Without a text the standard library makes one from the signature, by way of a tokenizer.
        cls.__doc__ = cls.__doc__ or f"{cls.__name__}()"
        made = dataclasses.dataclass(
            cls,
            init=False,
            repr=False,
            eq=False,
            frozen=frozen and heir,
            slots=slots,
            kw_only=kw_only,
        )
        made.__dataclass_params__.init = made.__dataclass_params__.repr = True
        made.__dataclass_params__.eq, made.__dataclass_params__.frozen = eq, frozen
        fields = dataclasses.fields(made)
        given = {"__init__": _init_of(made, fields, frozen=frozen), "__repr__": _repr}
        if eq:
            given["__eq__"] = _eq_of(tuple(f.name for f in fields if f.compare))
            given["__hash__"] = _hash_of(fields) if frozen else None
        if frozen and not heir:
            given |= {"__setattr__": _refuse_to_set, "__delattr__": _refuse_to_delete}
            given |= {"__getstate__": _state, "__setstate__": _restore}
        for name, function in given.items():
            if name not in own:
                setattr(made, name, function)
        return made

    def _init_of(cls, fields, *, frozen):
        """Compile the one function that has to be: positions, names and defaults are its own."""
        known = {"_MISSING": _MISSING, "_set": _set}
        plain, named, body = [], [], []
        for f in fields:
            value = f.name
            if f.default_factory is not _MISSING:
                known[f"_make_{f.name}"] = f.default_factory
                value = f"_make_{f.name}()"
            if f.init:
                (named if f.kw_only else plain).append(_parameter(f, known))
                if value is not f.name:
                    value = f"{value} if {f.name} is _MISSING else {f.name}"
            elif f.default is not _MISSING:
                known[value := f"_default_{f.name}"] = f.default
            elif f.default_factory is _MISSING:
                continue  # left unset, or to `__post_init__`
            body.append(f"_set(self,{f.name!r},{value})" if frozen else f"self.{f.name}={value}")
        if hasattr(cls, "__post_init__"):
            body.append("self.__post_init__()")
        head = ",".join(["self", *plain, *(["*", *named] if named else [])])
        exec(f"def __init__({head}):\n " + ("\n ".join(body) or "pass"), known)  # noqa: S102 -- names of our own fields
        init = known["__init__"]
        init.__qualname__, init.__module__ = f"{cls.__qualname__}.__init__", cls.__module__
        return init

    def _parameter(f, known):
        if f.default_factory is not _MISSING:
            return f"{f.name}=_MISSING"
        if f.default is _MISSING:
            return f.name
        known[f"_default_{f.name}"] = f.default
        return f"{f.name}=_default_{f.name}"

    @recursive_repr()
    def _repr(self):
        shown = (f"{f.name}={getattr(self, f.name)!r}" for f in dataclasses.fields(self) if f.repr)
        return f"{type(self).__qualname__}({', '.join(shown)})"

    def _eq_of(names):
        values = attrgetter(*names) if names else type

        def equal(self, other):
            if other.__class__ is not self.__class__:
                return NotImplemented
            return values(self) == values(other)

        return equal

    def _hash_of(fields):
        names = tuple(f.name for f in fields if (f.compare if f.hash is None else f.hash))
        values = attrgetter(*names) if names else type

        return lambda self: hash(values(self))

    def _refuse_to_set(_self, name, _value):
        raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")

    def _refuse_to_delete(_self, name):
        raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")

    def _state(self):
        return [getattr(self, f.name) for f in dataclasses.fields(self)]

    def _restore(self, state):
        for f, value in zip(dataclasses.fields(self), state, strict=True):
            _set(self, f.name, value)


__all__ = ["dataclass"]
