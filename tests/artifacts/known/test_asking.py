"""Commands that only ask the system are few, and none of them sets anything."""

from __future__ import annotations

import pytest

from modelwarden.artifacts.known.asking import only_asks


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["git", "rev-parse", "HEAD"], True),
        (["nvidia-smi"], True),
        (["gcc", "--version"], True),
        (["git", "clone", "x"], False),
        (["touch", "x"], False),
        (["uname", "-a;", "touch", "x"], False),
        (["id"], False),
        ([None, "x"], False),
        ([], False),
        (["git", "config", "--get", "remote.origin.url"], True),
        (["git", "config", "-f", ".gitmodules", "--get-regexp", "path"], True),
        (["git", "config", "user.name"], True),
        (["git", "config", "--global", "alias.st", "!sh -c x"], False),
        (["git", "config", "--global", "credential.helper", "/tmp/h"], False),
        (["git", "remote", "-v"], True),
        (["git", "remote", "get-url", "origin"], True),
        (["git", "remote", "set-url", "origin", "x:y"], False),
        (["sysctl", "-n", "hw.ncpu"], True),
        (["sysctl", "-w", "kernel.x"], False),
        (["sysctl", "kernel.x=1"], False),
        (["git", "branch"], True),
        (["git", "branch", "--show-current"], True),
        (["git", "branch", "-D", "main"], False),
        (["git", "branch", "new"], False),
        (["git", "tag", "-l"], True),
        (["git", "tag", "--points-at", "HEAD"], True),
        (["git", "tag", "v1"], False),
        (["stty", "size"], True),
        (["stty", "-echo"], False),
        (["ldconfig", "-p"], True),
        (["ldconfig"], False),
    ],
)
def test_commands_that_only_ask_are_few(words: list[str | None], expected: bool):
    assert only_asks(words) is expected
