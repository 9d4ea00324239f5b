"""Samples of `settings-outside-path`."""

from __future__ import annotations

from pathlib import Path


def bad(folder: Path) -> str:
    (folder / "Modelfile").write_text("FROM ./m.gguf\nADAPTER ../../../etc/passwd\n")
    return "Modelfile"


def good(folder: Path) -> None:
    (folder / "Modelfile").write_text(
        'FROM llama3.2\nPARAMETER stop "/etc"\nSYSTEM """\nA letter from /home.\n"""\nADAPTER ./a\n'
    )
    (folder / "a.jsonnet").write_text("local a = import 'lib/a.libsonnet'; a + { b: '/c' }\n")
    (folder / "b.gin").write_text("include 'models/b.gin'\n")
