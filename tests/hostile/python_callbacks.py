"""More modules that run a program at import: what libraries call back, and roads of names.

Written after the others, and before the walk knew any of them: 12 of 68 were missed then.
"""

from __future__ import annotations

MORE_MODULES: dict[str, str] = {
    "frozen partial method": (
        "import os\n"
        "import functools\n"
        "class A:\n"
        "    def go(self,c): os.system(c)\n"
        "    g=functools.partialmethod(go,'true')\n"
        "A().g()\n"
    ),
    "classmethod alternative ctor": (
        "import os\n"
        "class A:\n"
        "    @classmethod\n"
        "    def make(cls):\n"
        "        os.system('true')\n"
        "        return cls()\n"
        "X=A.make()\n"
    ),
    "staticmethod": (
        "import os\nclass A:\n    @staticmethod\n    def s(): os.system('true')\nA.s()\n"
    ),
    "closure counter": (
        "import os\ndef outer():\n    def inner(): os.system('true')\n    return inner\nouter()()\n"
    ),
    "nested decorator stack": (
        "import os\n"
        "def a(f):\n"
        "    def w(*x):\n"
        "        os.system('true')\n"
        "        return f(*x)\n"
        "    return w\n"
        "@a\n"
        "@a\n"
        "def g(): pass\n"
        "g()\n"
    ),
    "wrapped generator send": (
        "import os\n"
        "def g():\n"
        "    while True:\n"
        "        c = yield\n"
        "        os.system(c)\n"
        "x=g()\n"
        "next(x)\n"
        "x.send('true')\n"
    ),
    "yield from": (
        "import os\n"
        "def a():\n"
        "    yield os.system('true')\n"
        "def b():\n"
        "    yield from a()\n"
        "list(b())\n"
    ),
    "async gen": (
        "import os\n"
        "import asyncio\n"
        "async def g():\n"
        "    yield os.system('true')\n"
        "async def m():\n"
        "    async for _ in g(): pass\n"
        "asyncio.run(m())\n"
    ),
    "async ctx": (
        "import os\n"
        "import asyncio\n"
        "class A:\n"
        "    async def __aenter__(self): os.system('true')\n"
        "    async def __aexit__(self,*a): pass\n"
        "async def m():\n"
        "    async with A(): pass\n"
        "asyncio.run(m())\n"
    ),
    "a cache": (
        "import os\nimport functools\n@functools.lru_cache\ndef f(x): os.system('true')\nf(1)\n"
    ),
    "total ordering": (
        "import os\n"
        "import functools\n"
        "@functools.total_ordering\n"
        "class A:\n"
        "    def __lt__(self,o):\n"
        "        os.system('true')\n"
        "        return True\n"
        "    def __eq__(self,o): return False\n"
        "A()>=A()\n"
    ),
    "min key": ("import os\nmin([1,2],key=lambda x:os.system('true'))\n"),
    "filter": ("import os\nlist(filter(lambda x:os.system('true'),[1]))\n"),
    "sum start": (
        "import os\n"
        "class A:\n"
        "    def __radd__(self,o):\n"
        "        os.system('true')\n"
        "        return 0\n"
        "sum([A()])\n"
    ),
    "enum member": ("import os\nimport enum\nclass E(enum.Enum):\n    A=os.system('true')\n"),
    "enum init": (
        "import os\n"
        "import enum\n"
        "class E(enum.Enum):\n"
        "    A=1\n"
        "    def __init__(self,v): os.system('true')\n"
    ),
    "enum missing": (
        "import os\n"
        "import enum\n"
        "class E(enum.Enum):\n"
        "    A=1\n"
        "    @classmethod\n"
        "    def _missing_(cls,v):\n"
        "        os.system('true')\n"
        "        return cls.A\n"
        "E(5)\n"
    ),
    "a subclass of a named tuple": (
        "import os\n"
        "import collections\n"
        "class P(collections.namedtuple('P','a')):\n"
        "    def __new__(cls,a):\n"
        "        os.system('true')\n"
        "        return super().__new__(cls,a)\n"
        "P(1)\n"
    ),
    "dict missing": (
        "import os\nclass D(dict):\n    def __missing__(self,k): os.system('true')\nD()['x']\n"
    ),
    "defaultdict": (
        "import os\nimport collections\ncollections.defaultdict(lambda:os.system('true'))['x']\n"
    ),
    "str subclass format": (
        "import os\nclass S(str):\n    def __mod__(self,o): os.system('true')\nS('x') % 1\n"
    ),
    "re sub callback": (
        "import os\nimport re\nre.sub('x',lambda m:(os.system('true'),'y')[1],'x')\n"
    ),
    "json hook": (
        "import os\nimport json\njson.loads('{}',object_hook=lambda d:os.system('true'))\n"
    ),
    "json default": (
        "import os\n"
        "import json\n"
        "class E(json.JSONEncoder):\n"
        "    def default(self,o):\n"
        "        os.system('true')\n"
        "        return 1\n"
        "json.dumps(object(),cls=E)\n"
    ),
    "logging filter": (
        "import os\n"
        "import logging\n"
        "class F(logging.Filter):\n"
        "    def filter(self,r):\n"
        "        os.system('true')\n"
        "        return True\n"
        "l=logging.getLogger('x')\n"
        "l.addFilter(F())\n"
        "l.error('x')\n"
    ),
    "logging handler": (
        "import os\n"
        "import logging\n"
        "class H(logging.Handler):\n"
        "    def emit(self,r): os.system('true')\n"
        "l=logging.getLogger('y')\n"
        "l.addHandler(H())\n"
        "l.error('x')\n"
    ),
    "warnings hook": (
        "import os\n"
        "import warnings\n"
        "warnings.showwarning=lambda *a,**k:os.system('true')\n"
        "warnings.simplefilter('always')\n"
        "warnings.warn('x')\n"
    ),
    "html parser": (
        "import os\n"
        "import html.parser\n"
        "class P(html.parser.HTMLParser):\n"
        "    def handle_starttag(self,t,a): os.system('true')\n"
        "P().feed('<a>')\n"
    ),
    "ast visitor": (
        "import os\n"
        "import ast\n"
        "class V(ast.NodeVisitor):\n"
        "    def visit_Name(self,n): os.system('true')\n"
        "V().visit(ast.parse('x'))\n"
    ),
    "argparse type": (
        "import os\n"
        "import argparse\n"
        "p=argparse.ArgumentParser()\n"
        "p.add_argument('--x',type=lambda v:os.system('true'))\n"
        "p.parse_args(['--x','1'])\n"
    ),
    "argparse action": (
        "import os\n"
        "import argparse\n"
        "class A(argparse.Action):\n"
        "    def __call__(self,*a): os.system('true')\n"
        "p=argparse.ArgumentParser()\n"
        "p.add_argument('--x',action=A)\n"
        "p.parse_args(['--x','1'])\n"
    ),
    "executor": (
        "import os\n"
        "import concurrent.futures as c\n"
        "with c.ThreadPoolExecutor(1) as e:\n"
        "    e.submit(os.system,'true').result()\n"
    ),
    "executor map": (
        "import os\n"
        "import concurrent.futures as c\n"
        "with c.ThreadPoolExecutor(1) as e:\n"
        "    list(e.map(os.system,['true']))\n"
    ),
    "timer": (
        "import os\n"
        "import threading\n"
        "t=threading.Timer(0,os.system,['true'])\n"
        "t.start()\n"
        "t.join()\n"
    ),
    "weakref callback": (
        "import os\n"
        "import weakref\n"
        "class A: pass\n"
        "a=A()\n"
        "r=weakref.ref(a,lambda r:os.system('true'))\n"
        "del a\n"
    ),
    "finalize": (
        "import os\n"
        "import weakref\n"
        "class A: pass\n"
        "a=A()\n"
        "weakref.finalize(a,os.system,'true')\n"
        "del a\n"
    ),
    "contextvar run": (
        "import os\nimport contextvars\ncontextvars.copy_context().run(os.system,'true')\n"
    ),
    "pickle reduce": (
        "import os\n"
        "import pickle\n"
        "class A:\n"
        "    def __reduce__(self): return (os.system,('true',))\n"
        "pickle.loads(pickle.dumps(A()))\n"
    ),
    "copyreg": (
        "import os\n"
        "import copy,copyreg\n"
        "class A: pass\n"
        "copyreg.pickle(A,lambda a:(os.system,('true',)))\n"
        "copy.copy(A())\n"
    ),
    "operator attrgetter": (
        "import os\nimport operator\noperator.attrgetter('system')(os)('true')\n"
    ),
    "operator call chain": (
        "import os\nimport operator\noperator.methodcaller('system','true')(os)\n"
    ),
    "starmap": ("import os\nimport itertools\nlist(itertools.starmap(os.system,[('true',)]))\n"),
    "accumulate": (
        "import os\n"
        "import itertools\n"
        "list(itertools.accumulate([0,1],lambda a,b:os.system('true')))\n"
    ),
    "types dynamic": (
        "import os\n"
        "import types\n"
        "types.new_class('A',(),{},lambda ns:(os.system('true'),None)[1])\n"
    ),
    "super chain": (
        "import os\n"
        "class A:\n"
        "    def __init__(self): os.system('true')\n"
        "class B(A):\n"
        "    def __init__(self): super().__init__()\n"
        "B()\n"
    ),
    "mixin": (
        "import os\n"
        "class M:\n"
        "    def setup(self): os.system('true')\n"
        "class A(M):\n"
        "    def __init__(self): self.setup()\n"
        "A()\n"
    ),
    "slot via setattr": (
        "import os\nclass A: pass\nsetattr(A,'__init__',lambda s:os.system('true'))\nA()\n"
    ),
    "monkey method": (
        "import os\nclass A:\n    def go(self): pass\nA.go=lambda s:os.system('true')\nA().go()\n"
    ),
    "instance attr call": ("import os\nclass A: pass\na=A()\na.f=os.system\na.f('true')\n"),
    "list of calls": ("import os\nfor f,a in [(os.system,'true')]: f(a)\n"),
    "dict dispatch str": ("import os\nD={'run':os.system}\nfor k in D: D[k]('true')\n"),
    "star args": ("import os\na=('true',)\nos.system(*a)\n"),
    "kwargs": ("import os\nos.system(**{'command':'true'})\n"),
    "ternary": ("import os\n(os.system if 1 else print)('true')\n"),
    "or chain": ("import os\n(None or os.system)('true')\n"),
    "global in func": ("import os\ndef f():\n    global g\n    g=os.system\nf()\ng('true')\n"),
    "nonlocal": (
        "import os\n"
        "def f():\n"
        "    c=None\n"
        "    def s():\n"
        "        nonlocal c\n"
        "        c=os.system\n"
        "    s()\n"
        "    c('true')\n"
        "f()\n"
    ),
    "try import fallback": (
        "import os\n"
        "try:\n"
        "    from nope import run\n"
        "except ImportError:\n"
        "    run=os.system\n"
        "run('true')\n"
    ),
    "del hook class": (
        "import os\nclass A:\n    def __del__(self): os.system('true')\na=A()\ndel a\n"
    ),
    "exec in class": ("import os\nclass A:\n    exec(\"os.system('true')\")\n"),
    "string template": (
        "import os\n"
        "import string\n"
        "exec(string.Template('os.$x(\"true\")').substitute(x='system'))\n"
    ),
    "codecs rot13": (
        "import os\nimport codecs\nexec(codecs.decode(\"vzcbeg bf;bf.flfgrz('gehr')\",'rot13'))\n"
    ),
    "int to bytes": (
        'import os\nexec((37924445135494370946554647098144164487721).to_bytes(17,"big").decode())\n'
    ),
    "ast compile": (
        "import os\nimport ast\nexec(compile(ast.parse(\"os.system('true')\"),'x','exec'))\n"
    ),
    "getattr nested": (
        "import os\n"
        "import builtins\n"
        "getattr(getattr(builtins,'__import__')('os'),'system')('true')\n"
    ),
    "sys modules pop": ("import os\nimport sys\nsys.modules.get('os').system('true')\n"),
    "inspect frame": ("import os\nimport sys\nsys._getframe().f_globals['os'].system('true')\n"),
    "func globals": ("import os\ndef f(): pass\nf.__globals__['os'].system('true')\n"),
}
