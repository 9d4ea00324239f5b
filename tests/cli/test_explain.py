from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

import modelwarden.artifacts
from modelwarden.artifacts import catalog
from modelwarden.cli import run
from modelwarden.core import Hit, Rule, Severity, rule


@rule(
    "pickle-unsafe-global",
    title="Pickle imports a callable that can run commands",
    severity=Severity.CRITICAL,
    reads=object,
    references=("CWE-502",),
    weakness="unsafe_deserialization",
)
def sample(view: object) -> Iterator[Hit]:
    """Flag imports of process functions.

    Why: loading the file is
    enough.

    Fix: ask for safetensors.
    """
    yield Hit(str(view))


@dataclass
class Entry:
    id: str = sample.id

    def load(self) -> Rule[object]:
        return sample


@pytest.fixture(autouse=True)
def _one_rule(monkeypatch):
    monkeypatch.setattr(catalog, "RULES", (Entry(),))
    monkeypatch.setattr(modelwarden.artifacts, "RULES", (Entry(),))


def test_a_rules_page_says_what_why_how_and_which_standards(capsys):
    code = run(["explain", "pickle-unsafe-global"])

    page = capsys.readouterr().out
    assert code == 0
    assert "severity critical · confidence high" in page
    assert "Why it matters\n  Loading the file is enough." in page
    assert "How to fix it\n  Ask for safetensors." in page
    assert "CWE-502  Deserialization of Untrusted Data" in page
    assert "OWASP-ML:ML06:2023  ML Supply Chain Attacks" in page


def test_a_rules_page_as_json_holds_the_same(capsys):
    run(["explain", "pickle-unsafe-global", "--format", "json"])

    page = json.loads(capsys.readouterr().out)
    assert page["why"] == "Loading the file is enough."
    assert page["references"][0]["title"] == "Deserialization of Untrusted Data"
    assert page["references"][0]["link"].endswith("/502.html")


def test_an_unknown_rule_exits_2_and_names_the_nearest(capsys):
    code = run(["explain", "pickle-unsafe-globals"])

    said = capsys.readouterr()
    assert (code, said.out) == (2, "")
    assert said.err.count("\n") == 1
    assert "'pickle-unsafe-global'" in said.err


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("accuracy", "docs/measurements.md"),
        ("square", "docs/robustness.md"),
        ("coordinates", "docs/constraints.md"),
        ("page-edits", "docs/html-attacks.md"),
        ("face-noise", "docs/faces.md"),
        ("onnx", "docs/formats.md"),
    ],
)
def test_what_the_other_lists_name_has_a_page_too(name, told, capsys):
    assert run(["explain", name]) == 0
    page = capsys.readouterr().out
    assert run(["explain", name, "--format", "json"]) == 0

    assert page.startswith(f"{name}\n")
    assert told in page
    assert json.loads(capsys.readouterr().out)["id"] == name


def test_a_name_like_no_other_is_told_where_all_stand(capsys):
    assert run(["explain", "xyzzy"]) == 2

    assert "`modelwarden explain --list` names them all" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--list"], ["--list", "rules"]])
def test_the_list_of_rules_is_the_default(arguments, capsys):
    assert run(["explain", *arguments]) == 0

    assert capsys.readouterr().out.split()[:2] == ["pickle-unsafe-global", "critical"]


@pytest.mark.parametrize("kind", ["rules", "attacks", "formats", "measurements"])
def test_a_list_as_json_has_an_id_and_a_title_each(kind, capsys):
    run(["explain", "--list", kind, "--format", "json"])

    rows = json.loads(capsys.readouterr().out)
    assert rows
    assert all(row["id"] and row["title"] for row in rows)


@pytest.mark.parametrize(
    "arguments", [[], ["--list", "rulez"], ["a-rule", "--list", "rules"], ["--format", "xml"]]
)
def test_a_wrong_use_exits_2_with_one_line(arguments, capsys):
    code = run(["explain", *arguments])

    said = capsys.readouterr()
    assert (code, said.out) == (2, "")
    assert said.err.count("\n") == 1


@pytest.mark.parametrize(
    ("kind", "one"),
    [
        ("measurements", "demographic_parity_difference   Largest difference between groups"),
        ("attacks", "corners"),
    ],
)
def test_lists_say_what_names_mean_without_numpy(kind, one):
    script = (
        "import sys; from modelwarden.cli import run; "
        f"run(['explain', '--list', {kind!r}]); assert 'numpy' not in sys.modules"
    )

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)

    assert done.stderr == ""
    assert one in done.stdout
