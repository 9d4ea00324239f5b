"""What Python runs of an object without its name being written: only where some syntax uses it."""

from __future__ import annotations

import pytest

from modelwarden.formats import Limits, Source
from modelwarden.formats.python.acts import Kind, When
from modelwarden.formats.python.reader import read

_ALL = (
    "call enter exit add radd iadd eq lt hash contains bool len neg iter next getitem setitem "
    "delitem getattr setattr delattr str repr format copy reduce fspath index get set"
).split()
_METHODS = "\n".join(f"    def __{name}__(self, *a): os.system('{name}')" for name in _ALL)

_BARE = f"import os\nclass A:\n{_METHODS}\n"


def run_at_import(code: str) -> set[str]:
    """Return which methods run a program at import."""
    view = read(Source("x.py", code.encode()), Limits())
    return {
        act.args[0].text
        for act in view.acts
        if act.path == "os.system" and act.when is When.IMPORT and act.kind is Kind.CALL
    }


@pytest.mark.parametrize(
    "use",
    [
        "A()",
        "a = A()",
        "a: object = A()",
        "a = b = A()",
        "T = [A(), A()]",
        "T = {'a': A()}",
        "def f(): return A()\na = f()",
        "def f(a=A()): return a",
        "class B(A): pass\nb = B()",
        "if __name__ == '__main__':\n    A()()",
        "def later(): A() + 1",
    ],
)
def test_an_object_that_is_only_made_runs_its_constructor(use):
    assert run_at_import(f"{_BARE}{use}\n") == set()


@pytest.mark.parametrize(
    ("use", "runs"),
    [
        ("A()()", "call"),
        ("with A(): pass", "enter"),
        ("with A(): pass", "exit"),
        ("A() + 1", "add"),
        ("1 + A()", "radd"),
        ("a = A()\na += 1", "iadd"),
        ("A() < 1", "lt"),
        ("1 in A()", "contains"),
        ("x = 1 if A() else 2", "bool"),
        ("while A(): break", "bool"),
        ("-A()", "neg"),
        ("for x in A(): pass", "iter"),
        ("x = [*A()]", "iter"),
        ("x = {A()}", "hash"),
        ("A()[0]", "getitem"),
        ("A()[0] = 1", "setitem"),
        ("del A()[0]", "delitem"),
        ("del A().x", "delattr"),
        ("A().nothing", "getattr"),
        ("f'{A()}'", "format"),
        ("repr(A())", "repr"),
        ("print(A())", "str"),
        ("import copy\ncopy.copy(A())", "copy"),
        ("import atexit\natexit.register(A())", "call"),
        ("class B:\n    x = A()\nB().x", "get"),
        ("class B:\n    x = A()\nB().x = 1", "set"),
    ],
)
def test_what_some_syntax_uses_runs(use, runs):
    assert runs in run_at_import(f"{_BARE}{use}\n")


def test_a_help_that_waits_to_be_called_is_quiet():
    # As `pydoc.help` of the standard library: an object that pages when somebody calls it.
    code = (
        "import os\nclass Helper:\n    def __repr__(self):\n        self()\n        return ''\n"
        "    def __call__(self): os.system('pager')\nhelp = Helper()\n"
    )

    assert run_at_import(code) == set()
    assert run_at_import(f"{code}help()\n") == {"pager"}


def test_a_class_from_outside_may_call_what_is_overridden():
    code = "import os, threading\nclass T(threading.Thread):\n    def run(self): os.system('run')\n"

    assert run_at_import(f"{code}t = T()\n") == set()
    assert run_at_import(f"{code}t = T()\nt.start()\n") == {"run"}
