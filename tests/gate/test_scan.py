from __future__ import annotations

from dataclasses import replace

import pytest

import modelwarden
from modelwarden.core import GapKind, InputError, Policy, Report, Run, Severity
from modelwarden.gate.scan import How, broken, scan


def steady(report: Report) -> Report:
    """The report without its times."""
    return replace(report, run=Run(command="scan", notes=report.run.notes))


@pytest.mark.parametrize("corpus", ["corpora", "models"])
def test_real_files_give_the_same_report_in_processes_and_from_the_cache(shared, tmp_path, corpus):
    folder = shared / "data" / corpus

    alone = scan([folder])
    first = scan([folder], how=How(jobs=2, cache=tmp_path / "cache"))
    second = scan([folder], how=How(jobs=2, cache=tmp_path / "cache"))

    assert len(alone.coverage) > 50
    assert steady(alone) == steady(first) == steady(second)
    assert [gap for gap in alone.gaps if gap.kind is GapKind.FAILED] == []


def test_every_file_that_was_not_examined_comes_with_a_gap(shared):
    report = scan([shared / "data" / "models"])

    lacking = {line.path for line in report.coverage if line.status != "examined"}
    named = {path for path in lacking if any(g.what.startswith(path) for g in report.gaps)}
    assert lacking == named


def test_the_api_takes_several_paths_and_a_policy(tmp_path):
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text("words\n")

    report = modelwarden.scan(
        tmp_path / "a.txt", str(tmp_path / "b.txt"), policy=Policy(fail_on=Severity.INFO)
    )

    assert [line.path for line in report.coverage] == ["a.txt", "b.txt"]
    assert report.verdict is not None
    assert report.tool.version == modelwarden.__version__


def test_the_api_says_what_does_not_exist(tmp_path):
    with pytest.raises(InputError, match="no such file or folder"):
        modelwarden.scan(tmp_path / "nowhere")


def test_a_scan_that_broke_is_incomplete(tmp_path):
    report = broken([tmp_path], "internal error")

    assert report.verdict is not None
    assert report.verdict.outcome == "incomplete"
    assert report.gaps[0].kind is GapKind.FAILED


def test_a_stage_that_fails_takes_nothing_from_the_others(tmp_path, monkeypatch):
    def broken_audit(*_, **__):
        raise RuntimeError("a mistake\nof ours")

    monkeypatch.setattr("modelwarden.gate.scan.audit", broken_audit)
    (tmp_path / "model.yaml").write_text('a: !!python/object/apply:os.system ["true"]\n')

    report = scan([tmp_path])

    assert report.verdict is not None
    assert report.verdict.outcome == "fail"
    assert [f.rule for f in report.findings] == ["yaml-python-tag"]
    assert [(g.kind, g.why) for g in report.gaps if g.stage == "dependencies"] == [
        (GapKind.FAILED, "the stage failed: RuntimeError: a mistake of ours")
    ]
    assert "dependencies" not in report.stages
