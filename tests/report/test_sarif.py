from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace

import pytest
from pydantic_sarif.model import StaticAnalysisResultsFormatSarifVersion210JsonSchema as Schema

from modelwarden.core import Gap, GapKind, Location, Policy, Report, RuleInfo, Severity, Waiver
from modelwarden.policy import judge
from modelwarden.report import render, sarif

from . import samples


def run_of(report: Report) -> dict:
    return json.loads(render(report, "sarif"))["runs"][0]


@pytest.mark.parametrize(
    "report",
    [samples.telling(), samples.clean(), samples.large(50), *map(samples.hostile, samples.HOSTILE)],
)
def test_a_log_fits_the_official_schema(report):
    # The models are generated from the OASIS schema; `forbid` turns its closed objects into errors.
    assert Schema.model_config["extra"] == "forbid"

    Schema.model_validate_json(render(report, "sarif"))


def test_results_stand_worst_first_with_level_rank_and_severity():
    results = run_of(samples.telling())["results"]

    assert [r["level"] for r in results] == ["error", "warning", "error"]
    assert [r["rank"] for r in results] == [95.0, 55.0, 95.0]
    assert results[0]["properties"]["evidence"]["global"] == "posix.system"


def test_a_waived_finding_is_suppressed_and_the_others_say_that_they_are_not():
    results = run_of(samples.telling())["results"]

    assert [r["suppressions"] for r in results] == [
        [],
        [],
        [{"kind": "external"}],
    ]


def test_a_suppression_says_why_by_whom_and_until_when():
    waiver = Waiver(
        reason="kept in a sandbox\x1b[31m until replaced",
        owner="ml-platform",
        expires=dt.date(2027, 3, 31),
        fingerprint=samples.finding(1).fingerprint,
        status="not_affected",
        justification="vulnerable_code_not_present",
    )
    report = replace(samples.clean(), findings=(samples.finding(1),))
    judged = judge(report, Policy(waivers=(waiver,)), dt.date(2026, 11, 28))

    log = render(judged, "sarif")

    (suppression,) = json.loads(log)["runs"][0]["results"][0]["suppressions"]
    assert suppression == {
        "kind": "external",
        "justification": "kept in a sandbox\\x1b[31m until replaced; owner: ml-platform; "
        "expires: 2027-03-31; VEX status: not_affected; "
        "VEX justification: vulnerable_code_not_present",
    }
    Schema.model_validate_json(log)


def test_fingerprints_do_not_depend_on_order_and_equal_ones_are_numbered():
    one = samples.finding(7)
    report = replace(samples.telling(), findings=(one, one))

    marks = [r["partialFingerprints"] for r in run_of(report)["results"]]

    assert {m["modelwarden/v1"] for m in marks} == {one.fingerprint}
    assert [m["primaryLocationLineHash"][-2:] for m in marks] == [":1", ":2"]


def test_what_is_past_5000_results_is_said_and_the_worst_are_kept():
    run = run_of(samples.large(6_000))

    told = run["invocations"][0]["toolExecutionNotifications"]
    assert len(run["results"]) == sarif.RESULTS
    assert any("1,000 of 6,000 findings are left out" in n["message"]["text"] for n in told)
    left_out = {"low", "info"}
    assert sum(r["properties"]["severity"] in left_out for r in run["results"]) == 1_400


def test_every_gap_is_an_error_of_the_invocation():
    invocation = run_of(samples.telling())["invocations"][0]

    gaps = [n for n in invocation["toolExecutionNotifications"] if "descriptor" in n]
    assert not invocation["executionSuccessful"]
    assert invocation["exitCode"] == 1
    assert [(n["level"], n["descriptor"]["id"]) for n in gaps] == [
        ("error", "gap/unsupported"),
        ("error", "gap/unreadable"),
    ]
    assert gaps[1]["locations"][0]["physicalLocation"]["artifactLocation"]["index"] == 1


def test_a_gap_of_a_stage_without_files_has_no_location():
    gap = Gap(what="robust_accuracy", why="w", kind=GapKind.BUDGET, stage="robustness")

    invocation = run_of(replace(samples.clean(), gaps=(gap,)))["invocations"][0]

    assert "locations" not in invocation["toolExecutionNotifications"][0]


def test_a_clean_run_was_successful():
    invocation = run_of(samples.clean())["invocations"][0]

    assert (invocation["executionSuccessful"], invocation["exitCode"]) == (True, 0)


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        ("models/clean file.pt", "models/clean%20file.pt"),
        ("a:b/ü?#.pt", "a%3Ab/%C3%BC%3F%23.pt"),
        ("//host/x", ".//host/x"),
        ("", "."),
        ("100%", "100%25"),
    ],
)
def test_a_path_is_a_relative_address_with_its_odd_characters_encoded(path, uri):
    report = replace(samples.clean(), findings=(samples.finding(location=Location(path=path)),))

    at = run_of(report)["results"][0]["locations"][0]["physicalLocation"]

    assert at["artifactLocation"]["uri"] == uri


def test_an_offset_in_the_file_is_a_region_and_one_in_a_member_is_not():
    whole = samples.finding(location=Location(path="a.pkl", offset=7))
    inside = samples.finding(location=Location(path="a.pt", member="m", offset=7))
    text = samples.finding(location=Location(path="a.py", line=3, offset=7))

    results = run_of(replace(samples.clean(), findings=(whole, inside, text)))["results"]

    regions = [r["locations"][0]["physicalLocation"]["region"] for r in results]
    assert regions == [{"startLine": 1, "byteOffset": 7}, {"startLine": 1}, {"startLine": 3}]
    assert results[1]["message"]["text"].endswith("(m, byte 7)")
    assert results[1]["locations"][0]["logicalLocations"][0]["fullyQualifiedName"] == "m"


def test_a_rule_brings_its_help_its_severity_and_at_most_twenty_tags():
    references = tuple(f"CWE-{n}" for n in range(1, 40))
    rule = replace(samples.UNSAFE, references=references)

    shown = run_of(replace(samples.telling(), rules=(rule,)))["tool"]["driver"]["rules"][0]

    assert "## How to fix it" in shown["help"]["markdown"]
    assert shown["properties"]["security-severity"] == "9.5"
    assert len(shown["properties"]["tags"]) == 20
    assert shown["properties"]["tags"][:2] == ["security", "external/cwe/cwe-1"]


def test_a_finding_of_a_rule_without_descriptor_still_points_at_one():
    run = run_of(replace(samples.telling(), rules=()))

    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]


@pytest.mark.parametrize("text", ["see [this](http://a)", "argument {0}"])
def test_a_message_holds_no_link_and_no_placeholder(text):
    report = replace(samples.clean(), findings=(samples.finding(message=text),))

    message = run_of(report)["results"][0]["message"]["text"]

    assert "](" not in message.replace("\\](", "")
    assert "{0}" not in message.replace("{{0}}", "")


def test_files_are_artifacts_with_their_digests():
    artifacts = run_of(samples.telling())["artifacts"]

    assert artifacts[0]["hashes"] == {"sha-256": "cd" * 32}
    assert artifacts[0]["length"] == 4096
    assert "hashes" not in artifacts[2]


def test_a_rule_without_a_page_has_its_title_as_help():
    rule = RuleInfo(id="r", title="A title", severity=Severity.LOW, help="")

    shown = run_of(replace(samples.clean(), rules=(rule,)))["tool"]["driver"]["rules"][0]

    assert shown["help"]["text"] == "A title"
