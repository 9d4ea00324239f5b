"""A pull request that makes a model worse is red, in pytest and in the command."""

from __future__ import annotations

import json
import subprocess

import pytest

from cli.test_check import arguments, environment
from gate.checks import HARMLESS, project
from testing.projects import fakes, run_tests

POLICY = '[policy.measure]\n"accuracy" = {min = 0.74}\n'
REFERENCE = """
[model.reference]
path = "before/"
adapter = "callable"
entry = "predict.py:honest"
"""


def check(file, *words):
    """Run the command, with the folder for its cache beside the project."""
    done = subprocess.run(
        arguments(file, "--format", "json", *words),
        env=environment(XDG_CACHE_HOME=str(file.parent.parent / "cache")),
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, json.loads(done.stdout)


@pytest.mark.parametrize(
    ("how", "rule", "red"),
    [
        ("baseline", "worse-than-baseline", "no findings at high"),
        ("reference", "worse-than-reference", "no findings at high"),
        ("policy", None, "accuracy >= 0.74"),
    ],
)
def test_a_pull_request_that_makes_a_model_worse_is_red(tmp_path, how, rule, red):
    folder = tmp_path / "repository"
    (folder / "before").mkdir(parents=True)
    (folder / "before" / "weights.pkl").write_bytes(HARMLESS)
    file = project(
        folder,
        n=3_000,
        model=REFERENCE if how == "reference" else "",
        more=POLICY if how == "policy" else "",
    )
    fakes(folder)
    main, report = check(file)
    (tmp_path / "main.json").write_text(json.dumps(report))
    words = ["--baseline", str(tmp_path / "main.json")] if how == "baseline" else []
    options = [f"--modelwarden-baseline={words[1]}"] if words else []
    on_main = run_tests(folder, "--modelwarden", *options)

    file.write_text(file.read_text().replace('"predict.py:honest"', '"predict.py:worse"', 1))
    asked, worse = check(file, *words)
    tested = run_tests(folder, "--modelwarden", *options)

    assert (main, on_main.code, on_main.failing()) == (0, 0, []), on_main.out
    assert (asked, tested.code) == (1, 1)
    assert red in tested.failing()
    assert rule is None or rule in {f["rule"] for f in worse["findings"]}
