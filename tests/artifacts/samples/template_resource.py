"""Samples of `template-resource`."""

from __future__ import annotations

import json
from pathlib import Path

EXPECT = {"kind": "loop", "amount": "10000000000"}


def bad(folder: Path) -> str:
    text = "{% for a in range(100000) %}{% for b in range(100000) %}{{ a }}{% endfor %}{% endfor %}"
    (folder / "tokenizer_config.json").write_text(json.dumps({"chat_template": text}))
    return "tokenizer_config.json"


def good(folder: Path) -> None:
    text = "{% for a in range(100) %}{% for m in ms %}{{ m.role * 3 }}{% endfor %}{% endfor %}"
    (folder / "tokenizer_config.json").write_text(json.dumps({"chat_template": text}))
