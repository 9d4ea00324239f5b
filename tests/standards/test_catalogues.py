from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from modelwarden.artifacts.catalog import RULES
from modelwarden.standards import (
    UnknownWeaknessError,
    catalogues,
    controls_for,
    is_known,
    link_of,
    title_of,
    weaknesses,
)

ROOT = Path(__file__).parents[2]


def test_the_packaged_data_is_what_the_tool_makes(shared):
    tool = [sys.executable, ROOT / "tools/build_standards.py", "--check"]

    done = subprocess.run([*tool, shared / "standards/mapping.yaml"], capture_output=True)

    assert done.returncode == 0, done.stdout + done.stderr


# Ids of published vulnerabilities name themselves; no catalogue of ours lists them all.
ADVISORY = re.compile(r"CVE-\d{4}-\d{4,7}|GHSA(-[0-9a-z]{4}){3}")


@pytest.mark.parametrize("entry", RULES, ids=lambda entry: entry.id)
def test_what_a_rule_refers_to_exists(entry):
    rule = entry.load()

    assert [r for r in rule.references if not (is_known(r) or ADVISORY.fullmatch(r))] == []
    assert rule.weakness is None or rule.weakness in weaknesses()


@pytest.mark.parametrize("weakness", weaknesses())
def test_every_control_of_the_crosswalk_has_a_title(weakness):
    assert controls_for(weakness)
    assert all(title_of(reference) for reference in controls_for(weakness))


def test_a_weakness_maps_into_every_catalogue_that_knows_it():
    controls = controls_for("unsafe_deserialization")

    assert {
        "CWE-502",
        "MITRE-ATLAS:AML.T0011.000",
        "OWASP-ML:ML06:2023",
        "OWASP-LLM:LLM03:2025",
        "NIST-AI-100-2:NISTAML.05",
    } <= set(controls)


def test_no_weakness_has_no_controls_and_an_unknown_one_names_the_nearest():
    assert controls_for(None) == ()
    with pytest.raises(UnknownWeaknessError) as caught:
        controls_for("unsafe_deserialisation")
    assert caught.value.nearest == "unsafe_deserialization"


def test_a_technique_is_titled_below_its_parent():
    assert title_of("MITRE-ATLAS:AML.T0011.000") == "User Execution: Unsafe AI Artifacts"
    assert title_of("CWE-502") == "Deserialization of Untrusted Data"


@pytest.mark.parametrize("reference", ["CWE-0", "MITRE-ATLAS:AML.T9999", "GHSA:x", "", ":"])
def test_an_unknown_reference_has_neither_title_nor_link(reference):
    assert not is_known(reference)
    assert title_of(reference) is None
    assert link_of(reference) is None


def test_links_lead_to_the_page_of_the_entry():
    assert link_of("CWE-502") == "https://cwe.mitre.org/data/definitions/502.html"
    assert link_of("MITRE-ATLAS:AML.M0014").endswith("/mitigations/AML.M0014")


def test_every_catalogue_is_credited():
    assert all(c.name and c.version and c.source and c.licence for c in catalogues())


def test_nothing_is_read_before_it_is_asked_for():
    code = "import modelwarden.standards, sys; print('json.decoder' in sys.modules)"
    code += "; from modelwarden.standards.catalogues import _data; print(_data.cache_info().misses)"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert json.loads(done.stdout.split()[-1]) == 0
