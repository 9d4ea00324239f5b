"""What Python runs of an object without being told its name: operators, loops, conversions.

An object that is only made runs its constructor. The rest of its methods between underscores run
where the object is used as their syntax, or the function that is given it, uses it.
"""

from __future__ import annotations

from modelwarden.formats.python.acts import When
from modelwarden.formats.python.state import State
from modelwarden.formats.python.values import Class, Function, Value

Names = tuple[str, ...]


def _names(text: str) -> Names:
    return tuple(f"__{word}__" for word in text.split())


_ARITHMETIC = "add sub mul matmul truediv floordiv mod pow lshift rshift and or xor"
OPERATORS = _names(
    " ".join(f"{one} r{one} i{one}" for one in _ARITHMETIC.split()) + " divmod rdivmod"
)
COMPARING = _names("eq ne lt le gt ge hash contains")
UNARY = _names("neg pos invert bool len")
TRUTH = _names("bool len")
ITERATING = _names("iter next aiter anext getitem len length_hint reversed")
TEXT = _names("str repr format")
HASHING = _names("hash eq")
CONTEXT = _names("enter exit aenter aexit")
LOOKING = _names(
    "str repr format len bool hash dir instancecheck subclasscheck subclasshook getattr "
    "getattribute"
)
# What making an object runs, and what nothing does that is written out.
_CONSTRUCTING = _names(
    "new init post_init init_subclass class_getitem set_name prepare mro_entries"
)


class Implicit(State):
    """Runs methods that are not called by name."""

    def run(
        self,
        me: Value,
        home: Class,
        name: str,
        args: tuple[Value, ...] = (),
        named: dict[str, Value] | None = None,
    ) -> Value | None:
        """Run a method of a class, if the program defines it."""
        raise NotImplementedError

    def implied(self, value: Value, names: Names) -> None:
        """Run those of an object's methods that some syntax uses; at import alone."""
        if self.when is not When.IMPORT:
            return
        for one in value.each():
            for home in _homes(one):
                for name in names:
                    result = self.run(one, home, name)
                    if result is not None and name in _AGAIN and result is not one:
                        self._next(result)

    def _next(self, result: Value) -> None:
        for one in result.each():
            if isinstance(one.code, Class) and one.instance:
                self.run(one, one.code, "__next__")

    def anything_of(self, value: Value) -> None:
        """Run all of them: something unknown has the object, and may do with it what it likes."""
        if self.when is not When.IMPORT:
            return
        for one in value.each():
            for home in _homes(one):
                for above in home.lineage():
                    for name, found in tuple(above.names.items()):
                        if name in _CONSTRUCTING or not (_is_implicit(name) or name in _ASKED):
                            continue
                        if isinstance(found.code, Function):
                            self.run(one, above, name)

    def inherited(self, me: Value, home: Class, name: str) -> None:
        """Run what a method of a class from outside calls of those that the program overrides."""
        if self.when is not When.IMPORT or not any(above.outside for above in home.lineage()):
            return
        begins = _CALLS_BACK.get(name, ())
        for above in home.lineage() if begins else ():
            for own, found in tuple(above.names.items()):
                if isinstance(found.code, Function) and own.startswith(begins):
                    self.run(me, above, own)

    def described(self, found: Value, name: str) -> Value | None:
        """Run the `__get__` or `__set__` of an object that stands in a class."""
        result: Value | None = None
        for one in found.each():
            if isinstance(one.code, Class) and one.instance and self.when is When.IMPORT:
                result = self.run(one, one.code, name) or result
        return result


# Methods of the standard library's classes, and how those begin that they call.
_CALLS_BACK: dict[str, tuple[str, ...]] = {
    "start": ("run",),
    "feed": ("handle_", "unknown_"),
    "visit": ("visit_", "generic_visit"),
    "cmdloop": ("pre", "post", "do_", "default", "emptyline"),
    "onecmd": ("do_", "default"),
    "handle": ("emit", "format", "filter"),
    "load": ("find_class", "persistent_load"),
    "dump": ("reducer_override", "persistent_id"),
    "encode": ("default",),
    "run": ("main", "setUp", "test", "tearDown"),
    **dict.fromkeys(("debug", "info", "warning", "error", "critical", "log"), ("emit", "handle")),
    **dict.fromkeys(("vformat", "format"), ("get_", "convert_", "format_")),
}
# What those call of an object who have been given one: loggers, encoders, the import machinery.
_ASKED = frozenset(
    "emit filter handle default object_hook write find_spec find_module find_class load_module "
    "exec_module create_module run persistent_load reducer_override".split()
)
_AGAIN = frozenset(("__iter__", "__aiter__"))


def _homes(one: Value) -> tuple[Class, ...]:
    """Return the class of an object; of a class, its metaclass."""
    if not isinstance(one.code, Class) or one.path is not None:
        return ()
    if one.instance:
        return (one.code,)
    return tuple(above.meta for above in one.code.lineage() if above.meta is not None)[:1]


def _is_implicit(name: str) -> bool:
    return name.startswith("__") and name.endswith("__")
