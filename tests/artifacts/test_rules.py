"""Every rule in the catalogue, against a sample in which it must hit and one in which it must not.

The samples are modules in `samples/`, named after the rule; their README says what they hold.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from modelwarden.artifacts import RULES, examine
from modelwarden.core import Finding
from modelwarden.formats import Limits, Source

SAMPLES = Path(__file__).parent / "samples"
IDS = [entry.id for entry in RULES]


def sample(rule: str) -> ModuleType:
    """Load the samples of a rule by path, so that tests need no package around them."""
    path = SAMPLES / f"{rule.replace('-', '_')}.py"
    assert path.is_file(), f"the rule {rule} has no samples: write {path}"
    spec = importlib.util.spec_from_file_location(f"samples_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def findings_below(folder: Path) -> list[Finding]:
    """Examine every file below `folder`, each alone."""
    found: list[Finding] = []
    for path in sorted(p for p in folder.rglob("*") if p.is_file() and not p.is_symlink()):
        with Source.open(path, path.relative_to(folder).as_posix()) as source:
            found += examine(source, Limits()).findings
    return found


def meets(finding: Finding, expected: dict[str, object]) -> bool:
    """Tell whether a finding has every field that a sample expects."""
    for key, value in expected.items():
        if key == "message":
            if str(value) not in finding.message:
                return False
        elif key in {"member", "offset", "line"}:
            if getattr(finding.location, key) != value:
                return False
        elif key == "severity":
            if finding.severity != value:
                return False
        elif finding.evidence.get(key) != value:
            return False
    return True


@pytest.mark.parametrize("rule", IDS)
def test_every_rule_has_both_samples_and_a_page(rule: str):
    entry = next(e for e in RULES if e.id == rule)

    loaded, samples = entry.load(), sample(rule)

    assert loaded.id == rule
    assert loaded.reads.__name__ == entry.reads
    assert callable(samples.bad)
    assert callable(samples.good)
    lines = loaded.page.splitlines()
    assert lines[0].endswith(".")
    assert any(line.startswith("Why: ") for line in lines), "the page lacks `Why:`"
    assert any(line.startswith("Fix: ") for line in lines), "the page lacks `Fix:`"


@pytest.mark.parametrize("rule", IDS)
def test_every_rule_hits_its_bad_sample(rule: str, tmp_path: Path):
    samples = sample(rule)

    where = samples.bad(tmp_path)

    hits = [f for f in findings_below(tmp_path) if f.rule == rule and f.location.path == where]
    assert hits, f"{rule} is silent about its bad sample {where}"
    expected = getattr(samples, "EXPECT", {})
    assert any(meets(f, expected) for f in hits), f"no hit is as expected: {hits}"


@pytest.mark.parametrize("rule", IDS)
def test_every_rule_is_silent_about_its_good_sample(rule: str, tmp_path: Path):
    sample(rule).good(tmp_path)

    assert any(p.is_file() for p in tmp_path.rglob("*")), "the good sample wrote no file"
    assert [f for f in findings_below(tmp_path) if f.rule == rule] == []


def test_samples_belong_to_a_rule():
    stems = {p.stem for p in SAMPLES.glob("[!_]*.py")}

    assert stems <= {rule.replace("-", "_") for rule in IDS}
