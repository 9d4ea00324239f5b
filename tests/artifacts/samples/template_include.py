"""Samples of `template-include`."""

from __future__ import annotations

import json
from pathlib import Path

EXPECT = {"file": "/etc/passwd"}


def bad(folder: Path) -> str:
    (folder / "page.jinja").write_text("{% include '/etc/passwd' %}")
    return "page.jinja"


def good(folder: Path) -> None:
    (folder / "page.jinja").write_text("{% extends 'base.html' %}{% include 'parts/head.html' %}")
    (folder / "tokenizer_config.json").write_text(json.dumps({"chat_template": "{{ x }}"}))
