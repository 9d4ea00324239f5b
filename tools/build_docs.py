"""Write the pages that are made from the code: `make docs`.

    python tools/build_docs.py [--check]

Rule pages and their index (`docs/rules/`), the formats (`docs/formats.md`), the measurements
(`docs/measurements.md`), the command reference (`docs/cli.md`) and the JSON schema
(`docs/schema/`). With `--check` nothing is written, and the exit code is 1 when a page lags.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

# The help of commands is wrapped to this width on every machine.
os.environ["COLUMNS"] = "100"

import click

from modelwarden.artifacts.catalog import all_rules as artifact_rules
from modelwarden.cli.main import main as group
from modelwarden.core import Rule
from modelwarden.core.schema import report_schema
from modelwarden.dependencies.rules import all_rules as dependency_rules
from modelwarden.formats.catalog import FORMATS
from modelwarden.formats.entry import Format, Tier
from modelwarden.gate.stages import all_rules as stage_rules
from modelwarden.metrics import MEASURES
from modelwarden.report.rule_page import as_markdown, escape
from modelwarden.standards import catalogues, describe

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
MADE = "<!-- Made by `make docs` from the code; edits here are lost. -->\n"


def pages() -> dict[Path, str]:
    """Return every generated file with its text."""
    made = {
        DOCS / "cli.md": cli_page(),
        DOCS / "formats.md": formats_page(),
        DOCS / "measurements.md": measurements_page(),
        DOCS / "rules/README.md": rules_index(),
        DOCS / "schema/report-1.schema.json": json.dumps(report_schema(), indent=1) + "\n",
    }
    for rule in all_rules():
        head = f"{MADE}# {rule.id}: {escape(rule.title)}\n\n"
        axes = f"Severity **{rule.severity}**, confidence **{rule.confidence}**.\n\n"
        made[DOCS / f"rules/{rule.id}.md"] = head + axes + as_markdown(describe(rule))
    return made


def all_rules() -> tuple[Rule[Any], ...]:
    """Return the rules of every stage, in the order in which reports list them."""
    return (*artifact_rules(), *dependency_rules(), *stage_rules())


def rules_index() -> str:
    """Return the page that lists all rules."""
    rows = [f"| [{r.id}]({r.id}.md) | {r.severity} | {escape(r.title)} |" for r in all_rules()]
    credits_ = [f"- {c.name}, {c.version}. Licence: {c.licence}." for c in catalogues()]
    return "\n".join(
        [
            MADE,
            "# Rules",
            "",
            "In the order in which reports list them. `modelwarden explain RULE` shows the same",
            "page in a terminal.",
            "",
            "| rule | severity | title |",
            "|---|---|---|",
            *rows,
            "",
            "## Catalogues",
            "",
            "References and controls name entries of these catalogues by id and official title;",
            "which weakness maps to which entry is this project's own proposal.",
            "",
            *credits_,
            "",
        ]
    )


TIERS = {
    Tier.EXAMINED: (
        "Examined",
        "Structure and meaning are read, rules look at them, and what cannot be read is a gap.",
    ),
    Tier.DATA: (
        "Data",
        "Proved, or recognised by its marks, as data that no model loader runs. It passes.",
    ),
    Tier.IDENTIFIED: (
        "Identified",
        "Named by their content, with the library and version that wrote them where the file says"
        " so,\nand with a gap: the verdict on a model that was not examined is incomplete, never"
        " clean.",
    ),
}


def formats_page() -> str:
    """Return the page of all formats, by how far each is examined."""
    parts = [
        MADE,
        "# Formats",
        "",
        "A file is told by its content; its name never decides alone. Bytes that are several",
        "formats at once are examined as each. What is none of these is a gap.",
    ]
    for tier, (title, meaning) in TIERS.items():
        named = tier is Tier.IDENTIFIED
        head = (
            ["| id | format |", "|---|---|"]
            if named
            else ["| id | format | reader |", "|---|---|---|"]
        )
        rows = [f"| `{e.id}` | {escape(e.title)} |" for e in FORMATS if e.tier is tier]
        if not named:
            rows = [
                f"| `{e.id}` | {escape(e.title)} | {reader(e)} |" for e in FORMATS if e.tier is tier
            ]
        parts += ["", f"## {title}", "", meaning, "", *head, *rows]
        parts += ["", HDF5] if tier is Tier.EXAMINED else []
    return "\n".join([*parts, ""])


HDF5 = """\
**Of HDF5** the beginning of each dataset is looked at, and what begins like something to be
loaded is examined; numbers are data. Where bytes, texts and compounds cannot be looked at, that
is a gap: chunks behind other filters than gzip, shuffle, Fletcher-32 and LZF (Blosc, Zstandard,
SZIP, LZ4, scale-offset and the like), chunks of datasets that may grow in several directions (a
B-tree of version 2), shuffled chunks of more than 4 MiB. Numbers of more than one byte in such
chunks are left without one. `h5repack -f NONE -l CONTI` lays chunks out so that they are looked
at."""


def measurements_page() -> str:
    """Return the page of all measurements of performance and fairness."""
    rows = [
        f"| `{m.name}` | {escape(m.meaning)} | {m.direction} | {escape(m.interval)} |"
        for m in MEASURES
    ]
    return "\n".join(
        [
            MADE,
            "# Measurements",
            "",
            "Names are those of scikit-learn's scorers and of fairlearn where they have one.",
            "Every number comes with the rows it rests on and with an interval; a policy is",
            "judged at the end of the interval that speaks against the model. What cannot be",
            "estimated (a rate without a case to rest on) is reported as such, never as 0.",
            "Formulas and sources stand in `src/modelwarden/metrics/`; how often the intervals",
            "hold the truth, in [intervals.md](intervals.md).",
            "",
            "| name | what it means | better | interval |",
            "|---|---|---|---|",
            *rows,
            "",
        ]
    )


def reader(entry: Format) -> str:
    """Return what the reader of a format says about itself, in one line."""
    doc = import_module(entry.module.partition(":")[0]).__doc__ or ""
    return doc.strip().partition("\n\n")[0].replace("\n", " ").replace("|", r"\|")


def cli_page() -> str:
    """Return the command reference, from the commands' own help."""
    parts = [MADE + "# Commands\n"]
    parts.append(block("modelwarden", group))
    with click.Context(group, info_name="modelwarden", **group.context_settings) as context:
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            if command is not None:
                parts.append(f"## {name}\n")
                parts.append(block(name, command, context))
                parts += inner_blocks(name, command, context)
    return "\n".join(parts)


