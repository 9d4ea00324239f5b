"""The page that compares test by test names every one of theirs, and only what exists of ours."""

from __future__ import annotations

import re
from pathlib import Path

from modelwarden.artifacts import catalog as artifacts
from modelwarden.assess import catalog as assess
from modelwarden.assess.abnormal import images, tables, texts, trials
from modelwarden.attacks import catalog as attacks
from modelwarden.data import catalog as data
from modelwarden.firewall.rules import RULES
from modelwarden.metrics.catalog import MEASURES
from modelwarden.redteam import catalog as redteam
from modelwarden.redteam.goals.catalog import GOALS

PAGE = Path(__file__).parents[1] / "docs/stress-tests.md"
ROW = re.compile(r"^\| (.+?) \| (yes|partly|no) \| (.+) \|$", re.MULTILINE)
# Words in code style that are neither: keys, options, and what is said not to be here.
OTHERS = {
    "modelwarden check",
    "modelwarden redteam",
    "n",
    "--baseline",
    "[features]",
}


def rows():
    return ROW.findall(PAGE.read_text("utf-8").partition("# The tests")[2])


def test_every_name_of_the_catalogue_has_a_line(shared):
    source = (shared / "standards/stress-tests.yaml").read_text("utf-8")
    names = [line[4:].strip().strip("'") for line in source.splitlines() if line[:4] == "  - "]

    assert [name for name, _, _ in rows()] == names


def test_what_is_claimed_exists():
    known = {rule.id for rule in (*assess.all_rules(), *data.all_rules(), *artifacts.all_rules())}
    known |= {entry.name for entry in MEASURES} | OTHERS
    known |= {o.name for o in (*tables.OPERATORS, *texts.OPERATORS, *images.OPERATORS)}
    known |= {rule.id for rule in redteam.all_rules()} | set(RULES)
    known |= {entry.name for entry in (*attacks.ATTACKS, *GOALS)}
    known |= {o.name for o in vars(trials).values() if isinstance(o, trials.Operator)}
    text = PAGE.read_text("utf-8")
    links = re.findall(r"\]\(([\w-]+\.md)\)", text)

    named = set(re.findall(r"`([^`]+)`", re.sub(r"\[`[^`]+`\]\([^)]+\)", "", text)))

    assert named - known == set()
    assert all((PAGE.parent / link).is_file() for link in links)


def test_the_sums_are_those_of_the_lines():
    text = PAGE.read_text("utf-8")
    found = [[how for _, how, _ in rows()].count(how) for how in ("yes", "partly", "no")]

    assert f"| all | {sum(found)} | {found[0]} | {found[1]} | {found[2]} |" in text
