from __future__ import annotations

import json

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
