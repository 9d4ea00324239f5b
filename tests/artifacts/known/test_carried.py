"""Code that cloudpickle carries is judged by what it names."""

from __future__ import annotations

import sys
import types

import cloudpickle
import pytest

from modelwarden.artifacts.known import Judgement, judged
from modelwarden.formats.limits import Limits
from modelwarden.formats.pickle.bytecode import code_of
from modelwarden.formats.pickle.reader import read
from modelwarden.formats.source import Source

HONEST = {
    "tells the system": "import os, platform\ndef f(x): return os.path.join(x, platform.system())",
    "replaces in a text": "import os\ndef f(x): return os.path.basename(x).replace('a', 'b')",
    "removes from a list": "import os\ndef f(x): n = os.listdir(x); n.remove('a'); return n",
    "has a method eval": "import math\ndef f(net): net.eval(); return math.pi",
    "has columns of such names": "def f(r): return r.get('requests', 0) + r['os'] + r['run']",
    "reads a file": "import json\ndef f(p):\n    with open(p) as s: return json.load(s)['coef']",
    "adds to the path": "import sys\ndef f(p): sys.path.append(p); return sys.version_info[:2]",
    "uses a regular expression": "import re\ndef f(t): return re.compile('a').findall(t)",
}
HOSTILE = {
    "starts a program": "import os\ndef f(x): os.system('true'); return x",
    "under another name": "import subprocess as sp\ndef f(x): return sp.run(['true'])",
    "imports within": "def f(x):\n    from subprocess import call as c\n    return c(['true'])",
    "by a text": "import os\ndef f(x): return getattr(os, 'sys' + 'tem')('true')",
    "through __import__": "def f(x): return __import__('os').system('true')",
    "through importlib": "import importlib as i\ndef f(x): return i.import_module('pty').spawn(x)",
    "in a lambda within": "import os\ndef f(x): return [(lambda: os.popen('true'))() for _ in x]",
    "in a helper": "import os\ndef g(): os.execv('/bin/true', ['true'])\ndef f(x): return g()",
    "evaluates": "def f(x): return eval(x)",
    "executes": "def f(x): exec(x)",
    "sends": "import socket\ndef f(x):\n    s = socket.socket(); s.sendall(x)",
    "writes": "def f(x):\n    with open(x, 'a') as s: s.write('true')",
    "deletes": "import shutil\ndef f(x): shutil.rmtree(x)",
    "loads native code": "import ctypes\ndef f(x): return ctypes.CDLL(None).system(b'true')",
    "behind ninety others": "\n".join(
        [f"def g{i}(): return {i}" for i in range(90)]
        + ["import os", "def late(): return os.system('true')"]
        + [f"def f(x): return [{', '.join(f'g{i}()' for i in range(90))}, late()]"]
    ),
}


def worst(text: str) -> set[Judgement]:
    module = types.ModuleType("__main__")
    exec(text, module.__dict__)  # the functions above, none of which is called
    before, sys.modules["__main__"] = sys.modules["__main__"], module
    try:
        data = cloudpickle.dumps(module.f)
    finally:
        sys.modules["__main__"] = before
    found = judged(read(Source("model.pkl", data), Limits()).uses)
    return {one.ruling.judgement for one in found}


@pytest.mark.parametrize("text", HONEST.values(), ids=HONEST)
def test_honest_code_is_carried_and_no_danger(text: str):
    found = worst(text)

    assert Judgement.CODE in found
    assert not found & {Judgement.DANGEROUS, Judgement.HIDDEN}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_code_that_can_do_harm_is_dangerous(text: str):
    assert Judgement.DANGEROUS in worst(text)


def test_a_property_over_carried_functions_is_code_and_over_others_is_danger():
    over = "import {m}\nclass C:\n    p = {d}({f})\ndef f(x): return C().p"

    assert Judgement.DANGEROUS not in worst(over.format(m="re", d="property", f="lambda self: 1"))
    assert Judgement.DANGEROUS not in worst(over.format(m="re", d="staticmethod", f="lambda: 1"))
    assert Judgement.DANGEROUS in worst(over.format(m="os", d="property", f="os.system"))
    assert Judgement.DANGEROUS in worst(over.format(m="os", d="staticmethod", f="os.getcwd"))


