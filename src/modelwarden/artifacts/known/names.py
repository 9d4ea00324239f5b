"""One name for one thing: the spellings under which the same object can be asked for.

A pickle may write `posix.system`, `nt.system` or `os.system`, Python 2's `__builtin__.eval` or
today's, `numpy.core` or `numpy._core`. Judging looks at every spelling, so that changing one for
another never changes the class.
"""

from __future__ import annotations

from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING

# Top-level modules that hold the same objects as the public one.
_SAME = {
    "_asyncio": "asyncio",
    "_bootlocale": "locale",
    "_codecs": "codecs",
    "_collections": "collections",
    "_collections_abc": "collections.abc",
    "_ctypes": "ctypes",
    "_datetime": "datetime",
    "_decimal": "decimal",
    "_frozen_importlib": "importlib",
    "_frozen_importlib_external": "importlib",
    "_functools": "functools",
    "_imp": "imp",
    "_io": "io",
    "_json": "json",
    "_multiprocessing": "multiprocessing",
    "_operator": "operator",
    "_pickle": "pickle",
    "_posixsubprocess": "subprocess",
    "_pydatetime": "datetime",
    "_pydecimal": "decimal",
    "_pyio": "io",
    "_signal": "signal",
    "_socket": "socket",
    "_sqlite3": "sqlite3",
    "_sre": "re",
    "_ssl": "ssl",
    "_thread": "threading",
    "_tkinter": "tkinter",
    "_warnings": "warnings",
    "_weakref": "weakref",
    "_winreg": "winreg",
    "__builtins__": "builtins",
    "__builtin__": "builtins",
    "cPickle": "pickle",
    "cStringIO": "io",
    "copy_reg": "copyreg",
    "macpath": "os",
    "nt": "os",
    "ntpath": "os",
    "posix": "os",
    "posixpath": "os",
    "genericpath": "os",
    "ruamel_yaml": "ruamel.yaml",
    "thread": "threading",
}
# Packages that were renamed; what is looked up is the name on the right.
_MOVED = (
    ("numpy._core.", "numpy.core."),
    ("keras.src.", "keras."),
    ("tensorflow.python.keras.", "keras."),
    ("tensorflow.keras.", "keras."),
    ("sklearn.externals.joblib.", "joblib."),
    ("joblib.externals.cloudpickle.", "cloudpickle."),
    ("pyspark.cloudpickle.", "cloudpickle."),
    ("ray.cloudpickle.", "cloudpickle."),
    ("numba.cloudpickle.", "cloudpickle."),
    ("srsly.cloudpickle.", "cloudpickle."),
)


def words(text: str) -> frozenset[str]:
    """Return the words of a text that lists names."""
    return frozenset(text.split())


def spellings(module: str, name: str) -> tuple[tuple[str, str], ...]:
    """Return every (module, name) that names the same thing, the written one first.

    >>> spellings("__builtin__", "xrange")
    (('__builtin__', 'xrange'), ('builtins', 'range'), ('builtins', 'xrange'))
    """
    found = {(module, name): None}
    mapped = NAME_MAPPING.get((module, name))
    if mapped is not None:
        found[mapped] = None
    if module in IMPORT_MAPPING:
        found[IMPORT_MAPPING[module], name] = None
    for spelled, attribute in tuple(found):
        found[_public(spelled), attribute] = None
    return tuple(found)


def _public(module: str) -> str:
    """Return the public module of a private or renamed one."""
    top, dot, rest = module.partition(".")
    module = _SAME.get(top, top) + dot + rest
    for renamed, plain in _MOVED:
        if f"{module}.".startswith(renamed):
            return f"{plain}{module[len(renamed) :]}".rstrip(".")
    return module
