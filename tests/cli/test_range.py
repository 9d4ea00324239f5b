"""`modelwarden range`: the list, the hints, an exercise served and stopped, an exercise played."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from http.client import HTTPConnection

import pytest

from cli.command import command as run


def test_the_list_says_what_there_is(tmp_path):
    text, data = run("range", cwd=tmp_path), run("range", "--format", "json", cwd=tmp_path)

    assert (text.code, data.code) == (0, 0)
    names = [e["name"] for e in json.loads(data.out)["exercises"]]
    assert {"phishing", "spam", "loans", "digits"} <= set(names)
    assert all(name in text.out for name in names)
    assert list(tmp_path.iterdir()) == []


def test_hints_are_told_without_serving(tmp_path):
    ran = run("range", "loans", "--hint", cwd=tmp_path)

    assert ran.code == 0
    assert "Step 1 (open)" in ran.out
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["loan"], "unknown exercise 'loan' (Did you mean 'loans'?)"),
        (["--run"], "name an exercise"),
        (["spam", "--port", "99999"], "99999"),
        (["spam", "--run", "--folder", "file"], "file is no folder"),
    ],
)
def test_bad_input_is_one_line(tmp_path, arguments, said):
    (tmp_path / "file").write_text("mine")

    ran = run("range", *arguments, cwd=tmp_path)

    assert ran.code == 2
    assert said in ran.err.splitlines()[-1]
    assert "Traceback" not in ran.err
    assert (tmp_path / "file").read_text() == "mine"


def test_a_port_in_use_is_one_line(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ran = run("range", "spam", "--port", str(port), cwd=tmp_path)

    assert ran.code == 2
    assert f"cannot listen at 127.0.0.1:{port}" in ran.err.splitlines()[-1]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_exercise_is_served_with_its_firewall_until_it_is_asked_to_end(tmp_path, number):
    process = subprocess.Popen(
        [sys.executable, "-m", "modelwarden", "range", "loans", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    try:
        said = ""
        while "Ctrl-C" not in said:
            line = process.stderr.readline()
            assert line, said
            said += line
        ports = [int(p) for p in re.findall(r"http://127\.0\.0\.1:(\d+)", said)]
        assert len(ports) == 2
        row = {"columns": ["x"], "data": [[1]]}
        for port in ports:
            connection = HTTPConnection("127.0.0.1", port, timeout=20)
            headers = {"content-type": "application/json"}
            body = json.dumps({"dataframe_split": row})
            connection.request("POST", "/invocations", body, headers)
            assert connection.getresponse().status == 400
            connection.close()
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    assert (process.returncode, err) == (0, "")
    assert out.splitlines()[-1] == "score: 0 of 100"
    written = {p.name for p in (tmp_path / "range-loans").iterdir()}
    assert {"GUIDE.md", "campaign.toml", "campaign-firewall.toml", "seeds.csv"} <= written


@pytest.mark.parametrize("name", ["spam", pytest.param("phishing", marks=pytest.mark.slow)])
def test_an_exercise_that_is_played_ends_with_its_score(tmp_path, name):
    ran = run("range", name, "--run", "--format", "json", cwd=tmp_path, timeout=300)

    assert ran.code == 0, ran.err
    score = json.loads(ran.out)
    assert (score["points"], score["of"]) == (100, 100)
    assert [step["stand"] for step in score["steps"]] == ["open", "hardened"]
    assert all(step["seen"] > 0 for step in score["steps"])
    assert (tmp_path / f"range-{name}" / "open" / "debrief.html").is_file()
