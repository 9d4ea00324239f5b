from __future__ import annotations

import importlib.util
import shutil
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def tool(tmp_path, monkeypatch):
    """The tool, writing below a folder of its own."""
    spec = importlib.util.spec_from_file_location("build_docs", ROOT / "tools/build_docs.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "DOCS", tmp_path / "docs")
    return module


def run(tool, monkeypatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["build_docs.py", *arguments])
    return tool.main()


def test_what_was_written_is_up_to_date(tool, monkeypatch):
    assert run(tool, monkeypatch) == 0

    assert run(tool, monkeypatch, "--check") == 0


def test_a_page_that_lags_is_named_and_nothing_is_written(tool, monkeypatch, capsys):
    run(tool, monkeypatch)
    page = tool.DOCS / "cli.md"
    page.write_text("old")

    assert run(tool, monkeypatch, "--check") == 1

    assert "docs/cli.md" in capsys.readouterr().out
    assert page.read_text() == "old"


def test_the_page_of_a_rule_that_is_gone_is_named_and_then_removed(tool, monkeypatch):
    run(tool, monkeypatch)
    page = tool.DOCS / "rules/no-such-rule.md"
    shutil.copy(tool.DOCS / "rules/README.md", page)

    assert run(tool, monkeypatch, "--check") == 1
    run(tool, monkeypatch)

    assert not page.exists()


def test_every_command_and_every_rule_has_its_page(tool):
    made = tool.pages()

    reference = made[tool.DOCS / "cli.md"]
    assert all(f"## {name}\n" in reference for name in tool.group.list_commands(None))
    assert all(tool.DOCS / f"rules/{rule.id}.md" in made for rule in tool.all_rules())
