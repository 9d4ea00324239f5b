"""Samples of `spacy-foreign-function`."""

from __future__ import annotations

from pathlib import Path

EXPECT = {"value": "acme.run.v1", "severity": "medium", "line": 4}


def config(callback: str) -> str:
    return f"""[nlp]
lang = "en"
pipeline = ["ner"]
before_creation = {{"@callbacks":"{callback}"}}

[components.ner]
factory = "ner"

[training]
optimizer = {{"@optimizers":"Adam.v1"}}
"""


def bad(folder: Path) -> str:
    (folder / "config.cfg").write_text(config("acme.run.v1"))
    return "config.cfg"


def good(folder: Path) -> None:
    (folder / "config.cfg").write_text(config("spacy.copy_from_base_model.v1"))
    (folder / "other.cfg").write_text('[a]\n@callbacks = "acme.run.v1"\n')
