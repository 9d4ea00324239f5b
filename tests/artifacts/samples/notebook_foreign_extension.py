"""Samples of `notebook-foreign-extension`."""

from __future__ import annotations

import json
from pathlib import Path


def _notebook(source: str) -> str:
    cell = {"cell_type": "code", "source": source, "outputs": [], "metadata": {}}
    return json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def bad(folder: Path) -> str:
    (folder / "a.ipynb").write_text(_notebook("%load_ext helpers.magic\nx = 1"))
    return "a.ipynb"


def good(folder: Path) -> None:
    loads = "%load_ext autoreload\n%autoreload 2\n%load_ext google.colab.data_table\nimport helpers"
    (folder / "a.ipynb").write_text(_notebook(loads))
