from __future__ import annotations

import datetime as dt
import pickle
from pathlib import Path

import pytest

from modelwarden.cli import run


@pytest.fixture
def report(tmp_path: Path) -> Path:
    """Return the JSON report of a real scan."""
    model = tmp_path / "model.pkl"
    model.write_bytes(pickle.dumps({"weights": [1.0, 2.0]}))
    path = tmp_path / "report.json"
    assert run(["scan", str(model), "--format", "json", "--output", str(path)]) == 0
    return path


def test_reports_and_folders_with_reports_become_one_page(report, tmp_path):
    page = tmp_path / "summary.html"

    code = run(["summary", str(report), str(tmp_path), "--output", str(page)])

    assert code == 0
    text = page.read_text()
    assert "1 model, 1 report" in text
    assert "model.pkl" in text
    assert str(dt.datetime.now(dt.UTC).year) in text


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "not a report: no valid JSON"),
        (b"{}", "it has no key 'schema'"),
        (b'{"schema": "modelwarden/report/9"}', "this version reads"),
        (b'{"schema": "modelwarden/report/1"}', "subject: missing"),
        (b"[" * 100_000, "not a report"),
    ],
)
def test_what_is_no_report_is_named_and_no_page_is_left(content, why, report, tmp_path, capsys):
    broken, page = tmp_path / "broken.json", tmp_path / "summary.html"
    broken.write_bytes(content)

    code = run(["summary", str(report), str(broken), "--output", str(page)])

    error = capsys.readouterr().err
    assert code == 2
    assert str(broken) in error
    assert why in error
    assert error.count("\n") == 1
    assert not page.exists()


def test_a_report_that_is_not_there_or_an_output_that_cannot_be_is_an_input_error(
    report, tmp_path, capsys
):
    page = tmp_path / "summary.html"

    assert run(["summary", str(tmp_path / "none.json"), "--output", str(page)]) == 2
    assert run(["summary", str(report), "--output", str(tmp_path / "no" / "folder.html")]) == 2
    assert run(["summary", str(report), "--output", str(report)]) == 2
    assert run(["summary", "--output", str(page)]) == 2
    assert capsys.readouterr().err.count("\n") == 4
    assert report.read_bytes().startswith(b"{")
