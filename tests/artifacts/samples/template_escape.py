"""Samples of `template-escape`."""

from __future__ import annotations

import json
from pathlib import Path

EXPECT = {"name": "__class__", "member": "chat_template", "line": 1}


def bad(folder: Path) -> str:
    text = "{{ ().__cl" + "ass__ }}"
    (folder / "tokenizer_config.json").write_text(json.dumps({"chat_template": text}))
    return "tokenizer_config.json"


def good(folder: Path) -> None:
    text = "{% for m in messages %}{{ m.role }}: {{ m['class'] }}{% endfor %}"
    (folder / "tokenizer_config.json").write_text(json.dumps({"chat_template": text}))
