"""The reader of Python: what it sees, what it bounds, and what a real import does."""

from __future__ import annotations

import ast
import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwarden.core import GapKind
from modelwarden.formats import Limits, Source
from modelwarden.formats.python.acts import Kind, When
from modelwarden.formats.python.parse import parse
from modelwarden.formats.python.reader import PythonFile, read, startup_lines
from modelwarden.formats.view import DamagedError


def look(code: str | bytes, **kind: str) -> PythonFile:
    data = code if isinstance(code, bytes) else code.encode("utf-8", "surrogatepass")
    return read(Source("x.py", data), Limits(), **kind)


def paths(view: PythonFile, when: When = When.IMPORT) -> list[str]:
    return [a.path for a in view.acts if a.when is when and a.kind is Kind.CALL]


def test_it_is_told_when_a_call_runs():
    view = look(
        "import a, b, c, d\na.f()\nif __name__ == '__main__':\n    b.f()\n"
        "def later():\n    c.f()\nclass M:\n    def __setstate__(self, s):\n        d.f()\n"
    )

    assert paths(view, When.IMPORT) == ["a.f"]
    assert paths(view, When.SCRIPT) == ["b.f"]
    assert paths(view, When.LATER) == ["c.f"]
    assert paths(view, When.LOAD) == ["d.f"]


def test_results_are_followed_by_name():
    view = look("import socket\ns = socket.socket()\nwith s as t:\n    t.send(b'x')\n")

    assert paths(view) == ["socket.socket", "socket.socket().send"]


def test_where_an_argument_comes_from_is_told():
    view = look("import a, b\nx = a.read()\nb.write([f'{x!r}'.strip()])\n")

    assert view.acts[-1].path == "b.write"
    assert "a.read" in view.acts[-1].origins


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("'a' + 'b' * 3", "abbb"),
        ("'%s-%d' % ('a', 1)", "a-1"),
        ("'{}{}'.format('a', 'b')", "ab"),
        ("f'{1}{\"x\"}'", "1x"),
        ("bytes([104, 105]).decode()", "hi"),
        ("''.join(reversed('cba'))", "abc"),
        ("''.join([c for c in 'abc'])", "abc"),
        ("'a.b'.split('.')[1]", "b"),
        ("'abc'[::-1][0:2]", "cb"),
        ("str(b'x', 'ascii')", "x"),
        ("chr(0x41 ^ 3)", "B"),
        ("'YQ=='.encode() and __import__('base64').b64decode('YQ==').decode()", "a"),
    ],
)
def test_constants_are_what_python_makes_of_them(code: str, expected: str):
    assert eval(code) == expected  # the oracle: Python itself, on texts of our own

    view = look(f"import x\nx.f({code})\n")

    assert [a.args[0].const for a in view.acts if a.path == "x.f"] == [expected]


@pytest.mark.parametrize(
    "code",
    [
        "x.f('a' * 10 ** 12)",
        "x.f('{:>999999999}'.format('a'))",
        "x.f('%999999999d' % 1)",
        "x.f(9 ** 9 ** 9)",
        "x.f(1 << 10 ** 9)",
        "x.f([0] * 10 ** 12)",
        "x.f(bytes(10 ** 12))",
        "x.f(list(range(10 ** 12)))",
        "x.f('a'.ljust(10 ** 12))",
        "x.f('{0.__class__}'.format(1))",
        "s = 'ab'\nfor i in range(4000):\n    s = s + s\nx.f(s)",
    ],
)
def test_a_constant_without_bound_stays_unknown(code: str):
    view = look(f"import x\n{code}\n")

    assert all(not a.args[0].is_const or a.args[0].const == 0 for a in view.acts if a.path == "x.f")


NESTED = {
    "brackets": "(" * 5000 + ")" * 5000,
    "open brackets": "[" * 150,
    "unary": "-" * 5000 + "1",
    "not": "not " * 5000 + "1",
    "lambda": "lambda:" * 3000 + "1",
    "sum": "1+" * 5000 + "1",
    "attributes": "a" + ".b" * 900,
    "long name": "import a" + ".b" * 50_000,
    "calls": "a" + "()" * 5000,
    "items": "a" + "[0]" * 5000,
    "power": "1**" * 5000 + "1",
    "choice": "1 if 1 else " * 3000 + "1",
    "elif": "if 1:\n pass\n" + "elif 1:\n pass\n" * 3000,
    "blocks": "".join(" " * n + "if 1:\n" for n in range(99)) + " " * 99 + "pass",
    "digits": "x = " + "9" * 100_000,
    "decorators": "@a\n" * 3000 + "def f(): pass",
    "functions that call each other": "\n".join(
        f"def f{n}():\n    f{n + 1}()\n    f{n + 1}()" for n in range(300)
    ) + "\nf0()",
    "itself": "class A:\n    pass\nA.__call__ = A()\nA()()\n",
    "aliases": "\n".join(f"a{n + 1} = a{n} or b{n}" for n in range(2000)),
    "evaluated": "x = 'exec(x)'\nexec(x)",
    "a table of itself": "t = {}\nt['t'] = t\nf(t)\n",
    "a list of itself": "t = []\nt += [t]\nf(t)\nt.append(t)\n",
}  # fmt: skip


