"""The uses of one pickle, judged with their arguments and in their order.

A name alone does not tell what `getattr(x, 'y')` gives, what the result of an earlier call is when
it is called in turn, or what a constructor does with a class among its arguments. Here the few
functions of that kind are followed; what cannot be followed is `HIDDEN`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from modelwarden.artifacts.known.allowed import allowance
from modelwarden.artifacts.known.by_arguments import (
    ITERATING,
    cython_class,
    evaluates,
    harmless_call,
    tensor_class,
)
from modelwarden.artifacts.known.carried import danger_in, imported_for_code
from modelwarden.artifacts.known.carriers import (
    ENUMERATIONS,
    MODULES,
    NAMEDTUPLES,
    SETTERS,
    TYPES,
    carries_code,
    is_enumeration,
)
from modelwarden.artifacts.known.judgement import Judgement, Ruling, ruling
from modelwarden.artifacts.known.libraries import is_class
from modelwarden.artifacts.known.names import spellings, words
from modelwarden.artifacts.known.rulings import code, harmless, hidden, unknown
from modelwarden.artifacts.known.shared import DTYPE, is_shared, lends
from modelwarden.artifacts.known.states import State, state_of
from modelwarden.core import UseKind
from modelwarden.core.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from modelwarden.formats.pickle.uses import Argument, Use

Target = tuple[str, str]
# How torch files begin: the records of an archive, or the first of five pickles, a number. The
# reader of pickles examines constants that begin so as files of their own.
_TORCH = (b"PK\x03\x04", b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.")
_NEW = ".__new__"
_PROTO = 0x80  # the opcode that pickles from protocol 2 on begin with
_PLAIN_BASES = words("object dict list tuple set frozenset int float complex str bytes bytearray")
# Types that dill finds by their names, and whose objects only hold plain values.
_PLAIN_TYPES = words("slice range complex bool")
# Of which evolutionary searches make their classes.
_INDIVIDUALS = frozenset(
    (module, name)
    for module, names in (
        ("deap.creator", "meta_create"),
        ("deap.base", "Fitness"),
        ("deap.gp", "PrimitiveTree"),
        ("builtins", "list set dict tuple"),
        ("array", "array"),
        ("numpy", "ndarray"),
    )
    for name in words(names)
)
_RECONSTRUCTS = frozenset(
    (module, "_reconstruct") for module in words("numpy.core.multiarray numpy._core.multiarray")
)
# What is called to make an attribute of a class, which is judged where it is called.
_OF_CLASSES = frozenset(
    ("builtins", name) for name in words("getattr property staticmethod classmethod")
)
# Its state is that of its numbers: no file can give it another method.
_GENERATOR = ("random", "Random")
_CHANGES = "changes the imported thing itself, for everybody who uses it"
_AGAIN = "is called on an object whose state was restored before, which no pickler does"
_DANGERS = {
    State.RUNS: "runs the Python source in its state when it is restored",
    State.READS: "unpickles the file that its state names, in another folder than this one",
}
_TYPES_MADE_OF_CODE = words("CodeType FunctionType LambdaType code function MethodType method cell")


@dataclass(frozen=True, slots=True)
class Judged:
    """One use with its ruling.

    Attributes:
        target: what is really used, dotted: behind `getattr` and the like.
        kind: how it is used.
    """

    use: Use
    ruling: Ruling
    target: str
    kind: UseKind


def _is_plain(item: Target) -> bool:
    """Tell whether an imported thing is harmless, or makes what the file carries the code of."""
    found = ruling(*item, UseKind.REFERENCED).judgement
    return found in {Judgement.HARMLESS, Judgement.CODE}


def _namedtuple(use: Use) -> Target | None:
    """Return the class that dill imports by name, where there is one: a tuple with named fields."""
    texts = [argument.text for argument in use.arguments]
    if use.skipped or use.imports or len(texts) < 3 or texts[0] is None or texts[2] is None:
        return None
    if not texts[0].isidentifier() or texts[2] == "__main__":
        return None
    return texts[2], texts[0]


def _is_allowed(module: str, name: str) -> bool:
    """Tell whether an allow-list names exactly this function."""
    found = allowance(module, name, UseKind.CALLED)
    return found is not None and found.exact


def _of_numbers(use: Use) -> bool:
    """Tell whether a call is given neither text nor bytes nor anything imported."""
    return not use.imports and not any(mark in use.rendered for mark in ("'", '"', "<", "…"))


def judged(uses: Iterable[Use]) -> tuple[Judged, ...]:
    """Judge all uses of a file, in their order."""
    listed = tuple(uses)
    followed = _Followed(
        dill=any(use.module.partition(".")[0] == "dill" for use in listed),
        imported=imported_for_code(listed),
    )
    return tuple(followed.judge(use) for use in listed)


class _Followed:
    """What the results of earlier calls stand for, by the offset of the call."""

    def __init__(self, *, dill: bool, imported: frozenset[str]) -> None:
        self.dill, self.imported = dill, imported
        self.made: dict[int, Target | None] = {}
        self.stored: dict[int, Target | None] = {}  # what a `partial` stores since it was restored
        self.enumerations: set[int] = set()  # that the file makes, by the offset of the call
        self.lent = False  # whether some `numpy.dtype` may be one that a library holds

    def judge(self, use: Use) -> Judged:
        """Judge one use and note what its result stands for."""
        target: Target = (use.module, use.name)
        if not use.module or not use.resolved:
            return self._judged(use, hidden("its name is only known while loading"), target)
        if use.method is not None:
            return self._method(use, target)
        if use.callee is not None:
            return self._chained(use)
        if self.dill and target == ("builtins", "setattr") and use.kind is UseKind.REFERENCED:
            return self._judged(use, code(), target)  # how dill fills the cells of closures
        names = spellings(use.module, use.name)
        self.lent |= lends(use, names)
        return self._plain(use, names)

    def _judged(self, use: Use, found: Ruling, target: Target) -> Judged:
        return Judged(use, found, ".".join(part for part in target if part), use.kind)

    def _method(self, use: Use, target: Target) -> Judged:
        """Judge a method that an opcode calls (`__setstate__`, `append`, …)."""
        if (found := self._altering(use, target)) is not None:
            return self._judged(use, found, target)
        if target == ("functools", "partial") and use.callee_at is not None:
            state = use.arguments[0] if use.method == "__setstate__" and use.arguments else None
            function = None if state is None else state.function
            if function is None and state is not None and state.made is not None:
                function = self._object(*state.made)
            self.stored[use.callee_at] = function
            makes = function is not None and function[1].endswith(_NEW)
            self.made[use.callee_at] = function if makes else None
        if use.callee_at in self.made:
            followed = self.made[use.callee_at]
            if followed is None or followed[1].endswith(_NEW):
                return self._judged(use, harmless("restores the result of a call"), target)
            target = followed
        if carries_code(*target):
            return self._judged(use, code(), target)
        if use.method == "__setstate__" and (judged := self._restored(use, target)) is not None:
            return judged
        found = ruling(*target, UseKind.CONSTRUCTED)
        if found.judgement is Judgement.UNKNOWN and use.kind is UseKind.CALLED:
            # The call that made it is reported already.
            found = replace(found, judgement=Judgement.HARMLESS)
        return self._judged(use, found, target)

    def _altering(self, use: Use, target: Target) -> Ruling | None:
        """Judge a method that alters what the file has not just made; None for all others."""
        if use.callee is None:
            found = ruling(*target, UseKind.CALLED)
            return found if found.judgement is Judgement.DANGEROUS else hidden(_CHANGES)
        if use.again:
            return hidden(_AGAIN)
        names = spellings(*target)
        if use.chain == 1 and (is_shared(names) or (self.lent and DTYPE in names)):
            return hidden(_CHANGES)
        return None

    def _restored(self, use: Use, target: Target) -> Judged | None:
        """Judge the state of classes that run what is in it; None where it is only kept."""
        known = use.arguments[0] if len(use.arguments) == 1 else None
        state = state_of(*target, known)
        if state in _DANGERS:
            reason = _DANGERS[state]
            found = replace(ruling(*target, use.kind), judgement=Judgement.DANGEROUS, reason=reason)
            return self._judged(use, found, target)
        if state is State.UNTOLD:  # nobody can have looked at it, however well the class is known
            return self._judged(use, replace(unknown(target), known=False), target)
        return None

    def _chained(self, use: Use) -> Judged:
        """Judge a call of what an earlier call returned."""
        target: Target = (use.module, use.name)
        if use.callee_at in self.enumerations and use.chain == 1 and not use.imports:
            # Its member of this value: runs no more than making an instance of a class would.
            return self._judged(use, code(), target)
        followed = self.made.get(use.callee_at) if use.callee_at is not None else None
        self.made[use.at] = None
        if followed is not None and followed[1]:
            if followed[0] == "types" and followed[1] in _TYPES_MADE_OF_CODE:
                return self._carried(use, followed)
            if carries_code(*followed):
                return self._carrier(use, followed)
            if followed[1].endswith(_NEW) and use.callee_at in self.stored:
                # How protocols before 4 make an object whose constructor takes keywords.
                made = (followed[0], followed[1].removesuffix(_NEW))
                self.made[use.at] = (made[0], f"{made[1]}()")
                return self._as_instance(use, made)
            self.made[use.at] = (followed[0], f"{followed[1]}()")
            return self._judged(use, ruling(*followed, use.kind), followed)
        above = ruling(*target, UseKind.CALLED)
        if carries_code(*target):
            if use.kind is UseKind.CONSTRUCTED:
                return self._judged(use, code(), target)
            found = replace(above, judgement=Judgement.DANGEROUS, reason="runs code from the file")
            return self._judged(use, found, target)
        if above.judgement is Judgement.DANGEROUS:
            return self._judged(use, above, target)
        return self._judged(use, hidden("calls what an earlier call returned"), target)

    def _plain(self, use: Use, names: tuple[Target, ...]) -> Judged:
        """Judge a use of the imported thing itself."""
        target = names[0]
        carrier = next((name for name in names if carries_code(*name)), None)
        if carrier is not None:
            return self._carrier(use, carrier)
        if use.kind is UseKind.CALLED:
            special = self._special(use, names)
            if special is not None:
                return special
        found = ruling(*target, use.kind)
        if evaluates(use):
            reason = "evaluates the text among its arguments as Python"
            found = replace(found, judgement=Judgement.DANGEROUS, reason=reason)
        if found.judgement is Judgement.UNKNOWN and is_class(*target) and _of_numbers(use):
            # Making an instance by a call: what its `__init__` does, nobody has looked at, but
            # nothing that it is given could be a command, a name of a file or a function.
            found = replace(found, known=False)
            return Judged(use, found, ".".join(target), UseKind.CONSTRUCTED)
        return self._judged(use, found, target)

    def _special(self, use: Use, names: tuple[Target, ...]) -> Judged | None:
        """Judge the functions whose arguments decide; None for all others."""
        for name in names:
            reason = harmless_call(*name, use)
            if reason is not None:
                self.made[use.at] = None
                return self._judged(use, harmless(reason), names[0])
            decide = _BY_ARGUMENTS.get(name)
            if decide is not None:
                return decide(self, use)
            if name in ITERATING:
                return self.iterated(use)
        made = cython_class(use)
        if made is not None and ruling(*names[0], use.kind).judgement is not Judgement.DANGEROUS:
            return self._as_instance(use, made)
        return None

    def _as_instance(self, use: Use, made: Target) -> Judged:
        """Judge a call as the making of an instance, which is all that it does."""
        kind = UseKind.CONSTRUCTED
        return Judged(use, ruling(*made, kind), ".".join(made), kind)

    def tensor(self, use: Use) -> Judged:
        """A tensor that is given a class: harmless when torch's own function rebuilds it."""
        made = tensor_class(use)
        return self._plainly(use) if made is None else self._as_instance(use, made)

    def compiled(self, use: Use) -> Judged:
        """Numba keeps a compiled function as a pickle in a constant, which is examined as one."""
        first = use.arguments[0] if use.argument_count == 1 else None
        if first is None:
            return self._plainly(use)
        data = first.head
        pickled = data is not None and len(data) > 1 and data[0] == _PROTO and 1 < data[1] < 6
        opened = first.made_at is not None and first.name == "_unpickle__CustomPickled"
        if pickled or opened:
            return self._judged(use, code(), (use.module, use.name))
        return self._plainly(use)

    def curried(self, use: Use) -> Judged:
        """Toolz stores a function with arguments, and may find it by 'module:name'."""
        if use.skipped or use.argument_count != 6:
            return self._plainly(use)
        function = use.arguments[1]
        found = self._of(function)
        if found is None and function.text is not None:
            module, _, name = function.text.partition(":")
            found = (module, name) if name else None
        if found is None:
            return self._plainly(use)
        self.made[use.at] = found
        return self._as_reference(use, found)

    def _plainly(self, use: Use) -> Judged:
        target: Target = (use.module, use.name)
        return self._judged(use, ruling(*target, use.kind), target)

    def iterated(self, use: Use) -> Judged | None:
        """What goes through, or converts, an object of a library runs that library's methods."""
        for argument in use.arguments:
            if argument.made_at is None:
                continue
            made = argument.module, argument.name
            if ruling(*made, UseKind.CONSTRUCTED).judgement is Judgement.NEEDS_CODE:
                reason = "runs methods of an object that the file made"
                found = replace(unknown((use.module, use.name)), reason=reason)
                return self._judged(use, found, (use.module, use.name))
        return None

    def attribute_set(self, use: Use) -> Judged:
        """`setattr` on what the file made of code of its own is how dill restores it."""
        first = use.arguments[0] if use.arguments else None
        made = first if first is not None and first.made_at is not None else None
        if made is not None and carries_code(made.module, made.name):
            return self._judged(use, code(), (use.module, use.name))
        return self._plainly(use)

    def partial(self, use: Use) -> Judged:
        """`functools.partial` stores a function; what calls the result calls that."""
        first = use.arguments[0] if use.arguments else None
        self.made[use.at] = self._of(first)
        if first is None or not first.module:
            return self._judged(use, unknown((use.module, use.name)), (use.module, use.name))
        return self._plainly(use)

    def of_code(self, use: Use) -> Judged:
        """A property or the like over functions that the file carries is more of the same code."""
        carried = [a.made_at is not None and carries_code(a.module, a.name) for a in use.arguments]
        others = [a for a, own in zip(use.arguments, carried, strict=True) if not own]
        if any(carried) and not use.skipped and not any(a.module for a in others):
            return self._judged(use, code(), (use.module, use.name))
        return self._plainly(use)

    def type_of(self, use: Use) -> Judged:
        """`type` with one argument tells; with three it makes a class."""
        if use.argument_count == 1:
            return self._judged(use, harmless("tells the type of a value"), (use.module, use.name))
        return self._plainly(use)

    def made_later(self, use: Use) -> Judged:
        """A `defaultdict` calls its first argument, without arguments, for what it has not."""
        first = use.arguments[0] if use.arguments else None
        if first is None or not first.module:
            return self._plainly(use)
        factory = self._of(first)
        if factory is None and first.made_at is not None:
            factory = self.stored.get(first.made_at)
        if factory is None:
            reason = "calls what an earlier call returned, for keys that are not there"
            found = replace(unknown((use.module, use.name)), reason=reason)
            return self._judged(use, found, (first.module, first.name))
        kind = UseKind.CONSTRUCTED if is_class(*factory) else UseKind.CALLED
        found = ruling(*factory, kind)
        if found.judgement in {Judgement.HARMLESS, Judgement.NEEDS_CODE}:
            return self._plainly(use)
        return self._judged(use, found, factory)

    def tensor_file(self, use: Use) -> Judged:
        """A torch file in a constant is examined as a file; anything else torch would not write."""
        data = use.arguments[0].head if use.arguments else None
        if data is None or not data.startswith(_TORCH):
            return self._judged(use, unknown((use.module, use.name)), (use.module, use.name))
        return self._plainly(use)

    def _of(self, argument: Argument | None) -> Target | None:
        """Return what an argument stands for, when it is imported or was followed."""
        if argument is None or not argument.module:
            return None
        if argument.made_at is None:
            return argument.module, argument.name
        return self._object(argument.module, argument.name, argument.made_at)

    def _object(self, module: str, name: str, made_at: int) -> Target | None:
        """Return what calling an object calls: its class says that, no state can."""
        if made_at in self.made:
            return self.made[made_at]
        return (module, f"{name}.__call__") if _is_allowed(module, f"{name}.__call__") else None

    def attribute(self, use: Use) -> Judged:
        """`getattr(thing, 'name')` gives what `thing.name` imports."""
        target: Target = (use.module, use.name)
        first = use.arguments[0] if use.arguments else None
        text = use.arguments[1].text if len(use.arguments) > 1 else None
        base = self._of(first)
        made = first is not None and first.made_at is not None
        instance = made and (base is None or base[1].endswith("()"))
        if base is None and made and first is not None and first.module:
            base = (first.module, first.name)
        if use.skipped or base is None or text is None or use.argument_count not in (2, 3):
            return self._judged(use, ruling(*target, use.kind), target)
        path = ".".join(part for part in base if part)
        if carries_code(path, text):
            self.made[use.at] = (path, text)
            return self._judged(use, code(), (path, text))
        found = (base[0], f"{base[1]}.{text}" if base[1] else text)
        # An instance may have been given this attribute by the file itself.
        drawn = found if base == _GENERATOR and _is_allowed(*found) else None
        self.made[use.at] = drawn if instance else found
        if text == "__new__" and not made:
            return self._as_instance(use, base)
        return self._as_reference(use, found)

    def undefined(self, use: Use) -> Judged:
        """A function of SymPy that only has a name; what it is applied to makes an expression."""
        if use.imports or use.skipped:
            return self._plainly(use)
        self.made[use.at] = ("sympy.core.function", "AppliedUndef")
        return self._judged(
            use, harmless("a function that only has a name"), (use.module, use.name)
        )

    def _as_reference(self, use: Use, found: Target) -> Judged:
        kind = UseKind.REFERENCED
        return Judged(use, ruling(*found, kind), ".".join(found), kind)

    def class_of_search(self, use: Use) -> Judged:
        """A class that DEAP makes of a base and a fitness; anything else in it may be called."""
        target: Target = (use.module, use.name)
        first = use.arguments[0].text if use.arguments else None
        whole = not use.skipped and "\N{HORIZONTAL ELLIPSIS}" not in use.rendered
        if not whole or first is None or not _INDIVIDUALS.issuperset(use.imports):
            return self._judged(use, ruling(*target, use.kind), target)
        self.made[use.at] = (use.module, first)
        return self._judged(use, harmless("a class that holds plain values"), target)

    def array(self, use: Use) -> Judged:
        """An array as dill keeps it: NumPy's own function, which it calls, and a state."""
        target: Target = (use.module, use.name)
        first = use.arguments[0] if use.arguments else None
        if use.skipped or first is None or first.made_at is not None:
            return self._judged(use, ruling(*target, use.kind), target)
        plain = (first.module, first.name) in _RECONSTRUCTS and all(
            ruling(*one, UseKind.REFERENCED).judgement is Judgement.HARMLESS for one in use.imports
        )
        found = harmless("an array of NumPy") if plain else ruling(*target, use.kind)
        return self._judged(use, found, target)

    def function(self, use: Use) -> Judged:
        """NumPy finds its functions by the names of module and function."""
        texts = [argument.text for argument in use.arguments]
        if use.skipped or len(texts) != 2 or texts[0] is None or texts[1] is None:
            target: Target = (use.module, use.name)
            return self._judged(use, ruling(*target, use.kind), target)
        found = texts[0], texts[1]
        self.made[use.at] = found
        return self._as_reference(use, found)

    def reconstructed(self, use: Use) -> Judged:
        """`copyreg._reconstructor(cls, base, state)` initialises `base` with `state`."""
        target: Target = (use.module, use.name)
        base = self._of(use.arguments[1]) if len(use.arguments) > 1 else None
        if base is not None and base[0] in {"builtins", "__builtin__"} and base[1] in _PLAIN_BASES:
            return self._judged(use, ruling(*target, use.kind), target)
        if base is None:
            return self._judged(use, hidden("makes an object of a computed class"), target)
        found = ruling(*base, UseKind.CALLED)
        return self._judged(use, found, base)

    def passed_on(self, use: Use) -> Judged:
        """A constructor that calls its arguments: the worst of them counts."""
        target: Target = (use.module, use.name)
        for argument in use.arguments:
            if not argument.module:
                continue
            passed = self._of(argument)
            if passed is None and not argument.module.startswith("numpy.random"):
                found = hidden("calls what an earlier call returned")
                return self._judged(use, found, (argument.module, argument.name))
            if passed is None:
                continue
            found = ruling(*passed, UseKind.CALLED)
            if found.judgement is not Judgement.HARMLESS:
                return self._judged(use, found, passed)
        return self._judged(use, ruling(*target, use.kind), target)

    def _carrier(self, use: Use, target: Target) -> Judged:
        """Judge dill's and cloudpickle's makers of functions and classes."""
        name = target[1]
        first = use.arguments[0] if use.arguments else None
        if name in SETTERS and first is not None and first.module and first.made_at is None:
            return self._judged(use, hidden(_CHANGES), (first.module, first.name))
        if name in NAMEDTUPLES and (found := _namedtuple(use)) is not None:
            self.made[use.at] = found
            return self._as_reference(use, found)
        if name in TYPES and first is not None and first.text is not None:
            if first.text in _PLAIN_TYPES:
                self.made[use.at] = ("builtins", first.text)
                return self._judged(use, harmless("a type of Python's own"), target)
            self.made[use.at] = ("types", first.text)
            if not first.text.isidentifier() or first.text in {"sys", "functools"}:
                return self._judged(use, ruling("types", "sys", use.kind), target)
        if name in MODULES and first is not None and first.text is not None:
            self.made[use.at] = (first.text, "")
        if name in ENUMERATIONS and first is not None and is_enumeration(first.classes):
            self.enumerations.add(use.at)
        if name in SETTERS and first is not None and first.made_at in self.enumerations:
            self._changed(use, first.made_at)
        return self._carried(use, target)

    def _changed(self, use: Use, made_at: int) -> None:
        """Trust an enumeration no more that gets what may be the maker of its members."""
        if not all(item in _OF_CLASSES or _is_plain(item) for item in use.imports):
            self.enumerations.discard(made_at)

    def _carried(self, use: Use, target: Target) -> Judged:
        """Judge the making of code by what the code names: it runs with the first prediction."""
        found = None if use.code is None else danger_in(use.code, self.imported)
        if found is None:
            return self._judged(use, code(), target)
        path, what = found
        reason = f"holds code that can use {path}: it {what}"
        danger = replace(code(), judgement=Judgement.DANGEROUS, reason=reason)
        return self._judged(use, danger, target)