ENUMERATIONS = {
    "plain": "class E(enum.Enum):\n    A = 1\n    @property\n    def low(self): return self.value",
    "of texts": "class E(str, enum.Enum):\n    A = 'a'",
    "of numbers": "class E(enum.IntEnum):\n    A = 1",
    "of flags": "class E(enum.Flag):\n    A = 1\n    B = 2",
    "of tuples": "class E(enum.Enum):\n    A = (1, 2)",
    "by a call": "E = enum.Enum('E', 'A B')",
}


@pytest.mark.parametrize("text", ENUMERATIONS.values(), ids=ENUMERATIONS)
def test_an_enumeration_is_code_like_any_other_class(text: str):
    found = worst(f"import enum\n{text}\ndef f(x, first=E.A): return [first, E.A]")

    assert Judgement.CODE in found
    assert not found & {Judgement.DANGEROUS, Judgement.HIDDEN, Judgement.UNKNOWN}


def test_an_enumeration_with_code_that_can_do_harm_is_dangerous():
    method = "\n    def go(self): os.system('true')"

    assert Judgement.DANGEROUS in worst(
        f"import enum, os\nclass E(enum.Enum):\n    A = 1{method}\ndef f(x, e=E.A): return e"
    )


def name_of(module: str, name: str) -> bytes:
    return f"c{module}\n{name}\n".encode()


ENUM = name_of("enum", "Enum")
STRANGER = name_of("strangers.work", "Job")


def member(bases: bytes, *, set_before: bytes = b"", value: bytes = b"X\x02\0\0\0id") -> bytes:
    """Make a class as an enumeration is made, set an attribute of it, and call it."""
    text = b"X\x01\0\0\0K"
    head = b"\x80\x04" + name_of("cloudpickle.cloudpickle", "_make_skeleton_enum")
    made = b"((" + bases + b"t" + text + text + b"}X\x08\0\0\0__main__" + text + b"NtRq\x01"
    state = b""
    if set_before:
        setter = name_of("cloudpickle.cloudpickle", "_class_setstate")
        state = setter + b"h\x01(}X\x07\0\0\0__new__" + set_before + b"s}t\x86R0"
    return head + made + state + b"h\x01" + value + b"\x85R."


@pytest.mark.parametrize(
    ("data", "dangerous"),
    [
        (member(ENUM), False),
        (member(name_of("builtins", "str") + ENUM), False),
        (member(ENUM, set_before=name_of("enum", "Enum.__new__")), False),
        # Calling a class that is no enumeration runs what makes its instances.
        (member(name_of("subprocess", "Popen")), True),
        (member(STRANGER), True),
        (member(STRANGER + ENUM), True),
        (member(ENUM + STRANGER), True),
        (member(b""), True),
        (member(ENUM, set_before=name_of("os", "system")), True),
        (member(ENUM, set_before=STRANGER), True),
        (member(ENUM, value=STRANGER), True),
    ],
)
def test_only_an_enumeration_of_plain_values_may_be_asked_for_a_member(data, dangerous):
    found = {one.ruling.judgement for one in judged(read(Source("m.pkl", data), Limits()).uses)}

    assert (Judgement.DANGEROUS in found) is dangerous


@pytest.mark.parametrize(
    ("instructions", "number"),
    [
        (b"\x74\x01\x53\x00", 1),  # LOAD_GLOBAL 1 of Python 3.8
        (b"\x74\x02\x53\x00", 1),  # and of 3.11, whose lowest bit says something else
        (b"\x74\x03\x53\x00", 1),
        (b"\x5b\x02\x53\x00", 1),  # LOAD_GLOBAL of 3.13
        (b"\x65\x01\x53\x00", 1),  # LOAD_NAME of 3.8
        (b"\x90\x01\x74\x2c\x53\x00", 300),  # EXTENDED_ARG before it: number 300
    ],
)
def test_a_global_is_told_from_an_attribute_in_each_version(instructions: bytes, number: int):
    names = tuple(f"n{i}" for i in range(number + 1))
    rest = (("x",), "file", "f", 1, b"", (), ())

    code = code_of((1, 0, 0, 1, 2, 67, instructions, (None, "text"), names, *rest))
    attribute = code_of((1, 0, 0, 1, 2, 67, b"\x6a\x01\x53\x00", (None,), names, *rest))

    assert code is not None
    assert f"n{number}" in code.loaded
    assert code.texts == {"text"}
    assert attribute is not None
    assert not attribute.loaded