@pytest.mark.parametrize("way", NESTED)
def test_code_that_is_made_to_exhaust_us_ends_in_order(way: str):
    view = look(NESTED[way])

    assert all(g.kind in {GapKind.OVER_LIMIT, GapKind.UNEXAMINED_CODE} for g in view.gaps)


def test_a_file_of_too_many_tokens_is_not_parsed():
    assert [g.kind for g in look("a,\n" * 300_000).gaps] == [GapKind.OVER_LIMIT]


@pytest.mark.parametrize(
    "data",
    [
        b"# coding: nothing\nx = 1\n",
        b"# coding: rot13\nx = 1\n",
        b"# coding: hex\n78\n",
        b"x = '\xff'\n",
        b"x = 1\0\n",
        b"print 'x'\n",
        b"",
        b"\xef\xbb\xbf# coding: latin-1\n",
    ],
)
def test_what_python_refuses_is_a_gap_or_empty(data: bytes):
    view = look(data)

    assert view.acts == ()
    assert all(g.kind is GapKind.UNEXAMINED_CODE for g in view.gaps)


@pytest.mark.parametrize("codec", ["utf-7", "unicode_escape", "raw_unicode_escape"])
def test_an_encoding_that_hides_is_told(codec: str):
    view = look(f"# coding: {codec}\nimport os\nos.getcwd()\n")

    assert view.odd_encoding
    assert paths(view) == ["os.getcwd"]


@pytest.mark.parametrize("codec", ["utf-8", "latin-1", "cp1251", "shift_jis", "gbk"])
def test_an_encoding_of_a_language_is_not(codec: str):
    assert not look(f"# -*- coding: {codec} -*-\nx = 1\n").odd_encoding


def test_lines_of_a_start_up_file_are_those_that_python_runs():
    assert startup_lines("/a\nimport x\n import y\nimport\tz\n").split() == [
        "import",
        "x",
        "import",
        "z",
    ]


def test_a_pickle_in_a_constant_is_handed_on():
    view = look("import pickle\npickle.loads(b'cposix\\nsystem\\n.')\n")

    assert [child.name for child in view.children] == ["line 2"]


@given(st.text(max_size=200))
def test_any_text_is_read_without_an_exception(text: str):
    look(text)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_without_an_exception(data: bytes):
    look(data)


_NAMES = st.sampled_from(
    ["os", "x", "f", "self", "getattr", "exec", "A", "a.b", "''", "1", "[]", "{}"]
)
_TREES = st.recursive(
    _NAMES,
    lambda inner: st.one_of(
        st.builds("{}({})".format, inner, inner),
        st.builds("{}[{}]".format, inner, inner),
        st.builds("({}).y".format, inner),
        st.builds("({} + {})".format, inner, inner),
        st.builds("(lambda x: {})".format, inner),
        st.builds("[{} for x in {}]".format, inner, inner),
        st.builds("({} or {})".format, inner, inner),
    ),
    max_leaves=12,
)


@given(
    st.lists(_TREES, max_size=6),
    st.sampled_from(["{}", "x = {}", "def f(a={}):\n return a", "class A({}): pass"]),
)
def test_any_program_is_followed_without_an_exception(trees: list[str], form: str):
    code = "\n".join(form.format(tree) for tree in trees)

    look(code)


def test_the_parser_is_pythons_own():
    code = "x: int = 1\nasync def f(): return await g()\n"

    assert ast.dump(parse(code)) == ast.dump(ast.parse(code))
    with pytest.raises(DamagedError):
        parse("x = = 1")


HOOK = """
import sys
seen = []
def hook(event, args):
    if event in ("os.system", "subprocess.Popen", "os.exec", "os.posix_spawn", "os.fork"):
        sys.stderr.write("STARTED\\n")
sys.addaudithook(hook)
exec(compile(sys.stdin.read(), "modeling.py", "exec"),
     {"__name__": "modeling", "__builtins__": __builtins__})
"""
STARTS = [
    "import os\nos.system('true')",
    "import os\nclass A:\n    __class_getitem__ = os.system\nA['true']",
    "import os\n"
    "class D:\n"
    "    def __set_name__(self, o, n):\n"
    "        os.system('true')\n"
    "class A:\n"
    "    d = D()",
    "import os, operator\noperator.methodcaller('system', 'true')(os)",
    "import os\ngetattr(os, ''.join(chr(c ^ 1) for c in b'rxrudl'))('true')",
    "(lambda: 0).__globals__['__builtins__'].__import__('os').system('true')",
    "import subprocess\nsubprocess.run(['true'])",
]


@pytest.mark.parametrize("code", STARTS)
def test_what_an_audit_hook_sees_is_seen_without_running_it(code: str):
    ran = subprocess.run(
        [sys.executable, "-c", HOOK], input=code, text=True, capture_output=True, timeout=60,
        env={"PATH": os.environ["PATH"]}, check=False,
    )  # fmt: skip
    assert "STARTED" in ran.stderr

    view = look(code)

    assert any(
        a.when is When.IMPORT and a.path.endswith((".system", ".run", "__globals__.__builtins__"))
        for a in view.acts
    )
