"""Samples of `tokenizer-slow-pattern`."""

from __future__ import annotations

import json
from pathlib import Path

from wordmodels import tokenizer

EXPECT = {"fault": "slow", "what": "pre_tokenizer", "severity": "medium"}


def _split(pattern: str) -> dict[str, object]:
    shape = {"Regex": pattern}
    return {"type": "Split", "pattern": shape, "behavior": "Isolated", "invert": False}


def bad(folder: Path) -> str:
    changed = tokenizer(pre_tokenizer=_split("(a+)+$"))
    (folder / "tokenizer.json").write_text(json.dumps(changed))
    return "tokenizer.json"


def good(folder: Path) -> None:
    usual = r"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s+(?!\S)|\s+"
    changed = tokenizer(pre_tokenizer=_split(usual))
    (folder / "tokenizer.json").write_text(json.dumps(changed))
