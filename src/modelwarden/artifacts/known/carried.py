"""What code that a pickle carries can do, told from the names in it.

Names are not calls: `os.system` is found where the code names both `os` and `system`, or where the
file imports `os` for it under another name. What may as well be a method of something harmless
(`os.replace` and that of a text) has to stand right behind its module.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from modelwarden.artifacts.known.carriers import MODULES
from modelwarden.artifacts.known.python_calls import Can, ability, may_write

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from modelwarden.formats.pickle.bytecode import Code
    from modelwarden.formats.pickle.uses import Use

_SURE = frozenset({Can.PROGRAM, Can.FILE_CODE, Can.SEND, Can.NETWORK, Can.NATIVE, Can.HOOK})
_BESIDE = frozenset({Can.WRITE, Can.CODE})
_BUILTIN = ("eval", "exec", "__import__")
_MODES = frozenset("w wb wt a ab at x xb".split())
_IMPORTERS = frozenset({"__import__", "import_module"})


def danger_in(code: Code, modules: Iterable[str]) -> tuple[str, str] | None:
    """Return what the code can call and what that does, or None.

    Args:
        code: the names of one code object.
        modules: that the file imports for its code, under whatever name.
    """
    for name in _BUILTIN:
        if name in code.loaded:
            return f"builtins.{name}", _what(name)
    if "open" in code.loaded and any(may_write(text) for text in code.texts & _MODES):
        return "builtins.open", Can.WRITE.value
    for path, kinds in _paths(code, modules):
        can = ability(path)
        if can in kinds:
            return path, can.value
    return None


def imported_for_code(uses: Iterable[Use]) -> frozenset[str]:
    """Return the modules that dill and cloudpickle import for the code in a file."""
    firsts = (use.arguments[0].text for use in uses if use.name in MODULES and use.arguments)
    return frozenset(text for text in firsts if text is not None)


def _what(builtin: str) -> str:
    return "imports what a text names" if builtin == "__import__" else Can.CODE.value


def _paths(code: Code, modules: Iterable[str]) -> Iterator[tuple[str, frozenset[Can]]]:
    """Yield dotted paths that the code may take, with what makes each of them a danger."""
    own = set(code.names)
    roots = own | set(modules)
    if own & _IMPORTERS:
        roots |= code.texts
    for root in sorted(roots):
        for name in sorted({*own, *code.texts}):
            if name != "system" or "platform" not in own:  # `platform.system` tells which it is
                yield f"{root}.{name}", _SURE
        if root in {"builtins", "__builtins__"}:
            for name in sorted(own | code.texts):
                yield f"builtins.{name}", frozenset({Can.CODE})
    for first, second in pairwise(code.names):
        if first in roots:
            yield f"{first}.{second}", _SURE | _BESIDE
    for parts in zip(code.names, code.names[1:], code.names[2:], strict=False):
        yield ".".join(parts), _SURE
