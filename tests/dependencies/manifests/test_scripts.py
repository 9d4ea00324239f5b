from __future__ import annotations

import json

import pytest

from manifestfiles import reading, shown


def test_a_dockerfile_is_read_where_it_installs():
    text = r"""
FROM python:3.10
COPY . /app
RUN apt-get update && pip install --no-cache-dir -i https://example.org/simple \
    # a comment between
    torch==1.13.1 'flask>=1,<2' && echo pip is done
RUN --mount=type=cache,target=/root python -m pip install -r /app/requirements.txt
RUN ["pip", "install", "numpy==1.21.0"]
RUN uv pip install "scipy==1.9.0"; pipx install black
"""

    assert shown("Dockerfile", text) == [
        "torch 1.13.1", "flask<2,>=1", "numpy 1.21.0", "scipy 1.9.0",
    ]  # fmt: skip
    assert reading("Dockerfile", text).refers == ["requirements.txt"]


def test_a_variable_is_named_as_not_audited():
    manifest = reading("Dockerfile", "RUN pip install torch==$VERSION\n")

    assert ["torch==$VERSION" in gap.why for gap in manifest.gaps] == [True]


def test_a_notebook_is_read_where_it_installs():
    cells = [
        {"cell_type": "markdown", "source": ["%pip install nothing==1"]},
        {"cell_type": "code", "source": ["%pip install -q torch==1.13.1\n", "x = 1\n"]},
        {"cell_type": "code", "source": "!pip3 install numpy==1.21.0"},
    ]

    assert shown("a.ipynb", json.dumps({"cells": cells})) == ["torch 1.13.1", "numpy 1.21.0"]


def test_a_notebook_that_installs_nothing_is_no_manifest():
    manifest = reading("a.ipynb", json.dumps({"cells": [{"cell_type": "code", "source": "1"}]}))

    assert (manifest.packages, manifest.gaps) == ([], [])


@pytest.mark.parametrize(
    "text",
    [
        "RUN <<EOF\npip install torch==1.0\nEOF\n",
        "RUN <<-'END' bash\n\tset -e\n\tpip install \\\n\t  torch==1.0\n\tEND\n",
        "RUN pip --no-cache-dir install torch==1.0",
        'RUN bash -lc "cd /x && pip install torch==1.0"',
        'RUN ["/bin/sh", "-c", "pip install torch==1.0"]',
        "RUN (pip install torch==1.0)",
        "RUN pip install torch==1.0 > /dev/null 2>&1",
        "RUN pip install torch==1.0 >>log; echo done",
        "ONBUILD RUN pip install torch==1.0",
        "# escape=`\nRUN pip install `\n  torch==1.0\n",
        "RUN /opt/venv/bin/pip3.11 install -qU torch==1.0",
        "RUN pip install --index-url https://h/s -t /x torch==1.0 # flask==0.1",
    ],
)
def test_an_installation_is_found_however_the_shell_is_told(text):
    manifest = reading("Dockerfile", text)

    assert [p.shown for p in manifest.packages] == ["torch 1.0"]
    assert manifest.gaps == []


def test_a_line_behind_a_document_is_none_of_it():
    assert shown("Dockerfile", "RUN <<A\nls\nA\nRUN pip install torch==1.0\n") == ["torch 1.0"]
    assert shown("Dockerfile", "RUN python <<A\npip install numpy==1\nA\nENV pip install x\n") == [
        "numpy 1"
    ]


@pytest.mark.parametrize(
    "words",
    ["-r one.txt", "-rone.txt", "-qr one.txt", "--requirement=one.txt", "--require one.txt"],
)
def test_a_file_is_followed_however_the_option_is_written(words):
    cells = [{"cell_type": "code", "source": f"%pip install {words}"}]

    assert reading("Dockerfile", f"RUN pip install {words}").refers == ["one.txt"]
    assert reading("a.ipynb", json.dumps({"cells": cells})).refers == ["one.txt"]


@pytest.mark.parametrize(
    "source",
    [
        "%%bash\nset -e\npip install torch==1.0\n",
        ["!pip install \\\n", "  torch==1.0\n"],
        "!{sys.executable} -m pip install torch==1.0",
    ],
)
def test_cells_of_shells_and_long_lines_are_read(source):
    cell = {"cell_type": "code", "source": source}
    old = {"worksheets": [{"cells": [{"cell_type": "code", "input": source}]}]}

    assert shown("a.ipynb", json.dumps({"cells": [cell]})) == ["torch 1.0"]
    assert shown("a.ipynb", json.dumps(old)) == ["torch 1.0"]


def test_a_command_without_end_is_a_gap():
    manifest = reading("Dockerfile", "RUN " + "pip " * 100_000 + "install x")

    assert ["more than 2000 words" in gap.why for gap in manifest.gaps] == [True]
