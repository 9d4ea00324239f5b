"""Every argument and option of every command, given paths that are none: one line, and a code."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np
import pytest

root = importlib.import_module("modelwarden.cli.main")
ODD = {"nothing": "", "here": ".", "long": "x" * 300, "loop": "loop", "absent": "no/such/file"}
USUAL = {
    "advisories import": ["empty"],
    "bom write": ["rows.csv"],
    "check": ["empty"],
    "convert": ["rows.npz", "made.npz", "--force"],
    "data freeze": ["rows.csv", "--manifest", "made.json"],
    "data verify": ["rows.csv", "--manifest", "made.json"],
    "explain": ["pickle-unsafe-global"],
    "init": ["empty"],
    "ledger export": ["ledger"],
    "ledger ship": ["ledger", "--to", "sink"],
    "ledger show": ["ledger"],
    "ledger verify": ["ledger"],
    "monitor drift": ["--reference", "rows.csv", "--current", "rows.csv"],
    "monitor watch": ["--once", "--profile", "made.json"],
    "profile": ["--reference", "rows.npz", "--meta", "meta.json", "--output", "made.json"],
    "scan": ["rows.csv"],
    "sign": ["rows.csv", "--key", "key.pem"],
    "summary": ["report.json", "--output", "made.html"],
    "verify": ["rows.csv", "--key", "key.pem"],
}
SERVING = {"firewall", "firewall top", "range"}  # they go on until they are ended


def commands(command: click.Command, words: tuple[str, ...]) -> Iterator[tuple[str, click.Command]]:
    if not isinstance(command, click.Group):
        yield " ".join(words), command
        return
    for name in command.list_commands(click.Context(command)):
        found = command.get_command(click.Context(command), name)
        assert found is not None
        yield from commands(found, (*words, name))


def asked(name: str, parameter: click.Parameter, value: str, place: int) -> list[str]:
    """Return a usual command line with one part of it replaced."""
    words = list(USUAL.get(name, []))
    if isinstance(parameter, click.Argument):
        given = sum(not word.startswith("--") for word in words[: place + 1]) > place
        words[place : place + given] = [value]
    elif (option := max(parameter.opts, key=len)) in words:
        words[words.index(option) + 1] = value
    else:
        words += [option, value]
    return [*name.removesuffix(" write").split(), *words]  # `bom` writes by itself


CASES = [
    pytest.param(name, parameter, place, id=f"{name} {parameter.name}")
    for name, command in commands(root.main, ())
    if name not in SERVING
    for place, parameter in enumerate(command.params)
    if isinstance(parameter.type, click.Path | click.types.StringParamType)
    and not getattr(parameter, "is_flag", False)
]


def test_all_commands_are_asked():
    names = {name for name, _ in commands(root.main, ())} - SERVING

    assert set(USUAL) <= names
    assert len(CASES) > 60


@pytest.mark.parametrize(("name", "parameter", "place"), CASES)
def test_an_odd_path_is_one_line_and_a_code(
    name, parameter, place, tmp_path, monkeypatch, capfd, request
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MODELWARDEN_ADVISORIES", str(tmp_path / "advisories.db"))
    Path("loop").symlink_to("loop")
    for folder in ("empty", "ledger"):
        (tmp_path / folder).mkdir()
    (tmp_path / "rows.csv").write_text("a,b\n" + "1,2\n" * 9)
    np.savez(tmp_path / "rows.npz", x=np.zeros((9, 2)))
    for file in ("report.json", "meta.json", "key.pem"):
        (tmp_path / file).write_text("{}")

    for kind, value in ODD.items():
        words = asked(name, parameter, value, place)
        code = root.run(words)
        told = capfd.readouterr().err

        assert code in {0, 1, 2, 3}, (kind, told)
        assert "internal error" not in told, (kind, words, told)
        assert "Traceback" not in told, (kind, words)
        assert code != 2 or len(told.splitlines()) == 1, (kind, told)
