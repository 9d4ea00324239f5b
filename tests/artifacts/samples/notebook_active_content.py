"""Samples of `notebook-active-content`."""

from __future__ import annotations

import json
from pathlib import Path


def notebook(*cells: dict[str, object]) -> str:
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def code(source: str, *outputs: dict[str, object]) -> dict[str, object]:
    return {"cell_type": "code", "source": source, "outputs": outputs, "metadata": {}}


def bad(folder: Path) -> str:
    shown = {"output_type": "display_data", "data": {"image/svg+xml": "<svg onload='draw()'/>"}}
    (folder / "n.ipynb").write_text(notebook(code("x", shown)))
    return "n.ipynb"


def good(folder: Path) -> None:
    shown = {
        "output_type": "display_data",
        "data": {"text/html": "<table><tr><td>1</td></tr></table>"},
    }
    (folder / "n.ipynb").write_text(notebook(code("x", shown)))
