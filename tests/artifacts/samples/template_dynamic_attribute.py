"""Samples of `template-dynamic-attribute`."""

from __future__ import annotations

import json
from pathlib import Path

EXPECT = {"severity": "medium", "by": "attr"}


def bad(folder: Path) -> str:
    (folder / "chat_template.jinja").write_text("{{ messages|attr(messages[0].content) }}")
    return "chat_template.jinja"


def good(folder: Path) -> None:
    text = "{{ tools[tool_name] }}{{ messages[loop.index0 - 1] }}{{ names['name_' ~ language] }}"
    (folder / "tokenizer_config.json").write_text(json.dumps({"chat_template": text}))
