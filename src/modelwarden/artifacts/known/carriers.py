"""Functions that make functions, classes and code objects out of bytes in the pickle.

dill and cloudpickle write them for everything that is saved by value. Making such an object runs
nothing; what it does when somebody calls it cannot be told from its name.
"""

from __future__ import annotations

from modelwarden.artifacts.known.names import words

_DILL = words(
    "_create_code _create_function _create_type _create_namedtuple _create_weakref "
    "_create_weakproxy _create_dtypemeta _create_ftype _create_lock _create_dict_keys "
    "_create_dict_values _create_dict_items _create_typing_tuple _create_cell _load_type "
    "_import_module _setattr _delattr _shims"
)
_CLOUDPICKLE = words(
    "_make_function _make_skeleton_class _make_skeleton_enum _make_skel_func _make_skel_class "
    "_make_typevar _make_dict_keys _make_dict_values _make_dict_items _function_setstate "
    "_class_setstate _fill_function _rehydrate_skeleton_class _builtin_type subimport "
    "dynamic_subimport _make_cell _make_empty_cell _gen_ellipsis _gen_not_implemented instance"
)
# Those that change their first argument.
SETTERS = words(
    "_setattr _delattr _function_setstate _class_setstate _fill_function _rehydrate_skeleton_class"
)
# Those that find a type by a name, and those that import a module by one.
TYPES = words("_builtin_type _load_type")
MODULES = words("subimport _import_module")
# The one that imports a tuple with named fields, or makes it where it is not there.
NAMEDTUPLES = words("_create_namedtuple")
# The one that makes an enumeration, and bases by which that, and asking it for a member, runs no
# code but its own.
ENUMERATIONS = words("_make_skeleton_enum")
_ENUMERATIONS = frozenset(("enum", n) for n in words("Enum IntEnum Flag IntFlag StrEnum"))
_MIXED_IN = frozenset(("builtins", name) for name in words("int str float bytes"))
_CARRIERS = {
    "dill._dill": _DILL,
    "dill.dill": _DILL,
    "dill._shims": _DILL,
    "cloudpickle": _CLOUDPICKLE,
    "cloudpickle.cloudpickle": _CLOUDPICKLE,
    "cloudpickle.cloudpickle_fast": _CLOUDPICKLE,
}


def is_enumeration(bases: tuple[tuple[str, str], ...]) -> bool:
    """Tell whether a class with these bases is an enumeration, and of plain values."""
    return bool(bases) and bases[-1] in _ENUMERATIONS and _MIXED_IN.issuperset(bases[:-1])


def carries_code(module: str, name: str) -> bool:
    """Tell whether `module.name` makes objects with code of the file's own."""
    return name in _CARRIERS.get(module, ())
