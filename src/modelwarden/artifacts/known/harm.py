"""What harm a text does that stands where only a description belongs: a command, or Python."""

from __future__ import annotations

import ast
import warnings
from typing import Final

from modelwarden.artifacts.known.commands import attack_in

LONGEST: Final = 2000
_CODE_CALLS: Final = frozenset("__import__ eval exec compile".split())
_CODE_ATTRIBUTES: Final = frozenset("system popen check_output call run Popen spawn".split())
_CODE_MODULES: Final = frozenset({"os", "subprocess", "pty"})
_WALK: Final = frozenset("__subclasses__ __globals__ __builtins__ __bases__ __mro__".split())
_TELLING: Final = (*_CODE_CALLS, "os.", "subprocess", "pty.", *_WALK)


def command_in(value: str) -> str | None:
    """Say what a shell command would do; None for anything else."""
    attack = attack_in(value)
    return None if attack is None else f"the command {attack}"


def code_in(value: str) -> str | None:
    """Say which part makes a Python expression or statement run commands; None for other text."""
    if not any(word in value for word in _TELLING) or ("(" not in value and "__" not in value):
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            # After a syntax error CPython opens the file of this name: an empty one never exists.
            tree = ast.parse(value.strip().lstrip("$"), filename="")
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and not _is_pattern(node):
            callee = node.func
            if isinstance(callee, ast.Name) and callee.id in _CODE_CALLS:
                return f"Python code that calls {callee.id}"
            if isinstance(callee, ast.Attribute) and callee.attr in _CODE_ATTRIBUTES:
                home = _last_name(callee.value)
                if home.removeprefix("_") in _CODE_MODULES:
                    return f"Python code that calls {home}.{callee.attr}"
        if isinstance(node, ast.Attribute) and node.attr in _WALK:
            return f"Python code that reaches for {node.attr}"
        if isinstance(node, ast.Name) and node.id in _WALK:
            return f"Python code that reaches for {node.id}"
    return None


def _last_name(node: ast.expr) -> str:
    """Return the name that an expression ends in: `os` for `pandas.io.common.os`."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _is_pattern(call: ast.Call) -> bool:
    """Tell whether a call stands for any call, `eval(...)`, as rules of linters write it."""
    return bool(call.args) and all(
        isinstance(one, ast.Constant) and one.value is ... for one in call.args
    )
