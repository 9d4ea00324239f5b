"""Every rule that an alert, the ledger or a metric can name has a page: derived from the code."""

from __future__ import annotations

import ast
import importlib
import json
from pathlib import Path

import pytest

import modelwarden
from modelwarden.cli.main import run
from modelwarden.detectors import live
from modelwarden.firewall import answers
from modelwarden.firewall.errors import Reason
from modelwarden.firewall.rules import RULES
from modelwarden.firewall.searches.clients import Pattern
from modelwarden.gate.stages import all_rules

ROOT = Path(modelwarden.__file__).parent
MODULES = sorted(
    [
        *(ROOT / "firewall").rglob("*.py"),
        *(ROOT / "monitor").glob("*.py"),
        *(ROOT / "detectors" / f"{name}.py" for name in ("answering", "windows")),
    ]
)
# Where each of these takes the name of a rule: keyword, or place among the arguments.
TAKES = {
    "Alert": 2, "Decision": 1, "Drift": 0, "Worse": 0, "_Seen": 0, "Sign": 0,
    "note": 2, "_tell": 2, "replace": None,
}  # fmt: skip
PASSED_ON = {
    # What was named elsewhere: a reason, a pattern, a sign, a drift.
    "error.reason.value", "alarm.pattern.value", "sign.rule", "decision.rule",
    "decision.rule or ''", "drift.rule", "rule", "one.rule", "None",
    "found.rule",
}  # fmt: skip


def calls(path):
    tree = ast.parse(path.read_text("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if name in TAKES:
                yield tree, name, node


def rule_given(tree, name, node):
    for keyword in node.keywords:
        if keyword.arg == "rule":
            return keyword.value
    place = TAKES[name]
    for own in ast.walk(tree):
        if isinstance(own, ast.FunctionDef) and own.name == name:
            names = [argument.arg for argument in own.args.args if argument.arg != "self"]
            place = names.index("rule") if "rule" in names else place
    return node.args[place] if place is not None and len(node.args) > place else None


def words(value):
    """Yield the plain texts that an expression may be."""
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        yield value.value
    elif isinstance(value, ast.IfExp):
        yield from (*words(value.body), *words(value.orelse))


def assigned(tree, name):
    """Yield the texts that a variable of this name is given anywhere in a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name) and target.id == name:
                    yield from words(node.value)
                if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                    pairs = zip(target.elts, node.value.elts, strict=True)
                    for part, value in pairs:
                        if isinstance(part, ast.Name) and part.id == name:
                            yield from words(value)


def returned(path):
    """Yield the rules of `_wrong` in `ruling`: the second of three that it returns."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Tuple) and len(node.elts) == 3:
            status, rule, _ = node.elts
            if isinstance(status, ast.Constant) and type(status.value) is int:
                yield from words(rule)


def emitted():
    """Return each name of a rule that the code can tell of, with where that is."""
    enumerated = (*RULES, *answers.RULES, *map(str, Reason), *map(str, Pattern))
    found = dict.fromkeys(enumerated, "an enumeration")
    for path in MODULES:
        for tree, name, node in calls(path):
            given = rule_given(tree, name, node)
            if given is None:
                continue
            texts = [*words(given)]
            if isinstance(given, ast.Name):
                module = importlib.import_module(
                    ".".join(("modelwarden", *path.relative_to(ROOT).with_suffix("").parts))
                )
                constant = getattr(module, given.id, None)
                texts += [constant] if isinstance(constant, str) else assigned(tree, given.id)
            if not texts:
                assert ast.unparse(given) in PASSED_ON, f"{path}:{node.lineno}: {name}"
            found |= dict.fromkeys(texts, f"{path.name}:{node.lineno}")
    found |= dict.fromkeys(returned(ROOT / "firewall/ruling.py"), "ruling.py")
    return found


def test_every_rule_that_can_be_told_is_explained(capsys):
    found = emitted()
    known = {rule.id for rule in all_rules()}

    assert {rule: where for rule, where in found.items() if rule not in known} == {}
    # What the walk must have met, or it looks at the wrong places.
    for name in (
        "http",
        "route",
        "ledger",
        "watch",
        "refusals",
        "prediction-drift",
        "state",
        "joint-drift",
        "performance-drop",
        "golden-probes",
        "shared-rate",
    ):
        assert name in found
    for name in sorted(found):
        assert run(["explain", name, "--format", "json"]) == 0
        page = json.loads(capsys.readouterr().out)
        assert all(page[part] for part in ("what", "why", "fix")), name


def test_no_live_rule_is_explained_that_nothing_can_tell():
    assert {rule.id for rule in live.all_rules()} - set(emitted()) == set()


@pytest.mark.parametrize("rule", live.all_rules(), ids=lambda rule: rule.id)
def test_a_live_rule_says_how_it_is_tuned_or_why_it_cannot_be(rule):
    assert len(rule.page.partition("Fix:")[2]) > 60
    assert rule.references
