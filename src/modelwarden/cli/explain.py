"""`modelwarden explain`."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import click

from modelwarden.cli.options import Named, form_option
from modelwarden.core import UnknownNameError

if TYPE_CHECKING:
    from modelwarden.core import Json

KINDS = ("rules", "attacks", "formats", "measurements")


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
def explain(rule: str | None, kind: str | None, form: str) -> int:
    """Tell what a RULE means, why it matters, how to fix it, and which standards it serves."""
    if (rule is None) == (kind is None):
        raise click.UsageError("name one rule, or a kind with --list")
    text = _page(rule, form) if rule is not None else _list(kind or "rules", form)
    click.echo(text, nl=False)
    return 0


def _page(name: str, form: str) -> str:
    from modelwarden.artifacts import RULES
    from modelwarden.dependencies import rules as dependencies
    from modelwarden.gate import stages
    from modelwarden.report.rule_page import as_data, as_text
    from modelwarden.standards import describe

    others = {rule.id: rule for rule in (*dependencies.all_rules(), *stages.all_rules())}
    entry = next((entry for entry in RULES if entry.id == name), None)
    if entry is None and name not in others:
        raise UnknownNameError("rule", name, [*(entry.id for entry in RULES), *others])
    rule = entry.load() if entry else others[name]
    if form == "json":
        return _json(as_data(describe(rule), rule.confidence))
    width = min(shutil.get_terminal_size((100, 24)).columns, 100)
    return as_text(describe(rule), rule.confidence, width)


def _list(kind: str, form: str) -> str:
    rows = _rows(kind)
    if form == "json":
        return _json([dict(row) for row in rows])
    width = max((len(row["id"]) for row in rows), default=0)
    lines = (f"{row['id']:<{width}}  {row.get('severity', ''):<8}  {row['title']}" for row in rows)
    if kind != "rules":
        lines = (f"{row['id']:<{width}}  {row['title']}" for row in rows)
    return "".join(f"{line}\n" for line in lines)


def _rows(kind: str) -> list[dict[str, str]]:
    if kind == "rules":
        from modelwarden.artifacts.catalog import all_rules
        from modelwarden.dependencies import rules as dependencies
        from modelwarden.gate import stages

        every = (*all_rules(), *dependencies.all_rules(), *stages.all_rules())
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
