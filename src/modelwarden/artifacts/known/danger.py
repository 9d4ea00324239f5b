"""Whether a name can run, read, write or connect: the danger lists, looked at along every path.

An entry is a dotted path and stands for everything below it: `os`, `builtins.eval`, `torch.hub`.
Beyond the lists, a name that walks through a module which is dangerous in itself
(`torch.serialization.os.system`) or through Python's own machinery (`numpy.__builtins__`) is
dangerous wherever it begins.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from modelwarden.artifacts.known.danger_stdlib import STDLIB_DANGERS
from modelwarden.artifacts.known.libraries import STDLIB
from modelwarden.artifacts.known.names import words
from modelwarden.core.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable

# Modules that no honest pickle names as an attribute of another one.
GATEWAYS = words(
    "builtins builtin ctypes importlib marshal nt os pickle posix shutil socket subprocess sys "
    "_pickle cPickle runpy"
)
# Classes of NLTK that call a function of their state, under whatever name they are reached.
_CALLERS = words("LazyMap LazyZip LazyEnumerate LazySubsequence LazyIteratorList")
# Under these names libraries import one another.
_ALIASES = {"np": "numpy", "pd": "pandas", "sp": "scipy", "mp": "multiprocessing", "pkl": "pickle"}
# Names of Python's machinery that an honest pickle may hold.
_HARMLESS_DUNDERS = words(
    "__newobj__ __newobj_ex__ __main__ __mp_main__ __hash__ __len__ __eq__ __ne__ __lt__ __le__ "
    "__gt__ __ge__ __contains__ __bool__ __float__ __int__ __add__ __sub__ __mul__ __neg__ "
    "__WCS_unpickle__"
)
# Parts of the longest entry of the lists and more: what a name has beyond them decides nothing. A
# stranger's name may have many thousands.
_DEEPEST = 16


@dataclass(frozen=True, slots=True)
class Danger:
    """Why a name is dangerous; `exact` when an entry names it, not only a module above it."""

    reason: str
    exact: bool


def danger_of(names: Iterable[tuple[str, str]]) -> Danger | None:
    """Return why one of the spellings of a name is dangerous, an exact entry first."""
    found: Danger | None = None
    for module, name in names:
        danger = _listed(module, name) or _walked(module, name)
        if danger is not None and danger.exact:
            return danger
        found = found or danger
    return found


def _listed(module: str, name: str) -> Danger | None:
    """Look a path up in the lists, and then everything above it."""
    table = _table(module.partition(".")[0])
    path = ".".join(f"{module}.{name}".split(".", _DEEPEST)[:_DEEPEST])
    while path:
        if path in table:
            return Danger(table[path], exact=len(path) > len(module))
        path = path.rpartition(".")[0]
    return None


def _table(top: str) -> dict[str, str]:
    if top in STDLIB or top in STDLIB_DANGERS:
        return STDLIB_DANGERS
    from modelwarden.artifacts.known.danger_libraries import LIBRARY_DANGERS

    return LIBRARY_DANGERS


@cache
def _tops() -> frozenset[str]:
    """Return the modules that the lists begin with."""
    from modelwarden.artifacts.known.danger_libraries import LIBRARY_DANGERS

    return frozenset(path.partition(".")[0] for path in (*STDLIB_DANGERS, *LIBRARY_DANGERS))


def _walked(module: str, name: str) -> Danger | None:
    """Follow the attributes that a dotted name goes through."""
    parts = name.split(".")
    for part in parts:
        dunder = len(part) > 4 and part.startswith("__") and part.endswith("__")
        if dunder and part not in _HARMLESS_DUNDERS and f"{module}.{name}" != "__main__.__dict__":
            return Danger(f"reaches into Python's own machinery through {part}", exact=False)
    for part in (*module.split(".")[1:], *parts):
        if part.strip("_") in GATEWAYS:
            return Danger(f"reaches the module {part} through {module}", exact=False)
    if parts[-1] in _CALLERS and module.partition(".")[0] == "nltk":
        return Danger("calls what it is given", exact=False)
    for index in range(len(parts) - 1):
        top = _ALIASES.get(parts[index], parts[index])
        if len(parts) > _DEEPEST and top not in _tops():
            continue
        inner = _listed(top, ".".join(parts[index + 1 : index + _DEEPEST]))
        if inner is not None:
            return Danger(inner.reason, exact=False)
    return None
