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
