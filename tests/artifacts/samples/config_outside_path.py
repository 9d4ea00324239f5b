"""Samples of `config-outside-path`."""

from __future__ import annotations

import json
from pathlib import Path

EXPECT = {"path": "vocab_file", "severity": "medium", "line": 1}


def bad(folder: Path) -> str:
    told = {"tokenizer_class": "LlamaTokenizer", "vocab_file": "../../../../etc/passwd"}
    (folder / "tokenizer_config.json").write_text(json.dumps(told))
    return "tokenizer_config.json"


def good(folder: Path) -> None:
    told = {"tokenizer_class": "LlamaTokenizer", "tokenizer_file": "/home/a/.cache/t.json"}
    (folder / "tokenizer_config.json").write_text(json.dumps(told))