_BY_ARGUMENTS: dict[Target, Callable[[_Followed, Use], Judged]] = {
    ("astropy.units.core", "_recreate_irreducible_unit"): _Followed.passed_on,
    ("builtins", "classmethod"): _Followed.of_code,
    ("builtins", "getattr"): _Followed.attribute,
    ("builtins", "property"): _Followed.of_code,
    ("builtins", "setattr"): _Followed.attribute_set,
    ("builtins", "staticmethod"): _Followed.of_code,
    ("builtins", "type"): _Followed.type_of,
    ("collections", "defaultdict"): _Followed.made_later,
    ("copyreg", "_reconstructor"): _Followed.reconstructed,
    ("deap.creator", "meta_create"): _Followed.class_of_search,
    ("dill._dill", "_create_array"): _Followed.array,
    ("functools", "partial"): _Followed.partial,
    ("numpy.core", "_ufunc_reconstruct"): _Followed.function,
    ("numpy.random._pickle", "__bit_generator_ctor"): _Followed.passed_on,
    ("numpy.random._pickle", "__generator_ctor"): _Followed.passed_on,
    ("numpy.random._pickle", "__randomstate_ctor"): _Followed.passed_on,
    ("cytoolz.functoolz", "_restore_curry"): _Followed.curried,
    ("numba.core.serialize", "_unpickle__CustomPickled"): _Followed.compiled,
    ("numba.core.serialize", "custom_rebuild"): _Followed.compiled,
    ("river._river_rust.vectordict", "VectorDict"): _Followed.passed_on,
    ("river.utils.vectordict", "VectorDict"): _Followed.passed_on,
    ("sortedcontainers.sorteddict", "SortedDict"): _Followed.passed_on,
    ("sortedcontainers.sortedlist", "SortedKeyList"): _Followed.passed_on,
    ("sortedcontainers.sortedlist", "SortedList"): _Followed.passed_on,
    ("sortedcontainers.sortedset", "SortedSet"): _Followed.passed_on,
    ("sympy.core.function", "_rebuild_undef"): _Followed.undefined,
    ("toolz.functoolz", "_restore_curry"): _Followed.curried,
    ("torch._tensor", "_rebuild_from_type"): _Followed.tensor,
    ("torch._tensor", "_rebuild_from_type_v2"): _Followed.tensor,
    ("torch.storage", "_load_from_bytes"): _Followed.tensor_file,
}
