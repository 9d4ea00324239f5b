"""`modelwarden redteam import`: results of other tools, judged by our exit codes."""

from __future__ import annotations

import json

from cli.command import command
from redteam.imports import files


def imported(*arguments, cwd):
    return command("redteam", "import", *map(str, arguments), cwd=cwd)


def test_failures_are_medium_and_fail_only_where_the_user_says_so(tmp_path):
    path = files.garak(tmp_path)

    plain = imported(path, "--format", "json", cwd=tmp_path)
    strict = imported(path, "--fail-on", "medium", cwd=tmp_path)

    assert (plain.code, strict.code) == (0, 1)
    assert plain.report["run"]["command"] == "redteam import"
    assert plain.report["tool"]["version"]
    assert "encoding.InjectBase64" in strict.out


def test_several_files_are_one_report_and_a_gap_is_incomplete(tmp_path):
    ran = imported(
        files.garak(tmp_path, end=False),
        files.inspect(tmp_path),
        "--format",
        "json",
        cwd=tmp_path,
    )

    assert ran.code == 3
    assert len(ran.report["coverage"]) == 2
    assert ran.report["subject"]["name"] == "rest shop, openai/shop"
    assert [gap["kind"] for gap in ran.report["gaps"]] == ["unreadable"]


def test_a_policy_judges_the_rates(tmp_path):
    policy = tmp_path / "policy.toml"
    policy.write_text('[policy.measure]\n"attack_success_rate" = {max = 0.2}\n')
    out = tmp_path / "report.json"

    ran = imported(
        files.promptfoo(tmp_path, plugins=True),
        *("--policy", policy, "--format", "json", "--output", out),
        cwd=tmp_path,
    )

    assert ran.code == 1
    reasons = json.loads(out.read_text())["verdict"]["reasons"]
    assert any("attack_success_rate" in json.dumps(reason) for reason in reasons)


def test_what_is_no_result_is_one_line(tmp_path):
    (tmp_path / "x.json").write_text("{}")

    for name in ("x.json", "nobody.json", "."):
        ran = imported(name, cwd=tmp_path)
        assert ran.code == 2
        assert ran.line