def inner_blocks(name: str, command: click.Command, parent: click.Context) -> list[str]:
    """Return a section for each command of a group."""
    if not isinstance(command, click.Group):
        return []
    with command.make_context(name, [], parent=parent, resilient_parsing=True) as context:
        made = []
        shown = ((n, part) for n, part in command.commands.items() if not part.hidden)
        for inner, part in shown:
            made += [f"### {name} {inner}\n", block(inner, part, context)]
        return made


def block(name: str, command: click.Command, parent: click.Context | None = None) -> str:
    """Return the help of one command as a code block."""
    settings = {"terminal_width": 100, "max_content_width": 100}
    with command.make_context(
        name, [], parent=parent, resilient_parsing=True, **settings
    ) as context:
        return f"```text\n{command.get_help(context).rstrip()}\n```\n"


def stale(made: dict[Path, str]) -> list[Path]:
    """Return pages of rules that are gone."""
    return [page for page in sorted((DOCS / "rules").glob("*.md")) if page not in made]


def main() -> int:
    """Write or check; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit 1 on a difference"
    )
    check = parser.parse_args().check
    made = pages()
    lagging = [p for p, text in made.items() if not p.exists() or p.read_text("utf-8") != text]
    gone = stale(made)
    if check:
        for page in (*lagging, *gone):
            print(f"lags behind the code: {page.relative_to(ROOT)} (run `make docs`)")
        return 1 if lagging or gone else 0
    for page in lagging:
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(made[page], "utf-8")
    for page in gone:
        page.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
