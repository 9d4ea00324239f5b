"""Modules that run a program when they are imported, by roads that Python lays out of sight.

Each starts `true` when it is imported, and does nothing else; `tests/soak/test_judge.py` lets
Python import them in a process without rights, so that none is in the set that would not do it.
"""

from __future__ import annotations

from hostile.build import Sample, constant
from hostile.python_callbacks import MORE_MODULES

_RUN = "os.system('true')"
# title -> source behind `import os`
_WITH_OS: dict[str, str] = {
    "a decorator": f"def d(f):\n    {_RUN}\n    return f\n@d\ndef g(): pass\n",
    "a decorator with arguments": (
        f"def d(n):\n    def w(f):\n        {_RUN}\n        return f\n    return w\n"
        "@d(1)\ndef g(): pass\n"
    ),
    "a decorator that is a class": (
        f"class D:\n    def __init__(self, f): {_RUN}\n@D\ndef g(): pass\n"
    ),
    "a decorator that is an object": (
        f"class D:\n    def __call__(self, f):\n        {_RUN}\n        return f\nd = D()\n"
        "@d\ndef g(): pass\n"
    ),
    "a decorator of a class": f"def d(c):\n    {_RUN}\n    return c\n@d\nclass A: pass\n",
    "a lambda as a decorator": f"@lambda f: {_RUN}\ndef g(): pass\n",
    "a descriptor that is named": (
        f"class D:\n    def __set_name__(self, o, n): {_RUN}\nclass A:\n    x = D()\n"
    ),
    "a descriptor that is read": (
        f"class D:\n    def __get__(self, o, t): {_RUN}\nclass A:\n    x = D()\nA().x\n"
    ),
    "a descriptor that is read on the class": (
        f"class D:\n    def __get__(self, o, t): {_RUN}\nclass A:\n    x = D()\nA.x\n"
    ),
    "a descriptor that is set": (
        f"class D:\n    def __set__(self, o, v): {_RUN}\nclass A:\n    x = D()\nA().x = 1\n"
    ),
    "a property": f"class A:\n    @property\n    def x(self): {_RUN}\nA().x\n",
    "a cached property": (
        "import functools\nclass A:\n    @functools.cached_property\n"
        f"    def x(self): {_RUN}\nA().x\n"
    ),
    "a property made by a call": (
        f"class A:\n    def _x(self): {_RUN}\n    x = property(_x)\nA().x\n"
    ),
    "the new of a metaclass": (
        f"class M(type):\n    def __new__(m, *a):\n        {_RUN}\n"
        "        return type.__new__(m, *a)\nclass A(metaclass=M): pass\n"
    ),
    "the init of a metaclass": (
        f"class M(type):\n    def __init__(c, *a): {_RUN}\nclass A(metaclass=M): pass\n"
    ),
    "the prepare of a metaclass": (
        "class M(type):\n    @classmethod\n    def __prepare__(m, *a):\n"
        f"        {_RUN}\n        return dict()\nclass A(metaclass=M): pass\n"
    ),
    "the call of a metaclass": (
        f"class M(type):\n    def __call__(c): {_RUN}\nclass A(metaclass=M): pass\nA()\n"
    ),
    "a function as a metaclass": (
        f"def m(*a):\n    {_RUN}\n    return type(*a)\nclass A(metaclass=m): pass\n"
    ),
    "a metaclass of a class above": (
        f"class M(type):\n    def __init__(c, *a):\n        if a[1]: {_RUN}\n"
        "class A(metaclass=M): pass\nclass B(A): pass\n"
    ),
    "an attribute of a metaclass": (
        f"class M(type):\n    def __getattr__(c, n): {_RUN}\nclass A(metaclass=M): pass\nA.x\n"
    ),
    "a subclass": f"class A:\n    def __init_subclass__(c): {_RUN}\nclass B(A): pass\n",
    "entries of bases": (
        f"class D:\n    def __mro_entries__(self, b):\n        {_RUN}\n        return ()\n"
        "class A(D()): pass\n"
    ),
    "entering a context": (
        f"class A:\n    def __enter__(self): {_RUN}\n    def __exit__(self, *a): pass\n"
        "with A(): pass\n"
    ),
    "leaving a context": (
        f"class A:\n    def __enter__(self): pass\n    def __exit__(self, *a): {_RUN}\n"
        "with A(): pass\n"
    ),
    "a context made of a generator": (
        f"import contextlib\n@contextlib.contextmanager\ndef c():\n    {_RUN}\n    yield\n"
        "with c(): pass\n"
    ),
    "a stack of contexts": (
        f"import contextlib\ndef f(): {_RUN}\nwith contextlib.ExitStack() as s: s.callback(f)\n"
    ),
    "a default argument": f"def g(x={_RUN}): pass\n",
    "a default of a keyword": f"def g(*, x={_RUN}): pass\n",
    "a default of a lambda": f"g = lambda x={_RUN}: x\n",
    "an annotation": f"def g(x: {_RUN}): pass\n",
    "an annotation of a variable": f"x: {_RUN} = 1\n",
    "the body of a class": f"class A:\n    {_RUN}\n",
    "a class in a class": f"class A:\n    class B:\n        x = {_RUN}\n",
    "a list comprehension": f"x = [{_RUN} for _ in range(1)]\n",
    "the condition of a comprehension": f"x = [1 for _ in range(1) if {_RUN}]\n",
    "a dictionary comprehension": f"x = {{1: {_RUN} for _ in range(1)}}\n",
    "a generator that is run": f"x = list({_RUN} for _ in range(1))\n",
    "a generator function that is run": f"def g():\n    yield {_RUN}\nfor _ in g(): pass\n",
    "what init calls late": (
        f"class A:\n    def __init__(self): self.go()\n    def go(self): self.x()\n"
        f"    def x(self): {_RUN}\nA()\n"
    ),
    "what new calls": (
        f"class A:\n    def __new__(c):\n        {_RUN}\n        return object.__new__(c)\nA()\n"
    ),
    "after the init of a data class": (
        "import dataclasses\n@dataclasses.dataclass\nclass A:\n    x: int = 1\n"
        f"    def __post_init__(self): {_RUN}\nA()\n"
    ),
    "a default factory": (
        f"import dataclasses\ndef f(): {_RUN}\n@dataclasses.dataclass\nclass A:\n"
        "    x: int = dataclasses.field(default_factory=f)\nA()\n"
    ),
    "adding": f"class A:\n    def __add__(self, o): {_RUN}\nA() + 1\n",
    "adding from the right": f"class A:\n    def __radd__(self, o): {_RUN}\n1 + A()\n",
    "adding in place": (f"class A:\n    def __iadd__(self, o): {_RUN}\nx = A()\nx += 1\n"),
    "comparing": f"class A:\n    def __eq__(self, o): {_RUN}\nA() == 1\n",
    "looking whether it is in": f"class A:\n    def __contains__(self, o): {_RUN}\n1 in A()\n",
    "looking whether it is true": (
        f"class A:\n    def __bool__(self):\n        {_RUN}\n        return True\nif A(): pass\n"
    ),
    "negating": f"class A:\n    def __neg__(self): {_RUN}\n-A()\n",
    "an index": f"class A:\n    def __getitem__(self, i): {_RUN}\nA()[0]\n",
    "a slice": f"class A:\n    def __getitem__(self, i): {_RUN}\nA()[1:2]\n",
    "setting an item": f"class A:\n    def __setitem__(self, i, v): {_RUN}\nA()[0] = 1\n",
    "deleting an item": f"class A:\n    def __delitem__(self, i): {_RUN}\ndel A()[0]\n",
    "an index of a class": f"class A:\n    def __class_getitem__(c, i): {_RUN}\nA[0]\n",
    "iterating": (
        f"class A:\n    def __iter__(self):\n        {_RUN}\n        return iter(())\n"
        "for _ in A(): pass\n"
    ),
    "the next of an iterator": (
        f"class A:\n    def __iter__(self): return self\n    def __next__(self):\n        {_RUN}\n"
        "        raise StopIteration\nlist(A())\n"
    ),
    "unpacking": (
        f"class A:\n    def __iter__(self):\n        {_RUN}\n        return iter((1, 2))\n"
        "x, y = A()\n"
    ),
    "a star": (
        f"class A:\n    def __iter__(self):\n        {_RUN}\n        return iter(())\nx = [*A()]\n"
    ),
    "a text of an object": (
        f"class A:\n    def __str__(self):\n        {_RUN}\n        return ''\nx = f'{{A()}}'\n"
    ),
    "printing": (
        f"class A:\n    def __repr__(self):\n        {_RUN}\n        return ''\nprint(A())\n"
    ),
    "asking for its text": (
        f"class A:\n    def __repr__(self):\n        {_RUN}\n        return ''\nx = repr(A())\n"
    ),
    "asking for its length": (
        f"class A:\n    def __len__(self):\n        {_RUN}\n        return 0\nx = len(A())\n"
    ),
    "a key of a dictionary": (
        f"class A:\n    def __hash__(self):\n        {_RUN}\n        return 1\nx = {{A(): 1}}\n"
    ),
    "a path of a file": (
        f"class A:\n    def __fspath__(self):\n        {_RUN}\n        return '.'\nos.stat(A())\n"
    ),
    "an attribute that is not there": (
        f"class A:\n    def __getattr__(self, n): {_RUN}\nA().anything\n"
    ),
    "any attribute": (f"class A:\n    x = 1\n    def __getattribute__(self, n): {_RUN}\nA().x\n"),
    "setting an attribute": f"class A:\n    def __setattr__(self, n, v): {_RUN}\nA().x = 1\n",
    "the end of an object": f"class A:\n    def __del__(self): {_RUN}\nA()\n",
    "an object that is called": f"class A:\n    def __call__(self): {_RUN}\na = A()\na()\n",
    "an object that is handed on": (
        f"class A:\n    def __call__(self, x): {_RUN}\nx = sorted([1], key=A())\n"
    ),
    "a copy": (f"import copy\nclass A:\n    def __copy__(self): {_RUN}\nx = copy.copy(A())\n"),
    "asking whether it is one": (
        f"class M(type):\n    def __instancecheck__(c, o): {_RUN}\n"
        "class A(metaclass=M): pass\nisinstance(1, A)\n"
    ),
    "a function that is mapped": f"def f(x): {_RUN}\nx = list(map(f, [1]))\n",
    "a key of sorting": f"x = sorted([1], key=lambda x: {_RUN})\n",
    "a partial": "import functools\nx = functools.partial(os.system, 'true')\nx()\n",
    "a reduction": (
        "import functools\nx = functools.reduce(lambda a, b: os.system(b), ['true'], 0)\n"
    ),
    "a thread": (
        f"import threading\ndef f(): {_RUN}\nt = threading.Thread(target=f)\nt.start()\nt.join()\n"
    ),
    "a subclass of a thread": (
        f"import threading\nclass T(threading.Thread):\n    def run(self): {_RUN}\n"
        "t = T()\nt.start()\nt.join()\n"
    ),
    "a task": f"import asyncio\nasync def f(): {_RUN}\nasyncio.run(f())\n",
    "a match": f"match {_RUN}:\n    case _: pass\n",
    "a guard of a match": f"match 1:\n    case 1 if {_RUN}: pass\n",
    "a handler of an error": f"try:\n    1 / 0\nexcept ZeroDivisionError:\n    {_RUN}\n",
    "the end of a try": f"try:\n    pass\nfinally:\n    {_RUN}\n",
    "the type of an error": (
        f"def f():\n    {_RUN}\n    return ValueError\ntry:\n    1 / 0\nexcept f():\n    pass\n"
        "except ZeroDivisionError: pass\n"
    ),
    "an assertion": f"assert {_RUN} == 0\n",
    "a walrus": f"if (x := {_RUN}): pass\n",
    "a class made by type": f"A = type('A', (), {{'x': {_RUN}}})\n",
    "a class made by type, and its init": (
        f"def f(self): {_RUN}\nA = type('A', (), {{'__init__': f}})\nA()\n"
    ),
    "a method by its name": f"class A:\n    def go(self): {_RUN}\ngetattr(A(), 'go')()\n",
    "a method of a caller": (
        f"import operator\nclass A:\n    def go(self): {_RUN}\noperator.methodcaller('go')(A())\n"
    ),
    "a table of functions": f"def f(): {_RUN}\nT = {{'a': f}}\nT['a']()\n",
    "a function out of the names": f"def f(): {_RUN}\nglobals()['f']()\n",
    "an observer of names": (
        "import sys\nclass F:\n    def find_spec(self, n, p=None, t=None):\n"
        f"        {_RUN}\nsys.meta_path.insert(0, F())\ntry:\n    import nothing_there\n"
        "except ImportError: pass\n"
    ),
    "a trace": (
        f"import sys\ndef t(*a):\n    sys.settrace(None)\n    {_RUN}\nsys.settrace(t)\n"
        "def g(): pass\ng()\n"
    ),
    "a registry of dispatch": (
        f"import functools\n@functools.singledispatch\ndef f(x): {_RUN}\nf(1)\n"
    ),
}
_WHOLE: dict[str, str] = {
    "an alias": "import os as o\no.system('true')\n",
    "a name from a module": "from os import system as s\ns('true')\n",
    "the import function": "__import__('os').system('true')\n",
    "a joined name": "__import__('o' + 's').system('true')\n",
    "a joined attribute": "import os\ngetattr(os, 'sys' + 'tem')('true')\n",
    "a reversed name": "import os\ngetattr(os, 'metsys'[::-1])('true')\n",
    "importlib": "import importlib\nimportlib.import_module('os').system('true')\n",
    "a table of modules": "import os, sys\nsys.modules['os'].system('true')\n",
    "the names of a module": "import os\nvars(os)['system']('true')\n",
    "the dictionary of a module": "import os\nos.__dict__['system']('true')\n",
    "a joined text that is run": "exec('import os\\n' + 'os.system(' + repr('true') + ')')\n",
    "a list of texts that is run": "exec('\\n'.join(['import os', \"os.system('true')\"]))\n",
    "letters by number": "exec(''.join(map(chr, [{}])))\n".format(
        ", ".join(str(ord(c)) for c in "import os;os.system('true')")
    ),
    "a compiled text": "exec(compile(\"import os;os.system('true')\", 'x', 'exec'))\n",
    "a text in digits": "exec(bytes.fromhex('{}'))\n".format(b"import os;os.system('true')".hex()),
    "evaluation": "eval(\"__import__('os').system('true')\")\n",
    "a formatted text": "exec('import {0};{0}.system(\"true\")'.format('os'))\n",
    "a replaced text": "exec('import XX;XX.system(\"true\")'.replace('XX', 'os'))\n",
    "the names of a function": "import random\nrandom._os.system('true')\n",
    "a module through another": "import shutil\nshutil.os.system('true')\n",
    "subprocess": "import subprocess\nsubprocess.run(['true'])\n",
    "subprocess by a star": "from subprocess import *\nrun(['true'])\n",
    "a loader of the machinery": (
        "import importlib.util\ns = importlib.util.find_spec('os')\n"
        "m = importlib.util.module_from_spec(s)\ns.loader.exec_module(m)\nm.system('true')\n"
    ),
    "an entry of the built-ins": "__builtins__['__import__']('os').system('true') "
    "if isinstance(__builtins__, dict) else __builtins__.__import__('os').system('true')\n",
    "a resolver of names": ("import pkgutil\npkgutil.resolve_name('os:system')('true')\n"),
}

MODULES: dict[str, str] = {
    **{title: f"import os\n{text}" for title, text in _WITH_OS.items()},
    **_WHOLE,
    **MORE_MODULES,
}

PYTHON_ROADS = tuple(
    Sample(
        f"python runs a program by {title}",
        "modeling_x.py",
        constant(text.encode()),
        "Transformers imports it",
    )
    for title, text in MODULES.items()
)
