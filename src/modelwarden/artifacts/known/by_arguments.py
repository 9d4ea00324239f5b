"""Calls that their arguments make harmless, of functions that would not be otherwise.

`operator.methodcaller("split")` is how a script saves a tokenizer, `methodcaller("system")` is an
attack; `int | None` is saved as `functools.reduce(operator.or_, (int, NoneType))`. What is written
here holds for exactly these arguments, and never for what is called of the result: that stays a
call of something that an earlier call returned.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwarden.artifacts.known.danger import GATEWAYS
from modelwarden.artifacts.known.judgement import Judgement, ruling
from modelwarden.artifacts.known.names import words
from modelwarden.core import UseKind
from modelwarden.core.patterns import lazily

if TYPE_CHECKING:
    from collections.abc import Callable

    from modelwarden.formats.pickle.uses import Argument, Use

# Methods of texts, bytes, lists and dicts that call nothing and look up no attribute; `format` and
# `format_map` do.
_PLAIN_METHODS = words(
    "append capitalize casefold center copy count decode encode endswith expandtabs extend find "
    "get hex index isalnum isalpha isascii isdecimal isdigit isidentifier islower isnumeric "
    "isprintable isspace istitle isupper items join keys ljust lower lstrip partition "
    "removeprefix removesuffix replace rfind rindex rjust rpartition rsplit rstrip split "
    "splitlines startswith strip swapcase title translate upper values zfill"
)
_PUBLIC = lazily(r"[A-Za-z]\w*(\.[A-Za-z]\w*)*")
_NAME = lazily(r"[\w.+-]*")
_OPERATORS = words("_operator operator")
_KEPT = {Judgement.HARMLESS, Judgement.NEEDS_CODE}


def harmless_call(module: str, name: str, use: Use) -> str | None:
    """Return why this call of `module.name` is harmless with its arguments, or None.

    Args:
        module: a spelling of the module of what is called.
        name: within that module.
        use: the call; its arguments decide.
    """
    decide = _DECIDED.get((module, name))
    if decide is None or use.skipped or not use.arguments:
        return None
    return decide(use)


def evaluates(use: Use) -> bool:
    """Tell whether SymPy is given a text that it would evaluate: more than a name or a number."""
    if use.module.partition(".")[0] != "sympy" or use.kind is UseKind.REFERENCED:
        return False
    if use.module == "sympy.core.symbol":
        return False  # stores names as they are
    if "'…" in use.rendered or '"…' in use.rendered:
        return True  # too long for a name
    texts = (argument.text for argument in use.arguments)
    return any(text is not None and not _NAME.fullmatch(text) for text in texts)


def cython_class(use: Use) -> tuple[str, str] | None:
    """Return the class that a function like `__pyx_unpickle_Loss` makes an instance of.

    Cython writes these functions: they compare a checksum, make an object of the class among the
    arguments with `__new__` of the compiled one, which refuses others, and fill in its fields.
    """
    if not use.name.startswith("__pyx_unpickle_") or use.argument_count != 3:
        return None
    first, second = use.arguments[:2]
    if not _imported(first) or second.text is not None or second.module:
        return None
    return first.module, first.name


def tensor_class(use: Use) -> tuple[str, str] | None:
    """Return the class of tensors that `_rebuild_from_type_v2` gives what torch itself rebuilds."""
    if use.skipped or use.argument_count != 4:
        return None
    function, made = use.arguments[:2]
    if not _imported(function) or not _imported(made) or function.module != "torch._utils":
        return None
    rebuilt = function.name.startswith("_rebuild_")
    judged = ruling(function.module, function.name, UseKind.CALLED).judgement
    return (made.module, made.name) if rebuilt and judged is Judgement.HARMLESS else None


def _imported(argument: Argument) -> bool:
    return bool(argument.module) and argument.made_at is None


def _keys(_: Use) -> str | None:
    return "stores the keys to be looked up"


def _attributes(use: Use) -> str | None:
    """Tell whether public attributes are meant, none of them a module that runs things."""
    for argument in use.arguments:
        text = argument.text
        if text is None or not _PUBLIC.fullmatch(text) or GATEWAYS.intersection(text.split(".")):
            return None
    if use.argument_count != len(use.arguments):
        return None
    return "stores the names of public attributes"


def _method(use: Use) -> str | None:
    if use.arguments[0].text in _PLAIN_METHODS:
        return "stores the name of a method of plain values"
    return None


def _method_of_text(use: Use) -> str | None:
    """Tell whether a plain method of a plain value is meant, as `'x'.join`."""
    if len(use.arguments) != 2:
        return None
    value, name = use.arguments
    plain = not value.module and value.made_at is None
    return "a method of a plain value" if plain and name.text in _PLAIN_METHODS else None


def _iterated(use: Use) -> str | None:
    """Tell whether a plain value is meant; with two arguments, `iter` calls the first later."""
    first = use.arguments[0]
    if use.argument_count == 1 and not first.module and first.made_at is None:
        return "steps through a plain value"
    return None


def _united(use: Use) -> str | None:
    """Tell whether types are joined: how Python saves `int | None`."""
    function = use.arguments[0]
    if use.argument_count != 2 or function.module not in _OPERATORS or function.name != "or_":
        return None
    others = [one for one in use.imports if one != (function.module, function.name)]
    judged = {ruling(*one, UseKind.REFERENCED).judgement for one in others}
    return "joins types to one annotation" if judged <= _KEPT else None


def _indexed(use: Use) -> str | None:
    """Tell whether a type is given its parameters: how Python saves `Optional[int]`."""
    first = use.arguments[0]
    if use.argument_count == 2 and _imported(first) and first.module == "typing":
        return "gives a type its parameters"
    return None


_DECIDED: dict[tuple[str, str], Callable[[Use], str | None]] = {
    ("builtins", "getattr"): _method_of_text,
    ("builtins", "iter"): _iterated,
    ("functools", "reduce"): _united,
    ("operator", "attrgetter"): _attributes,
    ("operator", "getitem"): _indexed,
    ("operator", "itemgetter"): _keys,
    ("operator", "methodcaller"): _method,
}


# Functions of the allow-lists that ask their arguments for items, text or numbers.
ITERATING: frozenset[tuple[str, str]] = frozenset(
    (module, name)
    for module, names in (
        ("builtins", "list tuple dict set frozenset bytes bytearray str int float complex bool"),
        ("builtins", "enumerate zip reversed range slice"),
        ("collections", "OrderedDict Counter defaultdict deque ChainMap UserDict UserList"),
        ("numpy", "array asarray full"),
        ("numpy.core.multiarray", "array asarray full scalar"),
        ("numpy.core.numeric", "array asarray full"),
        ("pandas", "DataFrame Series"),
        ("pandas.core.frame", "DataFrame"),
        ("pandas.core.series", "Series"),
        ("array", "array"),
        ("itertools", "chain cycle islice product permutations combinations compress pairwise"),
        ("itertools", "combinations_with_replacement zip_longest"),
    )
    for name in words(names)
)
