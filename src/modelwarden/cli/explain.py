"""`modelwarden explain`."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import click

from modelwarden.cli.options import Named, form_option
from modelwarden.core import UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelwarden.core import Json, Rule

KINDS = ("rules", "attacks", "formats", "measurements")
_PAGES = {
    "measurements": "measurements.md",
    "attacks": "robustness.md",
    "formats": "formats.md",
}
_PAGES_OF_INPUTS = {  # attacks by what they change, where that has a page of its own
    "tables": "constraints.md",
    "texts": "constraints.md",
    "pages": "html-attacks.md",
    "urls": "html-attacks.md",
    "faces": "faces.md",
}


@click.command()
@click.argument("rule", required=False)
@click.option(
    "--list",
    "kind",
    type=Named("kind", KINDS),
    is_flag=False,
    flag_value="rules",
    metavar="[rules|attacks|formats|measurements]",
    help="Name all of a kind; rules, when none is said.",
)
@form_option(forms=("text", "json"))
@click.option("--plugins", metavar="NAME,...", help="Know the rules of these plugins as well.")
def explain(rule: str | None, kind: str | None, form: str, plugins: str | None) -> int:
    """Tell what a RULE means, why it matters, how to fix it, and which standards it serves.

    A measurement, an attack or a format of --list may be named as well.
    """
    if (rule is None) == (kind is None):
        raise click.UsageError("name one rule, or a kind with --list")
    added = _of_plugins(plugins)
    text = _page(rule, form, added) if rule is not None else _list(kind or "rules", form, added)
    click.echo(text, nl=False)
    return 0


def _of_plugins(plugins: str | None) -> tuple[Rule[Any], ...]:
    names = tuple(name.strip() for name in (plugins or "").split(",") if name.strip())
    if not names:
        return ()
    from modelwarden.gate.plugins import rules_of

    return rules_of(names)


def _page(name: str, form: str, added: Sequence[Rule[Any]]) -> str:
    from modelwarden.artifacts import RULES
    from modelwarden.dependencies import rules as dependencies
    from modelwarden.gate import stages
    from modelwarden.report.rule_page import as_data, as_text
    from modelwarden.standards import describe

    others = {rule.id: rule for rule in (*dependencies.all_rules(), *stages.all_rules(), *added)}
    entry = next((entry for entry in RULES if entry.id == name), None)
    if entry is None and name not in others:
        return _other_page(name, form, [*(entry.id for entry in RULES), *others])
    rule = entry.load() if entry else others[name]
    if form == "json":
        return _json(as_data(describe(rule), rule.confidence))
    width = min(shutil.get_terminal_size((100, 24)).columns, 100)
    return as_text(describe(rule), rule.confidence, width)


def _other_page(name: str, form: str, rules: list[str]) -> str:
    """Return what `--list` tells of a measurement, an attack or a format, and where more stands.

    Raises:
        UnknownNameError: nothing is called so.
    """
    known = list(rules)
    for kind, page in _PAGES.items():
        rows = _rows(kind)
        row = next((row for row in rows if row["id"] == name), None)
        if row is None:
            known += [row["id"] for row in rows]
            continue
        if form == "json":
            return _json({"kind": kind.removesuffix("s"), **row})
        facts = {key: value for key, value in row.items() if key not in ("id", "title") and value}
        lines = [name, row["title"], "", *(f"{key:<9} {value}" for key, value in facts.items())]
        page = _PAGES_OF_INPUTS.get(row.get("inputs", ""), page)
        return "\n".join([*lines, f"{'more':<9} docs/{page}"]) + "\n"
    error = UnknownNameError("rule", name, known)
    if error.nearest is None:
        error.hint = "`modelwarden explain --list` names them all."
    raise error


def _list(kind: str, form: str, added: Sequence[Rule[Any]]) -> str:
    rows = _rows(kind, added)
    if form == "json":
        return _json([dict(row) for row in rows])
    width = max((len(row["id"]) for row in rows), default=0)
    lines = (f"{row['id']:<{width}}  {row.get('severity', ''):<8}  {row['title']}" for row in rows)
    if kind != "rules":
        lines = (f"{row['id']:<{width}}  {row['title']}" for row in rows)
    return "".join(f"{line}\n" for line in lines)


def _rows(kind: str, added: Sequence[Rule[Any]] = ()) -> list[dict[str, str]]:
    if kind == "rules":
        from modelwarden.artifacts.catalog import all_rules
        from modelwarden.dependencies import rules as dependencies
        from modelwarden.gate import stages

        every = (*all_rules(), *dependencies.all_rules(), *stages.all_rules(), *added)
        return [{"id": r.id, "severity": r.severity.value, "title": r.title} for r in every]
    if kind == "formats":
        from modelwarden.formats.catalog import FORMATS

        return [{"id": entry.id, "title": entry.title} for entry in FORMATS]
    if kind == "measurements":
        from modelwarden.metrics import MEASURES

        return [
            {
                "id": entry.name,
                "title": entry.meaning,
                "better": entry.direction,
                "interval": entry.interval,
            }
            for entry in MEASURES
        ]
    from modelwarden.attacks.catalog import ATTACKS

    return [
        {
            "id": entry.name,
            "title": entry.title,
            "access": entry.access.value,
            "inputs": entry.inputs,
            "norms": ", ".join(entry.norms),
        }
        for entry in ATTACKS
    ]


def _json(value: Json) -> str:
    from modelwarden.report.escape import json_text

    return json_text(value) + "\n"
